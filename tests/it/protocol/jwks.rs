//! Key sets that misbehave, and when they are fetched (attack items F-15 to F-18, key rotation).

use std::time::Duration as StdDuration;

use chrono::Duration;
use doorward::model::connection::oidc::SigningAlgorithm;
use doorward::protocol::jwt::JwtError;
use doorward::protocol::jwt::jwks::JwksSource;
use doorward::protocol::jwt::key_set::KeySet;
use serde_json::{Value, json};
use uuid::Uuid;

use super::rig::{Rig, all_at_once};
use crate::support::hostile_provider::{Answer, HostileProvider, Place};
use crate::support::signing::TestKey;

const ALLOWED: [SigningAlgorithm; 3] = [SigningAlgorithm::RS256, SigningAlgorithm::ES256, SigningAlgorithm::EdDSA];

fn source(provider: &HostileProvider, rig: &Rig) -> JwksSource {
    JwksSource { scope: rig.scope, issuer: provider.issuer.clone(), jwks_uri: format!("{}/jwks", provider.issuer) }
}

/// Verifies a token signed by `key` with the provider's published keys.
async fn verify(rig: &Rig, source: &JwksSource, key: &TestKey) -> Result<(), JwtError> {
    let token = key.sign(&key.header(), &json!({"sub": "u-1"}));
    rig.jwks.verify(&rig.lane, source, &token, &ALLOWED).await.map(drop)
}

fn parse(keys: Vec<Value>) -> Result<KeySet, JwtError> {
    KeySet::parse(json!({"keys": keys}).to_string().as_bytes())
}

/// Whether a set of this one key has a usable key.
fn usable(key: Value) -> bool {
    parse(vec![key]).is_ok()
}

fn changed(key: &TestKey, change: impl Fn(&mut Value)) -> Value {
    let mut jwk = key.jwk.clone();
    change(&mut jwk);
    jwk
}

#[test]
fn f_15_a_key_set_has_at_most_a_hundred_keys() {
    let keys = |count: usize| (0..count).map(|n| TestKey::ec(&format!("k{n}")).jwk).collect::<Vec<_>>();
    assert!(parse(keys(100)).is_ok());
    assert!(matches!(parse(keys(101)), Err(JwtError::KeysInvalid(_))));
}

#[test]
fn f_15_weak_huge_private_symmetric_and_encryption_keys_are_left_out() {
    let (rsa, ec, ed) = (TestKey::rsa("r"), TestKey::ec("e"), TestKey::ed("o"));
    assert!(usable(rsa.jwk.clone()) && usable(ec.jwk.clone()) && usable(ed.jwk.clone()));
    let modulus = |bits: usize| {
        use base64::Engine;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(vec![0xff; bits / 8])
    };
    for bits in [512, 1024, 2040, 8200, 16_384] {
        assert!(!usable(changed(&rsa, |jwk| jwk["n"] = json!(modulus(bits)))), "{bits}");
    }
    for exponent in ["AQ", "Ag", "AQAA", "AQAAAAAAAAAB", "", "!!"] {
        assert!(!usable(changed(&rsa, |jwk| jwk["e"] = json!(exponent))), "{exponent}");
    }
    for key in [&rsa, &ec, &ed] {
        assert!(!usable(changed(key, |jwk| jwk["d"] = json!("AQAB"))));
        assert!(!usable(changed(key, |jwk| jwk["use"] = json!("enc"))));
        assert!(!usable(changed(key, |jwk| jwk["key_ops"] = json!(["encrypt"]))));
        assert!(!usable(changed(key, |jwk| jwk["alg"] = json!("RSA-OAEP"))));
        assert!(!usable(changed(key, |jwk| jwk["kid"] = json!(7))));
        assert!(!usable(changed(key, |jwk| jwk["x"] = json!("AAAA"))) || key.jwk["kty"] == "RSA");
    }
    assert!(!usable(json!({"kty": "oct", "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"})));
    assert!(!usable(json!({"kty": "EC", "crv": "secp256k1", "x": ec.jwk["x"], "y": ec.jwk["y"]})));
}

