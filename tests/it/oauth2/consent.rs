//! What a third party's application gets, the person agrees to; nobody is asked for one of the organisation's own.

use reqwest::Method;
use serde_json::{Value, json};

use super::scene::{Scene, is_told};
use crate::support::Browser;
use crate::support::browser::Page;
use crate::support::passwords;
use crate::support::relying_party::{RelyingParty, answer_of};
use crate::support::sign_in::parameter;

/// A scene whose application is a third party's.
async fn third_party() -> Scene {
    Scene::set(json!({"name": "Notes <b>& More", "first_party": false})).await
}

/// The browser asks and ends on the consent page.
async fn question(client: &RelyingParty, browser: &Browser, change: &[(&str, &str)]) -> Page {
    let page = browser.follow(&client.authorize_url(change)).await;
    assert_eq!(page.status, 200, "{}: {}", page.url, page.body);
    assert!(page.url.path().starts_with("/t/acme/oauth2/consent/"), "{}", page.url);
    page
}

/// Presses a button of the consent page.
async fn press(browser: &Browser, question: &Page, agree: bool) -> Page {
    browser.post(question.url.as_str(), &[("agree", if agree { "true" } else { "false" })]).await
}

/// The path that a request was sent to, in place of an answer, with the id of the request that waits.
async fn sent_to(client: &RelyingParty, browser: &Browser, change: &[(&str, &str)]) -> (String, String) {
    let page = browser.get(&client.authorize_url(change)).await;
    let onward = page.location().unwrap_or_else(|| panic!("{}: {}", page.status, page.body));
    (onward.path().to_owned(), parameter(&onward, "request"))
}

#[track_caller]
fn has_code(page: &Page) {
    assert!(parameter(&answer_of(page), "code").starts_with("dwc_"));
}

#[actix_web::test]
async fn a_third_partys_application_is_agreed_to_once_and_asked_about_again_for_more() {
    let scene = third_party().await;
    let few = ("scope", "openid email");
    let page = question(&scene.client, &scene.ada, &[few]).await;
    assert!(page.body.contains("Notes &#60;b&#62;&#38; More"), "{}", page.body);
    assert!(page.body.contains("ada@acme.example") && page.body.contains("acme Inc."), "{}", page.body);
    has_code(&press(&scene.ada, &page, true).await);
    assert_eq!(press(&scene.ada, &page, true).await.code(), "request_unknown", "answered once");
    for less in [&[few][..], &[("scope", "openid")], &[few, ("prompt", "none")]] {
        scene.client.code(&scene.ada, less).await;
    }
    let silently = [("prompt", "none"), ("scope", "openid email profile")];
    is_told(&scene.client.answer(&scene.ada, &silently).await, &scene.client, "consent_required");
    has_code(&press(&scene.ada, &question(&scene.client, &scene.ada, &silently[1..]).await, true).await);
    scene.client.code(&scene.ada, &silently).await;
    // Asked although it was agreed before; and the answer may be no.
    let page = question(&scene.client, &scene.ada, &[few, ("prompt", "consent")]).await;
    is_told(&answer_of(&press(&scene.ada, &page, false).await), &scene.client, "access_denied");
    assert_eq!(scene.logins().await, 1);
}

#[actix_web::test]
async fn an_application_of_our_own_asks_nobody() {
    let scene = Scene::set(json!({})).await;
    for prompt in ["", "consent", "none"] {
        scene.client.code(&scene.ada, &[("prompt", prompt)]).await;
    }
    // One that turns into a third party's has been agreed to by nobody.
    let path = format!("/applications/{}", scene.client.client_id);
    scene.acme.patch(&path, &json!({"first_party": false})).await.ok();
    question(&scene.client, &scene.ada, &[]).await;
}

