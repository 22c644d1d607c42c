//! Where codes and errors may be sent: to a registered URI, character by character, and otherwise nowhere.

use serde_json::json;

use super::scene::Scene;
use crate::support::Browser;
use crate::support::browser::Page;
use crate::support::relying_party::{REDIRECT_URI, RelyingParty};

/// A redirect URI on loopback, as a native application registers it.
const LOOPBACK: &str = "http://127.0.0.1:8080/callback";

/// What is like [`REDIRECT_URI`] and is not it.
const LIKE_IT: [&str; 34] = [
    // prefix and suffix
    "https://app.example/call",
    "https://app.example/callback2",
    "https://app.example.evil.example/callback",
    "https://evil.example/https://app.example/callback",
    // below it
    "https://app.example/callback/",
    "https://app.example/callback/deeper",
    "https://app.example/callback;x=1",
    // dots, spelled or encoded
    "https://app.example/callback/../callback",
    "https://app.example/other/../callback",
    "https://app.example/./callback",
    "https://app.example/callback/%2e%2e/callback",
    "https://app.example/%63allback",
    "https://app.example%2Fcallback",
    // query and fragment
    "https://app.example/callback?",
    "https://app.example/callback?next=https://evil.example/",
    "https://app.example/callback#",
    "https://app.example/callback#fragment",
    // user information
    "https://app.example@evil.example/callback",
    "https://ada@app.example/callback",
    "https://:@app.example/callback",
    // port, case, scheme
    "https://app.example:443/callback",
    "https://app.example:8443/callback",
    "https://APP.example/callback",
    "https://app.example/Callback",
    "HTTPS://app.example/callback",
    "http://app.example/callback",
    "//app.example/callback",
    "javascript://app.example/callback",
    // what readers take for something else
    "https://app.example\\@evil.example/callback",
    " https://app.example/callback",
    "https://app.example./callback",
    // wildcards
    "https://app.example/*",
    "https://*.example/callback",
    "*",
];

/// What is like [`LOOPBACK`] and is not it.
const LIKE_LOOPBACK: [&str; 7] = [
    "http://localhost:8080/callback",
    "http://[::1]:8080/callback",
    "http://127.1:8080/callback",
    "http://2130706433:8080/callback",
    "http://0.0.0.0:8080/callback",
    "http://127.0.0.1:8081/callback",
    "http://127.0.0.1/callback",
];

/// A page of ours that says why, and leads nowhere.
#[track_caller]
fn stays(page: &Page, code: &str) {
    assert_eq!((page.status, page.code().as_str()), (400, code), "{}", page.body);
    assert!(page.headers.get("location").is_none() && page.headers.get("refresh").is_none(), "{:?}", page.headers);
    assert!(!page.body.contains("evil.example") && !page.body.contains("<form"), "{}", page.body);
}

async fn ask(client: &RelyingParty, browser: &Browser, change: &[(&str, &str)]) -> Page {
    browser.get(&client.authorize_url(change)).await
}

#[actix_web::test]
async fn p_01_a_redirect_uri_that_is_merely_like_a_registered_one_gets_a_page_and_no_redirect() {
    let scene = Scene::set(json!({"redirect_uris": [REDIRECT_URI, LOOPBACK]})).await;
    scene.client.code(&scene.ada, &[]).await;
    let stranger = scene.app.browser();
    for wrong in LIKE_IT.into_iter().chain(LIKE_LOOPBACK) {
        let page = ask(&scene.client, &scene.ada, &[("redirect_uri", wrong)]).await;
        stays(&page, "redirect_uri_mismatch");
        // Nor is it told there that nobody is signed in.
        let page = ask(&scene.client, &stranger, &[("redirect_uri", wrong), ("prompt", "none")]).await;
        stays(&page, "redirect_uri_mismatch");
    }
    assert_eq!(scene.acme.count_events("grant.created").await, 1, "what is right got a code, and nothing else did");
    let right = ask(&scene.client, &scene.ada, &[("redirect_uri", LOOPBACK)]).await;
    assert!(right.location().unwrap().as_str().starts_with(&format!("{LOOPBACK}?code=dwc_")));
}

#[actix_web::test]
async fn p_02_a_parameter_that_comes_twice_gets_a_page_and_no_redirect() {
    let scene = Scene::set(json!({})).await;
    let url = scene.client.authorize_url(&[]);
    let twice = ["redirect_uri=https://evil.example/", "client_id=x", "state=another", "scope=openid", "nonce=x"];
    for again in twice.into_iter().chain(["extra=1&extra=2"]) {
        stays(&scene.ada.get(&format!("{url}&{again}")).await, "repeated_parameter");
    }
    // Encoded differently it is the same name.
    stays(&scene.ada.get(&format!("{url}&redirect%5Furi=https://evil.example/")).await, "repeated_parameter");
}

#[actix_web::test]
async fn p_19_a_fault_of_an_unknown_application_or_target_is_told_to_nobody_but_the_person() {
    let scene = Scene::set(json!({})).await;
    let globex = scene.app.tenant("globex").await;
    let theirs = RelyingParty::register(&globex, json!({})).await;
    let random = uuid::Uuid::now_v7().to_string();
    let upper = scene.client.client_id.to_uppercase();
    let faults = [("response_type", "token"), ("request", "x"), ("prompt", "none"), ("scope", "nothing")];
    for fault in faults {
        for id in ["", "x", &random, &upper, &theirs.client_id] {
            stays(&ask(&scene.client, &scene.ada, &[("client_id", id), fault]).await, "client_unknown");
        }
        let evil = [("redirect_uri", "https://evil.example/"), fault];
        stays(&ask(&scene.client, &scene.ada, &evil).await, "redirect_uri_mismatch");
    }
    // With a target that is known, the same faults are told there.
    for fault in faults {
        let answer = scene.client.answer(&scene.app.browser(), &[fault]).await;
        assert!(answer.as_str().starts_with(&format!("{REDIRECT_URI}?error=")), "{answer}");
    }
}
