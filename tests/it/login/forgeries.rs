//! Forged ID tokens at a whole login: one representative of each kind. All kinds are tested at the protocol.

use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::hostile_provider::{HostileProvider, Place};
use crate::support::raw_server::RawServer;
use crate::support::sign_in::login_refused;
use crate::support::signing::{TestKey, sign_hs256};

/// A provider spoilt by `spoil` signs nobody in: reason, no cookie, no rows, one event.
async fn refuses(spoil: impl FnOnce(&HostileProvider), code: &str) {
    let app = TestApp::start();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let connection = acme.connect(&provider, json!({})).await;
    spoil(&provider);
    login_refused(&acme, &app.browser(), &connection, code).await;
}

#[actix_web::test]
async fn o_08_a_nonce_of_another_login_signs_nobody_in() {
    refuses(|p| p.id_token(|claims| claims["nonce"] = json!("another")), "id_token_nonce_mismatch").await;
}

#[actix_web::test]
async fn o_18_an_unsigned_token_signs_nobody_in() {
    let forge = |claims: &serde_json::Map<String, Value>| {
        let signed = TestKey::ec("x").sign(&json!({"alg": "none"}), &Value::Object(claims.clone()));
        json!(signed.rsplit_once('.').unwrap().0.to_owned() + ".")
    };
    refuses(|p| p.forge_id_token(forge), "id_token_algorithm_refused").await;
}

#[actix_web::test]
async fn o_19_a_token_signed_with_the_client_secret_signs_nobody_in() {
    let forge = |claims: &serde_json::Map<String, Value>| {
        let header = json!({"alg": "HS256", "kid": "key-1"});
        json!(sign_hs256(b"a secret of the client", &header, &Value::Object(claims.clone())))
    };
    refuses(|p| p.forge_id_token(forge), "id_token_algorithm_refused").await;
}

#[actix_web::test]
async fn o_21_a_key_that_the_token_brings_or_points_at_is_not_used_and_not_fetched() {
    let attacker = TestKey::rsa("key-1");
    let keys = json!({"keys": [attacker.jwk]}).to_string();
    let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{keys}", keys.len());
    let server = RawServer::with_bytes(answer.into_bytes());
    let url = server.url();
    let forge = move |claims: &serde_json::Map<String, Value>| {
        let header = json!({"alg": "RS256", "kid": "key-1", "jwk": attacker.jwk, "jku": url, "x5u": url});
        json!(attacker.sign(&header, &Value::Object(claims.clone())))
    };
    refuses(|p| p.forge_id_token(forge), "id_token_signature_invalid").await;
    assert_eq!(server.connections(), 0);
}

#[actix_web::test]
async fn o_25_a_token_for_another_client_signs_nobody_in() {
    refuses(|p| p.id_token(|claims| claims["aud"] = json!("another")), "id_token_audience_mismatch").await;
}

#[actix_web::test]
async fn o_34_userinfo_about_somebody_else_signs_nobody_in() {
    refuses(|p| p.change(Place::Userinfo, |claims| claims["sub"] = json!("somebody")), "userinfo_mismatch").await;
}

#[actix_web::test]
async fn o_38_an_access_token_in_place_of_the_id_token_signs_nobody_in() {
    let change = |claims: &mut serde_json::Map<String, Value>| {
        claims.retain(|name, _| !["nonce", "at_hash", "auth_time"].contains(&name.as_str()));
        claims["aud"] = json!("https://api.example");
    };
    refuses(|p| p.id_token(change), "id_token_audience_mismatch").await;
}
