//! What a provider may answer instead of an honest token (O-09, O-15, O-17), and what refreshing its metadata may bring
//! (O-42); where a login may be led (O-43); and the client secret, which is never told (O-44).

use chrono::Duration;
use doorward::flows::refresh_metadata::refresh_due;
use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::hostile_provider::{Answer, HostileProvider, Place};
use crate::support::sign_in::{
    id, is_signed_in, login_refused, login_url, nothing_happened, parameter, refused, to_callback, with,
};

#[actix_web::test]
async fn o_09_a_code_that_was_used_before_is_refused_on_the_usual_page() {
    let app = TestApp::start();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let connection = acme.connect(&provider, json!({})).await;
    let browser = app.browser();
    let first = to_callback(&browser, login_url(&connection)).await;
    assert!(is_signed_in(&browser.get(first.as_str()).await));
    let second = to_callback(&browser, login_url(&connection)).await;
    let page = browser.get(with(&second, "code", Some(&parameter(&first, "code"))).as_str()).await;
    refused(&page, 403, "token_endpoint_refused");
    assert!(!page.body.contains("invalid_grant"), "the provider's words are for the admin");
    assert_eq!(acme.count_events("login.refused").await, 1);
}

#[actix_web::test]
async fn o_15_a_providers_error_is_told_generically_and_nothing_of_it_is_shown() {
    let app = TestApp::start();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let connection = acme.connect(&provider, json!({})).await;
    let browser = app.browser();
    let callback = to_callback(&browser, login_url(&connection)).await;
    let answer = with(&with(&callback, "code", None), "error", Some("access_denied"));
    let answer = with(&answer, "error_description", Some("<script>alert(1)</script>\r\nX: y\0\u{202e}"));
    let page = browser.get(answer.as_str()).await;
    refused(&page, 403, "provider_error");
    assert!(!page.body.contains("script") && !page.body.contains("access_denied"), "{}", page.body);
    nothing_happened(&acme, 1).await;
    // The state is used up.
    refused(&browser.get(callback.as_str()).await, 400, "attempt_used");
    nothing_happened(&acme, 1).await;
    assert_eq!(provider.calls(Place::Token), 0);
}

#[actix_web::test]
async fn o_15_an_error_beside_a_code_is_an_error() {
    let app = TestApp::start();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let connection = acme.connect(&provider, json!({})).await;
    let browser = app.browser();
    let callback = to_callback(&browser, login_url(&connection)).await;
    let page = browser.get(&format!("{callback}&error=server_error")).await;
    refused(&page, 403, "provider_error");
    assert_eq!(provider.calls(Place::Token), 0);
    nothing_happened(&acme, 1).await;
}

#[actix_web::test]
async fn o_17_token_answers_that_are_none_sign_nobody_in() {
    let app = TestApp::start();
    let provider = HostileProvider::start();
    let huge = format!("{{\"id_token\":\"{}\"}}", "x".repeat(300 << 10));
    let answers = [
        (Answer::new("text/html", "<html>Oops</html>"), "token_response_invalid"),
        (Answer::json(json!({"access_token": "a", "token_type": "Bearer"})), "id_token_missing"),
        (Answer::json(json!({"access_token": "a", "token_type": "Bearer", "id_token": 5})), "id_token_missing"),
        (Answer::new("application/json", huge), "token_response_invalid"),
        (Answer::json(json!({})).status(500), "token_response_invalid"),
    ];
    for (n, (answer, code)) in answers.into_iter().enumerate() {
        let acme = app.tenant(&format!("acme-{n}")).await;
        let connection = acme.connect(&provider, json!({})).await;
        provider.answer(Place::Token, answer);
        login_refused(&acme, &app.browser(), &connection, code).await;
    }
}

/// A day later the metadata are fetched again.
async fn refresh(app: &TestApp) {
    app.clock.advance(Duration::hours(25));
    refresh_due(&app.context).await.unwrap();
}

