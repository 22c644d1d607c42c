//! Whole logins and logouts at SimpleSAMLphp and pysaml2.

use serde_json::{Value, json};

use crate::needs;
use crate::support::TestApp;
use crate::support::admin::Admin;
use crate::support::browser::Browser;
use crate::support::saml_idp::{SamlIdp, Software};
use crate::support::sign_in::{id, is_signed_in, login_url, nothing_happened, refused};

use super::rig::{claim_domain, own};

const PERSISTENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";

/// A tenant that owns the domain of the providers' people.
pub async fn tenant(app: &TestApp) -> Admin {
    let acme = app.tenant("acme").await;
    claim_domain(app, &acme, "acme.example.com").await;
    acme
}

/// An active connection by the provider's metadata; the provider reads ours.
pub async fn connect(acme: &Admin, idp: &SamlIdp, settings: Value) -> Value {
    let name = format!("Provider {}", uuid::Uuid::now_v7());
    let draft = json!({"display_name": name, "protocol": "saml", "settings": settings,
        "provisioning": {"email_trust": "trust_connection"}, "metadata_xml": idp.metadata().await});
    let draft = acme.post("/connections", &draft).await.created();
    trust(acme, idp, &draft).await;
    acme.post(&format!("/connections/{}/activate", id(&draft)), &json!({})).await.ok()
}

/// The provider reads what the connection says about itself.
pub async fn trust(acme: &Admin, idp: &SamlIdp, connection: &Value) {
    let ours = acme.browser.get(&own(connection, "metadata_url")).await;
    assert_eq!(ours.status, 200, "{}", ours.body);
    idp.trust(&ours.body);
}

/// Alice signs in and is who she should be.
pub async fn alice(acme: &Admin, idp: &SamlIdp, browser: &Browser, connection: &Value) -> Value {
    let answer = idp.visit(browser, login_url(connection), "alice").await;
    let page = answer.arrive(browser).await;
    assert!(is_signed_in(&page), "{}: {}\n{}", page.status, page.body, idp.log());
    let event = acme.last_event("login.succeeded").await;
    assert_eq!((&event["payload"]["method"], &event["payload"]["connection_id"]), (&json!("saml"), &connection["id"]));
    let user = acme.get(&format!("/users/{}", event["payload"]["user_id"].as_str().unwrap())).await.ok();
    assert_eq!(user["email"], "alice@acme.example.com", "{user}");
    user
}

/// Nobody is left of it. One person at each connection: the next one would find the address taken.
pub async fn forget(acme: &Admin, connection: &Value) {
    acme.delete(&format!("/connections/{}", id(connection))).await.expect(204);
    for user in acme.get("/users").await.ok()["items"].as_array().unwrap() {
        acme.delete(&format!("/users/{}", id(user))).await.expect(204);
    }
}

/// Every form that both providers can send, one connection each at one provider.
async fn every_form(software: Software, encrypted: &[(Value, Value)]) {
    let app = TestApp::start();
    let acme = tenant(&app).await;
    let idp = SamlIdp::start(software, json!({}));
    let forms = [
        (json!({"sign_assertion": true, "sign_response": false}), json!({})),
        (
            json!({"sign_assertion": false, "sign_response": true}),
            json!({"require_signed_assertions": false, "require_signed_responses": true, "sso_binding": "post"}),
        ),
        (
            json!({"sign_assertion": true, "sign_response": true, "want_signed_requests": true}),
            json!({"require_signed_responses": true, "request_signature": "rsa-sha256"}),
        ),
        (json!({"name_id": "email", "want_signed_requests": true}), json!({"sso_binding": "post"})),
        (json!({"name_id": "persistent", "attribute_names": "oid"}), json!({"name_id_format": PERSISTENT})),
    ];
    for (provider, settings) in forms.iter().chain(encrypted) {
        idp.set(provider.clone());
        let connection = connect(&acme, &idp, settings.clone()).await;
        let user = alice(&acme, &idp, &app.browser(), &connection).await;
        let identities = acme.get(&format!("/users/{}/identities", id(&user))).await.ok();
        let by_address = identities["items"][0]["subject"] == user["email"];
        assert_eq!(by_address, provider["name_id"] == "email", "{provider}: {identities}");
        forget(&acme, &connection).await;
        idp.set(json!({"sign_assertion": true, "sign_response": false, "want_signed_requests": false,
            "encrypt": false, "name_id": "persistent", "attribute_names": "basic"}));
    }
}

