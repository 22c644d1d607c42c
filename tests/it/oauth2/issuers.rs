//! Each tenant is an issuer of its own, and so is the installation: what one gave is nothing at the others. And what was
//! made for an application is nothing at our own API.

use reqwest::Method;
use serde_json::json;

use super::scene::{Scene, refused};
use crate::support::hostile_provider::HostileProvider;
use crate::support::relying_party::{RelyingParty, claims, text};

/// A scene, an application of another tenant, and one of the installation.
async fn three() -> (Scene, RelyingParty, RelyingParty) {
    let scene = Scene::set(json!({})).await;
    let (globex, provider) = (scene.app.tenant("globex").await, HostileProvider::start());
    globex.connect(&provider, json!({})).await;
    let theirs = RelyingParty::register(&globex, json!({})).await;
    let all = RelyingParty::register_for_all(&scene.app.operator().await, json!({})).await;
    (scene, theirs, all)
}

/// The same client, as if it were of another issuer.
fn moved(client: &RelyingParty, issuer: &RelyingParty) -> RelyingParty {
    RelyingParty { issuer: issuer.issuer.clone(), ..client.clone() }
}

#[actix_web::test]
async fn p_12_a_tenants_code_and_tokens_are_nothing_at_another_issuer() {
    let (scene, theirs, all) = three().await;
    let code = scene.client.code(&scene.ada, &[]).await;
    let tokens = scene.client.tokens(&scene.ada, &[]).await;
    let (access, renewal) = (text(&tokens, "access_token"), text(&tokens, "refresh_token"));
    for elsewhere in [&theirs, &all] {
        // Another issuer's own client gets nothing for them, and ours is nobody there.
        refused(&elsewhere.redeem(&code).await, 400, "invalid_grant");
        refused(&elsewhere.refresh(renewal).await, 400, "invalid_grant");
        let ours_there = moved(&scene.client, elsewhere);
        refused(&ours_there.redeem(&code).await, 401, "invalid_client");
        refused(&ours_there.refresh(renewal).await, 401, "invalid_client");
        for token in [access, renewal] {
            let answer = elsewhere.userinfo(token).await.expect(401);
            assert_eq!(answer.headers["www-authenticate"], "Bearer error=\"invalid_token\"");
            assert_eq!(elsewhere.introspect(token).await, json!({"active": false}));
            elsewhere.form("revoke", &[("token", token)]).await.expect(200);
        }
        let hint = [("prompt", "none"), ("id_token_hint", text(&tokens, "id_token")), ("tenant", "acme")];
        let answer = elsewhere.answer(&scene.ada, &hint).await;
        assert!(answer.as_str().contains("error=invalid_request"), "{answer}");
    }
    scene.client.userinfo(access).await.ok();
    scene.client.refresh(renewal).await.ok();
    scene.client.redeem(&code).await.ok();
    assert_eq!(scene.acme.count_events("grant.revoked").await, 0);
}

#[actix_web::test]
async fn p_12_the_installations_code_and_tokens_are_nothing_at_a_tenants_issuer() {
    let (scene, theirs, all) = three().await;
    scene.client.code(&scene.ada, &[]).await;
    let in_acme = [("tenant", "acme")];
    let code = all.code(&scene.ada, &in_acme).await;
    let tokens = all.tokens(&scene.ada, &in_acme).await;
    for client in [&scene.client, &theirs] {
        refused(&client.redeem(&code).await, 400, "invalid_grant");
        refused(&client.refresh(text(&tokens, "refresh_token")).await, 400, "invalid_grant");
        client.userinfo(text(&tokens, "access_token")).await.expect(401);
        refused(&moved(&all, client).redeem(&code).await, 401, "invalid_client");
    }
    let page = scene.ada.get(&moved(&all, &scene.client).authorize_url(&[])).await;
    assert_eq!((page.status, page.code().as_str()), (400, "client_unknown"));
    all.redeem(&code).await.ok();
}

#[actix_web::test]
async fn p_14_what_was_made_for_an_application_opens_neither_our_api_nor_another_place() {
    let (scene, theirs, all) = three().await;
    let mut tokens = vec![scene.client.tokens(&scene.ada, &[]).await];
    tokens.push(all.tokens(&scene.ada, &[("tenant", "acme")]).await);
    for set in &tokens {
        let (access, id) = (text(set, "access_token"), text(set, "id_token"));
        assert_eq!(claims(access)["aud"], claims(access)["iss"]);
        for token in [access, id, text(set, "refresh_token")] {
            for path in ["/v1/tenants/acme/me", "/v1/tenants/globex/me"] {
                let request = scene.client.machine.request(Method::GET, path).bearer_auth(token);
                let answer = scene.client.send(request).await.expect(401);
                assert_eq!(answer.code(), "unauthenticated");
            }
        }
        for client in [&scene.client, &theirs, &all] {
            client.userinfo(id).await.expect(401);
            assert_eq!(client.introspect(id).await, json!({"active": false}));
        }
    }
    let no_secret = scene.client.machine.request(Method::GET, "/v1/tenants/acme/me").bearer_auth("a.b.c");
    scene.client.send(no_secret).await.expect(401);
}
