//! Responses that nobody here asked for.

use serde_json::json;

use super::rig::{Rig, renamed};
use crate::support::saml::Forged;
use crate::support::saml::forge::REQUEST;
use crate::support::sign_in::{is_signed_in, login_url, nothing_happened, refused};

#[actix_web::test]
async fn c_24_a_response_that_nobody_asked_for_is_refused_and_leaves_no_row() {
    let rig = Rig::start(json!({})).await;
    for relay_state in ["", "https://app.example/inbox", "x"] {
        let page = rig.post(&rig.app.browser(), &rig.unsolicited().sign("_a"), relay_state).await;
        refused(&page, 403, "saml_unsolicited");
    }
    nothing_happened(&rig.acme, 0).await;
}

#[actix_web::test]
async fn c_23_where_they_are_accepted_one_that_claims_to_answer_something_is_not() {
    let rig = Rig::start(json!({"idp_initiated": "accept"})).await;
    let browser = rig.app.browser();
    let begun = rig.begin(&browser).await;
    // Of nobody, of this browser's own login without its RelayState, and half of it on one element only.
    let halves = rig
        .unsolicited()
        .change("<saml:SubjectConfirmationData ", "<saml:SubjectConfirmationData InResponseTo=\"_x\" ");
    let claims = [rig.response(REQUEST), rig.response(&begun.request), halves];
    for (events, message) in claims.iter().enumerate() {
        refused(&rig.post(&browser, &message.sign("_a"), "").await, 403, "saml_in_response_to_mismatch");
        nothing_happened(&rig.acme, events + 1).await;
    }
    // With the RelayState it answers the login that it names.
    assert!(is_signed_in(&rig.post(&browser, &rig.response(&begun.request).sign("_a"), &begun.relay_state).await));
}

#[actix_web::test]
async fn c_31_a_wish_of_the_provider_counts_where_the_tenant_lists_it() {
    let rig = Rig::start(json!({"idp_initiated": "accept"})).await;
    let home = format!("{}/t/acme", rig.app.url);
    let long = format!("https://app.example/{}", "x".repeat(3000));
    let wishes = [
        ("https://app.example/inbox?x=1", "https://app.example/inbox?x=1"),
        ("https://evil.example/", &home),
        ("//evil.example", &home),
        ("/\\evil.example", &home),
        ("javascript:alert(1)", &home),
        ("https://app.example/\r\nset-cookie: x=y", &home),
        ("https://app.example.evil.example/", &home),
        (&long, &home),
        ("/t/globex", &home),
        ("", &home),
    ];
    for (number, (wish, ends)) in wishes.into_iter().enumerate() {
        let name = format!("_n{number}");
        let page = rig.post(&rig.app.browser(), &renamed(&rig.unsolicited(), &name).sign(&name), wish).await;
        assert!(is_signed_in(&page), "{wish}: {}", page.body);
        assert_eq!(page.location().unwrap().as_str(), ends, "{wish}");
    }
}

#[actix_web::test]
async fn c_24_a_restart_believes_nothing_and_asks_the_provider_itself() {
    let rig = Rig::start(json!({"idp_initiated": "restart"})).await;
    for (message, wish) in [(rig.unsolicited().sign("_a"), "https://app.example/inbox"), (rig.unsolicited(), "//evil")]
    {
        let browser = rig.app.browser();
        let page = rig.post(&browser, &message, wish).await;
        let to = page.location().expect("a login of our own");
        assert!(to.as_str().starts_with(login_url(&rig.connection)), "{to}");
        assert_eq!(to.as_str().contains("return_to="), wish.starts_with("https"), "{to}");
        nothing_happened(&rig.acme, 0).await;
    }
    let browser = rig.app.browser();
    let to = rig.post(&browser, &rig.unsolicited(), "https://app.example/inbox").await.location().unwrap();
    let begun = rig.begin_at(&browser, to.as_str()).await;
    let page = rig.post(&browser, &rig.response(&begun.request).sign("_a"), &begun.relay_state).await;
    assert!(is_signed_in(&page));
    assert_eq!(page.location().unwrap().as_str(), "https://app.example/inbox");
}

#[actix_web::test]
async fn c_23_a_restart_does_not_go_in_circles_with_a_provider_that_loses_the_relay_state() {
    let rig = Rig::start(json!({"idp_initiated": "restart"})).await;
    let browser = rig.app.browser();
    let begun = rig.begin(&browser).await;
    for (events, relay_state) in ["", "lost"].into_iter().enumerate() {
        let page = rig.post(&browser, &rig.response(&begun.request).sign("_a"), relay_state).await;
        refused(&page, 403, "saml_in_response_to_mismatch");
        nothing_happened(&rig.acme, events + 1).await;
    }
    let detail = rig.acme.last_event("login.refused").await["payload"]["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("RelayState"), "{detail}");
    refused(&rig.post(&browser, &Forged("<a>".to_owned()), "").await, 400, "saml_message_malformed");
    assert!(is_signed_in(&rig.post(&browser, &rig.response(&begun.request).sign("_a"), &begun.relay_state).await));
}
