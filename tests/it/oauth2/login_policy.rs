//! What an application wants of a login reaches the provider, is held against what came back, and no page is a way
//! around it.

use chrono::Duration;
use serde_json::{Value, json};

use crate::support::admin::Admin;
use crate::support::hostile_provider::HostileProvider;
use crate::support::passwords::{person, signs_in, try_password};
use crate::support::relying_party::{RelyingParty, answer_of, text};
use crate::support::sign_in::{id, parameter};
use crate::support::{Browser, TestApp};

/// A tenant with a provider, and Ada who comes by it.
struct Scene {
    app: TestApp,
    acme: Admin,
    provider: HostileProvider,
    connection: Value,
    ada: Browser,
}

impl Scene {
    async fn set() -> Self {
        let app = TestApp::start_with_manual_clock();
        let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
        provider.person(json!({"sub": "u-1", "email": "ada@acme.example", "email_verified": true}));
        let connection = acme.connect(&provider, json!({})).await;
        let ada = app.browser();
        Self { app, acme, provider, connection, ada }
    }

    /// An application whose people come by the connection alone.
    async fn client(&self, mut change: Value) -> RelyingParty {
        change["allowed_connections"] = json!([self.connection["id"]]);
        RelyingParty::register(&self.acme, change).await
    }

    /// A browser that is signed in by a password.
    async fn by_password(&self) -> Browser {
        person(&self.acme, "bob@acme.example").await;
        let browser = self.app.browser();
        signs_in(&try_password(&browser, "bob@acme.example", crate::support::passwords::PASSWORD).await);
        browser
    }
}

#[actix_web::test]
async fn what_an_application_wants_of_the_login_reaches_the_provider() {
    let scene = Scene::set().await;
    let client = scene.client(json!({})).await;
    let wants = [("prompt", "login"), ("max_age", "90"), ("acr_values", "gold silver")];
    let begin = scene.ada.get(&client.authorize_url(&wants)).await.location().unwrap();
    // What stands in the address says nothing: the request is looked up.
    let begin = format!("{begin}&prompt=none&max_age=9999");
    let provider = scene.ada.get(&begin).await.location().unwrap();
    assert_eq!(parameter(&provider, "prompt"), "login");
    assert_eq!(parameter(&provider, "max_age"), "90");
    assert_eq!(parameter(&provider, "acr_values"), "gold silver");
}

#[actix_web::test]
async fn a_provider_that_did_not_ask_again_is_told_as_login_required() {
    let scene = Scene::set().await;
    let client = scene.client(json!({})).await;
    let now = scene.app.clock.now().timestamp();
    scene.provider.id_token(move |claims| drop(claims.insert("auth_time".into(), json!(now - 600))));
    for wants in [("prompt", "login"), ("max_age", "60")] {
        let answer = client.answer(&scene.app.browser(), &[wants]).await;
        assert_eq!(parameter(&answer, "error"), "login_required", "{wants:?}");
    }
    scene.provider.id_token(move |claims| drop(claims.insert("auth_time".into(), json!(now))));
    for wants in [("prompt", "login"), ("max_age", "60")] {
        assert!(!client.code(&scene.app.browser(), &[wants]).await.is_empty());
    }
}

#[actix_web::test]
async fn somebody_else_than_the_hint_names_gets_no_code_for_it() {
    let scene = Scene::set().await;
    let client = scene.client(json!({})).await;
    let ada = client.tokens(&scene.ada, &[]).await;
    scene.provider.person(json!({"sub": "u-2", "email": "bob@acme.example", "email_verified": true}));
    let answer = client.answer(&scene.app.browser(), &[("id_token_hint", text(&ada, "id_token"))]).await;
    assert_eq!(parameter(&answer, "error"), "login_required");
}

