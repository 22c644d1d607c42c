//! An application of the installation serves all tenants, and its users stay in their own.

use secrecy::SecretString;
use serde_json::{Value, json};

use super::installation::{scene, straight};
use super::scene::{is_told, refused};
use crate::support::Browser;
use crate::support::admin::Admin;
use crate::support::passwords;
use crate::support::relying_party::{claims, text};
use crate::support::sign_in::parameter;

/// REST with a token.
fn with_token(browser: &Browser, tenant: &str, token: &str) -> Admin {
    Admin::new(browser.another(), &format!("/v1/tenants/{tenant}"), SecretString::from(token))
}

#[actix_web::test]
async fn p_12_a_user_of_one_tenant_reaches_no_other_by_an_application_of_the_installation() {
    let (scene, client) = scene().await;
    let globex = scene.app.tenant("globex").await;
    let api = format!("{}/v1", scene.app.url);
    let change = [
        &straight(&scene, ("tenant", "acme"))[..],
        &[("resource", &api), ("scope", "openid offline_access doorward.read")],
    ]
    .concat();
    let tokens = client.tokens(&scene.ada, &change).await;
    let token = text(&tokens, "access_token");
    let me = with_token(&scene.ada, "acme", token).get("/me").await.ok();
    assert_eq!((&me["tenant"], &me["role"]), (&json!("acme"), &json!("member")));
    for path in ["/me", "/users", "/connections"] {
        with_token(&scene.ada, "globex", token).get(path).await.expect(401);
    }
    // Signed in at one, nobody at the other.
    let silently = [("tenant", "globex"), ("prompt", "none")];
    is_told(&client.answer(&scene.ada, &silently).await, &client, "login_required");
    let hinted = [silently[0], silently[1], ("id_token_hint", text(&tokens, "id_token"))];
    is_told(&client.answer(&scene.ada, &hinted).await, &client, "login_required");
    let page = scene.ada.follow(&client.authorize_url(&[("tenant", "globex")])).await;
    assert_eq!((page.status, page.url.path()), (200, "/t/globex/login"));
    // A request that waits in one tenant is none in the other.
    let begun = scene.app.browser().get(&client.authorize_url(&[("tenant", "acme")])).await.location().unwrap();
    for what in ["continue", "consent"] {
        let path = format!("/t/globex/oauth2/{what}/{}", parameter(&begun, "request"));
        assert_eq!(scene.ada.get(&path).await.code(), "request_unknown");
    }
    // Codes and refresh tokens name their tenant; another name makes them another's, and nobody's.
    let ids = [&scene.acme, &globex].map(|admin| admin.base.rsplit('/').next().unwrap().to_owned());
    let context = &scene.app.context;
    let [ours, theirs] = [context.tenant(&ids[0]).await, context.tenant(&ids[1]).await]
        .map(|tenant| tenant.unwrap().unwrap().tenant.id.simple().to_string());
    let code = client.code(&scene.ada, &[("tenant", "acme")]).await;
    assert!(code.contains(&ours));
    refused(&client.redeem(&code.replace(&ours, &theirs)).await, 400, "invalid_grant");
    let renewal = text(&tokens, "refresh_token");
    refused(&client.refresh(&renewal.replace(&ours, &theirs)).await, 400, "invalid_grant");
    client.redeem(&code).await.ok();
    assert_eq!(globex.count_events("grant.created").await, 0);
}

#[actix_web::test]
async fn one_browser_is_somebody_else_in_each_tenant() {
    let (scene, client) = scene().await;
    let globex = scene.app.tenant("globex").await;
    passwords::person(&globex, "ada@acme.example").await;
    let fields = [("email", "ada@acme.example"), ("password", passwords::PASSWORD)];
    passwords::signs_in(&scene.ada.post("/t/globex/login/password", &fields).await);
    let here = client.tokens(&scene.ada, &straight(&scene, ("tenant", "acme"))).await;
    let there = client.tokens(&scene.ada, &[("tenant", "globex")]).await;
    let about = |tokens: &Value| claims(text(tokens, "id_token"));
    assert_ne!(about(&here)["sub"], about(&there)["sub"]);
    assert_eq!(about(&there)["tenant_slug"], "globex");
    let operator = scene.app.operator().await;
    operator.patch("/v1/tenants/globex", &json!({"status": "suspended"})).await.ok();
    is_told(&client.answer(&scene.ada, &[("tenant", "globex")]).await, &client, "access_denied");
    refused(&client.refresh(text(&there, "refresh_token")).await, 400, "invalid_grant");
    client.userinfo(text(&there, "access_token")).await.expect(401);
    client.refresh(text(&here, "refresh_token")).await.ok();
}
