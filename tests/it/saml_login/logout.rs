//! Single logout: what the provider may end, and what it is told.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use doorward::protocol::saml::binding::redirect::inflate;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use serde_json::json;
use url::Url;
use url::form_urlencoded::byte_serialize;

use super::rig::{Rig, SLO, attribute, connect, own, post_fields, query, renamed, response};
use crate::support::browser::{Browser, Page};
use crate::support::saml::forge::{ECDSA_SHA256, ISSUER, SUBJECT};
use crate::support::saml::key::{IDP, MALLORY, ProviderKey};
use crate::support::saml::{Forged, Signing};
use crate::support::sign_in::{cookie_pair, id, is_signed_in};

/// A request to sign the template's person out, not yet signed.
fn request(slo_url: &str) -> Forged {
    Forged(format!(
        "<samlp:LogoutRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
         xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_l\" Version=\"2.0\" \
         IssueInstant=\"2026-01-01T12:00:00Z\" NotOnOrAfter=\"2026-01-01T12:03:00Z\" Destination=\"{slo_url}\">\
         <saml:Issuer>{ISSUER}</saml:Issuer><saml:NameID>{SUBJECT}</saml:NameID></samlp:LogoutRequest>"
    ))
}

async fn post(browser: &Browser, url: &str, message: &Forged) -> Page {
    let fields = [("SAMLRequest", STANDARD.encode(&message.0)), ("RelayState", "theirs".to_owned())];
    post_fields(browser, url, &fields).await
}

/// The query of the Redirect binding, signed.
fn signed_query(parameter: &str, xml: &str, key: &ProviderKey) -> String {
    let mut deflate = DeflateEncoder::new(Vec::new(), Compression::default());
    deflate.write_all(xml.as_bytes()).unwrap();
    let encode = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let message = encode(&STANDARD.encode(deflate.finish().unwrap()));
    let signed = format!("{parameter}={message}&RelayState=theirs&SigAlg={}", encode(ECDSA_SHA256));
    // As ADFS writes it: the octets count, not what they stand for.
    let signed = signed.replace("%2B", "%2b").replace("%2F", "%2f").replace("%3D", "%3d");
    let signature = STANDARD.encode(key.sign(signed.as_bytes()));
    format!("{signed}&Signature={}", encode(&signature))
}

async fn live(rig: &Rig) -> usize {
    rig.acme.get("/sessions").await.ok()["items"].as_array().unwrap().len()
}

fn message_of(url: &Url, parameter: &str) -> String {
    let deflated = STANDARD.decode(query(url, parameter).expect("a message")).unwrap();
    String::from_utf8(inflate(&deflated).unwrap()).unwrap()
}

#[actix_web::test]
async fn the_provider_ends_sessions_by_query_and_by_form_and_is_told() {
    for by_form in [false, true] {
        let rig = Rig::start(json!({})).await;
        let browser = rig.app.browser();
        assert!(is_signed_in(&rig.sign_in(&browser).await));
        let slo = own(&rig.connection, "slo_url");
        let page = if by_form {
            post(&browser, &slo, &request(&slo).sign("_l")).await
        } else {
            browser.get(&format!("{slo}?{}", signed_query("SAMLRequest", &request(&slo).0, &IDP))).await
        };
        let back = page.location().unwrap_or_else(|| panic!("{}: {}", page.status, page.body));
        assert!(back.as_str().starts_with(SLO), "{back}");
        let answer = message_of(&back, "SAMLResponse");
        assert!(answer.contains("status:Success") && attribute(&answer, "InResponseTo") == "_l", "{answer}");
        assert_eq!(query(&back, "RelayState").as_deref(), Some("theirs"));
        assert!(query(&back, "Signature").is_some());
        assert_eq!(live(&rig).await, 0);
        let event = rig.acme.last_event("session.ended").await;
        assert_eq!(event["payload"]["reason"], "provider_logout");
        assert!(browser.get("/t/acme").await.location().unwrap().path().ends_with("/login"), "signed out at once");
    }
}

