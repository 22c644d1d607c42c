//! Requests that differ from the usual one and are all right, or wrong in one thing.

use serde_json::json;

use super::Scene;
use crate::support::relying_party::{claims, told};

#[actix_web::test]
async fn the_order_of_scopes_and_parameters_does_not_matter() {
    let scene = Scene::set(json!({})).await;
    let mut parameters = scene.party.parameters(&[("scope", "offline_access email profile openid")]);
    parameters.reverse();
    let url = format!("{}/oauth2/authorize", scene.party.issuer);
    let url = url::Url::parse_with_params(&url, parameters).unwrap();
    let answer = told(scene.ada.follow(url.as_str()).await).ok().unwrap();
    let tokens = scene.party.redeem(&answer["code"], crate::support::relying_party::REDIRECT_URI).await.ok();
    let granted: std::collections::BTreeSet<_> = tokens["scope"].as_str().unwrap().split(' ').collect();
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
        let browser = scene.app.browser();
        let tokens = scene.party.sign_in(&browser, &[addition]).await;
        assert_eq!(claims(&tokens["id_token"])["nonce"], "the nonce", "{addition:?}");
        let userinfo = scene.party.userinfo(&tokens["access_token"]).await.ok();
        assert_eq!(userinfo["name"], "Ada Lovelace", "{addition:?}");
    }
}

#[actix_web::test]
async fn without_a_nonce_the_id_token_has_none() {
    let scene = Scene::set(json!({})).await;
    let tokens = scene.party.sign_in(&scene.ada, &[("nonce", "")]).await;
    assert!(claims(&tokens["id_token"]).get("nonce").is_none());
}

#[actix_web::test]
async fn without_a_response_type_the_application_is_told() {
    let scene = Scene::set(json!({})).await;
    let answer = scene.party.ask(&scene.ada, &[("response_type", "")]).await.ok().unwrap();
    assert_eq!(answer["error"], "invalid_request");
    assert_eq!((&answer["state"], &answer["iss"]), (&"the state".to_owned(), &scene.party.issuer));
    assert_eq!(scene.logins().await, 0);
}

#[actix_web::test]
async fn an_authorization_request_may_be_posted() {
    let scene = Scene::set(json!({})).await;
    let url = format!("{}/oauth2/authorize", scene.party.issuer);
    let post = scene.ada.request(reqwest::Method::POST, &url).form(&scene.party.parameters(&[]));
    let post = post.header("origin", "https://app.example").header("sec-fetch-site", "cross-site");
    let page = scene.ada.send(post, &url).await;
    let onward = page.location().unwrap_or_else(|| panic!("{}: {}", page.status, page.body));
    let answer = told(scene.ada.follow(onward.as_str()).await).ok().unwrap();
    assert!(answer.contains_key("code"), "{answer:?}");
}

#[actix_web::test]
async fn a_redirect_uri_with_a_query_keeps_it_and_answers_to_no_other() {
    let with_query = "https://app.example/callback?foo=bar";
    let scene = Scene::set(json!({"redirect_uris": [with_query]})).await;
    let answer = scene.party.ask(&scene.ada, &[("redirect_uri", with_query)]).await.ok().unwrap();
    assert_eq!(answer["foo"], "bar");
    scene.party.redeem(&answer["code"], with_query).await.ok();
    for other in ["https://app.example/callback", "https://app.example/callback?foo=bar&bar=foo"] {
        let page = scene.party.ask(&scene.ada, &[("redirect_uri", other)]).await.err().unwrap();
        assert_eq!(page.status, 400, "{other}: {}", page.body);
    }
}

#[actix_web::test]
async fn a_redirect_uri_with_a_fragment_cannot_be_registered() {
    let scene = Scene::set(json!({})).await;
    let application = json!({"name": "Other", "redirect_uris": ["https://app.example/callback#foo"]});
    scene.acme.post("/applications", &application).await.expect(422);
}
