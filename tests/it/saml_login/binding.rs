//! How messages travel: what the browser is given, and what is taken from it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use doorward::flows::limits::PARKED_PER_MINUTE;
use regex::Regex;
use reqwest::Method;
use serde_json::json;

use super::rig::{Rig, SSO, attribute, own, post_fields};
use crate::support::database::lines;
use crate::support::saml::Forged;
use crate::support::sign_in::{is_signed_in, login_url, nothing_happened, refused};

#[actix_web::test]
async fn c_27_the_request_says_what_is_wanted_and_its_id_cannot_be_guessed() {
    let contexts = ["urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"];
    let rig = Rig::start(json!({"requested_authn_contexts": contexts,
        "name_id_format": "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"}))
    .await;
    let browser = rig.app.browser();
    let (first, second) = (rig.begin(&browser).await, rig.begin(&browser).await);
    let id = Regex::new("^_[0-9a-f]{32}$").unwrap();
    assert!(id.is_match(&first.request) && id.is_match(&second.request) && first.request != second.request);
    assert!(first.relay_state.len() <= 80, "the bindings allow no more");
    assert_eq!(attribute(&first.xml, "AssertionConsumerServiceURL"), own(&rig.connection, "acs_url"));
    assert_eq!(attribute(&first.xml, "Destination"), SSO);
    for part in [contexts[0], "nameid-format:persistent", &format!(">{}<", own(&rig.connection, "entity_id"))] {
        assert!(first.xml.contains(part), "{part} in {}", first.xml);
    }
    assert!(!first.xml.contains("ForceAuthn"));
}

#[actix_web::test]
async fn requests_are_signed_unless_an_admin_says_otherwise() {
    for (signed, method) in [(true, "rsa-sha256"), (true, "ecdsa-sha256"), (false, "rsa-sha256")] {
        let rig = Rig::start(json!({"sign_requests": signed, "request_signature": method})).await;
        let target = rig.app.browser().get(login_url(&rig.connection)).await.location().unwrap();
        let algorithm = super::rig::query(&target, "SigAlg");
        let expected = format!("http://www.w3.org/2001/04/xmldsig-more#{method}");
        assert_eq!(algorithm, signed.then_some(expected));
        assert_eq!(super::rig::query(&target, "Signature").is_some(), signed);
    }
}

#[actix_web::test]
async fn by_post_the_browser_gets_a_form_with_a_button_and_no_script_of_its_own() {
    let rig = Rig::start(json!({"sso_binding": "post"})).await;
    let browser = rig.app.browser();
    let page = browser.get(login_url(&rig.connection)).await;
    assert_eq!(page.status, 200);
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("script-src 'self'; form-action 'self' https:"), "{policy}");
    assert!(
        page.body.contains("<script src=\"/assets/submit.js\"></script>")
            && page.body.contains("<button type=\"submit\">")
    );
    let (action, fields) = crate::support::oidc_provider::form(&page).unwrap();
    assert_eq!(action.as_str(), SSO);
    let value = |name: &str| fields.iter().find(|(n, _)| n == name).unwrap().1.clone();
    let xml = String::from_utf8(STANDARD.decode(value("SAMLRequest")).unwrap()).unwrap();
    assert!(xml.contains("<ds:SignatureValue>"), "{xml}");
    let honest = rig.response(&attribute(&xml, "ID")).sign("_a");
    assert!(is_signed_in(&rig.post(&browser, &honest, &value("RelayState")).await));
}

#[actix_web::test]
async fn a_post_without_its_cookie_is_kept_and_completed_by_the_same_browser() {
    let rig = Rig::start(json!({})).await;
    let browser = rig.app.browser();
    let begun = rig.begin(&browser).await;
    let honest = rig.response(&begun.request).sign("_a");
    let parked = rig.post(&browser.another(), &honest, &begun.relay_state).await;
    let resume = parked.location().expect("a way back");
    assert!(resume.path().contains("/resume/"));
    // O-03: nobody else completes it, and the try uses it up.
    let begun = rig.begin(&browser).await;
    let honest = rig.response(&begun.request).sign("_a");
    let stolen = rig.post(&browser.another(), &honest, &begun.relay_state).await.location().unwrap();
    refused(&browser.another().get(stolen.as_str()).await, 400, "browser_mismatch");
    refused(&browser.get(stolen.as_str()).await, 400, "attempt_unknown");
    let page = browser.get(resume.as_str()).await;
    assert!(is_signed_in(&page), "{}: {}", page.status, page.body);
}

/// The longest parked answer, in bytes.
fn parked(rig: &Rig) -> usize {
    let raw = "SELECT coalesce(max(length(parked_response)), 0)::text AS line FROM login_attempts";
    lines(&mut rig.app.database.superuser(), raw)[0].parse().unwrap()
}

#[actix_web::test]
async fn what_is_kept_for_a_browser_is_a_message_and_no_longer_than_one() {
    let rig = Rig::start(json!({})).await;
    let browser = rig.app.browser();
    let acs = own(&rig.connection, "acs_url");
    let huge = STANDARD.encode(format!("<samlp:Response>{}</samlp:Response>", "x".repeat(300 << 10)));
    let bodies = [
        ("A".repeat(500 << 10), 413, "saml_message_too_large"),
        (huge, 413, "saml_message_too_large"),
        (STANDARD.encode("\u{1}".repeat(200 << 10)), 400, "saml_message_malformed"),
        ("not base64!".to_owned(), 400, "saml_message_malformed"),
    ];
    for (events, (body, status, code)) in bodies.into_iter().enumerate() {
        let begun = rig.begin(&browser).await;
        let fields = [("SAMLResponse", body), ("RelayState", begun.relay_state)];
        refused(&post_fields(&browser.another(), &acs, &fields).await, status, code);
        assert_eq!(parked(&rig), 0);
        nothing_happened(&rig.acme, events + 1).await;
    }
    let begun = rig.begin(&browser).await;
    let honest = rig.response(&begun.request).sign("_a");
    rig.post(&browser.another(), &honest, &begun.relay_state).await.location().expect("kept");
    let most = honest.0.len() + 200;
    assert!((honest.0.len()..most).contains(&parked(&rig)), "{} of {}", parked(&rig), honest.0.len());
}