#[actix_web::test]
async fn c_42_a_logout_that_the_provider_did_not_sign_ends_nothing() {
    let rig = Rig::start(json!({})).await;
    let browser = rig.app.browser();
    rig.sign_in(&browser).await;
    let slo = own(&rig.connection, "slo_url");
    let stranger = request(&slo).sign_with("_l", &Signing::by(&MALLORY));
    for message in [request(&slo), stranger, request(&slo).sign("_l").change(SUBJECT, "bob@tenant.example")] {
        assert_eq!(post(&browser, &slo, &message).await.status, 400);
    }
    let honest = signed_query("SAMLRequest", &request(&slo).0, &IDP);
    let (unsigned, _) = honest.split_once("&Signature=").unwrap();
    let bare = unsigned.split('&').next().unwrap();
    for spoilt in [unsigned, bare, &signed_query("SAMLRequest", &request(&slo).0, &MALLORY), ""] {
        assert_eq!(browser.get(&format!("{slo}?{spoilt}")).await.status, 400, "{spoilt}");
    }
    // An answer, too, is believed by its signature alone.
    let answer = request(&slo).0.replace("LogoutRequest", "LogoutResponse");
    let fields = [("SAMLResponse", STANDARD.encode(answer))];
    assert_eq!(post_fields(&browser, &slo, &fields).await.status, 400);
    assert_eq!(live(&rig).await, 1);
    assert_eq!(rig.acme.count_events("logout.refused").await, 8);
    assert_eq!(rig.acme.count_events("session.ended").await, 0);
}

#[actix_web::test]
async fn c_43_a_signed_assertion_inside_a_forged_request_ends_nothing() {
    let rig = Rig::start(json!({})).await;
    let browser = rig.app.browser();
    rig.sign_in(&browser).await;
    let slo = own(&rig.connection, "slo_url");
    let assertion = rig.response("_r").sign("_a").assertion();
    let around = request(&slo).change("</samlp:LogoutRequest>", &format!("{assertion}</samlp:LogoutRequest>"));
    let extended = request(&slo)
        .change("</saml:Issuer>", &format!("</saml:Issuer><samlp:Extensions>{assertion}</samlp:Extensions>"));
    for message in [around, extended] {
        assert_eq!(post(&browser, &slo, &message).await.status, 400);
    }
    assert_eq!(live(&rig).await, 1);
}

#[actix_web::test]
async fn c_44_an_old_repeated_or_misdirected_logout_ends_nothing() {
    let rig = Rig::start(json!({})).await;
    let slo = own(&rig.connection, "slo_url");
    let once = request(&slo).sign("_l");
    assert_eq!(post(&rig.app.browser(), &slo, &once).await.status, 303, "nobody was signed in, which is as wished");
    let browser = rig.app.browser();
    rig.sign_in(&browser).await;
    let fresh = request(&slo).change("ID=\"_l\"", "ID=\"_m\"");
    let globex = rig.app.tenant("globex").await;
    let theirs = own(&connect(&globex, &json!({})).await, "slo_url");
    let refused = [
        (once, "saml_replayed"),
        (fresh.change("12:03:00Z", "11:58:00Z").sign("_m"), "saml_expired"),
        (fresh.change("IssueInstant=\"2026-01-01T12:00", "IssueInstant=\"2026-01-01T11:50").sign("_m"), "saml_expired"),
        (fresh.change(ISSUER, "https://other.example").sign("_m"), "saml_issuer_mismatch"),
        (fresh.change(&slo, &theirs).sign("_m"), "saml_destination_mismatch"),
    ];
    for (message, reason) in refused {
        assert_eq!(post(&browser, &slo, &message).await.status, 400, "{reason}");
        assert_eq!(rig.acme.last_event("logout.refused").await["payload"]["reason"], reason);
    }
    let bob = fresh.change(SUBJECT, "bob@tenant.example").sign("_m");
    assert_eq!(post(&browser, &slo, &bob).await.status, 303, "somebody else is signed out");
    assert_eq!(live(&rig).await, 1);
}

