//! What is said of tokens while their tenant, their application and their person change.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::TestApp;
use crate::support::hostile_provider::HostileProvider;
use crate::support::passwords::{PASSWORD, person, signs_in, try_password};
use crate::support::relying_party::{RelyingParty, text};
use crate::support::sign_in::id;

const ALICE: &str = "alice@acme.example";

#[actix_web::test]
async fn t_13_no_token_of_a_suspended_tenant_is_active() {
    let app = TestApp::start();
    let (acme, operator) = (app.tenant("acme").await, app.operator().await);
    let client = RelyingParty::register_for_all(&operator, json!({})).await;
    person(&acme, ALICE).await;
    let browser = app.browser();
    signs_in(&try_password(&browser, ALICE, PASSWORD).await);
    let tokens = client.tokens(&browser, &[("tenant", "acme")]).await;
    let both = ["access_token", "refresh_token"];
    for name in both {
        assert_eq!(client.introspect(text(&tokens, name)).await["active"], true, "{name}");
    }
    operator.patch("/v1/tenants/acme", &json!({"status": "suspended"})).await.ok();
    for name in both {
        assert_eq!(client.introspect(text(&tokens, name)).await, json!({"active": false}), "{name}");
    }
}

#[actix_web::test]
async fn p_16_tokens_of_a_deleted_application_of_the_installation_are_good_nowhere_at_once() {
    let app = TestApp::start();
    let (acme, operator) = (app.tenant("acme").await, app.operator().await);
    let change = json!({"scopes": ["openid", "offline_access", "doorward.read"]});
    let client = RelyingParty::register_for_all(&operator, change).await;
    let auditor = json!({"email": ALICE, "role": "auditor"});
    let user = acme.post("/users", &auditor).await.created();
    crate::support::passwords::set(&acme, &user, &json!({"password": PASSWORD})).await;
    let browser = app.browser();
    signs_in(&try_password(&browser, ALICE, PASSWORD).await);
    let resource = format!("{}/v1", app.url);
    let asked = [("tenant", "acme"), ("scope", "openid doorward.read"), ("resource", resource.as_str())];
    let tokens = client.tokens(&browser, &asked).await;
    let mut bearer = acme.clone();
    bearer.key = text(&tokens, "access_token").into();
    bearer.get("/users").await.ok();
    operator.delete(&format!("/v1/applications/{}", client.client_id)).await.expect(204);
    bearer.get("/users").await.expect(401);
}

#[actix_web::test]
async fn what_a_login_elsewhere_changes_about_a_person_is_told_within_five_seconds() {
    let app = TestApp::start();
    let other = app.second_instance();
    let acme = app.tenant("acme").await;
    let provider = HostileProvider::start();
    let person = |name: &str| json!({"sub": "u-1", "email": ALICE, "email_verified": true, "name": name});
    provider.person(person("Alice"));
    let connection = acme.connect(&provider, json!({})).await;
    let client = RelyingParty::register(&acme, json!({})).await;
    let tokens = client.tokens(&app.browser(), &[("connection", id(&connection))]).await;
    let told = async || client.userinfo(text(&tokens, "access_token")).await.ok()["name"].clone();
    assert_eq!(told().await, "Alice");
    provider.person(person("Alice Lovelace"));
    let login = other.browser().follow(connection["login_url"].as_str().unwrap()).await;
    assert_eq!(login.status, 200, "{}", login.body);
    let begun = Instant::now();
    while told().await != "Alice Lovelace" {
        assert!(begun.elapsed() < Duration::from_secs(5), "not told after 5 s");
        actix_web::rt::time::sleep(Duration::from_millis(100)).await;
    }
}
