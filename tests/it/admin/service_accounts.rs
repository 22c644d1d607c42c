//! Service accounts.

use serde_json::{Value, json};

use super::{id, lifecycle};
use crate::support::TestApp;

fn body(n: usize) -> Value {
    json!({"name": format!("Robot {n}"), "role": "auditor"})
}

#[actix_web::test]
async fn service_accounts_are_created_listed_changed_and_deleted() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let change = json!({"name": "Renamed", "role": "member", "status": "suspended"});
    lifecycle::check(&acme, lifecycle::Noun { path: "/service-accounts", body, change }).await;
    lifecycle::hostile_names(&acme, "/service-accounts", "name", json!({"role": "member"})).await;
    let root = json!({"name": "x", "role": "root"});
    assert_eq!(acme.post("/service-accounts", &root).await.expect(422).fields(), ["role"]);
    let taken = json!({"name": "ROBOT 1", "role": "member"});
    assert_eq!(acme.post("/service-accounts", &taken).await.expect(409).code(), "name_taken");
}

#[actix_web::test]
async fn a_suspended_accounts_keys_do_not_work_and_a_deleted_ones_never_again() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let robot = app.key(&app.operator().await, "acme", "auditor").await;
    let me = robot.get("/me").await.ok();
    let path = format!("/service-accounts/{}", me["actor"]["service_account_id"].as_str().unwrap());
    let account = acme.get(&path).await.ok();
    assert_eq!(id(&account), me["actor"]["service_account_id"]);
    acme.patch(&path, &json!({"status": "suspended"})).await.ok();
    assert_eq!(robot.get("/me").await.expect(401).code(), "unauthenticated");
    acme.patch(&path, &json!({"status": "active", "role": "member"})).await.ok();
    assert_eq!(robot.get("/me").await.ok()["role"], "member", "a key is worth no more than its account");
    acme.delete(&path).await.expect(204);
    robot.get("/me").await.expect(401);
}
