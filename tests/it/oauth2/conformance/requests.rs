//! Requests that differ from the usual one and are all right, or wrong in one thing.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::json;
use url::Url;

use super::Scene;
use crate::support::relying_party::{REDIRECT_URI, VERIFIER, answer_of, claims, text};
use crate::support::sign_in::parameter;

#[actix_web::test]
async fn the_order_of_scopes_and_parameters_does_not_matter() {
    let scene = Scene::set(json!({})).await;
    let mut url = Url::parse(&scene.client.authorize_url(&[("scope", "offline_access email profile openid")])).unwrap();
    let mut parameters: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    parameters.reverse();
    url.query_pairs_mut().clear().extend_pairs(parameters);
    let answer = answer_of(&scene.ada.follow(url.as_str()).await);
    let tokens = scene.client.redeem(&parameter(&answer, "code")).await.ok();
    let granted: BTreeSet<_> = text(&tokens, "scope").split(' ').collect();
    assert_eq!(granted, ["openid", "profile", "email", "offline_access"].into());
}

#[actix_web::test]
async fn what_need_not_be_understood_is_no_error() {
    let scene = Scene::set(json!({})).await;
    let additions = [
        ("display", "page"),
        ("display", "popup"),
        ("ui_locales", "se"),
        ("claims_locales", "se"),
        ("acr_values", "1 2"),
        ("login_hint", "buffy@acme.example"),
        ("claims", r#"{"userinfo":{"name":{"essential":true}}}"#),
        ("extra", "foobar"),
    ];
    for addition in additions {
        let tokens = scene.client.tokens(&scene.app.browser(), &[addition]).await;
        assert_eq!(claims(text(&tokens, "id_token"))["nonce"], "the-nonce", "{addition:?}");
        let userinfo = scene.client.userinfo(text(&tokens, "access_token")).await.ok();
        assert_eq!(userinfo["name"], "Ada Lovelace", "{addition:?}");
    }
}

#[actix_web::test]
async fn without_a_nonce_the_id_token_has_none() {
    let scene = Scene::set(json!({})).await;
    assert!(!scene.id_token(&[("nonce", "")]).await.contains_key("nonce"));
}

#[actix_web::test]
async fn without_a_response_type_the_application_is_told() {
    let scene = Scene::set(json!({})).await;
    let answer = scene.client.answer(&scene.ada, &[("response_type", "")]).await;
    assert_eq!(parameter(&answer, "error"), "invalid_request");
    assert_eq!((parameter(&answer, "state"), parameter(&answer, "iss")), ("the-state".into(), scene.client.issuer));
}

#[actix_web::test]
async fn an_authorization_request_may_be_posted() {
    let scene = Scene::set(json!({})).await;
    let request = Url::parse(&scene.client.authorize_url(&[])).unwrap();
    let fields: Vec<(String, String)> = request.query_pairs().into_owned().collect();
    let url = scene.client.at("authorize");
    let post = scene.ada.request(Method::POST, &url).form(&fields);
    let post = post.header("origin", "https://app.example").header("sec-fetch-site", "cross-site");
    let page = scene.ada.send(post, &url).await;
    let onward = page.location().unwrap_or_else(|| panic!("{}: {}", page.status, page.body));
    let answer = answer_of(&scene.ada.follow(onward.as_str()).await);
    scene.client.redeem(&parameter(&answer, "code")).await.ok();
}

#[actix_web::test]
async fn a_redirect_uri_with_a_query_keeps_it_and_answers_to_no_other() {
    let with_query = "https://app.example/callback?foo=bar";
    let scene = Scene::set(json!({"redirect_uris": [with_query]})).await;
    let answer = scene.client.answer(&scene.ada, &[("redirect_uri", with_query)]).await;
    assert_eq!(parameter(&answer, "foo"), "bar");
    let code = parameter(&answer, "code");
    let fields = [("grant_type", "authorization_code"), ("code", code.as_str()), ("code_verifier", VERIFIER)];
    let fields: Vec<_> = fields.into_iter().chain([("redirect_uri", with_query)]).collect();
    scene.client.form("token", &fields).await.ok();
    for other in [REDIRECT_URI, "https://app.example/callback?foo=bar&bar=foo"] {
        let page = scene.ada.follow(&scene.client.authorize_url(&[("redirect_uri", other)])).await;
        assert_eq!((page.status, page.code().as_str()), (400, "redirect_uri_mismatch"), "{other}");
    }
}

#[actix_web::test]
async fn a_redirect_uri_with_a_fragment_cannot_be_registered() {
    let scene = Scene::set(json!({})).await;
    let application = json!({"name": "Other", "redirect_uris": ["https://app.example/callback#foo"]});
    scene.acme.post("/applications", &application).await.expect(422);
}
