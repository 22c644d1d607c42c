//! The first login of a person, from the login page to the session.

use serde_json::json;

use super::linking::Scene;
use crate::support::TestApp;
use crate::support::browser::Browser;
use crate::support::hostile_provider::HostileProvider;
use crate::support::sign_in::{is_signed_in, login_url, refused, to_callback};

#[actix_web::test]
async fn a_first_login_creates_the_user_and_a_session() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let provider = HostileProvider::start();
    provider.person(json!({"sub": "u-1", "email": "alice@acme.example", "email_verified": true, "name": "Alice"}));
    let connection = acme.connect(&provider, json!({})).await;

    let browser = app.browser();
    let page = browser.follow(connection["login_url"].as_str().unwrap()).await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert_eq!(page.text_of("name").as_deref(), Some("Alice"), "{}", page.body);

    let users = acme.get("/users").await.ok();
    assert_eq!(users["items"][0]["email"], "alice@acme.example");
    let event = acme.last_event("login.succeeded").await;
    assert_eq!(event["payload"]["outcome"], "created");
}

#[actix_web::test]
async fn l_13_an_identity_is_linked_to_nobody_because_their_browser_is_signed_in() {
    let scene = Scene::set(json!({})).await;
    let login = async |browser: &Browser, sub: &str, email: &str| {
        scene.provider.person(json!({"sub": sub, "email": email, "email_verified": true, "name": sub}));
        let callback = to_callback(browser, login_url(&scene.connection)).await;
        browser.get(callback.as_str()).await
    };
    let victims = scene.app.browser();
    assert!(is_signed_in(&login(&victims, "ada", "ada@acme.example").await));
    // Somebody makes Ada's browser finish a login of theirs: begun elsewhere it is refused, begun here it is theirs alone.
    scene.provider.person(json!({"sub": "eve", "email": "eve@acme.example", "email_verified": true}));
    let planted = to_callback(&scene.app.browser(), login_url(&scene.connection)).await;
    refused(&victims.get(planted.as_str()).await, 400, "browser_mismatch");
    assert!(is_signed_in(&login(&victims, "eve", "eve@acme.example").await));
    let users = scene.users().await;
    assert_eq!(users.len(), 2, "{users:?}");
    for user in &users {
        assert_eq!(scene.identities(user).await.len(), 1, "{user}");
    }
}
