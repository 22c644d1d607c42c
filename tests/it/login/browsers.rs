//! Browsers as they are: several tabs and tenants, cookies that stay at home on a cross-site post, languages.

use chrono::Duration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::needs_loopback;
use crate::support::TestApp;
use crate::support::browser::Page;
use crate::support::hostile_provider::{HostileProvider, Place};
use crate::support::sign_in::{is_signed_in, login_url, nothing_happened, post_form, refused, to_callback};
use crate::support::{Browser, admin::Admin};

#[actix_web::test]
async fn two_logins_in_two_tabs_finish_in_either_order() {
    let app = TestApp::start();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let connection = acme.connect(&provider, json!({})).await;
    let browser = app.browser();
    let first = to_callback(&browser, login_url(&connection)).await;
    let second = to_callback(&browser, login_url(&connection)).await;
    assert!(is_signed_in(&browser.get(second.as_str()).await));
    assert!(is_signed_in(&browser.get(first.as_str()).await));
    assert_eq!(acme.get("/users").await.ok()["items"].as_array().unwrap().len(), 1);
}

#[actix_web::test]
async fn two_tenants_in_one_browser_do_not_sign_each_other_out() {
    needs_loopback!("127.0.0.2");
    let app = TestApp::start();
    let (acme, globex) = (app.tenant("acme").await, app.tenant("globex").await);
    let (one, two) = (HostileProvider::start(), HostileProvider::start_at("127.0.0.2"));
    one.person(json!({"sub": "a", "email": "alice@acme.example", "email_verified": true, "name": "Alice"}));
    two.person(json!({"sub": "b", "email": "bob@globex.example", "email_verified": true, "name": "Bob"}));
    let at_acme = acme.connect(&one, json!({})).await;
    let at_globex = globex.connect(&two, json!({})).await;
    let browser = app.browser();
    browser.follow(login_url(&at_acme)).await;
    browser.follow(login_url(&at_globex)).await;
    for (slug, name) in [("acme", "Alice"), ("globex", "Bob")] {
        let page = browser.get(&format!("/t/{slug}")).await;
        assert_eq!(page.text_of("name").as_deref(), Some(name), "{}", page.body);
    }
    browser.post("/t/acme/logout", &[]).await;
    assert_eq!(browser.get("/t/acme").await.status, 303);
    assert_eq!(browser.get("/t/globex").await.text_of("name").as_deref(), Some("Bob"));
}

#[actix_web::test]
async fn a_browser_has_at_most_five_logins_under_way_and_the_oldest_is_let_go() {
    let app = TestApp::start();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let connection = acme.connect(&provider, json!({})).await;
    let browser = app.browser();
    let mut callbacks = Vec::new();
    for _ in 0..6 {
        callbacks.push(to_callback(&browser, login_url(&connection)).await);
    }
    refused(&browser.get(callbacks[0].as_str()).await, 400, "browser_mismatch");
    for callback in &callbacks[1..] {
        assert!(is_signed_in(&browser.get(callback.as_str()).await));
    }
}

/// A tenant whose connection answers by form post, and the provider's page with the form.
async fn form_post(app: &TestApp) -> (Admin, HostileProvider, Value, Browser, Page) {
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let connection = acme.connect(&provider, json!({"settings": {"response_mode": "form_post"}})).await;
    let browser = app.browser();
    let at_provider = browser.get(login_url(&connection)).await.location().unwrap();
    let page = browser.get(at_provider.as_str()).await;
    (acme, provider, connection, browser, page)
}

#[actix_web::test]
async fn a_form_post_that_brings_its_cookie_signs_in() {
    let app = TestApp::start();
    let (_acme, _provider, _connection, browser, page) = form_post(&app).await;
    assert!(is_signed_in(&post_form(&browser, &page, false).await));
}

#[actix_web::test]
async fn an_error_by_form_post_is_refused_as_one_in_the_query_is() {
    let app = TestApp::start();
    let (acme, provider, _connection, browser, mut page) = form_post(&app).await;
    page.body = page.body.replace("name=\"code\"", "name=\"error\"");
    refused(&post_form(&browser, &page, false).await, 403, "provider_error");
    assert_eq!(provider.calls(Place::Token), 0);
    nothing_happened(&acme, 1).await;
}

