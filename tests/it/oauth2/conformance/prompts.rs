//! When somebody is asked to sign in again, and when nobody may be.

use chrono::Duration;
use serde_json::json;

use super::Scene;
use crate::support::TestApp;
use crate::support::relying_party::claims;

#[actix_web::test]
async fn prompt_none_is_answered_at_once_for_who_is_signed_in_and_is_login_required_for_who_is_not() {
    let scene = Scene::set(json!({})).await;
    let nobody = scene.party.ask(&scene.ada, &[("prompt", "none")]).await.ok().unwrap();
    assert_eq!(nobody["error"], "login_required");
    let first = scene.party.sign_in(&scene.ada, &[]).await;
    let answer = scene.ada.get(&scene.party.request(&[("prompt", "none")])).await;
    assert_eq!(answer.location().unwrap().host_str(), Some("app.example"), "no page and no other redirect");
    let second = scene.party.sign_in(&scene.ada, &[("prompt", "none")]).await;
    let (first, second) = (claims(&first["id_token"]), claims(&second["id_token"]));
    assert_eq!((&first["sub"], &first["auth_time"]), (&second["sub"], &second["auth_time"]));
    assert_eq!(scene.logins().await, 1);
}

#[actix_web::test]
async fn an_id_token_hint_is_answered_for_its_user_and_for_no_other() {
    let scene = Scene::set(json!({})).await;
    let ada = scene.party.sign_in(&scene.ada, &[]).await;
    let hint = ada["id_token"].as_str().unwrap();
    let again = scene.party.sign_in(&scene.ada, &[("prompt", "none"), ("id_token_hint", hint)]).await;
    assert_eq!(claims(&again["id_token"])["sub"], claims(&ada["id_token"])["sub"]);
    scene.provider.person(json!({"sub": "u-2", "email": "bob@acme.example", "email_verified": true}));
    let bob = scene.app.browser();
    scene.party.sign_in(&bob, &[]).await;
    let other = scene.party.ask(&bob, &[("prompt", "none"), ("id_token_hint", hint)]).await.ok().unwrap();
    assert_eq!(other["error"], "login_required");
}

#[actix_web::test]
async fn prompt_login_asks_again_and_the_new_login_is_told() {
    let scene = Scene::set_at(TestApp::start_with_manual_clock(), json!({})).await;
    scene.provider.id_token(|claims| drop(claims.remove("auth_time"))); // then it is when the login came back
    let first = scene.party.sign_in(&scene.ada, &[]).await;
    scene.app.clock.advance(Duration::seconds(2));
    let second = scene.party.sign_in(&scene.ada, &[("prompt", "login")]).await;
    let at = |tokens: &serde_json::Value| claims(&tokens["id_token"])["auth_time"].as_i64().unwrap();
    assert!(at(&second) > at(&first));
    assert_eq!(scene.logins().await, 2);
}

#[actix_web::test]
async fn a_login_that_is_older_than_max_age_is_asked_for_again_and_a_younger_one_is_not() {
    let scene = Scene::set_at(TestApp::start_with_manual_clock(), json!({})).await;
    scene.provider.id_token(|claims| drop(claims.remove("auth_time")));
    let first = scene.party.sign_in(&scene.ada, &[("max_age", "15000")]).await;
    scene.app.clock.advance(Duration::seconds(2));
    let young = scene.party.sign_in(&scene.ada, &[("max_age", "10000")]).await;
    let at = |tokens: &serde_json::Value| claims(&tokens["id_token"])["auth_time"].as_i64().unwrap();
    assert_eq!((at(&first), scene.logins().await), (at(&young), 1));
    let silent = scene.party.ask(&scene.ada, &[("max_age", "1"), ("prompt", "none")]).await.ok().unwrap();
    assert_eq!(silent["error"], "login_required");
    let again = scene.party.sign_in(&scene.ada, &[("max_age", "1")]).await;
    assert!(at(&again) > at(&first));
    assert_eq!(scene.logins().await, 2);
}
