//! The installation's issuer: applications that serve all tenants, and how a request finds its tenant.

use reqwest::Method;
use serde_json::json;

use super::scene::{Scene, is_told};
use crate::support::oidc_provider::{follow_on, submit};
use crate::support::relying_party::{RelyingParty, answer_of, claims, text};
use crate::support::sign_in::{id, parameter};

/// A scene whose tenant has a verified domain and an id of the SaaS's own, and an application of the installation.
pub async fn scene() -> (Scene, RelyingParty) {
    let scene = Scene::set(json!({})).await;
    let operator = scene.app.operator().await;
    operator.patch("/v1/tenants/acme", &json!({"external_id": "Workspace 1"})).await.ok();
    let domain = scene.acme.post("/domains", &json!({"domain": "acme.example"})).await.created();
    operator.post(&format!("/v1/tenants/acme/domains/{}/attest", id(&domain)), &json!({})).await.ok();
    let scopes = json!({"scopes": ["openid", "profile", "email", "offline_access", "doorward.read"]});
    let client = RelyingParty::register_for_all(&operator, scopes).await;
    (scene, client)
}

/// Says in which way to sign in, so that no page of ours asks.
pub fn straight<'a>(scene: &'a Scene, hint: (&'a str, &'a str)) -> [(&'a str, &'a str); 2] {
    [("connection", scene.connection["id"].as_str().unwrap()), hint]
}

#[actix_web::test]
async fn a_request_names_its_tenant_in_one_of_several_ways_and_the_tokens_tell_it() {
    let (scene, client) = scene().await;
    let tenant = scene.app.context.tenant("acme").await.unwrap().unwrap().tenant.id.to_string();
    for hint in [
        ("tenant", "acme"),
        ("tenant", &tenant),
        ("organization", "Workspace 1"),
        ("organization", "acme"),
        ("organization", &tenant),
        ("domain_hint", "acme.example"),
        ("domain_hint", "ACME.example"),
        ("login_hint", "ada@acme.example"),
    ] {
        let browser = scene.app.browser();
        let tokens = client.tokens(&browser, &straight(&scene, hint)).await;
        let userinfo = client.userinfo(text(&tokens, "access_token")).await.ok();
        let (access, id) = (claims(text(&tokens, "access_token")), claims(text(&tokens, "id_token")));
        for told in [&access, &id, userinfo.as_object().unwrap()] {
            assert_eq!((&told["tenant_id"], &told["tenant_slug"]), (&json!(tenant), &json!("acme")), "{hint:?}");
            assert_eq!(told["tenant_external_id"], "Workspace 1");
            assert_eq!(told["tenant_name"], "acme Inc.");
        }
        assert_eq!((&id["iss"], &id["aud"]), (&json!(scene.app.url), &json!(client.client_id)));
        client.refresh(text(&tokens, "refresh_token")).await.ok();
        assert_eq!(client.introspect(text(&tokens, "access_token")).await["tenant_id"], json!(tenant));
    }
    // The tenant's own issuer tells the same.
    let id = scene.id_token(&[]).await;
    assert_eq!((&id["tenant_id"], &id["tenant_external_id"]), (&json!(tenant), &json!("Workspace 1")));
}

#[actix_web::test]
async fn where_a_request_names_no_tenant_the_person_is_asked_for_the_address() {
    let (scene, client) = scene().await;
    scene.app.tenant("globex").await.post("/domains", &json!({"domain": "globex.example"})).await.created();
    scene.client.code(&scene.ada, &[]).await;
    let unknown = [("", ""), ("tenant", "nobody"), ("organization", "acme.example"), ("domain_hint", "globex.example")];
    for hint in unknown.into_iter().chain([("login_hint", "eve@globex.example"), ("login_hint", "ada")]) {
        let page = scene.ada.get(&client.authorize_url(&[hint])).await;
        assert_eq!((page.status, page.location()), (200, None), "{hint:?}: {}", page.body);
        is_told(&client.answer(&scene.ada, &[hint, ("prompt", "none")]).await, &client, "login_required");
        // What is not known, or whose domain is merely claimed, leads nowhere.
        for entry in ["nobody@nowhere.example", "eve@globex.example", "no-such-tenant", "<b>"] {
            let again = submit(&scene.ada, &page, &[("organization", entry)]).await;
            assert!(again.status == 200 && again.body.contains("role=\"alert\""), "{entry}: {}", again.body);
            assert!(!again.body.contains("<b>"), "{}", again.body);
        }
        // Whom the application expects is still expected when the person says which organisation they mean.
        let names = if hint.1.contains('@') { 1 } else { 3 };
        for entry in &[" ada@acme.example", "acme", "ACME"][..names] {
            let page = follow_on(&scene.ada, submit(&scene.ada, &page, &[("organization", entry)]).await).await;
            let answer = answer_of(&page);
            assert_eq!(
                (parameter(&answer, "state"), parameter(&answer, "iss")),
                ("the-state".into(), scene.app.url.clone())
            );
            client.redeem(&parameter(&answer, "code")).await.ok();
        }
    }
    let elsewhere = scene.ada.request(Method::POST, "/oauth2/organization");
    let elsewhere = elsewhere.header("origin", "https://app.example").header("sec-fetch-site", "cross-site");
    let form = [("organization", "acme"), ("query", "client_id=x")];
    assert_eq!(scene.ada.send(elsewhere.form(&form), "/oauth2/organization").await.status, 403);
    // The page takes the request as it is: what it carries is checked as if it had just come.
    let forged = [("organization", "acme"), ("query", "client_id=x&redirect_uri=https://evil.example/&tenant=globex")];
    let onward = scene.ada.post("/oauth2/organization", &forged).await.location().unwrap();
    assert_eq!(scene.ada.follow(onward.as_str()).await.code(), "client_unknown");
}
