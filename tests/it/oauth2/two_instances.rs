//! Two instances without sticky sessions: what one begins the other ends, and what is good once is good once on both.

use std::future::Future;

use serde_json::json;

use super::scene::{Scene, becomes_invalid, refused, within_five_seconds};
use crate::support::TestApp;
use crate::support::admin::Answer;
use crate::support::relying_party::{RelyingParty, answer_of, claims, text};
use crate::support::sign_in::parameter;

async fn scene() -> (Scene, TestApp) {
    let scene = Scene::set(json!({})).await;
    let b = scene.app.second_instance();
    (scene, b)
}

#[actix_web::test]
async fn a_round_begins_at_one_instance_comes_back_to_the_other_and_ends_at_both() {
    let (scene, b) = scene().await;
    let (at_a, at_b) = (&scene.client, scene.client.via(b.port));
    let login = scene.ada.get(&at_a.authorize_url(&[])).await.location().unwrap();
    let provider = scene.ada.get(login.as_str()).await.location().unwrap();
    let callback = scene.ada.get(provider.as_str()).await.location().unwrap();
    let page = scene.ada.via(b.port).follow(callback.as_str()).await;
    let tokens = at_a.redeem(&parameter(&answer_of(&page), "code")).await.ok();
    let userinfo = at_b.userinfo(text(&tokens, "access_token")).await.ok();
    assert_eq!(
        (&userinfo["sub"], &userinfo["name"]),
        (&claims(text(&tokens, "id_token"))["sub"], &json!("Ada Lovelace"))
    );
    let renewed = at_b.refresh(text(&tokens, "refresh_token")).await.ok();
    assert_eq!(at_a.introspect(text(&renewed, "access_token")).await["active"], true);
    at_a.code(&scene.ada, &[("prompt", "none")]).await;
    at_b.form("revoke", &[("token", text(&renewed, "refresh_token"))]).await.expect(200);
    becomes_invalid(at_a, text(&renewed, "access_token")).await;
}

/// Asks fifty times at once, every other time at the other instance; the one answer that was a success.
async fn fifty_times<F>(scene: &Scene, b: &TestApp, ask: impl Fn(RelyingParty) -> F) -> Answer
where
    F: Future<Output = Answer> + 'static,
{
    let tries = (0..50).map(|n| actix_web::rt::spawn(ask(scene.client.via([scene.app.port, b.port][n % 2]))));
    let mut successes = Vec::new();
    for one in tries.collect::<Vec<_>>() {
        let answer = one.await.unwrap();
        if answer.status == 200 {
            successes.push(answer);
        } else {
            refused(&answer, 400, "invalid_grant");
        }
    }
    assert_eq!(successes.len(), 1);
    successes.remove(0)
}

#[actix_web::test]
async fn p_03_of_fifty_who_redeem_a_code_at_once_at_two_instances_one_gets_tokens_and_they_are_taken_back() {
    let (scene, b) = scene().await;
    let code = scene.client.code(&scene.ada, &[]).await;
    let redeem = |client: RelyingParty| {
        let code = code.clone();
        async move { client.redeem(&code).await }
    };
    let tokens = fifty_times(&scene, &b, redeem).await.ok();
    // Somebody else had the code too: what came of it is no good, anywhere.
    for client in [&scene.client, &scene.client.via(b.port)] {
        becomes_invalid(client, text(&tokens, "access_token")).await;
        assert_eq!(client.refresh(text(&tokens, "refresh_token")).await.status, 400);
    }
    assert_eq!(scene.acme.count_events("grant.revoked").await, 1);
    assert_eq!(scene.acme.last_event("grant.revoked").await["payload"]["reason"], "code_reuse");
    scene.client.tokens(&scene.ada, &[]).await;
}

#[actix_web::test]
async fn p_10_of_fifty_who_renew_at_once_at_two_instances_one_gets_tokens_and_they_are_good() {
    let (scene, b) = scene().await;
    let first = text(&scene.client.tokens(&scene.ada, &[]).await, "refresh_token").to_owned();
    let renew = |client: RelyingParty| {
        let token = first.clone();
        async move { client.refresh(&token).await }
    };
    let renewed = fifty_times(&scene, &b, renew).await.ok();
    assert_eq!(scene.acme.count_events("grant.revoked").await, 0, "a client that asks twice is no thief");
    for client in [&scene.client, &scene.client.via(b.port)] {
        client.userinfo(text(&renewed, "access_token")).await.ok();
    }
    scene.client.via(b.port).refresh(text(&renewed, "refresh_token")).await.ok();
}

#[actix_web::test]
async fn an_application_changed_or_deleted_at_one_instance_is_so_at_the_other_within_five_seconds() {
    let (scene, b) = scene().await;
    let all = RelyingParty::register_for_all(&scene.app.operator().await, json!({})).await;
    scene.client.code(&scene.ada, &[]).await;
    let in_acme = [("tenant", "acme")];
    let tokens = all.tokens(&scene.ada, &in_acme).await;
    let (token, at_b) = (text(&tokens, "access_token"), all.via(b.port));
    assert_eq!(at_b.userinfo(token).await.ok()["name"], "Ada Lovelace");
    let operator = scene.app.operator().await;
    let path = format!("/v1/applications/{}", all.client_id);
    operator.patch(&path, &json!({"claims": ["email"]})).await.ok();
    let forgotten = async || at_b.userinfo(token).await.ok().get("name").is_none();
    within_five_seconds("telling less", forgotten).await;
    operator.delete(&path).await.expect(204);
    becomes_invalid(&at_b, token).await;
    let page = scene.ada.via(b.port).get(&all.authorize_url(&in_acme)).await;
    assert_eq!((page.status, page.code().as_str()), (400, "client_unknown"));
}
