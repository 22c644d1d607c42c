//! Signing out by an application's request (OpenID Connect RP-Initiated Logout 1.0).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use url::Url;

use super::Scene;
use crate::support::browser::Page;
use crate::support::oidc_provider::{follow_on, submit};
use crate::support::relying_party::{AFTERWARDS, claims, told};
use crate::support::signing::TestKey;

/// Somebody who is signed in, and their ID token.
async fn signed_in() -> (Scene, Value) {
    let scene = Scene::set(json!({})).await;
    let tokens = scene.party.sign_in(&scene.ada, &[]).await;
    (scene, tokens["id_token"].clone())
}

/// The browser goes to the end-session endpoint, and on to where it leads.
async fn sign_out(scene: &Scene, parameters: &[(&str, &str)]) -> Page {
    let url = format!("{}/oauth2/end_session", scene.party.issuer);
    let url = Url::parse_with_params(&url, parameters).unwrap();
    scene.ada.follow(url.as_str()).await
}

async fn is_signed_in(scene: &Scene) -> bool {
    let answer = scene.party.ask(&scene.ada, &[("prompt", "none")]).await.ok().unwrap();
    assert!(answer.contains_key("code") || answer["error"] == "login_required", "{answer:?}");
    answer.contains_key("code")
}

#[actix_web::test]
async fn signing_out_with_a_hint_ends_the_session_and_returns_with_the_state() {
    let (scene, hint) = signed_in().await;
    let back = [("post_logout_redirect_uri", AFTERWARDS), ("id_token_hint", hint.as_str().unwrap()), ("state", "s 1")];
    let page = sign_out(&scene, &back).await;
    assert!(page.location().unwrap().as_str().starts_with(AFTERWARDS), "{:?}", page.location());
    assert_eq!(told(page).ok().unwrap()["state"], "s 1");
    assert!(!is_signed_in(&scene).await);
}

#[actix_web::test]
async fn signing_out_without_a_state_returns_without_one() {
    let (scene, hint) = signed_in().await;
    let back = [("post_logout_redirect_uri", AFTERWARDS), ("id_token_hint", hint.as_str().unwrap())];
    let page = sign_out(&scene, &back).await;
    assert_eq!(page.location().unwrap().as_str(), AFTERWARDS);
    assert!(!is_signed_in(&scene).await);
}

#[actix_web::test]
async fn signing_out_without_a_target_ends_on_a_page_of_ours() {
    let (scene, hint) = signed_in().await;
    let page = sign_out(&scene, &[("id_token_hint", hint.as_str().unwrap())]).await;
    assert_eq!((page.status, page.url.host_str()), (200, Some("127.0.0.1")), "{}", page.url);
    assert!(!is_signed_in(&scene).await);
}

#[actix_web::test]
async fn signing_out_without_a_hint_asks_first_and_ends_on_a_page_of_ours() {
    for parameters in [&[][..], &[("state", "s 1")][..]] {
        let (scene, _) = signed_in().await;
        let question = sign_out(&scene, parameters).await;
        assert!(is_signed_in(&scene).await, "a link signs nobody out");
        let page = follow_on(&scene.ada, submit(&scene.ada, &question, &[]).await).await;
        assert_eq!((page.status, page.url.host_str()), (200, Some("127.0.0.1")), "{}", page.url);
        assert!(!is_signed_in(&scene).await);
    }
}

#[actix_web::test]
async fn signing_out_towards_what_is_not_registered_returns_nowhere() {
    let (scene, hint) = signed_in().await;
    let hint = hint.as_str().unwrap();
    for elsewhere in ["https://app.example/callback", "https://evil.example/", &format!("{AFTERWARDS}?foo=bar")] {
        let page = sign_out(&scene, &[("post_logout_redirect_uri", elsewhere), ("id_token_hint", hint)]).await;
        assert!(page.location().is_none(), "{elsewhere} {:?}", page.location());
        assert_eq!(page.url.host_str(), Some("127.0.0.1"));
    }
}

#[actix_web::test]
async fn signing_out_with_a_hint_that_is_not_ours_asks_first_and_returns_nowhere() {
    let (scene, hint) = signed_in().await;
    let encode = |part: Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let unsigned = format!("{}.{}.", encode(json!({"alg": "none"})), encode(claims(&hint)));
    let key = TestKey::ec("key-1");
    let foreign = key.sign(&key.header(), &claims(&hint));
    for wrong in [unsigned.as_str(), foreign.as_str(), ""] {
        let parameters = [("post_logout_redirect_uri", AFTERWARDS), ("state", "s 1"), ("id_token_hint", wrong)];
        let parameters = if wrong.is_empty() { &parameters[..2] } else { &parameters[..] };
        let page = sign_out(&scene, parameters).await;
        assert!(page.location().is_none(), "{:?}", page.location());
        assert_eq!(page.url.host_str(), Some("127.0.0.1"));
        assert!(is_signed_in(&scene).await, "a link signs nobody out");
    }
}