#[actix_web::test]
async fn o_42_a_token_endpoint_that_moved_to_where_we_may_not_go_is_not_taken_over() {
    let app = TestApp::start_with_manual_clock();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let connection = acme.connect(&provider, json!({})).await;
    for evil in ["http://169.254.169.254/token", "http://evil.example/token", "https://10.0.0.1/token", "javascript:x"]
    {
        provider.change(Place::Discovery, move |document| document["token_endpoint"] = json!(evil));
        refresh(&app).await;
        let now = acme.get(&format!("/connections/{}", id(&connection))).await.ok();
        assert_eq!(now["provider_metadata"], connection["provider_metadata"], "{evil}");
    }
    assert_eq!(acme.count_events("connection.metadata_changed").await, 0);
}

#[actix_web::test]
async fn o_42_a_token_endpoint_that_moved_elsewhere_is_told_in_the_audit_log() {
    let app = TestApp::start_with_manual_clock();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    acme.connect(&provider, json!({})).await;
    refresh(&app).await;
    assert_eq!(acme.count_events("connection.metadata_changed").await, 0, "nothing changed yet");
    let elsewhere = HostileProvider::start();
    let moved = format!("{}/token", elsewhere.issuer);
    provider.change(Place::Discovery, move |document| document["token_endpoint"] = json!(moved));
    refresh(&app).await;
    refresh(&app).await;
    assert_eq!(acme.count_events("connection.metadata_changed").await, 1);
    let event = acme.last_event("connection.metadata_changed").await;
    assert_eq!(event["actor"]["kind"], "system");
}

#[actix_web::test]
async fn o_42_metadata_with_a_nul_or_of_another_issuer_leave_the_last_good_ones() {
    let app = TestApp::start_with_manual_clock();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let connection = acme.connect(&provider, json!({})).await;
    provider.change(Place::Discovery, |document| drop(document.insert("scopes_supported".into(), json!(["a\u{0}b"]))));
    refresh(&app).await;
    provider.change(Place::Discovery, |document| document["issuer"] = json!("https://evil.example"));
    refresh(&app).await;
    let now = acme.get(&format!("/connections/{}", id(&connection))).await.ok();
    assert_eq!(now["provider_metadata"], connection["provider_metadata"]);
}

#[actix_web::test]
async fn o_43_a_login_that_a_third_party_starts_ends_at_listed_places_only() {
    let app = TestApp::start();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let connection = acme.connect(&provider, json!({})).await;
    for evil in ["https://evil.example/", "//evil.example", "javascript:alert(1)", "https://app.example.evil.example/x"]
    {
        let browser = app.browser();
        let begin = with(&url::Url::parse(login_url(&connection)).unwrap(), "return_to", Some(evil));
        let callback = to_callback(&browser, begin.as_str()).await;
        let page = browser.get(callback.as_str()).await;
        assert_eq!(page.location().unwrap().as_str(), format!("{}/t/acme", app.url), "{evil}");
    }
    // The parameters of the standard's login initiation lead nowhere.
    let initiated = format!("{}?iss={}&target_link_uri=https://evil.example", login_url(&connection), provider.issuer);
    let browser = app.browser();
    let callback = to_callback(&browser, &initiated).await;
    assert_eq!(browser.get(callback.as_str()).await.location().unwrap().as_str(), format!("{}/t/acme", app.url));
}

#[actix_web::test]
async fn o_44_the_client_secret_is_in_no_page_answer_header_or_event() {
    const SECRET: &str = "a secret of the client";
    let app = TestApp::start();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let connection =
        acme.connect(&provider, json!({"settings": {"token_endpoint_auth_method": "client_secret_post"}})).await;
    let browser = app.browser();
    // A provider that sends back what it was sent.
    let echo = json!({"error": "invalid_client", "error_description": format!("no such secret: {SECRET}")});
    provider.answer(Place::Token, Answer::json(echo).status(401));
    let callback = to_callback(&browser, login_url(&connection)).await;
    let page = browser.get(callback.as_str()).await;
    refused(&page, 403, "token_endpoint_refused");
    assert_eq!(provider.last(Place::Token).form["client_secret"], SECRET, "it was sent where it belongs");
    assert_eq!(page.headers["referrer-policy"], "no-referrer");
    let seen = [
        page.body,
        format!("{:?}", page.headers),
        acme.get("/audit-events?limit=200").await.text,
        acme.get(&format!("/connections/{}", id(&connection))).await.text,
        Value::to_string(&connection),
    ];
    for text in seen {
        assert!(!text.contains(SECRET) && !text.contains("a+secret+of"), "{text}");
    }
}
