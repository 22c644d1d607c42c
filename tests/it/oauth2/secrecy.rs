//! Codes and tokens are kept by nobody on their way: no cache, no history beyond the one redirect, no referrer, no log.

use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::json;

use super::scene::Scene;
use crate::support::relying_party::{RelyingParty, text};
use crate::support::sign_in::id;

/// The answer may be kept by nobody.
#[track_caller]
fn not_kept(headers: &HeaderMap) {
    assert_eq!(headers["cache-control"], "no-store");
    assert_eq!(headers["referrer-policy"], "no-referrer");
}

#[actix_web::test]
async fn p_20_no_answer_with_a_code_or_a_token_is_kept_or_says_where_it_came_from() {
    let scene = Scene::set(json!({})).await;
    let code = scene.client.code(&scene.ada, &[]).await;
    for change in [&[][..], &[("response_mode", "form_post")], &[("scope", "nothing")], &[("redirect_uri", "x:/")]] {
        let page = scene.ada.get(&scene.client.authorize_url(change)).await;
        not_kept(&page.headers);
        let target = page.location();
        assert!(target.is_none_or(|url| url.fragment().is_none()), "nothing is told in a fragment");
        assert!(page.status == 303 || !page.url.as_str().contains("dwc_"), "{}", page.url);
    }
    let redeemed = scene.client.redeem(&code).await;
    not_kept(&redeemed.headers);
    assert_eq!(redeemed.headers["pragma"], "no-cache");
    let tokens = redeemed.ok();
    let (access, renewal) = (text(&tokens, "access_token"), text(&tokens, "refresh_token"));
    for (endpoint, fields) in [
        ("token", vec![("grant_type", "refresh_token"), ("refresh_token", renewal)]),
        ("token", vec![("grant_type", "refresh_token"), ("refresh_token", "x")]),
        ("introspect", vec![("token", access)]),
        ("revoke", vec![("token", "x")]),
    ] {
        not_kept(&scene.client.form(endpoint, &fields).await.headers);
    }
    not_kept(&scene.client.userinfo(access).await.headers);
    not_kept(&scene.client.userinfo("x").await.headers);
    let page = scene.ada.get(&format!("{}?id_token_hint=x", scene.client.at("end_session"))).await;
    not_kept(&page.headers);
    // What was made is shown once: the registration answers with a secret and is kept by nobody either.
    let body = json!({"name": "Once", "redirect_uris": ["https://app.example/callback"]});
    let made = scene.acme.post("/applications", &body).await.expect(201);
    not_kept(&made.headers);
    let read = scene.acme.get(&format!("/applications/{}", id(&made.json()))).await.ok();
    assert!(read.get("client_secret").is_none(), "{read}");
}

#[actix_web::test]
async fn p_20_a_code_or_a_token_is_taken_from_no_url() {
    let scene = Scene::set(json!({"token_endpoint_auth_method": "none"})).await;
    let code = scene.client.code(&scene.ada, &[]).await;
    let in_url = |endpoint: &str, query: &str| {
        let url = format!("{}?{query}", scene.client.at(endpoint));
        (scene.client.machine.request(Method::GET, &url), scene.client.machine.request(Method::POST, &url))
    };
    let verifier = crate::support::relying_party::VERIFIER;
    let query = format!(
        "grant_type=authorization_code&code={code}&redirect_uri=https://app.example/callback&code_verifier={verifier}\
         &client_id={}",
        scene.client.client_id
    );
    let (get, post) = in_url("token", &query);
    assert_eq!(scene.client.send(get).await.status, 405);
    let post = scene.client.send(post.form(&[("client_id", scene.client.client_id.as_str())])).await;
    assert_eq!((post.status, post.json()["error"].clone()), (400, json!("invalid_request")));
    let tokens = scene.client.redeem(&code).await.ok();
    let token = text(&tokens, "access_token");
    let (get, post) = in_url("userinfo", &format!("access_token={token}"));
    scene.client.send(get).await.expect(401);
    scene.client.send(post).await.expect(401);
    let me = scene.client.machine.request(Method::GET, &format!("/v1/tenants/acme/me?access_token={token}"));
    assert!([401, 422].contains(&scene.client.send(me).await.status));
    let other = RelyingParty::register(&scene.acme, json!({})).await;
    let (get, _) = in_url("introspect", &format!("token={token}&client_id={}", other.client_id));
    assert_eq!(scene.client.send(get).await.status, 405);
}
