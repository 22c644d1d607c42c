//! Signing keys: looked at and rotated by hand. How they sign and when they take over is tested with the protocol.

use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::admin::Admin;

fn time(value: &Value) -> DateTime<Utc> {
    value.as_str().unwrap().parse().unwrap()
}

/// The kids of the published key set at this path.
async fn published(app: &TestApp, path: &str) -> Vec<String> {
    let page = app.browser().get(path).await;
    let set: Value = serde_json::from_str(&page.body).unwrap();
    let mut kids: Vec<_> =
        set["keys"].as_array().unwrap().iter().map(|k| k["kid"].as_str().unwrap().to_owned()).collect();
    kids.sort();
    kids
}

/// Lists, rotates and reads back at one issuer; `log` is where its audit events are.
async fn rotation(app: &TestApp, admin: &Admin, (list, jwks): (&str, &str), log: &str) {
    assert_eq!(admin.get(list).await.ok()["items"], json!([]), "none before one is needed");
    let rotate = format!("{list}/rotate");
    assert_eq!(admin.post(&rotate, &json!({})).await.ok()["items"], json!([]), "nothing signs, nothing is followed");
    let first = published(app, jwks).await;
    let keys = admin.get(list).await.expect(200);
    let text = keys.text.clone();
    let key = keys.json()["items"][0].clone();
    assert_eq!((&key["kid"], &key["algorithm"]), (&json!(first[0]), &json!("ES256")));
    assert!(key["retire_at"].is_null(), "{key}");

    let now = app.clock.now();
    let next = admin.post(&rotate, &json!({"algorithm": "ES256"})).await.expect(200);
    let texts = [text, next.text.clone()];
    let next = next.json()["items"].clone();
    assert_eq!(next.as_array().unwrap().len(), 1);
    assert_eq!(time(&next[0]["use_from"]), now + Duration::days(1));
    let both = admin.get(list).await.ok()["items"].clone();
    assert_eq!(time(&both[0]["retire_at"]), now + Duration::days(2), "a day after its last signature");
    assert_eq!((&both[0]["kid"], &both[1]), (&key["kid"], &next[0]));
    let mut kids = vec![first[0].clone(), next[0]["kid"].as_str().unwrap().to_owned()];
    kids.sort();
    assert_eq!(published(app, jwks).await, kids, "both are published");
    for text in texts {
        assert!(!text.contains("private") && !text.contains("\"d\""), "{text}");
    }
    let events = admin.get(log).await.ok();
    let made = events["items"].as_array().unwrap().iter().filter(|e| e["type"] == "signing_key.created");
    assert!(made.clone().any(|e| e["payload"]["id"] == next[0]["id"]), "{events}");
}

#[actix_web::test]
async fn p_13_an_owner_rotates_the_tenants_keys_and_nobody_reads_their_private_parts() {
    let app = TestApp::start_with_manual_clock();
    let acme = app.tenant("acme").await;
    rotation(&app, &acme, ("/signing-keys", "/t/acme/oauth2/jwks.json"), "/audit-events").await;
}

#[actix_web::test]
async fn p_13_an_operator_rotates_the_installations_keys() {
    let app = TestApp::start_with_manual_clock();
    let operator = app.operator().await;
    rotation(&app, &operator, ("/v1/signing-keys", "/oauth2/jwks.json"), "/v1/operator/audit-events").await;
}

#[actix_web::test]
async fn keys_are_the_owners_to_rotate() {
    let app = TestApp::start();
    let owner = app.tenant("acme").await;
    published(&app, "/t/acme/oauth2/jwks.json").await;
    let admin = app.key(&app.operator().await, "acme", "admin").await;
    assert_eq!(admin.post("/signing-keys/rotate", &json!({})).await.expect(403).code(), "role_too_low");
    for (body, field) in [
        (json!({"algorithm": "HS256"}), "algorithm"),
        (json!({"at_once": "yes"}), "at_once"),
        (json!({"kid": "mine"}), "kid"),
    ] {
        assert_eq!(owner.post("/signing-keys/rotate", &body).await.expect(422).fields(), [field]);
    }
    let other = owner.post("/signing-keys/rotate", &json!({"algorithm": "RS256"})).await.ok();
    assert_eq!(other["items"], json!([]), "nothing signs with it");
    assert_eq!(admin.get("/signing-keys").await.ok()["items"].as_array().unwrap().len(), 1);
}