#[actix_web::test]
async fn p_09_agreement_comes_from_the_page_of_who_agrees_and_nowhere_else() {
    let scene = third_party().await;
    let page = question(&scene.client, &scene.ada, &[]).await;
    assert_eq!(page.headers["x-frame-options"], "DENY");
    let url = page.url.as_str();
    let elsewhere: [&[(&str, &str)]; 5] = [
        &[],
        &[("origin", "https://app.example")],
        &[("origin", "null"), ("sec-fetch-site", "cross-site")],
        &[("origin", &scene.app.url), ("sec-fetch-site", "cross-site")],
        &[("origin", "https://app.example"), ("sec-fetch-site", "same-origin")],
    ];
    for headers in elsewhere {
        let post = scene.ada.request(Method::POST, url).form(&[("agree", "true")]);
        let post = headers.iter().fold(post, |post, (name, value)| post.header(*name, *value));
        let answer = scene.ada.send(post, url).await;
        let problem: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!((answer.status, &problem["code"]), (403, &json!("cross_site")), "{headers:?}");
    }
    assert_eq!(scene.ada.get(&format!("{url}?agree=true")).await.status, 200, "a link is no agreement");
    assert!(scene.ada.post(url, &[("agree", "true"), ("scope", "openid")]).await.status == 422);
    // Somebody who is not signed in agrees to nothing.
    let nobody = scene.app.browser();
    let sent = nobody.get(url).await.location().unwrap();
    assert!(sent.path().starts_with("/t/acme/login"), "{sent}");
    let sent = nobody.post(url, &[("agree", "true")]).await.location().unwrap();
    assert!(sent.path().starts_with("/t/acme/oauth2/continue/"), "{sent}");
    // Nor is it an agreement in another tenant.
    scene.app.tenant("globex").await;
    assert_eq!(scene.ada.get(&url.replace("/t/acme/", "/t/globex/")).await.code(), "request_unknown");
    assert_eq!(scene.acme.count_events("grant.created").await, 0);
    has_code(&press(&scene.ada, &page, true).await);
}

#[actix_web::test]
async fn p_09_agreement_is_one_persons_with_one_application() {
    let scene = third_party().await;
    has_code(&press(&scene.ada, &question(&scene.client, &scene.ada, &[]).await, true).await);
    let only = json!([scene.connection["id"]]);
    let other = json!({"first_party": false, "allowed_connections": only});
    let other = RelyingParty::register(&scene.acme, other).await;
    question(&other, &scene.ada, &[]).await;
    scene.provider.person(json!({"sub": "u-2", "email": "bob@acme.example", "email_verified": true}));
    let bob = scene.app.browser();
    question(&scene.client, &bob, &[]).await;
    is_told(&scene.client.answer(&bob, &[("prompt", "none")]).await, &scene.client, "consent_required");
    is_told(&scene.client.answer(&bob, &[("prompt", "none consent")]).await, &scene.client, "invalid_request");
}

#[actix_web::test]
async fn p_09_the_consent_page_is_no_way_around_the_login_that_a_request_wants() {
    let scene = third_party().await;
    has_code(&press(&scene.ada, &question(&scene.client, &scene.ada, &[]).await, true).await);
    let passing = scene.app.browser();
    passwords::person(&scene.acme, "carl@acme.example").await;
    passwords::signs_in(&passwords::try_password(&passing, "carl@acme.example", passwords::PASSWORD).await);
    let wishes: [(&Browser, &[(&str, &str)]); 6] = [
        (&scene.ada, &[("prompt", "login")]),
        (&scene.ada, &[("prompt", "login consent")]),
        (&scene.ada, &[("prompt", "select_account")]),
        (&scene.ada, &[("max_age", "0")]),
        (&scene.ada, &[("login_hint", "bob@acme.example")]),
        (&passing, &[]), // a password is not how this application's users sign in
    ];
    for (browser, wish) in wishes {
        let (login, request) = sent_to(&scene.client, browser, wish).await;
        assert!(login.starts_with("/t/acme/login"), "{login}");
        let path = format!("/t/acme/oauth2/consent/{request}");
        let pressed = browser.post(&path, &[("agree", "true")]).await;
        let onward = pressed.location().unwrap_or_else(|| panic!("{}: {}", pressed.status, pressed.body));
        assert!(onward.path().starts_with("/t/acme/login"), "{wish:?}: {onward}");
    }
    assert_eq!(scene.acme.count_events("grant.created").await, 1);
}
