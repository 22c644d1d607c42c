//! Everything that two OpenID parties can agree on differently, at npm oidc-provider.

use serde_json::{Value, json};

use super::assert_welcome;
use crate::needs;
use crate::support::TestApp;
use crate::support::oidc_provider::{OidcProvider, follow_on, submit};

/// A whole login of alice with this registration and this connection.
async fn alice_gets_in(provider: &OidcProvider, client: Value, connection: Value) {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let connection = provider.connect(&acme, client, connection).await;
    let page = provider.sign_in(&app.browser(), &connection, "alice").await;
    assert_welcome(&page, "Alice Archer");
}

fn method(name: &str) -> (Value, Value) {
    let settings = json!({"settings": {"token_endpoint_auth_method": name}});
    (json!({"token_endpoint_auth_method": name}), settings)
}

#[actix_web::test]
async fn oidc_provider_login_with_client_secret_basic() {
    let provider = OidcProvider::at(needs!("DOORWARD_TEST_OIDC_PROVIDER"));
    let (client, connection) = method("client_secret_basic");
    alice_gets_in(&provider, client, connection).await;
}

#[actix_web::test]
async fn oidc_provider_login_with_client_secret_post() {
    let provider = OidcProvider::at(needs!("DOORWARD_TEST_OIDC_PROVIDER"));
    let (client, connection) = method("client_secret_post");
    alice_gets_in(&provider, client, connection).await;
}

#[actix_web::test]
async fn oidc_provider_login_with_private_key_jwt_by_the_key_that_we_publish() {
    let provider = OidcProvider::at(needs!("DOORWARD_TEST_OIDC_PROVIDER"));
    let (client, mut connection) = method("private_key_jwt");
    connection["client_secret"] = Value::Null;
    alice_gets_in(&provider, client, connection).await;
}

#[actix_web::test]
async fn oidc_provider_a_secret_that_the_provider_does_not_know_is_told_to_the_admin() {
    let provider = OidcProvider::at(needs!("DOORWARD_TEST_OIDC_PROVIDER"));
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let connection = provider.connect(&acme, json!({"client_secret": "w".repeat(40)}), json!({})).await;
    let page = provider.sign_in(&app.browser(), &connection, "alice").await;
    assert_eq!(page.code(), "token_endpoint_refused");
    let event = acme.last_event("login.refused").await;
    assert!(event["payload"]["detail"].as_str().unwrap().contains("invalid_client"), "{event}");
}

#[actix_web::test]
async fn row_e4_authority_and_client_id_alone_suffice() {
    let provider = OidcProvider::at(needs!("DOORWARD_TEST_OIDC_PROVIDER"));
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let id = uuid::Uuid::now_v7().to_string();
    let body = json!({"display_name": "Directory", "settings": {"issuer": provider.issuer, "client_id": id}});
    let draft = acme.post("/connections", &body).await.created();
    let client = json!({
        "client_id": id, "token_endpoint_auth_method": "none", "redirect_uris": [draft["callback_url"]],
    });
    provider.control("clients", &client).await;
    let path = format!("/connections/{}/activate", draft["id"].as_str().unwrap());
    let connection = acme.post(&path, &json!({})).await.ok();
    let page = provider.sign_in(&app.browser(), &connection, "alice").await;
    assert_welcome(&page, "Alice Archer");
}

#[actix_web::test]
async fn oidc_provider_id_tokens_signed_with_es256_and_eddsa_are_understood() {
    let provider = OidcProvider::at(needs!("DOORWARD_TEST_OIDC_PROVIDER"));
    for algorithm in ["RS256", "ES256", "EdDSA"] {
        alice_gets_in(&provider, json!({"id_token_signed_response_alg": algorithm}), json!({})).await;
    }
}

#[actix_web::test]
async fn oidc_provider_an_algorithm_that_the_connection_does_not_allow_is_refused() {
    let provider = OidcProvider::at(needs!("DOORWARD_TEST_OIDC_PROVIDER"));
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let only_rsa = json!({"settings": {"signing_algorithms": ["RS256"]}});
    let connection = provider.connect(&acme, json!({"id_token_signed_response_alg": "ES256"}), only_rsa).await;
    let page = provider.sign_in(&app.browser(), &connection, "alice").await;
    super::assert_refused(&acme, &page, &page.code()).await;
    assert!(page.code().contains("algorithm"), "{}", page.code());
}

#[actix_web::test]
async fn oidc_provider_signed_userinfo_is_verified_and_read() {
    let provider = OidcProvider::at(needs!("DOORWARD_TEST_OIDC_PROVIDER"));
    for algorithm in ["RS256", "ES256"] {
        let client = json!({"userinfo_signed_response_alg": algorithm});
        alice_gets_in(&provider, client, json!({"settings": {"claims_source": "userinfo"}})).await;
    }
}

#[actix_web::test]
async fn oidc_provider_claims_of_userinfo_alone_and_of_both_are_read() {
    let provider = OidcProvider::at(needs!("DOORWARD_TEST_OIDC_PROVIDER"));
    for source in ["userinfo", "both"] {
        alice_gets_in(&provider, json!({}), json!({"settings": {"claims_source": source}})).await;
    }
}

#[actix_web::test]
async fn oidc_provider_claims_of_the_id_token_alone_are_read_when_it_holds_them() {
    let shared = OidcProvider::at(needs!("DOORWARD_TEST_OIDC_PROVIDER"));
    let from_token = json!({"settings": {"claims_source": "id_token"}});
    let talkative = OidcProvider::own(&[("CLAIMS_IN_ID_TOKEN", "1")]);
    alice_gets_in(&talkative, json!({}), from_token.clone()).await;

    // The shared one puts nothing but `sub` there, so there is no address.
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let connection = shared.connect(&acme, json!({}), from_token).await;
    let page = shared.sign_in(&app.browser(), &connection, "alice").await;
    super::assert_refused(&acme, &page, "email_missing").await;
}

#[actix_web::test]
async fn oidc_provider_the_answer_by_form_post_is_taken() {
    let provider = OidcProvider::at(needs!("DOORWARD_TEST_OIDC_PROVIDER"));
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let by_post = json!({"settings": {"response_mode": "form_post"}});
    let connection = provider.connect(&acme, json!({}), by_post).await;
    let browser = app.browser();
    let page = provider.sign_in(&browser, &connection, "alice").await;
    assert!(page.url.as_str().starts_with(&provider.issuer), "a form of the provider's: {}", page.url);
    // The jar without a screen sends its cookies along; a real browser keeps them (browser_login.rs).
    let posted = submit(&browser, &page, &[]).await;
    assert_welcome(&follow_on(&browser, posted).await, "Alice Archer");
}

#[actix_web::test]
async fn oidc_provider_new_keys_are_fetched_when_they_are_needed() {
    let _shared = needs!("DOORWARD_TEST_OIDC_PROVIDER");
    let provider = OidcProvider::own(&[]);
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let connection = provider.connect_plainly(&acme).await;
    let page = provider.sign_in(&app.browser(), &connection, "alice").await;
    assert_welcome(&page, "Alice Archer");

    for _ in 0..2 {
        provider.control("rotate?drop=1", &json!({})).await;
        let page = provider.sign_in(&app.browser(), &connection, "alice").await;
        assert_welcome(&page, "Alice Archer");
    }
}