#[actix_web::test]
async fn row_a8_saml_whole_logins_at_simplesamlphp() {
    let php = Software::SimpleSamlPhp(needs!("DOORWARD_TEST_SIMPLESAMLPHP"));
    // Its library has AES-128-CBC only, which is taken under a signed response.
    let encrypted = json!({"want_encrypted_assertions": true, "allow_cbc": true, "require_signed_responses": true});
    every_form(php, &[(json!({"encrypt": true, "sign_response": true}), encrypted)]).await;
}

#[actix_web::test]
async fn row_a8_saml_whole_logins_at_pysaml2() {
    let python = Software::PySaml2(needs!("DOORWARD_TEST_PYSAML2"));
    let encrypted = [
        (json!({"encrypt": true}), json!({"want_encrypted_assertions": true, "sso_binding": "post"})),
        (
            json!({"encrypt": true, "sign_response": true}),
            json!({"want_encrypted_assertions": true, "require_signed_responses": true}),
        ),
        (
            json!({"encrypt": true, "sign_assertion": false, "sign_response": true}),
            json!({"want_encrypted_assertions": true, "require_signed_assertions": false, "require_signed_responses": true}),
        ),
    ];
    every_form(python, &encrypted).await;
}

async fn groups_of_the_directory(software: Software) {
    let app = TestApp::start();
    let acme = tenant(&app).await;
    let idp = SamlIdp::start(software, json!({}));
    let connection = connect(&acme, &idp, json!({})).await;
    alice(&acme, &idp, &app.browser(), &connection).await;
    let unmatched = acme.get("/unmatched-groups").await.ok();
    let names: Vec<_> = unmatched["items"].as_array().unwrap().iter().map(|g| g["name"].clone()).collect();
    assert!(!names.is_empty(), "the directory sends groups");
    for name in &names {
        acme.post("/groups", &json!({"name": name})).await.created();
    }
    alice(&acme, &idp, &app.browser(), &connection).await;
    let user = acme.get("/users").await.ok()["items"][0].clone();
    let groups = acme.get(&format!("/users/{}/groups", id(&user))).await.ok();
    assert_eq!(groups["items"].as_array().unwrap().len(), names.len());
}

#[actix_web::test]
async fn row_a9_saml_groups_of_the_directory_become_groups_here() {
    groups_of_the_directory(Software::SimpleSamlPhp(needs!("DOORWARD_TEST_SIMPLESAMLPHP"))).await;
    groups_of_the_directory(Software::PySaml2(needs!("DOORWARD_TEST_PYSAML2"))).await;
}

/// A weak signature signs nobody in until an admin allows it, and then each login says so.
async fn sha1_only_when_allowed(software: Software) {
    let app = TestApp::start();
    let acme = tenant(&app).await;
    let idp = SamlIdp::start(software, json!({"signature": "rsa-sha1"}));
    let connection = connect(&acme, &idp, json!({})).await;
    let browser = app.browser();
    let page = idp.visit(&browser, login_url(&connection), "alice").await.arrive(&browser).await;
    refused(&page, 403, "saml_not_trusted");
    assert_eq!(acme.last_event("login.refused").await["payload"]["reason"], "saml_algorithm_refused");
    nothing_happened(&acme, 1).await;
    let path = format!("/connections/{}", id(&connection));
    let changed = acme.patch(&path, &json!({"settings": {"allow_sha1": true}})).await.ok();
    assert!(changed["warnings"].as_array().unwrap().contains(&json!("saml_sha1_allowed")), "{changed}");
    for (signature, warns) in [("rsa-sha1", true), ("rsa-sha256", false)] {
        idp.set(json!({"signature": signature}));
        alice(&acme, &idp, &app.browser(), &connection).await;
        let event = acme.last_event("login.succeeded").await;
        let told = event["payload"]["warnings"].as_array().is_some_and(|all| all.contains(&json!("saml_sha1")));
        assert_eq!(told, warns, "{signature}: {event}");
    }
}

