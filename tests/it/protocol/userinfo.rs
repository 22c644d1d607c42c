//! Userinfo endpoints that misbehave.

use doorward::model::connection::oidc::{ClaimsSource, OidcSettings};
use serde_json::{Value, json};

use super::rig::{Rig, refusal, refusal_with};
use crate::support::hostile_provider::{Answer, HostileProvider, Place};
use crate::support::signing::TestKey;

async fn with_answer(answer: Answer) -> &'static str {
    let provider = HostileProvider::start();
    provider.answer(Place::Userinfo, answer);
    refusal(&provider).await
}

/// How a sign-in ends when userinfo is signed with the provider's key.
async fn signed(header: impl Fn(&mut Value), claims: Value) -> &'static str {
    let provider = HostileProvider::start();
    let key = provider.key();
    let mut head = key.header();
    header(&mut head);
    provider.answer(Place::Userinfo, Answer::new("application/jwt", key.sign(&head, &claims)));
    refusal(&provider).await
}

#[actix_web::test]
async fn the_access_token_travels_as_bearer_header() {
    let provider = HostileProvider::start();
    assert_eq!(refusal(&provider).await, "accepted");
    assert!(provider.last(Place::Userinfo).headers["authorization"].starts_with("Bearer at-"));
}

#[actix_web::test]
async fn o_34_userinfo_speaks_about_the_same_subject() {
    for sub in [None, Some(json!("u-2")), Some(json!("")), Some(json!(1)), Some(json!("U-1"))] {
        let provider = HostileProvider::start();
        provider.change(Place::Userinfo, move |claims| match &sub {
            Some(sub) => claims["sub"] = sub.clone(),
            None => drop(claims.remove("sub")),
        });
        assert_eq!(refusal(&provider).await, "userinfo_mismatch");
    }
}

#[actix_web::test]
async fn o_35_the_weaker_email_verified_counts_from_any_source() {
    for source in [ClaimsSource::Both, ClaimsSource::Userinfo] {
        let provider = HostileProvider::start();
        provider.id_token(|claims| claims["email_verified"] = json!(false));
        let settings = OidcSettings { claims_source: source, ..provider.settings() };
        let claims = Rig::new().sign_in(&provider, &settings).await.expect("signed in").claims;
        assert!(!settings.claim_mapping.apply(&claims).expect("mapped").email_verified);
    }
}

#[actix_web::test]
async fn o_36_the_content_type_says_how_userinfo_is_read() {
    let person = json!({"sub": "u-1"});
    assert_eq!(with_answer(Answer::new("application/json; charset=utf-8", person.to_string())).await, "accepted");
    assert_eq!(with_answer(Answer::new("text/plain", person.to_string())).await, "userinfo_invalid");
    assert_eq!(with_answer(Answer::new("application/jwt", person.to_string())).await, "userinfo_signature_refused");
    assert_eq!(with_answer(Answer::new("application/json", "a.b.c")).await, "userinfo_invalid");
    assert_eq!(with_answer(Answer::new("application/json", r#"{"sub":"u-2","sub":"u-1"}"#)).await, "userinfo_invalid");
    assert_eq!(with_answer(Answer::new("application/jwt", "a.b.c.d.e")).await, "userinfo_encrypted");
    assert_eq!(with_answer(Answer::json(person).status(403)).await, "userinfo_invalid");
}

#[actix_web::test]
async fn o_36_signed_userinfo_passes_the_same_verifier() {
    let provider = HostileProvider::start();
    let issuer = provider.issuer.clone();
    drop(provider);
    assert_eq!(signed(|_| (), json!({"sub": "u-1"})).await, "accepted");
    assert_eq!(signed(|_| (), json!({"sub": "u-1", "aud": "client"})).await, "accepted");
    assert_eq!(signed(|_| (), json!({"sub": "u-1", "aud": "another"})).await, "userinfo_mismatch");
    assert_eq!(signed(|_| (), json!({"sub": "u-1", "iss": issuer})).await, "userinfo_mismatch");
    assert_eq!(signed(|_| (), json!({"sub": "u-1", "exp": 1})).await, "userinfo_invalid");
    assert_eq!(
        signed(|header| header["alg"] = json!("none"), json!({"sub": "u-1"})).await,
        "userinfo_signature_refused"
    );
    let evil = TestKey::rsa("key-1");
    let forged = evil.sign(&evil.header(), &json!({"sub": "u-1"}));
    assert_eq!(with_answer(Answer::new("application/jwt", forged)).await, "userinfo_signature_refused");
}

#[actix_web::test]
async fn o_37_aggregated_and_distributed_claims_are_never_fetched() {
    let (provider, elsewhere) = (HostileProvider::start(), HostileProvider::start());
    let endpoint = format!("{}/userinfo", elsewhere.issuer);
    let pointer = move |claims: &mut crate::support::hostile_provider::Claims| {
        claims.remove("groups");
        claims.insert("_claim_names".to_owned(), json!({"groups": "src1", "address": "src2"}));
        claims.insert("_claim_sources".to_owned(), json!({"src1": {"endpoint": endpoint}, "src2": {"JWT": "a.b.c"}}));
    };
    provider.id_token(pointer.clone());
    provider.change(Place::Userinfo, pointer);
    let claims = Rig::new().sign_in(&provider, &provider.settings()).await.expect("signed in").claims;
    assert_eq!(elsewhere.calls(Place::Userinfo), 0);
    assert_eq!(provider.settings().claim_mapping.apply(&claims).expect("mapped").groups, None);
}

#[actix_web::test]
async fn userinfo_alone_needs_the_endpoint_and_both_does_not() {
    for (source, end) in [(ClaimsSource::Userinfo, "connection_incomplete"), (ClaimsSource::Both, "accepted")] {
        let provider = HostileProvider::start();
        provider.change(Place::Discovery, |document| drop(document.remove("userinfo_endpoint")));
        let settings = OidcSettings { claims_source: source, ..provider.settings() };
        assert_eq!(refusal_with(&provider, &settings).await, end);
    }
}
