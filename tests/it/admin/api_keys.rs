//! API keys: shown once, worth no more than their owner, dead when revoked or expired.

use chrono::Duration;
use serde_json::json;

use super::id;
use crate::support::TestApp;
use crate::support::admin::Admin;

#[actix_web::test]
async fn k_07_a_key_is_shown_once_listed_without_its_secret_and_dead_when_revoked() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let user = acme.post("/users", &json!({"external_id": "x", "role": "auditor"})).await.created();
    let created = acme.post("/api-keys", &json!({"name": "laptop", "user_id": id(&user)})).await.created();
    let secret = created["secret"].as_str().unwrap().to_owned();
    assert!(secret.starts_with("dwk_") && secret.ends_with(created["hint"].as_str().unwrap()), "{secret}");
    let key = Admin::new(app.browser(), &acme.base, secret.clone().into());
    assert_eq!(key.get("/me").await.ok()["role"], "auditor");

    let path = format!("/api-keys/{}", id(&created));
    for answer in [acme.get(&path).await, acme.get("/api-keys").await, acme.get("/audit-events").await] {
        assert!(!answer.expect(200).text.contains(&secret[8..]));
    }
    assert_eq!(acme.get(&path).await.ok()["user_id"], user["id"]);
    acme.delete(&path).await.expect(204);
    assert_eq!(key.get("/me").await.expect(401).code(), "unauthenticated");
    acme.delete(&path).await.expect(404);
    assert!(acme.get(&path).await.ok()["revoked_at"].is_string(), "it can still be looked up");
    assert_eq!(acme.last_event("api_key.revoked").await["payload"]["owner_id"], user["id"]);
}

#[actix_web::test]
async fn a_key_expires_and_is_worth_no_more_than_its_owner() {
    let app = TestApp::start_with_manual_clock();
    let acme = app.tenant("acme").await;
    let user = acme.post("/users", &json!({"external_id": "x", "role": "auditor"})).await.created();
    let until = (app.clock.now() + Duration::minutes(10)).to_rfc3339();
    let body = json!({"name": "k", "user_id": id(&user), "role": "admin", "expires_at": until});
    let created = acme.post("/api-keys", &body).await.created();
    assert_eq!(created["role"], "auditor", "bounded by its owner");
    let key = Admin::new(app.browser(), &acme.base, created["secret"].as_str().unwrap().into());
    assert_eq!(key.post("/groups", &json!({"name": "x"})).await.expect(403).code(), "role_too_low");
    app.clock.advance(Duration::minutes(9));
    key.get("/users").await.expect(200);
    acme.patch(&format!("/users/{}", id(&user)), &json!({"role": "member"})).await.ok();
    assert_eq!(key.get("/users").await.expect(403).code(), "role_too_low", "bounded again at each use");
    app.clock.advance(Duration::minutes(1));
    key.get("/me").await.expect(401);
}

#[actix_web::test]
async fn a_key_has_exactly_one_owner_of_this_tenant_and_a_future() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let user = acme.post("/users", &json!({"external_id": "x"})).await.created();
    let account = acme.post("/service-accounts", &json!({"name": "r", "role": "member"})).await.created();
    for (body, field) in [
        (json!({"name": "k"}), "user_id"),
        (json!({"name": "k", "user_id": id(&user), "service_account_id": id(&account)}), "user_id"),
        (json!({"name": "k", "user_id": uuid::Uuid::now_v7()}), "user_id"),
        (json!({"name": "k", "service_account_id": id(&user)}), "service_account_id"),
        (json!({"name": "k", "user_id": id(&user), "expires_at": "2020-01-01T00:00:00Z"}), "expires_at"),
        (json!({"name": "", "user_id": id(&user)}), "name"),
        (json!({"name": "k", "user_id": id(&user), "secret": "dwk_mine"}), "secret"),
        (json!({"name": "k", "user_id": id(&user), "secret_hash": "x"}), "secret_hash"),
    ] {
        assert_eq!(acme.post("/api-keys", &body).await.expect(422).fields(), [field], "{body}");
    }
}

#[actix_web::test]
async fn j_01_a_key_is_taken_from_one_authorization_header_and_nowhere_else() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let secret = secrecy::ExposeSecret::expose_secret(&acme.key).to_owned();
    let browser = app.browser();
    let get = |path: String| browser.request(reqwest::Method::GET, &path);
    let me = "/v1/tenants/acme/me";
    let in_query = acme.send(get(format!("{me}?access_token={secret}"))).await;
    assert_eq!(in_query.status, 401);
    let twice = get(me.into()).bearer_auth(&secret).header("authorization", "Bearer other");
    assert_eq!(acme.send(twice).await.expect(400).code(), "repeated_authorization");
    for other in
        [format!("Basic {secret}"), secret.clone(), "Bearer".into(), "Bearer dwk_x".into(), format!("Bearer {secret}x")]
    {
        let answer = acme.send(get(me.into()).header("authorization", &other)).await.expect(401);
        assert_eq!(answer.headers["www-authenticate"], "Bearer", "{other}");
    }
    acme.send(get(me.into()).header("authorization", format!("bearer {secret}"))).await.expect(200);
}