#[actix_web::test]
async fn p_09_the_consent_page_is_no_way_around_how_the_application_wants_people_to_sign_in() {
    let scene = Scene::set().await;
    let bob = scene.by_password().await;
    scene.app.clock.advance(Duration::seconds(1)); // what follows does not look signed in for it
    for first_party in [true, false] {
        let client = scene.client(json!({"first_party": first_party})).await;
        for wants in [("prompt", ""), ("prompt", "login"), ("max_age", "1"), ("connection", id(&scene.connection))] {
            let login = bob.get(&client.authorize_url(&[wants])).await.location().unwrap();
            let page = format!("/t/acme/oauth2/consent/{}", parameter(&login, "request"));
            let shown = bob.get(&page).await;
            assert_eq!((shown.status, shown.location()), (303, Some(login.clone())), "{wants:?}");
            let agreed = bob.post(&page, &[("agree", "true")]).await;
            assert_eq!((agreed.status, agreed.location()), (303, Some(login)), "{wants:?}");
        }
    }
    assert_eq!(scene.acme.count_events("grant.created").await, 0);
}

#[actix_web::test]
async fn the_login_page_offers_only_the_ways_that_the_application_allows() {
    let scene = Scene::set().await;
    let other = scene.acme.connect(&HostileProvider::start(), json!({"display_name": "Another way"})).await;
    person(&scene.acme, "bob@acme.example").await;
    let change = json!({"allowed_connections": [scene.connection["id"], other["id"]]});
    let client = RelyingParty::register(&scene.acme, change).await;
    let third = scene.acme.connect(&HostileProvider::start(), json!({"display_name": "A third way"})).await;
    let login = scene.ada.get(&client.authorize_url(&[])).await.location().unwrap();
    let page = scene.ada.get(login.as_str()).await;
    assert!(page.body.contains(id(&scene.connection)) && page.body.contains(id(&other)), "{}", page.body);
    assert!(!page.body.contains(id(&third)), "{}", page.body);
    // A password would not do, so the address leads to no password.
    let request = parameter(&login, "request");
    let sent = scene.ada.post("/t/acme/login", &[("email", "bob@acme.example"), ("request", &request)]).await;
    assert!(sent.location().unwrap().query().unwrap().contains("choose=true"), "{:?}", sent.location());
    let elsewhere = scene.ada.get("/t/acme/login").await;
    assert!(elsewhere.body.contains(id(&third)), "without an application every way is offered");
}

#[actix_web::test]
async fn what_an_application_lost_is_lost_to_what_it_was_given_before() {
    let scene = Scene::set().await;
    let client = scene.client(json!({})).await;
    let path = format!("/applications/{}", client.client_id);
    let tokens = client.tokens(&scene.ada, &[]).await;
    let waiting = scene.app.browser().get(&client.authorize_url(&[])).await.location().unwrap();
    let fewer = json!({"scopes": ["openid", "offline_access"], "redirect_uris": ["https://app.example/new"]});
    scene.acme.patch(&path, &fewer).await.ok();

    let renewed = client.refresh(text(&tokens, "refresh_token")).await.ok();
    assert_eq!(text(&renewed, "scope"), "openid offline_access");
    let page = scene.ada.get(&format!("/t/acme/oauth2/continue/{}", parameter(&waiting, "request"))).await;
    assert_eq!((page.status, page.code().as_str()), (404, "request_unknown"), "no code for a URI that was taken back");
    scene.acme.patch(&path, &json!({"scopes": ["openid"]})).await.ok();
    let refused = client.refresh(text(&renewed, "refresh_token")).await.expect(400).json();
    assert_eq!(refused["error"], "invalid_grant");
}

#[actix_web::test]
async fn a_request_waits_for_half_an_hour_and_is_answered_once() {
    let scene = Scene::set().await;
    let client = scene.client(json!({})).await;
    let login = scene.ada.get(&client.authorize_url(&[])).await.location().unwrap();
    let go_on = format!("/t/acme/oauth2/continue/{}", parameter(&login, "request"));
    let ended = scene.ada.follow(login.as_str()).await;
    assert!(!parameter(&answer_of(&ended), "code").is_empty());
    assert_eq!(scene.ada.get(&go_on).await.status, 404, "answered");
    let late = scene.app.browser().get(&client.authorize_url(&[])).await.location().unwrap();
    scene.app.clock.advance(Duration::minutes(31));
    let page = scene.ada.get(&format!("/t/acme/oauth2/continue/{}", parameter(&late, "request"))).await;
    assert_eq!(page.status, 404, "too late");
}
