//! The caller themselves.

use reqwest::Method;
use serde_json::{Value, json};

use super::id;
use crate::support::TestApp;

#[actix_web::test]
async fn a_signed_in_person_sees_themselves_their_groups_and_their_sessions() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let (browser, user) = super::signed_in(&app, &acme).await;
    for name in ["Zoo", "alpha"] {
        let group = acme.post("/groups", &json!({"name": name})).await.created();
        acme.put(&format!("/groups/{}/members/{}", id(&group), id(&user))).await.expect(204);
    }
    let me: Value = serde_json::from_str(&browser.get("/v1/tenants/acme/me").await.body).unwrap();
    assert_eq!((&me["tenant"], &me["role"], &me["user"]["id"]), (&json!("acme"), &json!("member"), &user["id"]));
    assert_eq!(me["groups"], json!(["alpha", "Zoo"]));
    let sessions: Value = serde_json::from_str(&browser.get("/v1/tenants/acme/me/sessions").await.body).unwrap();
    let own = id(&sessions["items"][0]).to_owned();
    assert_eq!(sessions["items"].as_array().unwrap().len(), 1);

    let path = format!("/v1/tenants/acme/me/sessions/{own}");
    let from_elsewhere = browser.send(browser.request(Method::DELETE, &path), &path).await;
    assert_eq!(from_elsewhere.status, 403, "W-07: a cookie alone changes nothing");
    let from_ours = browser.request(Method::DELETE, &path).header("sec-fetch-site", "same-origin");
    assert_eq!(browser.send(from_ours, &path).await.status, 204);
    assert_eq!(browser.get("/v1/tenants/acme/me").await.status, 401);
}

#[actix_web::test]
async fn nobody_ends_another_persons_session_as_their_own() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let (ada, _) = super::signed_in(&app, &acme).await;
    let sessions = acme.get("/sessions").await.ok();
    let path = format!("/v1/tenants/acme/me/sessions/{}", id(&sessions["items"][0]));
    let user = acme.post("/users", &json!({"external_id": "x"})).await.created();
    let key = acme.post("/api-keys", &json!({"name": "k", "user_id": id(&user)})).await.created();
    let other = crate::support::admin::Admin::new(app.browser(), &acme.base, key["secret"].as_str().unwrap().into());
    other.delete(&path).await.expect(404);
    acme.delete(&path).await.expect(404);
    assert_eq!(ada.get("/v1/tenants/acme/me").await.status, 200);
    assert_eq!(other.get("/me/sessions").await.ok()["items"], json!([]));
}
