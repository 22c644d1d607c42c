//! Introspection and revocation: a client learns about its own tokens, and about nobody else's. Logout: nobody is signed
//! out by another's hint without being asked.

use chrono::Duration;
use reqwest::Method;
use serde_json::{Value, json};

use super::scene::{Scene, becomes_invalid, refused};
use crate::support::TestApp;
use crate::support::oidc_provider::{follow_on, submit};
use crate::support::relying_party::{RelyingParty, SIGNED_OUT_URI, answer_of, claims, text};

/// A scene, its application's tokens, and another application of the tenant.
async fn two_applications() -> (Scene, Value, RelyingParty) {
    let scene = Scene::set(json!({})).await;
    let other = RelyingParty::register(&scene.acme, json!({})).await;
    let tokens = scene.client.tokens(&scene.ada, &[]).await;
    (scene, tokens, other)
}

#[actix_web::test]
async fn p_16_introspection_tells_a_client_of_its_own_tokens_only() {
    let (scene, tokens, other) = two_applications().await;
    let public = RelyingParty::register(&scene.acme, json!({"token_endpoint_auth_method": "none"})).await;
    for name in ["access_token", "refresh_token"] {
        let told = scene.client.introspect(text(&tokens, name)).await;
        let (sub, username) = (&claims(text(&tokens, "id_token"))["sub"], json!("ada@acme.example"));
        assert_eq!((&told["active"], &told["sub"], &told["username"]), (&json!(true), sub, &username));
        assert_eq!(told["client_id"], json!(scene.client.client_id));
        assert_eq!(other.introspect(text(&tokens, name)).await, json!({"active": false}), "and nothing else");
        refused(&public.form("introspect", &[("token", text(&tokens, name))]).await, 401, "invalid_client");
        let nobody = scene.client.machine.request(Method::POST, &scene.client.at("introspect"));
        let nobody = nobody.form(&[("token", text(&tokens, name))]);
        refused(&scene.client.send(nobody).await, 401, "invalid_client");
    }
    for garbage in ["", "x", "a.b.c", "dwr_", &"x".repeat(5000)] {
        assert_eq!(scene.client.introspect(garbage).await, json!({"active": false}));
    }
    refused(&scene.client.form("introspect", &[]).await, 400, "invalid_request");
}

#[actix_web::test]
async fn p_16_revocation_by_another_client_is_answered_and_does_nothing() {
    let (scene, tokens, other) = two_applications().await;
    let (access, renewal) = (text(&tokens, "access_token"), text(&tokens, "refresh_token"));
    for token in [access, renewal, "x", "a.b.c", text(&tokens, "id_token")] {
        for hint in ["access_token", "refresh_token", "nonsense"] {
            let answer = other.form("revoke", &[("token", token), ("token_type_hint", hint)]).await.expect(200);
            assert_eq!(answer.text, "");
        }
    }
    scene.client.userinfo(access).await.ok();
    assert_eq!(scene.acme.count_events("grant.revoked").await, 0);
    // By its own client it does, whichever of the two is given back.
    let again = scene.client.tokens(&scene.ada, &[]).await;
    for (set, name) in [(&tokens, "access_token"), (&again, "refresh_token")] {
        let fields = [("token", text(set, name)), ("token_type_hint", "nonsense")];
        scene.client.form("revoke", &fields).await.expect(200);
        becomes_invalid(&scene.client, text(set, "access_token")).await;
        refused(&scene.client.refresh(text(set, "refresh_token")).await, 400, "invalid_grant");
    }
}

#[actix_web::test]
async fn p_15_a_hint_of_somebody_else_or_of_another_session_signs_nobody_out_unasked() {
    let scene = Scene::set_at(TestApp::start_with_manual_clock(), json!({})).await;
    let earlier = scene.client.tokens(&scene.app.browser(), &[]).await;
    scene.client.tokens(&scene.ada, &[]).await;
    scene.provider.person(json!({"sub": "u-2", "email": "bob@acme.example", "email_verified": true}));
    let bob = scene.client.tokens(&scene.app.browser(), &[]).await;
    let (other_session, other_user) = (text(&earlier, "id_token"), text(&bob, "id_token"));
    let access = text(&earlier, "access_token"); // signed by us, and no ID token
    for hint in [other_session, other_user, access] {
        let back = [("id_token_hint", hint), ("post_logout_redirect_uri", SIGNED_OUT_URI)];
        let url = url::Url::parse_with_params(&scene.client.at("end_session"), back).unwrap();
        let page = scene.ada.get(url.as_str()).await;
        assert_eq!((page.status, page.location()), (200, None), "{}", page.body);
        scene.client.code(&scene.ada, &[("prompt", "none")]).await;
    }
}

#[actix_web::test]
async fn p_15_an_expired_hint_of_this_session_signs_out_and_only_the_named_applications_targets_are_gone_to() {
    let scene = Scene::set_at(TestApp::start_with_manual_clock(), json!({})).await;
    scene.provider_keeps_time();
    let elsewhere = json!({"post_logout_redirect_uris": ["https://app.example/other"]});
    let other = RelyingParty::register(&scene.acme, elsewhere).await;
    let tokens = scene.client.tokens(&scene.ada, &[]).await;
    scene.app.clock.advance(Duration::hours(1));
    let hint = ("id_token_hint", text(&tokens, "id_token"));
    let of_other = [("post_logout_redirect_uri", "https://app.example/other"), ("client_id", other.client_id.as_str())];
    let sign_out = async |parameters: &[(&str, &str)]| {
        let url = url::Url::parse_with_params(&scene.client.at("end_session"), parameters).unwrap();
        scene.ada.follow(url.as_str()).await
    };
    // A hint of one application and the id of another contradict each other: the person is asked, and stays here.
    let asked = sign_out(&[hint, of_other[0], of_other[1]]).await;
    assert_eq!((asked.status, asked.location()), (200, None), "{}", asked.body);
    let page = sign_out(&[hint, ("post_logout_redirect_uri", SIGNED_OUT_URI)]).await;
    assert_eq!(answer_of(&page).as_str(), SIGNED_OUT_URI);
    // Without a hint the person is asked; then the named application's target is gone to.
    scene.client.code(&scene.ada, &[]).await;
    let asked = sign_out(&of_other).await;
    assert_eq!((asked.status, asked.location()), (200, None), "{}", asked.body);
    let done = follow_on(&scene.ada, submit(&scene.ada, &asked, &[]).await).await;
    assert_eq!(answer_of(&done).as_str(), "https://app.example/other");
}
