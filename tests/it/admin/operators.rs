//! Operators' keys and their audit trail.

use serde_json::json;

use super::id;
use crate::support::TestApp;
use crate::support::admin::Admin;

#[actix_web::test]
async fn an_operators_key_is_shown_once_works_and_is_dead_when_revoked() {
    let app = TestApp::start();
    let operator = app.operator().await;
    let created = operator.post("/v1/operator/keys", &json!({"name": "on call"})).await.created();
    let secret = created["secret"].as_str().unwrap().to_owned();
    let second = Admin::new(app.browser(), "", secret.clone().into());
    second.get("/v1/tenants").await.expect(200);
    let listed = operator.get("/v1/operator/keys").await.expect(200);
    assert!(!listed.text.contains(&secret[8..]));
    let listed = listed.json();
    let key = listed["items"].as_array().unwrap().iter().find(|k| k["id"] == created["id"]).unwrap();
    assert!(created["last_used_at"].is_null() && key["last_used_at"].is_string(), "a use is noted");
    let path = format!("/v1/operator/keys/{}", id(&created));
    operator.delete(&path).await.expect(204);
    assert_eq!(second.get("/v1/tenants").await.expect(401).code(), "unauthenticated");
    operator.delete(&path).await.expect(404);
    for (body, field) in [
        (json!({"name": ""}), "name"),
        (json!({"name": "x", "expires_at": "2020-01-01T00:00:00Z"}), "expires_at"),
        (json!({"name": "x", "secret": "mine"}), "secret"),
    ] {
        assert_eq!(operator.post("/v1/operator/keys", &body).await.expect(422).fields(), [field]);
    }
}

#[actix_web::test]
async fn what_operators_do_is_told_in_pages_newest_first() {
    let app = TestApp::start();
    let operator = app.operator().await;
    for n in 0..3 {
        operator.post("/v1/tenants", &json!({"slug": format!("t-{n}"), "name": "T"})).await.created();
    }
    operator.delete("/v1/tenants/t-1").await.expect(204);
    let (mut types, mut cursor) = (Vec::new(), String::new());
    for _ in 0..5 {
        let page = operator.get(&format!("/v1/operator/audit-events?limit=2{cursor}")).await.ok();
        types.extend(page["items"].as_array().unwrap().iter().map(|e| e["type"].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(types, ["tenant.deleted", "tenant.created", "tenant.created", "tenant.created", "operator_key.created"]);
}
