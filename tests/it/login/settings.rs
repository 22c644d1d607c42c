//! Settings that decide whose word counts, at whole logins: issuers, directories, and how people authenticated.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::TestApp;
use crate::support::browser::Page;
use crate::support::hostile_provider::HostileProvider;
use crate::support::sign_in::{is_signed_in, login_url, parameter, refused, to_callback, with};

/// A login in a fresh browser.
async fn login(app: &TestApp, connection: &Value) -> Page {
    let browser = app.browser();
    let callback = to_callback(&browser, login_url(connection)).await;
    // Who answers for many directories names none in the answer; the stub names itself.
    let many = connection["settings"]["issuer"].as_str().unwrap().contains("{tenantid}");
    let callback = if many { with(&callback, "iss", None) } else { callback };
    browser.get(callback.as_str()).await
}

/// By hand, because there is no discovery document for the stub's other names.
fn endpoints(provider: &HostileProvider) -> Value {
    let at = |path: &str| format!("{}{path}", provider.issuer);
    json!({"authorization": at("/authorize"), "token": at("/token"), "jwks_uri": at("/jwks")})
}

#[actix_web::test]
async fn o_27_people_of_the_allowed_directories_sign_in_and_never_share_a_user() {
    let app = TestApp::start();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let [first, second, stranger] = [Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7()];
    let issuer = format!("{}/{{tenantid}}/v2.0", provider.issuer);
    let mut settings = json!({"issuer": issuer, "discovery": false, "endpoints": endpoints(&provider)});
    let draft = json!({"display_name": "Many", "settings": settings, "client_secret": "x"});
    let fields = acme.post("/connections", &draft).await.expect(422).fields();
    assert_eq!(fields, ["settings.allowed_tenant_ids"], "a template opens for nobody by itself");
    settings["allowed_tenant_ids"] = json!([first, second]);
    let connection = acme.connect(&provider, json!({"settings": settings})).await;

    let says = |iss: Uuid, tid: Uuid, email: &str| {
        let iss = format!("{}/{iss}/v2.0", provider.issuer);
        let person = json!({"sub": "u-1", "email": email, "email_verified": true, "name": "N"});
        provider.person(person);
        provider.id_token(move |claims| {
            claims["iss"] = json!(iss);
            claims.insert("tid".to_owned(), json!(tid));
        });
    };
    for (directory, email) in [(first, "a@acme.example"), (second, "b@acme.example"), (first, "a@acme.example")] {
        says(directory, directory, email);
        let page = login(&app, &connection).await;
        assert!(is_signed_in(&page), "{}", page.body);
    }
    for (iss, tid, code) in [
        (stranger, stranger, "id_token_tenant_not_allowed"),
        (stranger, first, "id_token_issuer_mismatch"),
        (first, second, "id_token_issuer_mismatch"),
    ] {
        says(iss, tid, "a@acme.example");
        refused(&login(&app, &connection).await, 403, code);
    }
    let users = acme.get("/users").await.ok();
    assert_eq!(users["items"].as_array().unwrap().len(), 2, "one subject in two directories is two people");
}

#[actix_web::test]
async fn o_26_an_alias_of_the_issuer_means_the_same_people_and_another_issuer_nobody() {
    let app = TestApp::start();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let alias = "accounts.provider.example";
    let connection = acme.connect(&provider, json!({"settings": {"issuer_aliases": [alias]}})).await;
    let page = app.browser().follow(login_url(&connection)).await;
    assert_eq!(page.status, 200, "{}", page.body);
    for (iss, code) in [(alias, None), ("accounts.other.example", Some("id_token_issuer_mismatch"))] {
        provider.id_token(move |claims| claims["iss"] = json!(iss));
        let page = login(&app, &connection).await;
        match code {
            None => assert!(is_signed_in(&page), "{}", page.body),
            Some(code) => refused(&page, 403, code),
        }
    }
    assert_eq!(acme.get("/users").await.ok()["items"].as_array().unwrap().len(), 1);
    assert_eq!(acme.get("/sessions").await.ok()["items"].as_array().unwrap().len(), 2);
}

#[actix_web::test]
async fn o_30_max_age_and_acr_values_are_asked_for_and_held_up() {
    let app = TestApp::start();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let settings = json!({"settings": {"max_age": 300, "acr_values": ["mfa", "phr"]}});
    let connection = acme.connect(&provider, settings).await;
    let asked = app.browser().get(login_url(&connection)).await.location().unwrap();
    assert_eq!((parameter(&asked, "max_age"), parameter(&asked, "acr_values")), ("300".into(), "mfa phr".into()));

    let now = app.clock.now().timestamp();
    let by = |acr: &'static str, ago: i64| {
        provider.id_token(move |claims| {
            claims.insert("acr".to_owned(), json!(acr));
            claims["auth_time"] = json!(now - ago);
        });
    };
    for (acr, ago, code) in [("password", 0, "id_token_acr_mismatch"), ("phr", 400, "id_token_auth_too_old")] {
        by(acr, ago);
        refused(&login(&app, &connection).await, 403, code);
    }
    provider.id_token(|claims| drop(claims.remove("auth_time")));
    refused(&login(&app, &connection).await, 403, "id_token_claim_missing");
    assert_eq!(acme.get("/users").await.ok()["items"], json!([]));
    by("phr", 100);
    let page = login(&app, &connection).await;
    assert!(is_signed_in(&page), "{}", page.body);
}