#[actix_web::test]
async fn c_45_every_octet_of_a_signed_query_counts() {
    let rig = Rig::start(json!({})).await;
    let browser = rig.app.browser();
    rig.sign_in(&browser).await;
    let slo = own(&rig.connection, "slo_url");
    let honest = signed_query("SAMLRequest", &request(&slo).0, &IDP);
    let message = honest.split('&').next().unwrap();
    let spoilt = [
        honest.replace("RelayState=theirs", "RelayState=mine"),
        honest.replace("&RelayState=theirs", ""),
        format!("{honest}&RelayState=again"),
        format!("{honest}&{message}"),
        honest.replace("ecdsa-sha256", "ecdsa-sha384"),
        honest.replace("%2b", "%2B").replace("%2f", "%2F").replace("%3d", "%3D"),
        honest.replace("SAMLRequest=", "SAMLResponse="),
        honest.replacen("SAMLRequest=", "SAMLReques%74=", 1),
    ];
    for query in &spoilt {
        assert_eq!(browser.get(&format!("{slo}?{query}")).await.status, 400, "{query}");
    }
    assert_eq!(live(&rig).await, 1);
    assert_eq!(browser.get(&format!("{slo}?{honest}")).await.status, 303);
    assert_eq!(live(&rig).await, 0);
}

#[actix_web::test]
async fn c_46_a_provider_ends_sessions_of_its_own_connection_and_of_the_named_session_only() {
    let rig = Rig::start(json!({})).await;
    let other = connect(&rig.acme, &json!({"sso_url": "https://idp.example/sso"})).await;
    // The same NameID at two connections of the same provider's key, and two sessions at the first one.
    assert!(is_signed_in(&rig.sign_in(&rig.app.browser()).await));
    let browser = rig.app.browser();
    let begun = rig.begin(&browser).await;
    let second = renamed(&rig.response(&begun.request).change("\"_s\"", "\"_s2\""), "_b").sign("_b");
    assert!(is_signed_in(&rig.post(&browser, &second, &begun.relay_state).await));
    let linked = rig.acme.get("/users").await.ok()["items"][0].clone();
    let identity = json!({"connection_id": id(&other), "subject": SUBJECT});
    rig.acme.post(&format!("/users/{}/identities", id(&linked)), &identity).await.created();
    let browser = rig.app.browser();
    let begun = rig.begin_at(&browser, other["login_url"].as_str().unwrap()).await;
    let there = renamed(&response(&other, &begun.request), "_c").sign("_c");
    let page = super::rig::post(&browser, &own(&other, "acs_url"), &there, &begun.relay_state).await;
    assert!(is_signed_in(&page), "{}", page.body);
    assert_eq!(live(&rig).await, 3);

    let slo = own(&rig.connection, "slo_url");
    let index = "<samlp:SessionIndex>_s2</samlp:SessionIndex></samlp:LogoutRequest>";
    let named = request(&slo).change("</samlp:LogoutRequest>", index);
    assert_eq!(post(&rig.app.browser(), &slo, &named.sign("_l")).await.status, 303);
    assert_eq!(live(&rig).await, 2);
    let all = request(&slo).change("ID=\"_l\"", "ID=\"_m\"").sign("_m");
    assert_eq!(post(&rig.app.browser(), &slo, &all).await.status, 303);
    assert_eq!(live(&rig).await, 1, "the other connection's session goes on");
}

