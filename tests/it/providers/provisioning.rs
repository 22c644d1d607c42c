//! Rows A4 and A5 against a real provider: who proves an address, and whether a first login makes a user.

use serde_json::json;

use super::{assert_refused, assert_welcome, only_user};
use crate::needs;
use crate::support::TestApp;
use crate::support::oidc_provider::OidcProvider;

#[actix_web::test]
async fn row_a4_an_unverified_address_does_not_open_the_account_that_has_it() {
    let provider = OidcProvider::at(needs!("DOORWARD_TEST_OIDC_PROVIDER"));
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let bob = acme.post("/users", &json!({"email": "bob@acme.example.com"})).await.created();
    let connection = provider.connect_plainly(&acme).await;
    let page = provider.sign_in(&app.browser(), &connection, "bob").await;
    assert_eq!(page.code(), "email_not_verified");
    let path = format!("/users/{}/identities", bob["id"].as_str().unwrap());
    let linked = acme.get(&path).await.ok();
    assert!(!linked.to_string().contains("u-1002"), "{linked}");
}

#[actix_web::test]
async fn row_a4_a_trusted_directory_proves_addresses_of_the_tenants_verified_domains_only() {
    let provider = OidcProvider::at(needs!("DOORWARD_TEST_OIDC_PROVIDER"));
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let trusting = json!({"provisioning": {"email_trust": "trust_connection"}});
    let connection = provider.connect(&acme, json!({}), trusting).await;
    let page = provider.sign_in(&app.browser(), &connection, "bob").await;
    assert_refused(&acme, &page, &page.code()).await;

    let domain = acme.post("/domains", &json!({"domain": "acme.example.com"})).await.created();
    let attest = format!("/v1/tenants/acme/domains/{}/attest", domain["id"].as_str().unwrap());
    app.operator().await.post(&attest, &json!({})).await.ok();
    assert_welcome(&provider.sign_in(&app.browser(), &connection, "bob").await, "Bob Baker");
}

#[actix_web::test]
async fn row_a5_without_creation_only_people_who_were_entered_get_in() {
    let provider = OidcProvider::at(needs!("DOORWARD_TEST_OIDC_PROVIDER"));
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let closed = json!({"provisioning": {"create_users": false}});
    let connection = provider.connect(&acme, json!({}), closed).await;
    let page = provider.sign_in(&app.browser(), &connection, "alice").await;
    assert_refused(&acme, &page, "user_unknown").await;

    let entered = acme.post("/users", &json!({"email": "alice@acme.example.com"})).await.created();
    assert_welcome(&provider.sign_in(&app.browser(), &connection, "alice").await, "Alice Archer");
    assert_eq!(only_user(&acme).await["id"], entered["id"]);
}

#[actix_web::test]
async fn row_a5_with_creation_the_first_login_makes_the_user_with_the_default_role() {
    let provider = OidcProvider::at(needs!("DOORWARD_TEST_OIDC_PROVIDER"));
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let open = json!({"provisioning": {"create_users": true, "default_role": "auditor"}});
    let connection = provider.connect(&acme, json!({}), open).await;
    assert_welcome(&provider.sign_in(&app.browser(), &connection, "alice").await, "Alice Archer");
    assert_eq!(only_user(&acme).await["role"], "auditor");
    assert_eq!(acme.last_event("login.succeeded").await["payload"]["outcome"], "created");
}