#[actix_web::test]
async fn s_11_sha1_of_a_real_provider_is_refused_until_it_is_allowed_and_each_login_warns_then() {
    sha1_only_when_allowed(Software::SimpleSamlPhp(needs!("DOORWARD_TEST_SIMPLESAMLPHP"))).await;
    sha1_only_when_allowed(Software::PySaml2(needs!("DOORWARD_TEST_PYSAML2"))).await;
}

#[actix_web::test]
async fn c_24_a_link_in_the_providers_portal_signs_in_only_where_an_admin_allows_it() {
    let idps = [
        Software::SimpleSamlPhp(needs!("DOORWARD_TEST_SIMPLESAMLPHP")),
        Software::PySaml2(needs!("DOORWARD_TEST_PYSAML2")),
    ];
    for software in idps {
        let app = TestApp::start();
        let acme = tenant(&app).await;
        let idp = SamlIdp::start(software, json!({}));
        let connection = connect(&acme, &idp, json!({})).await;
        let link = idp.portal_link(&own(&connection, "entity_id"), "https://app.example/inbox");
        let page = idp.visit(&app.browser(), &link, "alice").await.arrive(&app.browser()).await;
        assert_eq!((page.status, page.code().as_str()), (403, "saml_unsolicited"), "{}", page.body);
        let path = format!("/connections/{}", id(&connection));
        acme.patch(&path, &json!({"settings": {"idp_initiated": "accept"}})).await.ok();
        let browser = app.browser();
        let page = idp.visit(&browser, &link, "alice").await.arrive(&browser).await;
        assert!(is_signed_in(&page), "{}: {}", page.status, page.body);
        assert_eq!(page.location().unwrap().as_str(), "https://app.example/inbox");
        acme.patch(&path, &json!({"settings": {"idp_initiated": "restart"}})).await.ok();
        let browser = app.browser();
        let page = idp.visit(&browser, &link, "alice").await.arrive(&browser).await;
        let restarted = page.location().expect("a login of our own");
        let page = idp.visit(&browser, restarted.as_str(), "alice").await.arrive(&browser).await;
        assert!(is_signed_in(&page), "{}: {}", page.status, page.body);
        assert_eq!(page.location().unwrap().as_str(), "https://app.example/inbox");
    }
}

#[actix_web::test]
async fn signing_out_at_either_side_ends_both_sessions() {
    let idps = [
        Software::SimpleSamlPhp(needs!("DOORWARD_TEST_SIMPLESAMLPHP")),
        Software::PySaml2(needs!("DOORWARD_TEST_PYSAML2")),
    ];
    for software in idps {
        let app = TestApp::start();
        let acme = tenant(&app).await;
        let idp = SamlIdp::start(software, json!({"want_signed_requests": true}));
        for binding in ["redirect", "post"] {
            idp.set(json!({"logout_binding": binding}));
            let connection = connect(&acme, &idp, json!({"slo_binding": binding})).await;
            let browser = app.browser();
            alice(&acme, &idp, &browser, &connection).await;
            // Begun here.
            let page = browser.post("/t/acme/logout", &[]).await;
            let back = idp.walk(&browser, page, "alice").await;
            let page = back.arrive(&browser).await;
            assert_eq!(page.status, 200, "{}\n{}", page.body, idp.log());
            assert_eq!(acme.count_events("logout.refused").await, 0);
            // Begun there.
            alice(&acme, &idp, &browser, &connection).await;
            let asks = idp.visit(&browser, &idp.sign_out_link(&app.url), "alice").await;
            let page = asks.arrive(&browser).await;
            assert!(page.status == 303 || page.status == 200, "{}: {}", page.status, page.body);
            assert_eq!(acme.get("/sessions").await.ok()["items"], json!([]), "{binding}");
            assert_eq!(acme.last_event("session.ended").await["payload"]["reason"], "provider_logout");
            idp.walk(&browser, page, "alice").await;
            forget(&acme, &connection).await;
        }
    }
}