#[actix_web::test]
async fn an_address_has_so_many_posts_kept_in_a_minute() {
    let rig = Rig::start(json!({})).await;
    let browser = rig.app.browser();
    let most = usize::try_from(PARKED_PER_MINUTE).unwrap();
    let mut kept = 0;
    // Some more than the limit: it lets through a few more while time passes.
    for _ in 0..2 * most {
        let begun = rig.begin(&browser.another()).await;
        let message = rig.response(&begun.request).sign("_a");
        let page = rig.post(&browser.another(), &message, &begun.relay_state).await;
        if page.status == 429 {
            break;
        }
        page.location().expect("kept");
        kept += 1;
    }
    assert!((most..2 * most).contains(&kept), "{kept}");
    let used = "SELECT count(*)::text AS line FROM login_attempts WHERE consumed_at IS NOT NULL";
    assert_eq!(lines(&mut rig.app.database.superuser(), used), ["0"], "nobody's attempt is used up by it");
}

#[actix_web::test]
async fn c_40_a_message_that_comes_twice_or_in_another_form_is_none() {
    let rig = Rig::start(json!({})).await;
    let browser = rig.app.browser();
    let begun = rig.begin(&browser).await;
    let honest = STANDARD.encode(&rig.response(&begun.request).sign("_a").0);
    let acs = own(&rig.connection, "acs_url");
    let state = ("RelayState", begun.relay_state.clone());
    let twice = [("SAMLResponse", honest.clone()), ("SAMLResponse", honest.clone()), state.clone()];
    assert_eq!(post_fields(&browser, &acs, &twice).await.status, 400);
    let both = format!("{acs}?SAMLResponse=x");
    assert_eq!(post_fields(&browser, &both, &[("SAMLResponse", honest.clone()), state.clone()]).await.status, 400);
    assert_eq!(post_fields(&browser, &acs, std::slice::from_ref(&state)).await.status, 400);
    let json = browser.request(Method::POST, &acs).json(&json!({"SAMLResponse": honest}));
    assert_eq!(browser.send(json, &acs).await.status, 415);
    let multipart = browser.request(Method::POST, &acs).header("content-type", "multipart/form-data; boundary=x");
    assert_eq!(browser.send(multipart.body("--x--"), &acs).await.status, 415);
    nothing_happened(&rig.acme, 0).await;
    // None of it used the attempt up.
    assert!(is_signed_in(&post_fields(&browser, &acs, &[("SAMLResponse", honest), state]).await));
}

#[actix_web::test]
async fn c_41_only_a_form_post_is_a_response() {
    let rig = Rig::start(json!({})).await;
    let (browser, acs) = (rig.app.browser(), own(&rig.connection, "acs_url"));
    assert_eq!(browser.get(&format!("{acs}?SAMLResponse=x")).await.status, 405);
    let bare = browser.request(Method::POST, &acs).body("SAMLResponse=x");
    assert_eq!(browser.send(bare, &acs).await.status, 415);
    nothing_happened(&rig.acme, 0).await;
}

#[actix_web::test]
async fn c_39_at_http_what_is_no_message_is_refused_before_it_is_read() {
    let rig = Rig::start(json!({})).await;
    let browser = rig.app.browser();
    let acs = own(&rig.connection, "acs_url");
    let huge = Forged(format!("<samlp:Response>{}</samlp:Response>", "x".repeat(300 << 10)));
    let bodies = [
        (STANDARD.encode(&huge.0), 413, "saml_message_too_large"),
        ("not base64!".to_owned(), 400, "saml_message_malformed"),
        (STANDARD.encode([0x78, 0x9c, 0x03, 0x00]), 400, "saml_message_malformed"),
        (STANDARD.encode("<!DOCTYPE x [<!ENTITY y \"z\">]><x/>"), 400, "saml_message_malformed"),
        (String::new(), 400, "saml_message_malformed"),
    ];
    for (events, (body, status, code)) in bodies.into_iter().enumerate() {
        let begun = rig.begin(&browser).await;
        let page = post_fields(&browser, &acs, &[("SAMLResponse", body), ("RelayState", begun.relay_state)]).await;
        refused(&page, status, code);
        nothing_happened(&rig.acme, events + 1).await;
    }
    let begun = rig.begin(&browser).await;
    let endless = [("SAMLResponse", "A".repeat(700 << 10)), ("RelayState", begun.relay_state)];
    assert_eq!(post_fields(&browser, &acs, &endless).await.status, 413);
    nothing_happened(&rig.acme, 5).await;
}

#[actix_web::test]
async fn o_16_an_answer_of_the_other_protocol_is_refused() {
    let rig = Rig::start(json!({})).await;
    let browser = rig.app.browser();
    let begun = rig.begin(&browser).await;
    let callback = own(&rig.connection, "acs_url").replace("/acs", "/callback");
    let page = browser.get(&format!("{callback}?state={}&code=x", begun.relay_state)).await;
    refused(&page, 400, "response_mode_mismatch");
    nothing_happened(&rig.acme, 1).await;
}
