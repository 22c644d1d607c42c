//! Sessions as admins see them.

use serde_json::json;

use super::id;
use crate::support::TestApp;

#[actix_web::test]
async fn sessions_are_listed_without_what_opens_them_and_revoked() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let (browser, user) = super::signed_in(&app, &acme).await;
    let listed = acme.get(&format!("/sessions?user_id={}", id(&user))).await.expect(200);
    let session = listed.json()["items"][0].clone();
    assert_eq!((&session["user_id"], &session["ip"]), (&user["id"], &json!("127.0.0.1")));
    for secret in ["token", "upstream", "hash"] {
        assert!(!listed.text.contains(secret), "{}", listed.text);
    }
    let nobody = acme.get(&format!("/sessions?user_id={}", uuid::Uuid::now_v7())).await.ok();
    assert_eq!(nobody["items"], json!([]));

    let path = format!("/sessions/{}", id(&session));
    acme.delete(&path).await.expect(204);
    assert_eq!(browser.get("/v1/tenants/acme/me").await.status, 401);
    assert_eq!(acme.get(&path).await.ok()["end_reason"], "revoked");
    assert_eq!(acme.get("/sessions").await.ok()["items"], json!([]), "only live ones are listed");
    acme.delete(&path).await.expect(404);
    let event = acme.last_event("session.ended").await;
    assert_eq!((&event["payload"]["session_id"], &event["actor"]["kind"]), (&session["id"], &json!("service_account")));
}

#[actix_web::test]
async fn t_05_an_admin_ends_no_owners_session() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let (browser, user) = super::signed_in(&app, &acme).await;
    acme.patch(&format!("/users/{}", id(&user)), &json!({"role": "owner"})).await.ok();
    let admin = app.key(&app.operator().await, "acme", "admin").await;
    let session = acme.get("/sessions").await.ok()["items"][0].clone();
    let refused = admin.delete(&format!("/sessions/{}", id(&session))).await;
    assert_eq!(refused.expect(403).code(), "role_above_own");
    assert_eq!(browser.get("/v1/tenants/acme/me").await.status, 200);
}
