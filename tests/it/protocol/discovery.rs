//! Discovery documents that are wrong in one way.

use doorward::model::connection::oidc::OidcSettings;
use doorward::protocol::oidc::discovery::ProviderMetadata;
use serde_json::{Value, json};

use super::rig::{Rig, refusal};
use crate::support::hostile_provider::{Answer, HostileProvider, Place};

async fn with_member(name: &'static str, value: Value) -> &'static str {
    let provider = HostileProvider::start();
    provider.change(Place::Discovery, move |document| drop(document.insert(name.to_owned(), value.clone())));
    refusal(&provider).await
}

#[actix_web::test]
async fn o_40_the_document_speaks_for_the_configured_issuer() {
    let provider = HostileProvider::start();
    let slash = json!(format!("{}/", provider.issuer));
    provider.change(Place::Discovery, move |document| document["issuer"] = slash.clone());
    let refused = Rig::new().sign_in(&provider, &provider.settings()).await.expect_err("refused");
    assert_eq!(refused.code(), "discovery_issuer_mismatch");
    assert!(refused.to_string().contains(&format!("{:?}", format!("{}/", provider.issuer))), "{refused}");
    assert_eq!(with_member("issuer", json!("https://evil.example")).await, "discovery_issuer_mismatch");
    assert_eq!(with_member("issuer", json!(1)).await, "discovery_invalid");
}

#[actix_web::test]
async fn o_40_an_issuer_with_a_trailing_slash_has_its_document_without_a_double_one() {
    let provider = HostileProvider::start();
    let issuer = format!("{}/", provider.issuer);
    let told = issuer.clone();
    provider.change(Place::Discovery, move |document| document["issuer"] = json!(told));
    provider.id_token(|claims| claims["iss"] = json!(format!("{}/", claims["iss"].as_str().unwrap_or_default())));
    let settings = OidcSettings { issuer: Some(issuer), ..provider.settings() };
    assert!(Rig::new().sign_in(&provider, &settings).await.is_ok());
}

#[actix_web::test]
async fn an_issuer_with_a_query_is_not_asked() {
    let provider = HostileProvider::start();
    for issuer in [format!("{}?a=b", provider.issuer), format!("{}#a", provider.issuer)] {
        let settings = OidcSettings { issuer: Some(issuer), ..provider.settings() };
        assert!(Rig::new().sign_in(&provider, &settings).await.is_err());
    }
    assert_eq!(provider.calls(Place::Discovery), 0);
}

#[actix_web::test]
async fn o_41_endpoints_that_may_not_be_asked_are_refused() {
    let bad = [
        "http://op.example/token",
        "https://op.example:8443/token",
        "https://op.example/token#fragment",
        "https://10.0.0.1/token",
        "https://169.254.169.254/token",
        "https://user@op.example/token",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "/token",
    ];
    for url in bad {
        assert_eq!(with_member("token_endpoint", json!(url)).await, "endpoint_refused", "{url}");
    }
    for field in
        ["authorization_endpoint", "userinfo_endpoint", "jwks_uri", "revocation_endpoint", "end_session_endpoint"]
    {
        assert_eq!(with_member(field, json!("https://192.168.0.1/")).await, "endpoint_refused", "{field}");
    }
}

#[actix_web::test]
async fn o_41_endpoints_on_another_public_host_are_fine() {
    // Cognito and Google do that; the end-session endpoint is not asked by us here.
    assert_eq!(with_member("end_session_endpoint", json!("https://auth.other.example/logout")).await, "accepted");
}

#[actix_web::test]
async fn a_document_that_is_missing_or_garbage_is_told_as_such() {
    for answer in [
        Answer::json(json!({})).status(404),
        Answer::new("text/html", "<html>"),
        Answer::json(json!([1])),
        Answer::json(json!({})),
        Answer::new("application/json", vec![0xff; 100]),
    ] {
        let provider = HostileProvider::start();
        provider.answer(Place::Discovery, answer);
        assert_eq!(refusal(&provider).await, "discovery_invalid");
    }
}

#[actix_web::test]
async fn a_document_without_a_needed_endpoint_leaves_the_connection_incomplete() {
    assert_eq!(with_member("jwks_uri", json!(null)).await, "connection_incomplete");
}

#[test]
fn metadata_survives_being_kept_as_json() {
    let text = json!({"issuer": "https://op.example", "token_endpoint": "https://op.example/t", "unknown": {"a": 1}});
    let read: ProviderMetadata = serde_json::from_value(text).expect("metadata");
    let kept = serde_json::to_value(&read).expect("JSON");
    assert_eq!(serde_json::from_value::<ProviderMetadata>(kept).expect("again"), read);
}
