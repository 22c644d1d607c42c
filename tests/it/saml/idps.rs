//! The real providers do what their settings say, shown with requests made by hand: what the other tests build on.

mod service;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use regex::Regex;
use serde_json::json;

use crate::needs;
use crate::support::Browser;
use crate::support::browser::Page;
use crate::support::raw_server::RawServer;
use crate::support::saml_idp::{Departure, Software};
use service::{
    ENTITY, FORMAT, RSA_SHA256, Service, attributes, authn_request, count, find, form_of, logout_request, unsigned,
    values,
};

/// The provider's own page, which leads nowhere, says what lacks; SimpleSAMLphp does so with status 200.
#[track_caller]
fn assert_wants_a_signature(page: &Page) {
    let leads_on = page.location().is_some() || page.body.contains("<form");
    let why = Regex::new("no signature found|IncorrectlySigned|not signed").unwrap();
    assert!(!leads_on && why.is_match(&page.body), "{} {}", page.status, page.body);
}

async fn signs_and_encrypts_as_told(software: Software, algorithm: &str) {
    let service = Service::new();
    let idp = service.provider(&software);
    for (assertion, response, encrypt) in [
        (true, false, false),
        (false, true, false),
        (true, true, false),
        (true, false, true),
        (false, true, true),
        (true, true, true),
    ] {
        idp.set(json!({"sign_assertion": assertion, "sign_response": response, "encrypt": encrypt}));
        let arrived = service.sign_in(&idp, "alice").await;
        assert_eq!(arrived.url.as_str(), "https://sp.example/acs");
        assert_eq!(arrived.field("RelayState").as_deref(), Some("r-1"));
        let expected = (assertion && !encrypt, response, encrypt.then(|| algorithm.to_owned()));
        assert_eq!(form_of(&arrived.xml()), expected, "{assertion} {response} {encrypt}");
    }
    idp.set(json!({"sign_assertion": true, "sign_response": true, "encrypt": false}));
    for signature in ["rsa-sha1", "rsa-sha512"] {
        idp.set(json!({"signature": signature}));
        let xml = service.sign_in(&idp, "alice").await.xml();
        assert_eq!(count(&format!("SignatureMethod Algorithm=\"[^\"]*#{signature}\""), &xml), 2, "{xml}");
    }
}

async fn tells_of_people_by_the_wished_names(software: Software) {
    let service = Service::new();
    let idp = service.provider(&software);
    let alice = service.sign_in(&idp, "alice").await.xml();
    assert_eq!(values("groups", &alice), ["engineering", "admins"]);
    let carol = service.sign_in(&idp, "carol").await.xml();
    assert_eq!(values("displayName", &carol), ["Çarol Ünal"], "{carol}");
    assert_eq!(values("mail", &carol), ["Carol.Unal@Acme.Example.COM"]);
    assert!(values("groups", &carol).is_empty());
    idp.set(json!({"attribute_names": "oid"}));
    let bob = service.sign_in(&idp, "bob").await.xml();
    assert_eq!(values(r"urn:oid:0\.9\.2342\.19200300\.100\.1\.3", &bob), ["bob@acme.example.com"], "{bob}");
    assert_eq!(values(r"urn:oid:1\.3\.6\.1\.4\.1\.5923\.1\.5\.1\.1", &bob), ["engineering"], "{bob}");

    for (name_id, format) in [
        ("persistent", "2.0:nameid-format:persistent"),
        ("email", "1.1:nameid-format:emailAddress"),
        ("transient", "2.0:nameid-format:transient"),
    ] {
        idp.set(json!({"name_id": name_id}));
        let mut ids = Vec::new();
        for _ in 0..2 {
            let xml = service.sign_in(&idp, "bob").await.xml();
            assert_eq!(find("NameID[^>]* Format=\"([^\"]+)\"", &xml), format!("{FORMAT}:{format}"));
            ids.push(find(r"<(?:\w+:)?NameID[^>]*>([^<]+)<", &xml));
        }
        assert_eq!(ids[0] == ids[1], name_id != "transient", "{ids:?}");
        assert_eq!(ids[0] == "bob@acme.example.com", name_id == "email", "{ids:?}");
    }
}

