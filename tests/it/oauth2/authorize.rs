//! Authorization requests that ask for what there is not, or for more than they may have, and how they are answered.

use serde_json::{Value, json};

use super::scene::{Scene, is_told, refused};
use crate::support::relying_party::{RelyingParty, claims, text};
use crate::support::sign_in::parameter;

#[actix_web::test]
async fn p_05_only_the_code_flow_is_there_however_it_is_asked_for() {
    let scene = Scene::set(json!({})).await;
    let flows = ["token", "id_token", "id_token token", "code token", "code id_token", "code id_token token", "none"];
    for flow in flows.into_iter().chain(["CODE", "code code", " code"]) {
        let answer = scene.client.answer(&scene.ada, &[("response_type", flow)]).await;
        is_told(&answer, &scene.client, "unsupported_response_type");
    }
    for mode in ["fragment", "web_message", "query.jwt", "Query"] {
        let answer = scene.client.answer(&scene.ada, &[("response_mode", mode)]).await;
        is_told(&answer, &scene.client, "invalid_request");
    }
    assert_eq!(scene.acme.count_events("grant.created").await, 0);
    let person = [("username", "ada@acme.example"), ("password", "secret"), ("assertion", "x"), ("scope", "openid")];
    for grant in [
        "implicit",
        "password",
        "client_credentials",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "urn:ietf:params:oauth:grant-type:token-exchange",
        "urn:ietf:params:oauth:grant-type:device_code",
    ] {
        let fields: Vec<_> = person.into_iter().chain([("grant_type", grant)]).collect();
        refused(&scene.client.form("token", &fields).await, 400, "unsupported_grant_type");
    }
}

#[actix_web::test]
async fn p_07_what_an_application_may_not_have_is_left_out() {
    let scene = Scene::set(json!({"scopes": ["openid", "email"], "claims": ["email"]})).await;
    let all = "openid profile email groups offline_access doorward.read doorward.write admin * OPENID";
    let wish = r#"{"id_token":{"name":{"essential":true},"role":null},"userinfo":{"name":null}}"#;
    let api = format!("{}/v1", scene.app.url);
    for resource in ["", &api] {
        let tokens = scene.client.tokens(&scene.ada, &[("scope", all), ("claims", wish), ("resource", resource)]).await;
        assert_eq!((&tokens["scope"], tokens.get("refresh_token")), (&json!("openid email"), None));
        let (id, access) = (claims(text(&tokens, "id_token")), claims(text(&tokens, "access_token")));
        assert_eq!((&access["scope"], &id["email"]), (&json!("openid email"), &json!("ada@acme.example")));
        for told in [&id, &access] {
            for name in ["name", "given_name", "role", "groups", "email_verified"] {
                assert!(!told.contains_key(name), "{name}: {told:?}");
            }
        }
        if resource.is_empty() {
            let userinfo = scene.client.userinfo(text(&tokens, "access_token")).await.ok();
            assert_eq!((&userinfo["email"], userinfo.get("name")), (&json!("ada@acme.example"), None));
        }
    }
    let nothing = scene.client.answer(&scene.ada, &[("scope", "profile doorward.write")]).await;
    is_told(&nothing, &scene.client, "invalid_scope");
    for elsewhere in ["https://api.example/", &scene.client.issuer, &format!("{api}/")] {
        let answer = scene.client.answer(&scene.ada, &[("resource", elsewhere)]).await;
        is_told(&answer, &scene.client, "invalid_target");
    }
}

#[actix_web::test]
async fn p_07_a_refresh_brings_no_scope_that_was_not_granted() {
    let scene = Scene::set(json!({})).await;
    let tokens = scene.client.tokens(&scene.ada, &[("scope", "openid offline_access")]).await;
    let fields = [("grant_type", "refresh_token"), ("refresh_token", text(&tokens, "refresh_token"))];
    for more in ["openid email", "doorward.write", "openid offline_access profile"] {
        let fields: Vec<_> = fields.into_iter().chain([("scope", more)]).collect();
        refused(&scene.client.form("token", &fields).await, 400, "invalid_scope");
    }
    assert_eq!(scene.client.form("token", &fields).await.ok()["scope"], "openid offline_access");
}

#[actix_web::test]
async fn p_08_silently_nobody_else_and_no_older_login_will_do() {
    let scene = Scene::set(json!({})).await;
    scene.client.code(&scene.ada, &[]).await;
    let silent = ("prompt", "none");
    let other_way = uuid::Uuid::now_v7().to_string();
    for wish in [("login_hint", "bob@acme.example"), ("max_age", "0"), ("connection", other_way.as_str())] {
        is_told(&scene.client.answer(&scene.ada, &[silent, wish]).await, &scene.client, "login_required");
    }
    for same in ["ada@acme.example", "ADA@acme.example"] {
        let answer = scene.client.answer(&scene.ada, &[silent, ("login_hint", same)]).await;
        assert!(parameter(&answer, "code").starts_with("dwc_"));
    }
    let strange = [("id_token_hint", "x.y.z"), ("prompt", "none login"), ("prompt", "create"), ("max_age", "-1")];
    for fault in strange {
        is_told(&scene.client.answer(&scene.ada, &[fault]).await, &scene.client, "invalid_request");
    }
    assert_eq!(scene.logins().await, 1, "nobody was sent to sign in");
}

/// The values of a page that posts itself to the application.
fn posted(body: &str, name: &str) -> String {
    let field = body.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap_or_else(|| panic!("no {name}: {body}"));
    field.split('"').next().unwrap().to_owned()
}

#[actix_web::test]
async fn p_18_every_answer_to_an_application_names_its_issuer() {
    let scene = Scene::set(json!({})).await;
    let operator = scene.app.operator().await;
    let all = RelyingParty::register_for_all(&operator, json!({})).await;
    for (client, tenant) in [(&scene.client, ""), (&all, "acme")] {
        let browser = scene.app.browser();
        let straight = [("tenant", tenant), ("connection", scene.connection["id"].as_str().unwrap())];
        let good = client.answer(&browser, &straight).await;
        assert_eq!((parameter(&good, "iss"), good.query_pairs().count()), (client.issuer.clone(), 3), "{good}");
        let bad = client.answer(&browser, &[("tenant", tenant), ("scope", "nothing")]).await;
        is_told(&bad, client, "invalid_scope");
        let silent = client.answer(&scene.app.browser(), &[("tenant", tenant), ("prompt", "none")]).await;
        is_told(&silent, client, "login_required");
        for (fault, name) in [("openid", "code"), ("nothing", "error")] {
            let change = [("tenant", tenant), ("response_mode", "form_post"), ("scope", fault)];
            let page = browser.get(&client.authorize_url(&change)).await;
            assert_eq!((page.status, posted(&page.body, "iss")), (200, client.issuer.clone()), "{}", page.body);
            assert!(!posted(&page.body, name).is_empty() && posted(&page.body, "state") == "the-state");
        }
    }
    let document = scene.ada.get("/.well-known/openid-configuration").await;
    let document: Value = serde_json::from_str(&document.body).unwrap();
    assert_eq!(document["authorization_response_iss_parameter_supported"], true);
}
