//! Answers that belong to another login, connection, provider or mode (O-10, O-12 to O-14, O-16).

use reqwest::Method;
use serde_json::json;

use crate::support::TestApp;
use crate::support::hostile_provider::{HostileProvider, Place};
use crate::support::sign_in::{is_signed_in, login_url, nothing_happened, parameter, refused, to_callback, with};

#[actix_web::test]
async fn o_10_a_code_of_somebody_elses_login_is_refused_by_pkce() {
    let app = TestApp::start();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let connection = acme.connect(&provider, json!({})).await;
    let (attacker, victim) = (app.browser(), app.browser());
    let stolen = parameter(&to_callback(&victim, login_url(&connection)).await, "code");
    let callback = to_callback(&attacker, login_url(&connection)).await;
    let page = attacker.get(with(&callback, "code", Some(&stolen)).as_str()).await;
    refused(&page, 403, "token_endpoint_refused");
    nothing_happened(&acme, 1).await;
}

#[actix_web::test]
async fn o_10_a_code_of_somebody_elses_login_is_refused_by_nonce_where_the_provider_knows_no_pkce() {
    let app = TestApp::start();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let connection = acme.connect(&provider, json!({"settings": {"code_challenge_method": "none"}})).await;
    let (attacker, victim) = (app.browser(), app.browser());
    let stolen = parameter(&to_callback(&victim, login_url(&connection)).await, "code");
    let callback = to_callback(&attacker, login_url(&connection)).await;
    let page = attacker.get(with(&callback, "code", Some(&stolen)).as_str()).await;
    refused(&page, 403, "id_token_nonce_mismatch");
    nothing_happened(&acme, 1).await;
}

#[actix_web::test]
async fn o_12_an_answer_at_another_connections_address_is_refused() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let (honest, evil) = (HostileProvider::start(), HostileProvider::start());
    let honest_connection = acme.connect(&honest, json!({})).await;
    let evil_connection = acme.connect(&evil, json!({})).await;
    let browser = app.browser();
    let callback = to_callback(&browser, login_url(&honest_connection)).await;
    let crossed = format!("{}?{}", evil_connection["callback_url"].as_str().unwrap(), callback.query().unwrap());
    refused(&browser.get(&crossed).await, 400, "connection_mismatch");
    assert_eq!(evil.calls(Place::Token), 0, "the honest provider's code never reaches the other one");
    nothing_happened(&acme, 1).await;
}

#[actix_web::test]
async fn o_12_an_answer_that_says_it_is_another_providers_is_refused_before_the_code_is_sent_anywhere() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let (honest, evil) = (HostileProvider::start(), HostileProvider::start());
    let connection = acme.connect(&honest, json!({})).await;
    let browser = app.browser();
    let callback = to_callback(&browser, login_url(&connection)).await;
    let page = browser.get(with(&callback, "iss", Some(&evil.issuer)).as_str()).await;
    refused(&page, 403, "response_issuer_mismatch");
    assert_eq!(honest.calls(Place::Token), 0);
    nothing_happened(&acme, 1).await;
}

#[actix_web::test]
async fn o_13_a_promised_iss_that_is_missing_wrong_or_doubled_is_refused() {
    let app = TestApp::start();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let connection = acme.connect(&provider, json!({})).await;
    let browser = app.browser();
    let slash = format!("{}/", provider.issuer);
    for wrong in [None, Some(""), Some("https://evil.example"), Some(slash.as_str())] {
        let callback = to_callback(&browser, login_url(&connection)).await;
        let page = browser.get(with(&callback, "iss", wrong).as_str()).await;
        refused(&page, 403, "response_issuer_mismatch");
    }
    nothing_happened(&acme, 4).await;
    let callback = to_callback(&browser, login_url(&connection)).await;
    let doubled = format!("{callback}&iss=https://evil.example");
    assert_eq!(browser.get(&doubled).await.status, 400);
    assert_eq!(provider.calls(Place::Token), 0);
    nothing_happened(&acme, 4).await;
}

#[actix_web::test]
async fn o_14_a_parameter_given_twice_is_refused_and_uses_nothing_up() {
    let app = TestApp::start();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let connection = acme.connect(&provider, json!({})).await;
    let browser = app.browser();
    let callback = to_callback(&browser, login_url(&connection)).await;
    for name in ["code", "state", "iss"] {
        for value in [parameter(&callback, name), "b".to_owned()] {
            let page = browser.get(&format!("{callback}&{name}={value}")).await;
            assert_eq!(page.status, 400, "{name}");
            assert!(page.body.contains("repeated_parameter") && page.set_cookies().is_empty());
        }
    }
    // The same, hidden behind percent signs.
    assert_eq!(browser.get(&format!("{callback}&%63ode=b")).await.status, 400);
    nothing_happened(&acme, 0).await;
    assert!(is_signed_in(&browser.get(callback.as_str()).await));
}

#[actix_web::test]
async fn o_16_only_the_configured_response_mode_is_taken() {
    let app = TestApp::start();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let by_query = acme.connect(&provider, json!({})).await;
    let by_post = acme.connect(&provider, json!({"settings": {"response_mode": "form_post"}})).await;
    let browser = app.browser();

    let callback = to_callback(&browser, login_url(&by_query)).await;
    let mut bare = callback.clone();
    bare.set_query(None);
    let request = browser.request(Method::POST, bare.as_str());
    let fields: Vec<(String, String)> = callback.query_pairs().into_owned().collect();
    let page = browser.send(request.form(&fields), bare.as_str()).await;
    refused(&page, 400, "response_mode_mismatch");

    let begun = browser.get(login_url(&by_post)).await.location().unwrap();
    let fields = provider.visit(&begun);
    let mut url = url::Url::parse(by_post["callback_url"].as_str().unwrap()).unwrap();
    url.query_pairs_mut().extend_pairs(&fields);
    refused(&browser.get(url.as_str()).await, 400, "response_mode_mismatch");

    // In the fragment nothing reaches the server at all.
    let callback = to_callback(&browser, login_url(&by_query)).await;
    let mut fragment = callback.clone();
    fragment.set_query(None);
    fragment.set_fragment(callback.query());
    refused(&browser.get(fragment.as_str()).await, 400, "state_missing");
    assert_eq!(provider.calls(Place::Token), 0);
    nothing_happened(&acme, 2).await;
}