#[actix_web::test]
async fn a_form_post_without_its_cookie_is_completed_by_a_get_that_has_it() {
    let app = TestApp::start();
    let (acme, provider, _connection, browser, page) = form_post(&app).await;
    let parked = post_form(&browser, &page, true).await;
    assert_eq!(parked.status, 303, "{}", parked.body);
    let resume = parked.location().unwrap();
    assert!(resume.path().contains("/resume/") && resume.query().is_none(), "no code and no state in {resume}");
    assert_eq!(provider.calls(Place::Token), 0, "nothing is redeemed before the browser is known");
    let done = browser.get(resume.as_str()).await;
    assert!(is_signed_in(&done), "{}", done.body);
    // Once.
    assert_eq!(browser.get(resume.as_str()).await.code(), "attempt_unknown");
    assert_eq!(acme.count_events("login.succeeded").await, 1);
    assert_eq!(acme.get("/sessions").await.ok()["items"].as_array().unwrap().len(), 1);
}

#[actix_web::test]
async fn o_03_a_parked_form_post_is_not_completed_by_another_browser() {
    let app = TestApp::start();
    let (acme, provider, connection, browser, page) = form_post(&app).await;
    let resume = post_form(&browser, &page, true).await.location().unwrap();
    let victim = app.browser();
    let theirs = victim.get(login_url(&connection)).await;
    assert_eq!(theirs.status, 303);
    refused(&victim.get(resume.as_str()).await, 400, "browser_mismatch");
    assert_eq!(provider.calls(Place::Token), 0);
    nothing_happened(&acme, 1).await;
    assert_eq!(browser.get(resume.as_str()).await.status, 400, "it is burnt");
}

#[actix_web::test]
async fn o_05_a_parked_form_post_expires_with_its_attempt() {
    let app = TestApp::start_with_manual_clock();
    let (acme, provider, _connection, browser, page) = form_post(&app).await;
    let resume = post_form(&browser, &page, true).await.location().unwrap();
    app.clock.advance(Duration::minutes(11));
    refused(&browser.get(resume.as_str()).await, 400, "attempt_expired");
    assert_eq!(provider.calls(Place::Token), 0);
    nothing_happened(&acme, 1).await;
}

#[actix_web::test]
async fn o_06_a_parked_form_post_is_another_tenants_business_and_unknown_there() {
    let app = TestApp::start();
    let (acme, _provider, _connection, browser, page) = form_post(&app).await;
    let evil = app.tenant("evil").await;
    let resume = post_form(&browser, &page, true).await.location().unwrap();
    let elsewhere = resume.as_str().replace("/t/acme/", "/t/evil/");
    refused(&browser.get(&elsewhere).await, 400, "attempt_unknown");
    let never = resume.as_str().rsplit_once('/').unwrap().0.to_owned() + "/" + &uuid::Uuid::now_v7().to_string();
    refused(&browser.get(&never).await, 400, "attempt_unknown");
    nothing_happened(&evil, 0).await;
    nothing_happened(&acme, 0).await;
}

#[actix_web::test]
async fn pages_speak_the_first_language_of_the_browser_that_they_know() {
    let app = TestApp::start();
    app.tenant("acme").await;
    let browser = app.browser();
    for (asked, language, sentence) in [
        ("de-DE,de;q=0.9,en;q=0.8", "de", "geklappt"),
        ("fr, de;q=0.5", "de", "geklappt"),
        ("en-GB, de;q=0.5", "en", "could not be signed in"),
        ("zz", "en", "could not be signed in"),
        ("*", "en", "could not be signed in"),
    ] {
        let path = format!("/t/acme/sso/{}/callback", uuid::Uuid::now_v7());
        let request = browser.request(Method::GET, &path).header("accept-language", asked);
        let page = browser.send(request, &path).await;
        assert!(page.body.contains(&format!("<html lang=\"{language}\">")), "{asked}: {}", page.body);
        assert!(page.body.contains(sentence), "{asked}: {}", page.body);
        assert_eq!(page.code(), "state_missing", "the code is the same in every language");
    }
}