#[test]
fn f_15_a_good_key_beside_bad_ones_is_still_used() {
    let good = TestKey::ec("good");
    let bad = vec![json!({"kty": "oct", "k": "AAAA", "kid": "good"}), json!("text"), json!({}), good.jwk.clone()];
    let keys = parse(bad).expect("one usable key");
    assert!(keys.select(Some("good"), SigningAlgorithm::ES256).is_ok());
}

#[test]
fn f_15_a_kid_that_occurs_twice_refuses_the_whole_set() {
    let twice = vec![TestKey::rsa("same").jwk, TestKey::rsa("same").jwk, TestKey::ec("other").jwk];
    assert_eq!(parse(twice).map(drop), Err(JwtError::KeysInvalid("two keys share one kid")));
}

#[test]
fn f_15_what_is_no_key_set_is_refused() {
    for text in ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[]}"#, r#"{"keys":[],"keys":[]}"#, "<html>"] {
        assert!(KeySet::parse(text.as_bytes()).is_err(), "{text}");
    }
}

#[actix_web::test]
async fn f_16_a_flood_of_unknown_kids_costs_one_fetch_a_minute() {
    let (provider, rig) = (HostileProvider::start(), Rig::new());
    let source = source(&provider, &rig);
    verify(&rig, &source, &provider.key()).await.expect("a known key");
    let stranger = TestKey::ec("unknown");
    for minute in 1..=3 {
        rig.clock.advance(Duration::seconds(60));
        let flood = (0..200).map(|n| {
            let stranger = TestKey { kid: format!("unknown-{n}"), ..stranger.clone() };
            let (rig, source) = (rig.clone(), source.clone());
            async move { verify(&rig, &source, &stranger).await }
        });
        for ended in all_at_once(flood).await {
            assert_eq!(ended, Err(JwtError::UnknownKey));
        }
        assert_eq!(provider.calls(Place::Jwks), 1 + minute);
    }
}

#[actix_web::test]
async fn f_16_many_first_tokens_share_one_fetch() {
    let (provider, rig) = (HostileProvider::start(), Rig::new());
    let honest = json!({"keys": [provider.key().jwk]});
    provider.answer(Place::Jwks, Answer::json(honest).after(StdDuration::from_millis(300)));
    let (source, key) = (source(&provider, &rig), provider.key());
    let all = (0..100).map(|_| {
        let (rig, source, key) = (rig.clone(), source.clone(), key.clone());
        async move { verify(&rig, &source, &key).await }
    });
    assert!(all_at_once(all).await.iter().all(Result::is_ok));
    assert_eq!(provider.calls(Place::Jwks), 1);
}

#[actix_web::test]
async fn f_16_a_known_key_does_not_wait_for_an_unknown_one() {
    let (provider, rig) = (HostileProvider::start(), Rig::new());
    let source = source(&provider, &rig);
    verify(&rig, &source, &provider.key()).await.expect("a known key");
    provider.answer(Place::Jwks, Answer::json(json!({})).after(StdDuration::from_secs(60)));
    rig.clock.advance(Duration::seconds(61));
    let (jwks, lane, waiting_for) = (rig.jwks.clone(), rig.lane.clone(), source.clone());
    let waiting = actix_web::rt::spawn(async move {
        let stranger = TestKey::ec("unknown");
        let token = stranger.sign(&stranger.header(), &json!({}));
        jwks.verify(&lane, &waiting_for, &token, &ALLOWED).await.map(drop)
    });
    while provider.calls(Place::Jwks) < 2 {
        tokio::time::sleep(StdDuration::from_millis(10)).await;
    }
    // The fetch is under way; were its lock in the way, this would take the ten seconds of the deadline.
    let known = tokio::time::timeout(StdDuration::from_secs(5), verify(&rig, &source, &provider.key())).await;
    assert_eq!(known, Ok(Ok(())));
    assert!(!waiting.is_finished());
    waiting.abort();
}

