//! Rows A3, A7 and A13: endpoints by hand, PKCE and scopes, what the login page shows.

use serde_json::{Value, json};

use super::assert_welcome;
use crate::needs;
use crate::support::TestApp;
use crate::support::oidc_provider::OidcProvider;

/// Endpoints as the provider's own document names them.
fn by_hand(metadata: &Value) -> Value {
    json!({
        "authorization": metadata["authorization_endpoint"],
        "token": metadata["token_endpoint"],
        "userinfo": metadata["userinfo_endpoint"],
        "jwks_uri": metadata["jwks_uri"],
        "revocation": metadata["revocation_endpoint"],
        "end_session": metadata["end_session_endpoint"],
    })
}

#[actix_web::test]
async fn row_a3_endpoints_by_hand_sign_in_without_discovery() {
    let provider = OidcProvider::at(needs!("DOORWARD_TEST_OIDC_PROVIDER"));
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let found = provider.connect_plainly(&acme).await["provider_metadata"].clone();
    assert!(found["token_endpoint"].is_string(), "{found}");

    let settings = json!({"settings": {"discovery": false, "endpoints": by_hand(&found)}});
    let connection = provider.connect(&acme, json!({}), settings).await;
    assert_eq!(connection["provider_metadata"], Value::Null);
    assert_eq!(connection["settings"]["endpoints"], by_hand(&found));
    assert_welcome(&provider.sign_in(&app.browser(), &connection, "alice").await, "Alice Archer");
}

#[actix_web::test]
async fn row_a3_one_endpoint_by_hand_wins_over_discovery() {
    let provider = OidcProvider::at(needs!("DOORWARD_TEST_OIDC_PROVIDER"));
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let astray = json!({"settings": {"endpoints": {"token": "http://127.0.0.1:9/nobody"}}});
    let connection = provider.connect(&acme, json!({}), astray).await;
    let page = provider.sign_in(&app.browser(), &connection, "alice").await;
    assert_eq!((page.status, page.code().as_str()), (502, "token_endpoint_unreachable"));
}

#[actix_web::test]
async fn row_a7_a_login_without_pkce_works_where_the_provider_wants_none_and_warns() {
    let provider = OidcProvider::at(needs!("DOORWARD_TEST_OIDC_PROVIDER"));
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let without = json!({"settings": {"code_challenge_method": "none"}});
    let connection = provider.connect(&acme, json!({"pkce_optional": true}), without.clone()).await;
    assert_eq!(connection["warnings"], json!(["pkce_is_off"]));
    assert_welcome(&provider.sign_in(&app.browser(), &connection, "alice").await, "Alice Archer");

    let strict = provider.connect(&acme, json!({}), without).await;
    let page = app.browser().follow(strict["login_url"].as_str().unwrap()).await;
    assert_eq!(page.code(), "provider_error", "this provider wants PKCE");
}

#[actix_web::test]
async fn row_a7_scopes_are_sent_as_configured_with_openid_first() {
    let provider = OidcProvider::at(needs!("DOORWARD_TEST_OIDC_PROVIDER"));
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let fewer = json!({"settings": {"scopes": ["email"], "additional_scopes": ["groups", "email"]}});
    let connection = provider.connect(&acme, json!({}), fewer).await;
    let sent = app.browser().get(connection["login_url"].as_str().unwrap()).await;
    let query: std::collections::HashMap<_, _> = sent.location().unwrap().query_pairs().into_owned().collect();
    assert_eq!(query["scope"], "openid email groups");
    assert_eq!(query["code_challenge_method"], "S256");
    // Without the profile scope there is no name: the page falls back to the address.
    let page = provider.sign_in(&app.browser(), &connection, "alice").await;
    assert_welcome(&page, "alice@acme.example.com");
}

#[actix_web::test]
async fn row_a13_active_connection_appears_on_the_login_page() {
    let provider = OidcProvider::at(needs!("DOORWARD_TEST_OIDC_PROVIDER"));
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let empty = app.browser().get("/t/acme/login").await;
    assert!(empty.body.contains("role=\"alert\""), "says that there is nothing yet: {}", empty.body);

    let hostile = json!({"display_name": "<script>alert(1)</script> & \"Söhne\""});
    let active = provider.connect(&acme, json!({}), hostile).await;
    let off = provider.connect(&acme, json!({}), json!({"display_name": "Switched off"})).await;
    let path = format!("/connections/{}/disable", off["id"].as_str().unwrap());
    acme.post(&path, &json!({})).await.ok();
    acme.post("/connections", &json!({"display_name": "Only a draft"})).await.created();

    let page = app.browser().get("/t/acme/login").await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains(active["login_url"].as_str().unwrap()), "{}", page.body);
    assert!(!page.body.contains("<script") && page.body.contains("Söhne"), "{}", page.body);
    assert!(!page.body.contains("Switched off") && !page.body.contains("Only a draft"), "{}", page.body);
    let refused = app.browser().get(off["login_url"].as_str().unwrap()).await;
    assert_eq!((refused.status, refused.code().as_str()), (404, "not_found"));
}
