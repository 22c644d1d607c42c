//! Token endpoints that misbehave.

use std::time::Duration;

use doorward::protocol::oidc::OidcError;
use serde_json::json;

use super::rig::{Rig, refusal};
use crate::support::hostile_provider::{Answer, HostileProvider, Place};

async fn with_answer(answer: Answer) -> &'static str {
    let provider = HostileProvider::start();
    provider.answer(Place::Token, answer);
    refusal(&provider).await
}

#[actix_web::test]
async fn o_17_a_token_response_without_an_id_token_string_is_refused() {
    for id_token in [None, Some(json!(null)), Some(json!(7)), Some(json!({"alg": "RS256"})), Some(json!(["a.b.c"]))] {
        let provider = HostileProvider::start();
        provider.change(Place::Token, move |tokens| match &id_token {
            Some(value) => tokens["id_token"] = value.clone(),
            None => drop(tokens.remove("id_token")),
        });
        assert_eq!(refusal(&provider).await, "id_token_missing");
    }
}

#[actix_web::test]
async fn o_17_the_token_type_is_bearer_in_any_case() {
    for (token_type, end) in [
        ("bearer", "accepted"),
        ("BEARER", "accepted"),
        ("DPoP", "token_response_invalid"),
        ("", "token_response_invalid"),
    ] {
        let provider = HostileProvider::start();
        provider.change(Place::Token, move |tokens| tokens["token_type"] = json!(token_type));
        assert_eq!(refusal(&provider).await, end, "{token_type}");
    }
}

#[actix_web::test]
async fn o_17_a_token_response_that_is_no_json_object_is_refused() {
    let page = "<html>Sign in</html>";
    assert_eq!(with_answer(Answer::new("text/html", page)).await, "token_response_invalid");
    assert_eq!(with_answer(Answer::new("application/json", page)).await, "token_response_invalid");
    assert_eq!(with_answer(Answer::new("application/json", "")).await, "token_response_invalid");
    assert_eq!(with_answer(Answer::new("text/html", page).status(500)).await, "token_response_invalid");
}

#[actix_web::test]
async fn o_17_a_token_response_is_read_up_to_256_kib() {
    let large = format!("{{\"access_token\":\"{}\"}}", "a".repeat(300 << 10));
    assert_eq!(with_answer(Answer::new("application/json", large)).await, "token_response_invalid");
}

#[actix_web::test]
async fn o_17_a_gzip_bomb_is_cut_off_when_inflated() {
    let bomb = super::outbound_fetch::gzip_of_spaces(8 << 20);
    assert!(bomb.len() < 100 << 10);
    let answer = Answer::new("application/json", bomb).header("content-encoding", "gzip");
    assert_eq!(with_answer(answer).await, "token_response_invalid");
}

#[actix_web::test]
async fn o_17_a_redirect_of_the_token_endpoint_is_not_followed() {
    let elsewhere = HostileProvider::start();
    let answer = Answer::new("text/plain", "").status(307).header("location", &format!("{}/token", elsewhere.issuer));
    assert_eq!(with_answer(answer).await, "token_response_invalid");
    assert_eq!(elsewhere.calls(Place::Token), 0);
}

#[actix_web::test]
async fn a_refusal_is_shown_with_the_providers_words_and_without_our_secrets() {
    let provider = HostileProvider::start();
    let error =
        json!({"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret\r\nprovided"});
    provider.answer(Place::Token, Answer::json(error).status(401));
    let refused = Rig::new().sign_in(&provider, &provider.settings()).await.expect_err("refused");
    assert_eq!(refused.code(), "token_endpoint_refused");
    assert!(refused.to_string().contains("AADSTS7000215: Invalid client secretprovided"), "{refused}");

    let echo = json!({"error": "invalid_client", "error_description": "wrong secret: a secret"});
    provider.answer(Place::Token, Answer::json(echo).status(401));
    let refused = Rig::new().sign_in(&provider, &provider.settings()).await.expect_err("refused");
    assert!(matches!(&refused, OidcError::TokenRefused { description, .. } if description.is_empty()));
    assert!(!format!("{refused:?}").contains("a secret"));
}

#[actix_web::test]
async fn o_09_a_code_is_worth_one_redemption_and_ours_is_sent_once() {
    let provider = HostileProvider::start();
    provider.answer(Place::Token, Answer::json(json!({"error": "invalid_grant"})).status(400));
    assert_eq!(refusal(&provider).await, "token_endpoint_refused");
    assert_eq!(provider.calls(Place::Token), 1);
}

#[actix_web::test]
async fn o_10_a_code_of_another_sign_in_fails_by_pkce() {
    let provider = HostileProvider::start();
    let (rig, settings) = (Rig::new(), provider.settings());
    let endpoints = rig.endpoints(&settings).await.expect("endpoints");
    let code = provider.visit(&super::rig::authorization_url(&settings, &endpoints))["code"].clone();
    let grant = doorward::protocol::oidc::redeem::CodeGrant {
        code: &code.into(),
        code_verifier: &"the-code-verifier-of-the-attackers-own-session-here".into(),
        nonce: super::rig::NONCE,
        redirect_uri: &super::rig::redirect_uri(),
    };
    let stolen = doorward::protocol::oidc::redeem::redeem(&rig.party(&settings, &endpoints), &grant).await;
    assert_eq!(stolen.expect_err("refused").code(), "token_endpoint_refused");
}

#[actix_web::test]
async fn a_token_endpoint_that_hangs_ends_the_sign_in() {
    let provider = HostileProvider::start();
    provider.answer(Place::Token, Answer::json(json!({})).after(Duration::from_secs(60)));
    let ended = tokio::time::timeout(Duration::from_secs(15), refusal(&provider)).await;
    assert_eq!(ended, Ok("token_endpoint_unreachable"));
}
