//! Access tokens for Doorward's own API: they do what their user may do and their scopes say, no longer than both last.

use secrecy::SecretString;
use serde_json::json;

use super::scene::{Scene, within_five_seconds};
use crate::support::TestApp;
use crate::support::admin::Admin;
use crate::support::relying_party::{claims, text};
use crate::support::sign_in::id;

/// A scene whose application may ask for the API.
async fn scene() -> Scene {
    Scene::set(json!({"scopes": ["openid", "offline_access", "doorward.read", "doorward.write"]})).await
}

/// A token for the API with these scopes, as Ada has it.
async fn token(scene: &Scene, scope: &str) -> String {
    let api = format!("{}/v1", scene.app.url);
    let tokens = scene.client.tokens(&scene.ada, &[("resource", &api), ("scope", scope)]).await;
    let access = claims(text(&tokens, "access_token"));
    assert_eq!((&access["aud"], &access["scope"]), (&json!(api), &json!(scope)));
    text(&tokens, "access_token").to_owned()
}

/// REST by a token, at an instance.
fn with_token(app: &TestApp, token: &str) -> Admin {
    Admin::new(app.browser(), "/v1/tenants/acme", SecretString::from(token))
}

/// Ada's path.
async fn path_of_ada(scene: &Scene) -> String {
    let users = scene.acme.get("/users?limit=200").await.ok();
    format!("/users/{}", id(&users["items"][0]))
}

#[actix_web::test]
async fn row_e3_own_tokens_do_what_their_users_role_allows_and_no_more() {
    let scene = scene().await;
    let ada = with_token(&scene.app, &token(&scene, "openid doorward.write").await);
    let path = path_of_ada(&scene).await;
    let me = ada.get("/me").await.ok();
    assert_eq!((&me["role"], &me["user"]["id"]), (&json!("member"), &json!(path.trim_start_matches("/users/"))));
    assert_eq!(ada.get("/users").await.expect(403).code(), "role_too_low");
    assert_eq!(ada.post("/groups", &json!({"name": "Staff"})).await.expect(403).code(), "role_too_low");

    scene.acme.patch(&path, &json!({"role": "admin"})).await.ok();
    ada.get("/users").await.ok();
    ada.post("/groups", &json!({"name": "Staff"})).await.created();
    let event = scene.acme.last_event("group.created").await;
    assert!(event["actor"].to_string().contains(path.trim_start_matches("/users/")), "{event}");
    assert_eq!(ada.post("/signing-keys/rotate", &json!({})).await.expect(403).code(), "role_too_low");
    assert_eq!(ada.patch(&path, &json!({"role": "owner"})).await.expect(403).code(), "role_above_own");
    // Nor do they reach what is not their tenant's.
    scene.app.tenant("globex").await;
    ada.get("/v1/tenants/globex/me").await.expect(401);
    for installation in ["/v1/tenants", "/v1/applications", "/v1/operator/audit-events"] {
        ada.get(installation).await.expect(404);
    }
    scene.acme.patch(&path, &json!({"role": "member"})).await.ok();
    ada.get("/users").await.expect(403);
}

#[actix_web::test]
async fn row_e3_own_tokens_do_what_their_scopes_cover_and_no_more() {
    let scene = scene().await;
    let (reads, writes) = (token(&scene, "openid doorward.read").await, token(&scene, "doorward.write").await);
    scene.acme.patch(&path_of_ada(&scene).await, &json!({"role": "admin"})).await.ok();
    let reader = with_token(&scene.app, &reads);
    reader.get("/users").await.ok();
    let body = json!({"name": "Staff"});
    assert_eq!(reader.post("/groups", &body).await.expect(403).code(), "insufficient_scope");
    assert_eq!(reader.delete(&path_of_ada(&scene).await).await.expect(403).code(), "insufficient_scope");
    with_token(&scene.app, &writes).post("/groups", &body).await.created();
    with_token(&scene.app, &token(&scene, "openid").await).get("/me").await.expect(403);
    assert_eq!(scene.client.userinfo(&writes).await.status, 403, "without openid there is nothing about the person");
}

#[actix_web::test]
async fn row_e3_own_tokens_are_not_those_that_an_application_has_for_itself() {
    let scene = scene().await;
    // The scopes alone, without the API as the resource, are dropped.
    let tokens = scene.client.tokens(&scene.ada, &[("scope", "openid doorward.read doorward.write")]).await;
    assert_eq!(tokens["scope"], "openid");
    for name in ["access_token", "id_token"] {
        let answer = with_token(&scene.app, text(&tokens, name)).get("/me").await.expect(401);
        assert_eq!(answer.code(), "unauthenticated");
    }
    // A token that is ours but for one letter, and one for the API of somewhere else.
    let good = token(&scene, "openid doorward.read").await;
    let (head, signature) = good.rsplit_once('.').unwrap();
    let flipped = if signature.starts_with('A') { "B" } else { "A" };
    let forged = format!("{head}.{flipped}{}", &signature[1..]);
    with_token(&scene.app, &forged).get("/me").await.expect(401);
    with_token(&scene.app, &good).get("/me").await.ok();
}

/// Works at both instances; the second has it in memory.
async fn good_at_both(scene: &Scene, b: &TestApp) -> Admin {
    let token = token(scene, "openid doorward.read").await;
    with_token(&scene.app, &token).get("/me").await.ok();
    let at_b = with_token(b, &token);
    at_b.get("/me").await.ok();
    at_b
}

#[actix_web::test]
async fn row_e3_own_tokens_of_who_is_suspended_or_signed_out_are_refused_everywhere_within_five_seconds() {
    let scene = scene().await;
    let b = scene.app.second_instance();
    let is_refused = async |at_b: &Admin| at_b.get("/me").await.status == 401;

    let at_b = good_at_both(&scene, &b).await;
    scene.ada.post("/t/acme/logout", &[]).await;
    within_five_seconds("signing out", async || is_refused(&at_b).await).await;

    let at_b = good_at_both(&scene, &b).await;
    let sessions = scene.acme.get("/sessions").await.ok();
    scene.acme.delete(&format!("/sessions/{}", id(&sessions["items"][0]))).await.expect(204);
    within_five_seconds("ending the session", async || is_refused(&at_b).await).await;

    let at_b = good_at_both(&scene, &b).await;
    let user = path_of_ada(&scene).await;
    scene.acme.patch(&user, &json!({"status": "suspended"})).await.ok();
    within_five_seconds("suspending the user", async || is_refused(&at_b).await).await;
    scene.acme.patch(&user, &json!({"status": "active"})).await.ok();
    assert!(is_refused(&at_b).await, "it does not come back");

    let at_b = good_at_both(&scene, &b).await;
    scene.acme.patch(&user, &json!({"role": "auditor"})).await.ok();
    within_five_seconds("another role", async || at_b.get("/users").await.status == 200).await;
    scene.acme.delete(&format!("/applications/{}", scene.client.client_id)).await.expect(204);
    within_five_seconds("deleting the application", async || is_refused(&at_b).await).await;
}
