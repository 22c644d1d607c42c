//! The three people and PKCE at glewlwyd, a provider written in C: claims lie in the ID token, `auth_time` is 0.

use serde_json::json;

use super::{assert_refused, assert_welcome, group, groups_of, only_user};
use crate::needs;
use crate::support::TestApp;
use crate::support::glewlwyd::Glewlwyd;

#[actix_web::test]
async fn glewlwyd_alice_is_created_with_name_address_and_groups() {
    let provider = Glewlwyd::at(needs!("DOORWARD_TEST_GLEWLWYD"));
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    group(&acme, "engineering").await;
    let connection = provider.connect(&acme, json!({})).await;
    assert_welcome(&provider.sign_in(&app.browser(), &connection, "alice").await, "Alice Archer");
    let alice = only_user(&acme).await;
    assert_eq!(alice["email"], "alice@acme.example.com");
    assert_eq!(groups_of(&acme, &alice).await, ["engineering"]);
}

#[actix_web::test]
async fn glewlwyd_bob_with_an_unverified_address_is_refused_and_no_user_is_made() {
    let provider = Glewlwyd::at(needs!("DOORWARD_TEST_GLEWLWYD"));
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let connection = provider.connect(&acme, json!({})).await;
    let page = provider.sign_in(&app.browser(), &connection, "bob").await;
    assert_refused(&acme, &page, "email_not_verified").await;
}

#[actix_web::test]
async fn glewlwyd_carol_keeps_her_name_and_has_no_groups() {
    let provider = Glewlwyd::at(needs!("DOORWARD_TEST_GLEWLWYD"));
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let connection = provider.connect(&acme, json!({})).await;
    assert_welcome(&provider.sign_in(&app.browser(), &connection, "carol").await, "Çarol Ünal");
    assert!(groups_of(&acme, &only_user(&acme).await).await.is_empty());
}

#[actix_web::test]
async fn glewlwyd_row_a7_pkce_plain_and_none_and_the_secret_in_the_form_are_understood() {
    let provider = Glewlwyd::at(needs!("DOORWARD_TEST_GLEWLWYD"));
    let app = TestApp::start();
    for (method, warning) in [("plain", "pkce_plain_is_weak"), ("none", "pkce_is_off")] {
        let tenant = app.tenant(&format!("acme-{method}")).await;
        let settings = json!({"code_challenge_method": method, "token_endpoint_auth_method": "client_secret_post"});
        let connection = provider.connect(&tenant, settings).await;
        assert_eq!(connection["warnings"], json!([warning]));
        assert_welcome(&provider.sign_in(&app.browser(), &connection, "alice").await, "Alice Archer");
    }
}
