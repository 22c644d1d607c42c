//! What works once, for one client, and as it was registered.

use chrono::Duration;
use serde_json::json;

use super::{Scene, becomes_invalid};
use crate::support::TestApp;
use crate::support::relying_party::{RelyingParty, text};
use crate::support::sign_in::parameter;

#[actix_web::test]
async fn p_03_a_code_that_comes_again_later_is_refused_and_its_tokens_are_taken_back() {
    let scene = Scene::set_at(TestApp::start_with_manual_clock(), json!({})).await;
    let code = scene.client.code(&scene.ada, &[]).await;
    let tokens = scene.client.redeem(&code).await.ok();
    assert_eq!(scene.client.userinfo(text(&tokens, "access_token")).await.status, 200);
    scene.app.clock.advance(Duration::seconds(30));
    assert_eq!(scene.client.redeem(&code).await.expect(400).json()["error"], "invalid_grant");
    becomes_invalid(&scene.client, text(&tokens, "access_token")).await;
    assert_eq!(scene.client.refresh(text(&tokens, "refresh_token")).await.status, 400);
}

#[actix_web::test]
async fn p_02_a_redirect_uri_that_is_missing_or_not_registered_gets_a_page() {
    let two = json!({"redirect_uris": ["https://app.example/callback", "https://app.example/other"]});
    let scene = Scene::set(two).await;
    for wrong in ["", "https://app.example/another"] {
        let page = scene.ada.follow(&scene.client.authorize_url(&[("redirect_uri", wrong)])).await;
        assert_eq!((page.status, page.code().as_str()), (400, "redirect_uri_mismatch"), "{wrong}");
    }
}

#[actix_web::test]
async fn p_06_request_objects_are_refused_and_nothing_in_them_is_followed() {
    let scene = Scene::set(json!({})).await;
    // {"alg":"none"} and {"redirect_uri":"https://evil.example/"}
    let object = "eyJhbGciOiJub25lIn0.eyJyZWRpcmVjdF91cmkiOiJodHRwczovL2V2aWwuZXhhbXBsZS8ifQ.";
    let elsewhere = format!("{}/request.jwt", scene.provider.issuer);
    for (name, value) in [("request", object), ("request_uri", elsewhere.as_str())] {
        let answer = scene.client.answer(&scene.ada, &[(name, value)]).await;
        assert_eq!(parameter(&answer, "error"), format!("{name}_not_supported"));
    }
}

#[actix_web::test]
async fn p_10_a_refresh_token_works_for_its_own_client_and_may_ask_for_fewer_scopes() {
    let scene = Scene::set(json!({})).await;
    let tokens = scene.client.tokens(&scene.ada, &[]).await;
    let other = RelyingParty::register(&scene.acme, json!({})).await;
    let stolen = other.refresh(text(&tokens, "refresh_token")).await.expect(400);
    assert_eq!(stolen.json()["error"], "invalid_grant");
    let renewed = scene.client.refresh(text(&tokens, "refresh_token")).await.ok();
    let fields = [("grant_type", "refresh_token"), ("refresh_token", text(&renewed, "refresh_token"))];
    let fewer: Vec<_> = fields.into_iter().chain([("scope", "openid")]).collect();
    let fewer = scene.client.form("token", &fewer).await.ok();
    assert_eq!(fewer["scope"], "openid");
    assert!(scene.client.userinfo(text(&fewer, "access_token")).await.ok().get("email").is_none());
}
