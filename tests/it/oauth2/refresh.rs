//! Refresh tokens: each is good once, and the whole family is over when one comes again, or when its reason ends.

use chrono::Duration;
use serde_json::json;

use super::scene::{Scene, becomes_invalid, refused};
use crate::support::TestApp;
use crate::support::relying_party::text;
use crate::support::sign_in::id;

async fn scene() -> Scene {
    Scene::set_at(TestApp::start_with_manual_clock(), json!({})).await
}

/// A refresh token that was just given out.
async fn refresh_token(scene: &Scene) -> String {
    text(&scene.client.tokens(&scene.ada, &[]).await, "refresh_token").to_owned()
}

#[actix_web::test]
async fn p_10_a_refresh_token_that_comes_again_takes_its_whole_family_back() {
    let scene = scene().await;
    let first = refresh_token(&scene).await;
    let second = scene.client.refresh(&first).await.ok();
    let third = scene.client.refresh(text(&second, "refresh_token")).await.ok();
    assert_eq!(scene.client.userinfo(text(&third, "access_token")).await.status, 200);
    scene.app.clock.advance(Duration::seconds(11));
    refused(&scene.client.refresh(&first).await, 400, "invalid_grant");
    refused(&scene.client.refresh(text(&third, "refresh_token")).await, 400, "invalid_grant");
    for tokens in [&second, &third] {
        becomes_invalid(&scene.client, text(tokens, "access_token")).await;
        assert_eq!(scene.client.introspect(text(tokens, "refresh_token")).await, json!({"active": false}));
    }
    let told = scene.acme.last_event("grant.revoked").await;
    assert_eq!(told["payload"]["reason"], "refresh_token_reuse");
    // What was granted another time is another family.
    scene.client.refresh(&refresh_token(&scene).await).await.ok();
}

#[actix_web::test]
async fn p_10_asking_twice_at_once_is_refused_and_takes_nothing_back() {
    let scene = scene().await;
    let first = refresh_token(&scene).await;
    let second = scene.client.refresh(&first).await.ok();
    scene.app.clock.advance(Duration::seconds(10));
    refused(&scene.client.refresh(&first).await, 400, "invalid_grant");
    scene.client.refresh(text(&second, "refresh_token")).await.ok();
    assert_eq!(scene.acme.count_events("grant.revoked").await, 0);
}

#[actix_web::test]
async fn p_10_renewing_makes_no_family_live_longer() {
    let app = TestApp::start_with_manual_clock();
    let scene = Scene::set_at(app, json!({"refresh_token_days": 1})).await;
    let mut token = refresh_token(&scene).await;
    for _ in 0..3 {
        scene.app.clock.advance(Duration::hours(7));
        token = text(&scene.client.refresh(&token).await.ok(), "refresh_token").to_owned();
    }
    scene.app.clock.advance(Duration::hours(4));
    refused(&scene.client.refresh(&token).await, 400, "invalid_grant");
}

#[actix_web::test]
async fn p_10_a_refresh_token_ends_with_the_session_by_whichever_way_that_ends() {
    let scene = scene().await;
    let tokens = scene.client.tokens(&scene.ada, &[]).await;
    scene.ada.post("/t/acme/logout", &[]).await;
    refused(&scene.client.refresh(text(&tokens, "refresh_token")).await, 400, "invalid_grant");
    becomes_invalid(&scene.client, text(&tokens, "access_token")).await;

    let tokens = scene.client.tokens(&scene.ada, &[]).await;
    let hint = [("id_token_hint", text(&tokens, "id_token"))];
    let url = url::Url::parse_with_params(&scene.client.at("end_session"), hint).unwrap();
    scene.ada.follow(url.as_str()).await;
    refused(&scene.client.refresh(text(&tokens, "refresh_token")).await, 400, "invalid_grant");

    let token = refresh_token(&scene).await;
    let sessions = scene.acme.get("/sessions").await.ok();
    scene.acme.delete(&format!("/sessions/{}", id(&sessions["items"][0]))).await.expect(204);
    refused(&scene.client.refresh(&token).await, 400, "invalid_grant");
}

#[actix_web::test]
async fn p_10_a_refresh_token_of_who_is_suspended_or_gone_renews_nothing() {
    let scene = scene().await;
    let token = refresh_token(&scene).await;
    let users = scene.acme.get("/users").await.ok();
    let user = format!("/users/{}", id(&users["items"][0]));
    scene.acme.patch(&user, &json!({"status": "suspended"})).await.ok();
    refused(&scene.client.refresh(&token).await, 400, "invalid_grant");
    scene.acme.patch(&user, &json!({"status": "active"})).await.ok();
    refused(&scene.client.refresh(&token).await, 400, "invalid_grant");

    let token = refresh_token(&scene).await;
    let operator = scene.app.operator().await;
    operator.patch("/v1/tenants/acme", &json!({"status": "suspended"})).await.ok();
    refused(&scene.client.refresh(&token).await, 400, "invalid_grant");
    operator.patch("/v1/tenants/acme", &json!({"status": "active"})).await.ok();
    let token = text(&scene.client.refresh(&token).await.ok(), "refresh_token").to_owned();

    scene.acme.delete(&format!("/applications/{}", scene.client.client_id)).await.expect(204);
    refused(&scene.client.refresh(&token).await, 401, "invalid_client");
    scene.acme.delete(&user).await.expect(204);
    assert_eq!(scene.acme.get("/users").await.ok()["items"], json!([]));
}