async fn takes_requests_by_both_bindings_and_demands_signatures_when_told(software: Software) {
    let service = Service::new();
    let idp = service.provider(&software);
    let sign_on = idp.sign_on_url();
    let bare = || format!("{sign_on}?{}", unsigned("SAMLRequest", &authn_request(&sign_on), "r-1"));
    let post = async |browser: &Browser| {
        let message = STANDARD.encode(authn_request(&sign_on));
        browser.post(&sign_on, &[("SAMLRequest", &message), ("RelayState", "r-2")]).await
    };
    assert_eq!(idp.visit(&service.browser.another(), &bare(), "bob").await.field("RelayState").unwrap(), "r-1");
    let browser = service.browser.another();
    let posted = post(&browser).await;
    assert_eq!(idp.walk(&browser, posted, "bob").await.field("RelayState").unwrap(), "r-2");

    idp.set(json!({"want_signed_requests": true}));
    assert!(idp.metadata().await.contains("WantAuthnRequestsSigned=\"true\""));
    assert_wants_a_signature(&service.browser.follow(&bare()).await);
    assert_wants_a_signature(&post(&service.browser).await);
    assert_eq!(service.sign_in(&idp, "bob").await.url.as_str(), "https://sp.example/acs");
}

async fn signs_in_unasked_from_its_portal(software: Software) {
    let service = Service::new();
    let idp = service.provider(&software);
    let there = RawServer::with_bytes(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n".to_vec());
    idp.trust(&service.metadata().replace("https://sp.example/acs", &format!("{}acs", there.url())));
    let link = idp.portal_link(ENTITY, "https://sp.example/deep?a=1&b=2");
    let arrived = idp.visit(&service.browser, &link, "carol").await;
    assert_eq!(arrived.url.as_str(), format!("{}acs", there.url()));
    assert_eq!(arrived.field("RelayState").as_deref(), Some("https://sp.example/deep?a=1&b=2"));
    assert!(!arrived.xml().contains("InResponseTo"), "{}", arrived.xml());
    assert!(arrived.xml().contains(&idp.entity_id), "{}", arrived.xml());
    assert_eq!((arrived.arrive(&service.browser).await.status, there.connections()), (204, 1));
}

async fn changes_its_key_with_both_published(software: Software) {
    let service = Service::new();
    let idp = service.provider(&software);
    for (rotation, published, signs) in
        [("none", &[1][..], 1), ("announced", &[1, 2], 1), ("promoted", &[1, 2], 2), ("over", &[2], 2)]
    {
        idp.set(json!({"rotation": rotation}));
        let metadata = idp.metadata().await;
        for number in [1, 2] {
            let there = metadata.contains(&idp.certificate(number));
            assert_eq!(there, published.contains(&number), "{rotation}: {metadata}");
        }
        let xml = service.sign_in(&idp, "alice").await.xml();
        let named: String = find("X509Certificate>([^<]+)<", &xml).split_whitespace().collect();
        assert_eq!(named, idp.certificate(signs), "{rotation}");
    }
}

async fn ends_sessions_both_ways_by_both_bindings(software: Software) {
    let service = Service::new();
    let idp = service.provider(&software);
    let (begin, logout) = (service.begin(&idp), idp.logout_url());
    for binding in ["redirect", "post"] {
        idp.set(json!({"logout_binding": binding, "want_signed_requests": true}));
        let browser = service.browser.another();
        let response = idp.visit(&browser, &begin, "alice").await.xml();
        assert_eq!(idp.visit(&browser, &begin, "").await.field("RelayState").unwrap(), "r-1", "no form a second time");
        let request = logout_request(&logout, &response);
        let url = service.redirect(&logout, "SAMLRequest", &request, "r-3");
        let answer = idp.visit(&browser, &url, "").await;
        assert_is_signed(&answer, "SAMLResponse", binding);
        assert_eq!(answer.field("RelayState").unwrap(), "r-3");
        assert!(browser.follow(&begin).await.body.contains("password"), "the form is back");

        idp.visit(&browser, &begin, "bob").await;
        let asks = idp.visit(&browser, &idp.sign_out_link("https://sp.example/bye"), "").await;
        assert_is_signed(&asks, "SAMLRequest", binding);
        assert!(browser.follow(&begin).await.body.contains("password"), "the form is back");
    }
}

async fn takes_the_answer_to_its_own_logout(software: Software) {
    let service = Service::new();
    let idp = service.provider(&software);
    idp.set(json!({"logout_binding": "post", "want_signed_requests": true}));
    let response = idp.visit(&service.browser, &service.begin(&idp), "bob").await.xml();
    let asks = idp.visit(&service.browser, &idp.sign_out_link("https://sp.example/bye"), "").await;
    let index = find("SessionIndex=\"([^\"]+)\"", &response);
    assert_eq!(find(r"SessionIndex>([^<]+)<", &asks.xml()), index);
    let done = logout_response(&idp.logout_url(), &find(" ID=\"([^\"]+)\"", &asks.xml()));
    let relay_state = asks.field("RelayState").unwrap();
    let unsigned = format!("{}?{}", idp.logout_url(), unsigned("SAMLResponse", &done, &relay_state));
    assert_wants_a_signature(&service.browser.follow(&unsigned).await);
    let signed = service.redirect(&idp.logout_url(), "SAMLResponse", &done, &relay_state);
    assert_eq!(idp.visit(&service.browser, &signed, "").await.url.as_str(), "https://sp.example/bye");
}

fn logout_response(destination: &str, to: &str) -> String {
    format!(
        "<samlp:LogoutResponse {} InResponseTo=\"{to}\"><saml:Issuer>{ENTITY}</saml:Issuer><samlp:Status>\
         <samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/></samlp:Status></samlp:LogoutResponse>",
        attributes(destination)
    )
}

#[track_caller]
fn assert_is_signed(message: &Departure, kind: &str, binding: &str) {
    assert!(message.url.as_str().starts_with("https://sp.example/slo"), "{}", message.url);
    assert!(message.field(kind).is_some(), "{}", message.url);
    if binding == "post" {
        let xml = message.xml();
        assert_eq!(count(r"<(\w+:)?SignatureValue", &xml), 1, "{xml}");
        assert!(kind == "SAMLRequest" || xml.contains("status:Success"), "{xml}");
    } else {
        assert_eq!(message.field("SigAlg").as_deref(), Some(RSA_SHA256));
        assert!(message.field("Signature").is_some(), "{}", message.url);
    }
}

#[actix_web::test]
async fn simplesamlphp_signs_and_encrypts_as_told() {
    signs_and_encrypts_as_told(Software::SimpleSamlPhp(needs!("DOORWARD_TEST_SIMPLESAMLPHP")), "aes128-cbc").await;
}

#[actix_web::test]
async fn simplesamlphp_tells_of_people_by_the_wished_names() {
    tells_of_people_by_the_wished_names(Software::SimpleSamlPhp(needs!("DOORWARD_TEST_SIMPLESAMLPHP"))).await;
}

#[actix_web::test]
async fn simplesamlphp_takes_requests_by_both_bindings_and_demands_signatures_when_told() {
    takes_requests_by_both_bindings_and_demands_signatures_when_told(Software::SimpleSamlPhp(needs!(
        "DOORWARD_TEST_SIMPLESAMLPHP"
    )))
    .await;
}

#[actix_web::test]
async fn simplesamlphp_signs_in_unasked_from_its_portal() {
    signs_in_unasked_from_its_portal(Software::SimpleSamlPhp(needs!("DOORWARD_TEST_SIMPLESAMLPHP"))).await;
}

#[actix_web::test]
async fn simplesamlphp_changes_its_key_with_both_published() {
    changes_its_key_with_both_published(Software::SimpleSamlPhp(needs!("DOORWARD_TEST_SIMPLESAMLPHP"))).await;
}

#[actix_web::test]
async fn simplesamlphp_ends_sessions_both_ways_by_both_bindings() {
    ends_sessions_both_ways_by_both_bindings(Software::SimpleSamlPhp(needs!("DOORWARD_TEST_SIMPLESAMLPHP"))).await;
}

#[actix_web::test]
async fn simplesamlphp_takes_the_answer_to_its_own_logout() {
    takes_the_answer_to_its_own_logout(Software::SimpleSamlPhp(needs!("DOORWARD_TEST_SIMPLESAMLPHP"))).await;
}

#[actix_web::test]
async fn pysaml2_signs_and_encrypts_as_told() {
    signs_and_encrypts_as_told(Software::PySaml2(needs!("DOORWARD_TEST_PYSAML2")), "aes256-gcm").await;
}

#[actix_web::test]
async fn pysaml2_tells_of_people_by_the_wished_names() {
    tells_of_people_by_the_wished_names(Software::PySaml2(needs!("DOORWARD_TEST_PYSAML2"))).await;
}

#[actix_web::test]
async fn pysaml2_takes_requests_by_both_bindings_and_demands_signatures_when_told() {
    takes_requests_by_both_bindings_and_demands_signatures_when_told(Software::PySaml2(needs!(
        "DOORWARD_TEST_PYSAML2"
    )))
    .await;
}

#[actix_web::test]
async fn pysaml2_signs_in_unasked_from_its_portal() {
    signs_in_unasked_from_its_portal(Software::PySaml2(needs!("DOORWARD_TEST_PYSAML2"))).await;
}

#[actix_web::test]
async fn pysaml2_changes_its_key_with_both_published() {
    changes_its_key_with_both_published(Software::PySaml2(needs!("DOORWARD_TEST_PYSAML2"))).await;
}

#[actix_web::test]
async fn pysaml2_ends_sessions_both_ways_by_both_bindings() {
    ends_sessions_both_ways_by_both_bindings(Software::PySaml2(needs!("DOORWARD_TEST_PYSAML2"))).await;
}

#[actix_web::test]
async fn pysaml2_takes_the_answer_to_its_own_logout() {
    takes_the_answer_to_its_own_logout(Software::PySaml2(needs!("DOORWARD_TEST_PYSAML2"))).await;
}
