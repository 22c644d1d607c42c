//! The three people at npm oidc-provider.

use serde_json::json;

use super::{assert_refused, assert_welcome, group, groups_of, only_user};
use crate::needs;
use crate::support::TestApp;
use crate::support::oidc_provider::{OidcProvider, follow_on, submit};

#[actix_web::test]
async fn oidc_provider_alice_is_created_with_name_address_and_groups() {
    let provider = OidcProvider::at(needs!("DOORWARD_TEST_OIDC_PROVIDER"));
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    group(&acme, "engineering").await;
    let connection = provider.connect_plainly(&acme).await;

    let page = provider.sign_in(&app.browser(), &connection, "alice").await;
    assert_welcome(&page, "Alice Archer");
    let alice = only_user(&acme).await;
    assert_eq!(alice["email"], "alice@acme.example.com");
    assert_eq!((&alice["given_name"], &alice["family_name"]), (&json!("Alice"), &json!("Archer")));
    assert_eq!(groups_of(&acme, &alice).await, ["engineering"]);
    let unmatched = acme.get("/unmatched-groups").await.ok();
    assert!(unmatched.to_string().contains("admins"), "{unmatched}");
}

#[actix_web::test]
async fn oidc_provider_a_second_login_finds_the_same_user_and_changes_nothing() {
    let provider = OidcProvider::at(needs!("DOORWARD_TEST_OIDC_PROVIDER"));
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let connection = provider.connect_plainly(&acme).await;
    let browser = app.browser();
    provider.sign_in(&browser, &connection, "alice").await;
    let before = only_user(&acme).await;

    // The provider knows this browser, so there is no form the second time.
    let page = browser.follow(connection["login_url"].as_str().unwrap()).await;
    assert_welcome(&page, "Alice Archer");
    assert_eq!(only_user(&acme).await["id"], before["id"]);
    let event = acme.last_event("login.succeeded").await;
    assert_ne!(event["payload"]["outcome"], "created", "{event}");
    let sessions = acme.get("/sessions").await.ok();
    assert_eq!(sessions["items"].as_array().unwrap().len(), 1, "the new session replaces this browser's old one");
}

#[actix_web::test]
async fn oidc_provider_row_a4_bob_with_an_unverified_address_is_refused_and_no_user_is_made() {
    let provider = OidcProvider::at(needs!("DOORWARD_TEST_OIDC_PROVIDER"));
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let connection = provider.connect_plainly(&acme).await;
    let page = provider.sign_in(&app.browser(), &connection, "bob").await;
    assert_eq!(page.status, 403);
    assert_refused(&acme, &page, "email_not_verified").await;
}

#[actix_web::test]
async fn oidc_provider_carol_keeps_her_name_and_has_no_groups() {
    let provider = OidcProvider::at(needs!("DOORWARD_TEST_OIDC_PROVIDER"));
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    group(&acme, "engineering").await;
    let connection = provider.connect_plainly(&acme).await;
    let page = provider.sign_in(&app.browser(), &connection, "carol").await;
    assert_welcome(&page, "Çarol Ünal");
    let carol = only_user(&acme).await;
    let address = carol["email"].as_str().unwrap();
    assert!(address.eq_ignore_ascii_case("carol.unal@acme.example.com"), "{address}");
    assert!(groups_of(&acme, &carol).await.is_empty());
}

#[actix_web::test]
async fn oidc_provider_an_upper_case_address_meets_the_user_who_was_entered_in_lower_case() {
    let provider = OidcProvider::at(needs!("DOORWARD_TEST_OIDC_PROVIDER"));
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let entered = acme.post("/users", &json!({"email": "carol.unal@acme.example.com"})).await.created();
    let connection = provider.connect_plainly(&acme).await;
    provider.sign_in(&app.browser(), &connection, "carol").await;
    assert_eq!(only_user(&acme).await["id"], entered["id"]);
}

#[actix_web::test]
async fn oidc_provider_a_refusal_there_is_a_refusal_here() {
    let provider = OidcProvider::at(needs!("DOORWARD_TEST_OIDC_PROVIDER"));
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let connection = provider.connect_plainly(&acme).await;
    let browser = app.browser();
    let form = browser.follow(connection["login_url"].as_str().unwrap()).await;
    let sent = submit(&browser, &form, &[("login", ""), ("password", ""), ("go", "deny")]).await;
    let page = follow_on(&browser, sent).await;
    assert_refused(&acme, &page, "provider_error").await;
    let event = acme.last_event("login.refused").await;
    let detail = event["payload"]["detail"].as_str().unwrap();
    assert!(detail.contains("access_denied"), "{detail}");
    assert!(!page.body.contains("access_denied"), "the detail is for the admin");
}