#[actix_web::test]
async fn a_logout_that_failed_halfway_is_done_when_it_comes_again() {
    use diesel::connection::SimpleConnection as _;
    let rig = Rig::start(json!({})).await;
    assert!(is_signed_in(&rig.sign_in(&rig.app.browser()).await));
    let slo = own(&rig.connection, "slo_url");
    let once = request(&slo).sign("_l");
    let mut database = rig.app.database.superuser();
    let fault = "ALTER TABLE sessions ADD CONSTRAINT endless CHECK (ended_at IS NULL) NOT VALID";
    database.batch_execute(fault).unwrap();
    assert!(post(&rig.app.browser(), &slo, &once).await.status >= 500);
    assert_eq!(live(&rig).await, 1);
    database.batch_execute("ALTER TABLE sessions DROP CONSTRAINT endless").unwrap();
    assert_eq!(post(&rig.app.browser(), &slo, &once).await.status, 303, "it was not used up");
    assert_eq!(live(&rig).await, 0);
    assert_eq!(post(&rig.app.browser(), &slo, &once).await.status, 400, "C-44: and now it is");
}

#[actix_web::test]
async fn signing_out_here_asks_the_provider_and_its_answer_ends_it() {
    let rig = Rig::start(json!({})).await;
    let browser = rig.app.browser();
    rig.sign_in(&browser).await;
    let page = browser.post("/t/acme/logout", &[]).await;
    let target = page.location().unwrap();
    assert!(target.as_str().starts_with(SLO) && query(&target, "Signature").is_some(), "{target}");
    assert!(cookie_pair(&page, "dw_s_").unwrap().ends_with('='));
    let asked = message_of(&target, "SAMLRequest");
    assert!(asked.contains(&format!(">{SUBJECT}<")) && asked.contains(">_s<"), "{asked}");
    assert_eq!(live(&rig).await, 0);
    let slo = own(&rig.connection, "slo_url");
    let answer = |request: &str| {
        let status =
            "<samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/></samlp:Status>";
        format!(
            "<samlp:LogoutResponse xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
             xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_o\" Version=\"2.0\" InResponseTo=\"{request}\" \
             IssueInstant=\"2026-01-01T12:00:00Z\" Destination=\"{slo}\"><saml:Issuer>{ISSUER}</saml:Issuer>{status}\
             </samlp:LogoutResponse>"
        )
    };
    let wrong = signed_query("SAMLResponse", &answer("_other"), &IDP);
    assert_eq!(browser.get(&format!("{slo}?{wrong}")).await.status, 400, "an answer to another request");
    let right = signed_query("SAMLResponse", &answer(&attribute(&asked, "ID")), &IDP);
    assert_eq!(browser.get(&format!("{slo}?{right}")).await.status, 200);
    assert_eq!(rig.app.browser().get(&format!("{slo}?{right}")).await.status, 200, "a browser that remembers nothing");
}

#[actix_web::test]
async fn c_29_a_connection_that_is_switched_off_takes_no_logout_message() {
    let rig = Rig::start(json!({})).await;
    let slo = own(&rig.connection, "slo_url");
    rig.acme.post(&format!("/connections/{}/disable", id(&rig.connection)), &json!({})).await.ok();
    assert_eq!(post(&rig.app.browser(), &slo, &request(&slo).sign("_l")).await.status, 404);
}

#[actix_web::test]
async fn s_22_an_address_that_floods_is_not_verified_until_it_has_waited() {
    let rig = Rig::start(json!({"idp_initiated": "accept"})).await;
    let (slo, browser) = (own(&rig.connection, "slo_url"), rig.app.browser());
    let (mut logout, mut login) = (false, false);
    // Each try is a good message of its own right after one too many: only the flood can refuse it.
    for n in 0..500 {
        if post(&browser, &slo, &request(&slo)).await.status != 429 {
            continue;
        }
        let id = format!("_n{n}");
        if logout {
            login |= rig.post(&browser, &renamed(&rig.unsolicited(), &id).sign(&id), "").await.status == 429;
        } else {
            let good = request(&slo).change("\"_l\"", &format!("\"{id}\"")).sign(&id);
            logout = post(&browser, &slo, &good).await.status == 429;
        }
        if logout && login {
            return;
        }
    }
    panic!("a flood was verified to its end: {logout} {login}");
}
