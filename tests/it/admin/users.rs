//! Users, and their import.

use serde_json::{Value, json};

use super::{id, lifecycle};
use crate::support::TestApp;
use crate::support::hostile_provider::HostileProvider;

fn body(n: usize) -> Value {
    json!({"email": format!("u{n}@acme.example"), "name": "U", "given_name": "G", "family_name": "F",
        "external_id": format!("crm-{n}"), "role": "auditor",
        "profile": {"type": "Practitioner", "id": format!("p-{n}"), "identifiers": ["npi|9"]}})
}

#[actix_web::test]
async fn users_are_created_listed_changed_and_deleted() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let change =
        json!({"email": "New@Acme.example", "name": null, "role": "member", "status": "suspended", "profile": null});
    lifecycle::check(&acme, lifecycle::Noun { path: "/users", body, change }).await;
    lifecycle::hostile_names(&acme, "/users", "name", json!({"external_id": "x"})).await;
    for bad in ["a", "a@b", "a@b.example\r\nBcc: c@d.example", "a b@c.example", "a@127.0.0.1", "\u{ff41}@c.example"] {
        assert_eq!(acme.post("/users", &json!({"email": bad})).await.expect(422).fields(), ["email"], "{bad:?}");
    }
    assert_eq!(acme.post("/users", &json!({"name": "Nobody"})).await.expect(422).fields(), ["email"]);
    let long = json!({"external_id": "x".repeat(256)});
    assert_eq!(acme.post("/users", &long).await.expect(422).fields(), ["external_id"]);
}

#[actix_web::test]
async fn users_are_found_by_address_and_external_id_and_taken_once() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let user = acme.post("/users", &body(1)).await.created();
    acme.post("/users", &body(2)).await.created();
    for query in ["email=U1@ACME.example", "external_id=crm-1", "email=u1@acme.example&external_id=crm-1"] {
        let found = acme.get(&format!("/users?{query}")).await.ok();
        assert_eq!(found["items"], json!([user]), "{query}");
    }
    for query in
        ["email=%25", "email=u_@acme.example", "external_id=crm-%25", "email=u1@acme.example&external_id=crm-2"]
    {
        assert_eq!(acme.get(&format!("/users?{query}")).await.ok()["items"], json!([]), "{query}");
    }
    assert_eq!(acme.get("/users?name=U").await.expect(422).fields(), ["name"]);
    assert_eq!(acme.post("/users", &json!({"email": "U1@ACME.EXAMPLE"})).await.expect(409).code(), "email_taken");
    assert_eq!(acme.post("/users", &json!({"external_id": "crm-1"})).await.expect(409).code(), "external_id_taken");
    let rename = acme.patch(&format!("/users/{}", id(&user)), &json!({"email": "u2@acme.example"})).await;
    assert_eq!(rename.expect(409).code(), "email_taken");
}

#[actix_web::test]
async fn an_import_takes_users_with_their_identities_all_or_none() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let provider = HostileProvider::start();
    let connection = acme.connect(&provider, json!({})).await;
    let one = |n: usize, subject: &str| json!({"email": format!("u{n}@acme.example"), "identities": [{"connection_id": id(&connection), "subject": subject}]});
    let import = async |users: Value| acme.post("/users/import", &json!({"users": users})).await;
    let nobody =
        json!({"email": "x@acme.example", "identities": [{"connection_id": uuid::Uuid::now_v7(), "subject": "s"}]});
    assert_eq!(import(json!([one(1, "a"), {"email": "no address"}])).await.expect(422).fields(), ["users[1].email"]);
    assert_eq!(import(json!([one(1, "a"), one(1, "b")])).await.expect(409).code(), "email_taken");
    assert_eq!(import(json!([one(1, "a"), one(2, "a")])).await.expect(409).code(), "identity_taken");
    assert_eq!(import(json!([one(1, "a"), nobody])).await.status, 422);
    assert_eq!(import(json!([])).await.expect(422).fields(), ["users"]);
    let many: Vec<Value> = (0..1001).map(|n| json!({"external_id": n.to_string()})).collect();
    assert_eq!(import(json!(many)).await.expect(422).fields(), ["users"]);
    assert_eq!(acme.get("/users").await.ok()["items"], json!([]), "a refused import leaves nobody");
    assert_eq!(acme.count_events("users.imported").await, 0);

    let imported = import(json!([one(1, "u-1"), one(2, "u-2")])).await.created();
    assert_eq!(imported["users"][1]["email"], "u2@acme.example");
    assert_eq!(acme.last_event("users.imported").await["payload"]["count"], 2);
    // What was imported is who signs in, whatever address the provider gives.
    provider.person(json!({"sub": "u-2", "email": "else@acme.example", "email_verified": true}));
    app.browser().follow(connection["login_url"].as_str().unwrap()).await;
    assert_eq!(acme.last_event("login.succeeded").await["payload"]["user_id"], imported["users"][1]["id"]);
    assert_eq!(acme.get("/users").await.ok()["items"].as_array().unwrap().len(), 2);
}

#[actix_web::test]
async fn a_changed_address_is_unproven_and_a_suspended_user_is_signed_in_nowhere() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let (browser, user) = super::signed_in(&app, &acme).await;
    assert!(user["email_verified_at"].is_string());
    let path = format!("/users/{}", id(&user));
    assert!(acme.patch(&path, &json!({"email": "b@example.com"})).await.ok()["email_verified_at"].is_null());
    assert_eq!(browser.get("/v1/tenants/acme/me").await.status, 200);
    acme.patch(&path, &json!({"status": "suspended"})).await.ok();
    assert_eq!(browser.get("/v1/tenants/acme/me").await.status, 401);
    acme.patch(&path, &json!({"status": "active"})).await.ok();
    assert_eq!(browser.get("/v1/tenants/acme/me").await.status, 401, "the session ended, it was not paused");
    acme.delete(&path).await.expect(204);
    assert_eq!(acme.get("/sessions").await.ok()["items"], json!([]));
}
