//! Signing out by an application's request (OpenID Connect RP-Initiated Logout 1.0).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use url::Url;

use super::Scene;
use crate::support::browser::Page;
use crate::support::oidc_provider::{follow_on, submit};
use crate::support::relying_party::{SIGNED_OUT_URI, answer_of, claims, text};
use crate::support::sign_in::parameter;
use crate::support::signing::TestKey;

/// Somebody who is signed in, and their ID token.
async fn signed_in() -> (Scene, String) {
    let scene = Scene::set(json!({})).await;
    let tokens = scene.client.tokens(&scene.ada, &[]).await;
    (scene, text(&tokens, "id_token").to_owned())
}

/// The browser goes to the end-session endpoint, and on to where it leads.
async fn sign_out(scene: &Scene, parameters: &[(&str, &str)]) -> Page {
    let url = Url::parse_with_params(&scene.client.at("end_session"), parameters).unwrap();
    scene.ada.follow(url.as_str()).await
}

async fn is_signed_in(scene: &Scene) -> bool {
    let answer = scene.client.answer(&scene.ada, &[("prompt", "none")]).await;
    let has_code = answer.query_pairs().any(|(name, _)| name == "code");
    assert!(has_code || parameter(&answer, "error") == "login_required", "{answer}");
    has_code
}

/// The browser stays with Doorward.
#[track_caller]
fn stays(page: &Page) {
    assert!(
        page.location().is_none() && page.url.host_str() == Some("127.0.0.1"),
        "{} {:?}",
        page.url,
        page.location()
    );
    assert_eq!(page.status, 200, "{}", page.body);
}

#[actix_web::test]
async fn signing_out_with_a_hint_ends_the_session_and_returns_with_the_state() {
    let (scene, hint) = signed_in().await;
    let back = [("post_logout_redirect_uri", SIGNED_OUT_URI), ("id_token_hint", &hint), ("state", "s 1")];
    let target = answer_of(&sign_out(&scene, &back).await);
    assert!(target.as_str().starts_with(SIGNED_OUT_URI), "{target}");
    assert_eq!(parameter(&target, "state"), "s 1");
    assert!(!is_signed_in(&scene).await);
}

#[actix_web::test]
async fn signing_out_without_a_state_returns_without_one() {
    let (scene, hint) = signed_in().await;
    let back = [("post_logout_redirect_uri", SIGNED_OUT_URI), ("id_token_hint", &hint)];
    assert_eq!(answer_of(&sign_out(&scene, &back).await).as_str(), SIGNED_OUT_URI);
    assert!(!is_signed_in(&scene).await);
}

#[actix_web::test]
async fn signing_out_without_a_target_ends_on_a_page_of_ours() {
    let (scene, hint) = signed_in().await;
    stays(&sign_out(&scene, &[("id_token_hint", &hint)]).await);
    assert!(!is_signed_in(&scene).await);
}

#[actix_web::test]
async fn signing_out_without_a_hint_asks_first_and_ends_on_a_page_of_ours() {
    for parameters in [&[][..], &[("state", "s 1")][..]] {
        let (scene, _) = signed_in().await;
        let question = sign_out(&scene, parameters).await;
        assert!(is_signed_in(&scene).await, "a link signs nobody out");
        stays(&follow_on(&scene.ada, submit(&scene.ada, &question, &[]).await).await);
        assert!(!is_signed_in(&scene).await);
    }
}

#[actix_web::test]
async fn p_15_signing_out_towards_what_is_not_registered_returns_nowhere() {
    let (scene, hint) = signed_in().await;
    let changed = format!("{SIGNED_OUT_URI}?foo=bar");
    for elsewhere in ["https://app.example/callback", "https://evil.example/", &changed] {
        stays(&sign_out(&scene, &[("post_logout_redirect_uri", elsewhere), ("id_token_hint", &hint)]).await);
    }
}

#[actix_web::test]
async fn p_15_signing_out_with_a_hint_that_is_not_ours_asks_first_and_returns_nowhere() {
    let (scene, hint) = signed_in().await;
    let encode = |part: Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let told = json!(claims(&hint));
    let unsigned = format!("{}.{}.", encode(json!({"alg": "none"})), encode(told.clone()));
    let key = TestKey::ec("key-1");
    let foreign = key.sign(&key.header(), &told);
    let target = [("post_logout_redirect_uri", SIGNED_OUT_URI), ("state", "s 1")];
    for hint in [None, Some(&unsigned), Some(&foreign)] {
        let hint = hint.map(|hint| ("id_token_hint", hint.as_str()));
        let parameters: Vec<_> = target.into_iter().chain(hint).collect();
        stays(&sign_out(&scene, &parameters).await);
        assert!(is_signed_in(&scene).await, "a link signs nobody out");
    }
}
