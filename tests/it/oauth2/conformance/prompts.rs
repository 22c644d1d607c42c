//! When somebody is asked to sign in again, and when nobody may be.

use chrono::Duration;
use serde_json::{Map, Value, json};

use super::Scene;
use crate::support::TestApp;
use crate::support::relying_party::{answer_of, claims, text};
use crate::support::sign_in::parameter;

/// When the person proved who they are.
fn auth_time(id_token: &Map<String, Value>) -> i64 {
    id_token["auth_time"].as_i64().unwrap()
}

/// A scene in which time is moved by hand, at the provider too.
async fn with_moving_time() -> Scene {
    let scene = Scene::set_at(TestApp::start_with_manual_clock(), json!({})).await;
    scene.provider_keeps_time();
    scene
}

#[actix_web::test]
async fn p_08_prompt_none_is_answered_at_once_for_who_is_signed_in_and_is_login_required_for_who_is_not() {
    let scene = Scene::set(json!({})).await;
    let nobody = scene.client.answer(&scene.ada, &[("prompt", "none")]).await;
    assert_eq!(parameter(&nobody, "error"), "login_required");
    let first = scene.id_token(&[]).await;
    let at_once = answer_of(&scene.ada.get(&scene.client.authorize_url(&[("prompt", "none")])).await);
    assert!(parameter(&at_once, "code").starts_with("dwc_"), "no page and no other redirect");
    let second = scene.id_token(&[("prompt", "none")]).await;
    assert_eq!((&first["sub"], auth_time(&first)), (&second["sub"], auth_time(&second)));
    assert_eq!(scene.logins().await, 1);
}

#[actix_web::test]
async fn p_08_an_id_token_hint_is_answered_for_its_user_and_for_no_other() {
    let scene = Scene::set(json!({})).await;
    let ada = scene.client.tokens(&scene.ada, &[]).await;
    let silently = [("prompt", "none"), ("id_token_hint", text(&ada, "id_token"))];
    assert_eq!(scene.id_token(&silently).await["sub"], scene.id_token(&[]).await["sub"]);
    scene.provider.person(json!({"sub": "u-2", "email": "bob@acme.example", "email_verified": true}));
    let bob = scene.app.browser();
    scene.client.code(&bob, &[]).await;
    assert_eq!(parameter(&scene.client.answer(&bob, &silently).await, "error"), "login_required");
}

#[actix_web::test]
async fn prompt_login_asks_again_and_the_new_login_is_told() {
    let scene = with_moving_time().await;
    let first = scene.id_token(&[]).await;
    scene.app.clock.advance(Duration::seconds(2));
    let second = scene.id_token(&[("prompt", "login")]).await;
    assert!(auth_time(&second) > auth_time(&first));
    assert_eq!(scene.logins().await, 2);
}

#[actix_web::test]
async fn a_login_that_is_older_than_max_age_is_asked_for_again_and_a_younger_one_is_not() {
    let scene = with_moving_time().await;
    let first = scene.id_token(&[("max_age", "15000")]).await;
    scene.app.clock.advance(Duration::seconds(2));
    let younger = scene.id_token(&[("max_age", "10000")]).await;
    assert_eq!((auth_time(&younger), scene.logins().await), (auth_time(&first), 1));
    let silent = scene.client.answer(&scene.ada, &[("max_age", "1"), ("prompt", "none")]).await;
    assert_eq!(parameter(&silent, "error"), "login_required");
    let again = scene.id_token(&[("max_age", "1")]).await;
    assert!(auth_time(&again) > auth_time(&first));
    assert_eq!(scene.logins().await, 2);
}

#[actix_web::test]
async fn o_30_a_provider_that_does_not_say_when_it_asked_fulfils_no_max_age_and_is_told_as_no_time() {
    let scene = Scene::set(json!({})).await;
    scene.provider.id_token(|claims| drop(claims.remove("auth_time")));
    let first = scene.id_token(&[]).await;
    assert!(!first.contains_key("auth_time"), "{first:?}");
    for age in ["0", "1", "15000"] {
        let refused = scene.client.answer(&scene.ada, &[("max_age", age)]).await;
        assert_eq!(parameter(&refused, "error"), "login_required", "{age}");
    }
    // Nothing obliges a provider to say it for this (OpenID Connect Core 1.0, section 3.1.2.1).
    let anew = scene.id_token(&[("prompt", "login")]).await;
    assert!(!anew.contains_key("auth_time") && anew["sub"] == first["sub"], "{anew:?}");
    let client = &scene.client;
    let tokens = client.tokens(&scene.ada, &[]).await;
    assert!(!claims(text(&tokens, "access_token")).contains_key("auth_time"));
    let session = scene.acme.get("/sessions").await.ok()["items"][0].clone();
    assert_eq!(session["auth_time"], json!(null), "{session}");
}
