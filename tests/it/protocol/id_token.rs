//! ID tokens whose claims are wrong in one way (OpenID Connect Core section 3.1.3.7).

use doorward::clock::Clock;
use doorward::model::connection::oidc::OidcSettings;
use serde_json::{Value, json};

use super::id_token_signature::forged;
use super::rig::{Rig, refusal, refusal_with};
use crate::support::hostile_provider::{Claims, HostileProvider};

fn now() -> i64 {
    Clock::default().now().timestamp()
}

/// How a sign-in ends whose ID token has its claims changed.
async fn with_claims(change: impl Fn(&mut Claims) + Send + 'static) -> &'static str {
    let provider = HostileProvider::start();
    provider.id_token(change);
    refusal(&provider).await
}

/// How a sign-in ends with `claim` set to each value, or removed for `None`.
async fn with_claim(claim: &'static str, value: Option<Value>) -> &'static str {
    with_claims(move |claims| match &value {
        Some(value) => drop(claims.insert(claim.to_owned(), value.clone())),
        None => drop(claims.remove(claim)),
    })
    .await
}

#[actix_web::test]
async fn o_08_the_nonce_is_the_one_of_this_sign_in() {
    for nonce in
        [None, Some(json!("")), Some(json!("the nonce of another sign-in")), Some(json!("the nonce of this sign-i"))]
    {
        assert_eq!(with_claim("nonce", nonce).await, "id_token_nonce_mismatch");
    }
    assert_eq!(with_claim("nonce", Some(json!(["the nonce of this sign-in"]))).await, "id_token_claim_malformed");
}

#[actix_web::test]
async fn o_25_the_audience_is_this_client_and_the_authorized_party_too() {
    for aud in [None, Some(json!("another")), Some(json!([])), Some(json!(["another"])), Some(json!("Client"))] {
        assert_eq!(with_claim("aud", aud).await, "id_token_audience_mismatch");
    }
    assert_eq!(with_claim("aud", Some(json!(["client", 1]))).await, "id_token_claim_malformed");
    assert_eq!(with_claim("aud", Some(json!(["client", "evil"]))).await, "id_token_azp_mismatch");
    assert_eq!(with_claim("azp", Some(json!("evil"))).await, "id_token_azp_mismatch");
    assert_eq!(with_claim("aud", Some(json!(["client"]))).await, "accepted");
    let both = with_claims(|claims| {
        claims["aud"] = json!(["client", "api"]);
        claims.insert("azp".to_owned(), json!("client"));
    });
    assert_eq!(both.await, "accepted");
}

#[actix_web::test]
async fn o_26_the_issuer_is_compared_exactly() {
    assert_eq!(with_claim("iss", None).await, "id_token_claim_missing");
    assert_eq!(with_claims(|claims| claims["iss"] = json!([claims["iss"]])).await, "id_token_claim_malformed");
    let slash = |claims: &mut Claims| claims["iss"] = json!(format!("{}/", claims["iss"].as_str().unwrap_or_default()));
    assert_eq!(with_claims(slash).await, "id_token_issuer_mismatch");
    let case = |claims: &mut Claims| claims["iss"] = json!(claims["iss"].as_str().unwrap_or_default().to_uppercase());
    assert_eq!(with_claims(case).await, "id_token_issuer_mismatch");
}

#[actix_web::test]
async fn o_26_a_mismatch_shows_both_values_to_the_admin() {
    let provider = HostileProvider::start();
    provider.id_token(|claims| claims["iss"] = json!("https://evil.example"));
    let refused = Rig::new().sign_in(&provider, &provider.settings()).await.expect_err("refused").to_string();
    assert!(refused.contains("https://evil.example") && refused.contains(&provider.issuer), "{refused}");
}

#[actix_web::test]
async fn o_27_the_issuer_template_opens_only_for_allowed_directories() {
    let provider = HostileProvider::start();
    let issuer = format!("{}/{{tenantid}}/v2.0", provider.issuer);
    let mut settings = OidcSettings {
        issuer: Some(issuer),
        discovery: false,
        allowed_tenant_ids: vec!["t1".to_owned()],
        ..provider.settings()
    };
    let at = |path: &str| Some(format!("{}{path}", provider.issuer));
    settings.endpoints.authorization = at("/authorize");
    settings.endpoints.token = at("/token");
    settings.endpoints.jwks_uri = at("/jwks");
    let base = provider.issuer.clone();
    let directory = |iss: &str, tid: &str| {
        let (iss, tid) = (json!(format!("{base}/{iss}/v2.0")), json!(tid));
        provider.id_token(move |claims| {
            claims["iss"] = iss.clone();
            claims.insert("tid".to_owned(), tid.clone());
        });
    };
    directory("t1", "t1");
    let signed_in = Rig::new().sign_in(&provider, &settings).await.expect("an allowed directory");
    assert_eq!(signed_in.claims.issuer, format!("{}/t1/v2.0", provider.issuer));
    directory("t2", "t2");
    assert_eq!(refusal_with(&provider, &settings).await, "id_token_tenant_not_allowed");
    directory("t2", "t1");
    assert_eq!(refusal_with(&provider, &settings).await, "id_token_issuer_mismatch");
    directory("{tenantid}", "t1");
    assert_eq!(refusal_with(&provider, &settings).await, "id_token_issuer_mismatch");
}

#[actix_web::test]
async fn o_28_exp_is_a_whole_number_in_the_future() {
    assert_eq!(with_claim("exp", None).await, "id_token_claim_missing");
    assert_eq!(with_claim("exp", Some(json!(now() - 61))).await, "id_token_expired");
    for exp in [json!("9999999999"), json!(now() as f64 + 300.5), json!(-1), json!(u64::MAX), json!(null)] {
        assert_eq!(with_claim("exp", Some(exp)).await, "id_token_claim_malformed");
    }
    let huge = forged(|key, claims| {
        let claims = json!(claims).to_string().replacen("\"exp\":", "\"exp\":1e400,\"was\":", 1);
        json!(key.sign_text(&key.header().to_string(), &claims))
    });
    assert_eq!(huge.await, "id_token_malformed");
}

#[actix_web::test]
async fn o_28_sixty_seconds_of_skew_are_forgiven_and_no_more() {
    let provider = HostileProvider::start();
    let rig = Rig::new();
    let end = rig.clock.now().timestamp();
    provider.id_token(move |claims| claims["exp"] = json!(end));
    rig.clock.advance(chrono::Duration::seconds(59));
    assert!(rig.sign_in(&provider, &provider.settings()).await.is_ok());
    rig.clock.advance(chrono::Duration::seconds(1));
    let expired = rig.sign_in(&provider, &provider.settings()).await.expect_err("expired");
    assert_eq!(expired.code(), "id_token_expired");
}

#[actix_web::test]
async fn o_29_iat_is_present_and_recent_and_nbf_has_passed() {
    assert_eq!(with_claim("iat", None).await, "id_token_claim_missing");
    assert_eq!(with_claim("iat", Some(json!(now() + 120))).await, "id_token_not_yet_valid");
    assert_eq!(with_claim("iat", Some(json!(now() - 2 * 86_400))).await, "id_token_too_old");
    assert_eq!(with_claim("nbf", Some(json!(now() + 120))).await, "id_token_not_yet_valid");
    assert_eq!(with_claim("nbf", Some(json!(now().to_string()))).await, "id_token_claim_malformed");
    assert_eq!(with_claim("nbf", Some(json!(now() + 30))).await, "accepted");
}

#[actix_web::test]
async fn o_30_max_age_and_acr_values_are_held_up() {
    let provider = HostileProvider::start();
    let settings = OidcSettings { max_age: Some(300), ..provider.settings() };
    assert_eq!(refusal_with(&provider, &settings).await, "accepted");
    let long_ago = now() - 400;
    provider.id_token(move |claims| claims["auth_time"] = json!(long_ago));
    assert_eq!(refusal_with(&provider, &settings).await, "id_token_auth_too_old");
    provider.id_token(|claims| drop(claims.remove("auth_time")));
    assert_eq!(refusal_with(&provider, &settings).await, "id_token_claim_missing");

    let settings = OidcSettings { acr_values: vec!["mfa".to_owned()], ..provider.settings() };
    assert_eq!(refusal_with(&provider, &settings).await, "id_token_acr_mismatch");
    provider.id_token(|claims| drop(claims.insert("acr".to_owned(), json!("password"))));
    assert_eq!(refusal_with(&provider, &settings).await, "id_token_acr_mismatch");
    provider.id_token(|claims| drop(claims.insert("acr".to_owned(), json!("mfa"))));
    assert_eq!(refusal_with(&provider, &settings).await, "accepted");
}

#[actix_web::test]
async fn o_31_a_subject_is_a_plain_string() {
    assert_eq!(with_claim("sub", None).await, "id_token_claim_missing");
    assert_eq!(with_claim("sub", Some(json!(7))).await, "id_token_claim_malformed");
    for sub in [json!(""), json!("s".repeat(300)), json!("u-1\0"), json!("u-1 "), json!(" u-1"), json!("u-1\u{85}")] {
        assert_eq!(with_claim("sub", Some(sub)).await, "id_token_subject_invalid");
    }
}

#[actix_web::test]
async fn o_32_at_hash_may_be_missing_but_not_wrong() {
    assert_eq!(with_claim("at_hash", None).await, "accepted");
    assert_eq!(with_claim("at_hash", Some(json!("AAAAAAAAAAAAAAAAAAAAAA"))).await, "id_token_at_hash_mismatch");
    assert_eq!(with_claim("at_hash", Some(json!(""))).await, "id_token_at_hash_mismatch");
}
