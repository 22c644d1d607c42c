//! ID tokens whose form, key or signature is wrong in one way (RFC 7515, RFC 8725).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use doorward::model::connection::oidc::{OidcSettings, SigningAlgorithm};
use serde_json::{Value, json};

use super::rig::{refusal, refusal_with};
use crate::support::hostile_provider::{Claims, HostileProvider, Place};
use crate::support::signing::{TestKey, sign_hs256};

/// How a sign-in ends whose ID token has its header changed.
async fn with_header(change: impl Fn(&mut Claims) + Send + 'static) -> &'static str {
    let provider = HostileProvider::start();
    provider.id_token_header(change);
    refusal(&provider).await
}

/// How a sign-in ends whose ID token is made by the test.
pub async fn forged(forge: impl Fn(&TestKey, &Claims) -> Value + Send + 'static) -> &'static str {
    let provider = HostileProvider::start();
    let key = provider.key();
    provider.forge_id_token(move |claims| forge(&key, claims));
    refusal(&provider).await
}

#[actix_web::test]
async fn o_18_an_unsigned_token_is_refused_however_none_is_written() {
    for alg in ["none", "None", "nOnE", "NONE", ""] {
        let code = forged(move |_, claims| {
            let encode = |part: Value| URL_SAFE_NO_PAD.encode(part.to_string());
            json!(format!("{}.{}.", encode(json!({"alg": alg})), encode(json!(claims))))
        });
        assert_eq!(code.await, "id_token_algorithm_refused", "{alg}");
    }
    let stripped = forged(|key, claims| {
        let signed = key.sign(&key.header(), &json!(claims));
        json!(format!("{}.", signed.rsplit_once('.').expect("a signature").0))
    });
    assert_eq!(stripped.await, "id_token_signature_invalid");
}

#[actix_web::test]
async fn a_signature_of_every_kind_over_something_else_is_refused() {
    for key in [TestKey::rsa("r"), TestKey::ec("e"), TestKey::ed("o")] {
        let provider = HostileProvider::start();
        let (algorithm, signer) = (key.algorithm, key.clone());
        provider.rotate_key(key);
        provider.forge_id_token(move |claims| {
            let signed = signer.sign(&signer.header(), &json!(claims));
            let other = signer.sign(&signer.header(), &json!({"sub": "victim"}));
            let (_, signature) = other.rsplit_once('.').expect("a signature");
            json!(format!("{}.{signature}", signed.rsplit_once('.').expect("a signature").0))
        });
        assert_eq!(refusal(&provider).await, "id_token_signature_invalid", "{algorithm:?}");
    }
}

#[actix_web::test]
async fn o_19_a_public_key_or_the_client_secret_never_verifies_an_hmac() {
    let public_key = |key: &TestKey| {
        let jwk = key.jwk.to_string().into_bytes();
        let n = URL_SAFE_NO_PAD.decode(key.jwk["n"].as_str().expect("a modulus")).expect("base64");
        [jwk, n, b"a secret".to_vec()]
    };
    for which in 0..3 {
        let code = forged(move |key, claims| {
            let header = json!({"alg": "HS256", "kid": key.kid});
            json!(sign_hs256(&public_key(key)[which], &header, &json!(claims)))
        });
        assert_eq!(code.await, "id_token_algorithm_refused");
    }
}

#[actix_web::test]
async fn o_20_an_algorithm_that_the_connection_does_not_allow_is_refused() {
    let provider = HostileProvider::start();
    let settings = OidcSettings { signing_algorithms: vec![SigningAlgorithm::PS256], ..provider.settings() };
    assert_eq!(refusal_with(&provider, &settings).await, "id_token_algorithm_refused");
    // An allowed algorithm of another family than the key's is no way round it.
    assert_eq!(with_header(|header| header["alg"] = json!("ES256")).await, "id_token_key_unknown");
    // The key itself is published for RS256 only.
    assert_eq!(with_header(|header| header["alg"] = json!("PS256")).await, "id_token_key_unknown");
}

#[actix_web::test]
async fn o_21_keys_that_the_token_brings_along_are_not_looked_at() {
    let provider = HostileProvider::start();
    let (evil, elsewhere) = (TestKey::rsa("key-1"), HostileProvider::start());
    let jku = format!("{}/jwks", elsewhere.issuer);
    provider.forge_id_token(move |claims| {
        let header = json!({
            "alg": "RS256", "kid": "key-1", "jwk": evil.jwk, "jku": jku, "x5u": jku, "x5c": ["MIIB"],
        });
        json!(evil.sign(&header, &json!(claims)))
    });
    assert_eq!(refusal(&provider).await, "id_token_signature_invalid");
    assert_eq!(elsewhere.calls(Place::Jwks), 0);
}

#[actix_web::test]
async fn o_22_a_hostile_kid_finds_no_key() {
    for kid in [json!("../../dev/null"), json!("' OR 1=1 --"), json!("k".repeat(2000)), json!("")] {
        let code = with_header(move |header| header["kid"] = kid.clone()).await;
        assert_eq!(code, "id_token_key_unknown");
    }
    for kid in [json!(1), json!(null), json!(["key-1"]), json!("k".repeat(64 << 10))] {
        let code = with_header(move |header| header["kid"] = kid.clone()).await;
        assert_eq!(code, "id_token_malformed");
    }
}

#[actix_web::test]
async fn o_23_a_token_that_demands_an_extension_is_refused() {
    for (name, value) in [("crit", json!(["exp"])), ("crit", json!([])), ("b64", json!(false)), ("b64", json!(true))] {
        let code = with_header(move |header| drop(header.insert(name.to_owned(), value.clone()))).await;
        assert_eq!(code, "id_token_malformed");
    }
}

#[actix_web::test]
async fn o_24_without_kid_one_fitting_key_is_taken_and_several_are_refused() {
    let provider = HostileProvider::start();
    provider.id_token_header(|header| drop(header.remove("kid")));
    provider.publish(vec![provider.key().jwk, TestKey::ec("other").jwk]);
    assert_eq!(refusal(&provider).await, "accepted");
    provider.publish(vec![provider.key().jwk, TestKey::rsa("other").jwk]);
    assert_eq!(refusal(&provider).await, "id_token_key_unknown");
}

#[actix_web::test]
async fn o_38_another_kind_of_token_or_another_clients_token_is_no_id_token() {
    for typ in ["at+jwt", "application/at+jwt", "AT+JWT", "logout+jwt"] {
        assert_eq!(with_header(move |header| header["typ"] = json!(typ)).await, "id_token_malformed");
    }
    let elsewhere = forged(|key, claims| {
        let mut claims = claims.clone();
        claims["aud"] = json!("another-client-of-this-provider");
        json!(key.sign(&key.header(), &json!(claims)))
    });
    assert_eq!(elsewhere.await, "id_token_audience_mismatch");
}

#[actix_web::test]
async fn repeated_members_and_other_serialisations_are_refused() {
    let twice = forged(|key, claims| {
        let claims = json!(claims).to_string().replacen('{', r#"{"sub":"victim","#, 1);
        json!(key.sign_text(&key.header().to_string(), &claims))
    });
    assert_eq!(twice.await, "id_token_malformed");
    let header = forged(|key, claims| {
        json!(key.sign_text(r#"{"alg":"RS256","kid":"key-1","kid":"key-1"}"#, &json!(claims).to_string()))
    });
    assert_eq!(header.await, "id_token_malformed");
    assert_eq!(forged(|_, _| json!("a.b.c.d.e")).await, "id_token_encrypted");
    for text in ["", "a", "a.b", "a.b.c.d", r#"{"payload":"","signatures":[]}"#] {
        assert_eq!(forged(move |_, _| json!(text)).await, "id_token_malformed", "{text}");
    }
}