#[actix_web::test]
async fn f_17_known_keys_outlive_a_provider_that_is_down_for_a_day() {
    for broken in
        [Answer::json(json!({})).status(500), Answer::new("text/html", "<html>"), Answer::json(json!({"keys": []}))]
    {
        let (provider, rig) = (HostileProvider::start(), Rig::new());
        let (source, key) = (source(&provider, &rig), provider.key());
        verify(&rig, &source, &key).await.expect("fetched");
        provider.answer(Place::Jwks, broken);
        for hours in [1, 22] {
            rig.clock.advance(Duration::hours(hours));
            assert_eq!(verify(&rig, &source, &key).await, Ok(()));
        }
        rig.clock.advance(Duration::hours(1));
        let ended = verify(&rig, &source, &key).await.expect_err("too old");
        assert!(matches!(ended, JwtError::KeysUnreachable(_) | JwtError::KeysInvalid(_)), "{ended:?}");
        provider.answer_honestly(Place::Jwks);
        rig.clock.advance(Duration::seconds(5));
        assert_eq!(verify(&rig, &source, &key).await, Ok(()), "the provider is back");
    }
}

#[actix_web::test]
async fn f_18_the_keys_of_one_tenants_provider_are_never_used_for_another() {
    let (honest, evil, rig) = (HostileProvider::start(), HostileProvider::start(), Rig::new());
    let (theirs, key) = (source(&honest, &rig), honest.key());
    verify(&rig, &theirs, &key).await.expect("the honest tenant");
    // Another tenant claims the same issuer, with a key set of its own under the same kid.
    let forged = JwksSource { scope: Uuid::now_v7(), jwks_uri: format!("{}/jwks", evil.issuer), ..theirs.clone() };
    verify(&rig, &forged, &evil.key()).await.expect("within the evil tenant");
    assert_eq!(verify(&rig, &theirs, &evil.key()).await, Err(JwtError::BadSignature));
    assert_eq!(verify(&rig, &forged, &key).await, Err(JwtError::BadSignature));
    // The same tenant, the same URI, another issuer: again a set of its own.
    let other = JwksSource { issuer: "https://other.example".to_owned(), ..theirs };
    verify(&rig, &other, &key).await.expect("fetched anew");
    assert_eq!(honest.calls(Place::Jwks), 2);
}

#[actix_web::test]
async fn a_rotated_key_is_found_with_one_fetch() {
    let (provider, rig) = (HostileProvider::start(), Rig::new());
    let source = source(&provider, &rig);
    verify(&rig, &source, &provider.key()).await.expect("the first key");
    rig.clock.advance(Duration::seconds(60));
    provider.rotate_key(TestKey::ec("key-2"));
    for _ in 0..3 {
        verify(&rig, &source, &provider.key()).await.expect("the second key");
    }
    assert_eq!(provider.calls(Place::Jwks), 2);
}

#[actix_web::test]
async fn an_old_set_is_refreshed_in_the_background_and_withdrawn_keys_go() {
    let (provider, rig) = (HostileProvider::start(), Rig::new());
    let (source, old) = (source(&provider, &rig), provider.key());
    verify(&rig, &source, &old).await.expect("fetched");
    provider.rotate_key(TestKey::ec("key-2"));
    rig.clock.advance(Duration::minutes(10));
    verify(&rig, &source, &old).await.expect("answered from the cache");
    let gone = async {
        while verify(&rig, &source, &old).await.is_ok() {
            tokio::time::sleep(StdDuration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(StdDuration::from_secs(15), gone).await.expect("the withdrawn key goes");
    // The first, the one in the background, and one in vain for the key that is gone.
    assert_eq!(provider.calls(Place::Jwks), 3);
}

#[actix_web::test]
async fn a_refused_header_costs_no_fetch() {
    let (provider, rig) = (HostileProvider::start(), Rig::new());
    let source = source(&provider, &rig);
    for token in ["", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "eyJhbGciOiJIUzI1NiJ9.e30.AA"] {
        assert!(rig.jwks.verify(&rig.lane, &source, token, &ALLOWED).await.is_err());
    }
    assert_eq!(provider.calls(Place::Jwks), 0);
}
