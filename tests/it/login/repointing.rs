//! Who may change what a connection believes, and what happens to those who are on their way in.

use std::time::Duration;

use serde_json::{Value, json};

use crate::needs_loopback;
use crate::support::hostile_provider::{Answer, HostileProvider, Place};
use crate::support::sign_in::{id, login_url, refused, to_callback};
use crate::support::{TestApp, admin::Admin};

/// A tenant whose owner signs in by a connection, and an admin who is not one.
async fn owned() -> (TestApp, Admin, Admin, HostileProvider, Value) {
    let app = TestApp::start();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let admin = app.key(&app.operator().await, "acme", "admin").await;
    let connection = acme.connect(&provider, json!({})).await;
    let domain = acme.post("/domains", &json!({"domain": "example.com"})).await.created();
    app.operator().await.post(&format!("/v1/tenants/acme/domains/{}/attest", id(&domain)), &json!({})).await.ok();
    acme.post("/users", &json!({"email": "ada@example.com", "role": "owner"})).await.created();
    let page = app.browser().follow(login_url(&connection)).await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert_eq!(acme.last_event("login.succeeded").await["payload"]["outcome"], "linked");
    (app, acme, admin, provider, connection)
}

#[actix_web::test]
async fn t_05_an_admin_points_no_connection_elsewhere_by_which_an_owner_signs_in() {
    needs_loopback!("127.0.0.2");
    let (_app, acme, admin, _provider, connection) = owned().await;
    let evil = HostileProvider::start_at("127.0.0.2");
    let path = format!("/connections/{}", id(&connection));
    for endpoint in ["authorization", "token", "userinfo", "jwks_uri"] {
        let settings = json!({"endpoints": {endpoint: format!("{}/{endpoint}", evil.issuer)}});
        let patch = json!({"settings": settings, "client_secret": "known to the admin"});
        let answer = admin.patch(&path, &patch).await;
        assert!(matches!(answer.status, 403 | 422), "{endpoint}: {}", answer.text);
    }
    let aliases = json!({"settings": {"issuer_aliases": [evil.issuer]}});
    assert_eq!(admin.patch(&path, &aliases).await.expect(403).code(), "role_above_own");
    assert_eq!(admin.delete(&path).await.expect(403).code(), "role_above_own");
    assert_eq!(admin.post(&format!("{path}/disable"), &json!({})).await.expect(403).code(), "role_above_own");
    assert_eq!(acme.get(&path).await.ok()["settings"]["issuer_aliases"], json!([]));
    admin.patch(&path, &json!({"display_name": "Renamed"})).await.ok();
    acme.patch(&path, &aliases).await.ok();
}

#[actix_web::test]
async fn k_01_a_client_secret_is_sent_to_no_server_that_came_later() {
    needs_loopback!("127.0.0.2");
    let (_app, acme, _admin, _provider, connection) = owned().await;
    let evil = HostileProvider::start_at("127.0.0.2");
    let path = format!("/connections/{}?confirm_unlink=true", id(&connection));
    for settings in [json!({"issuer": evil.issuer}), json!({"endpoints": {"token": format!("{}/token", evil.issuer)}})]
    {
        let answer = acme.patch(&path, &json!({"settings": settings})).await.expect(422);
        assert_eq!(answer.fields(), ["client_secret"]);
    }
    acme.patch(&path, &json!({"settings": {"issuer": evil.issuer}, "client_secret": "its own"})).await.ok();
}

#[actix_web::test]
async fn a_login_that_is_under_way_when_its_connection_is_disabled_brings_nobody_in() {
    let (app, acme, _admin, provider, connection) = owned().await;
    let before = acme.get("/sessions").await.ok()["items"].as_array().unwrap().len();
    assert_eq!(before, 1);
    let browser = app.browser();
    let callback = to_callback(&browser, login_url(&connection)).await;
    // The provider takes its time over the keys of the person; meanwhile an admin disables the connection.
    provider.answer(Place::Userinfo, Answer::json(json!({"sub": "u-1"})).after(Duration::from_millis(1500)));
    let coming = actix_web::rt::spawn(async move { browser.get(callback.as_str()).await });
    actix_web::rt::time::sleep(Duration::from_millis(400)).await;
    acme.post(&format!("/connections/{}/disable", id(&connection)), &json!({})).await.ok();
    refused(&coming.await.unwrap(), 403, "connection_not_active");
    assert_eq!(acme.get("/sessions").await.ok()["items"].as_array().unwrap().len(), 0, "and the old session is over");
}
