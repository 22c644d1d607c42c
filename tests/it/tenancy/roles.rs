//! Nobody gives, takes or touches a role above their own.

use std::time::{Duration, Instant};

use serde_json::json;

use super::id;
use crate::support::TestApp;
use crate::support::admin::Admin;

#[actix_web::test]
async fn t_05_an_admin_makes_no_owner_and_touches_none() {
    let app = TestApp::start();
    let owner = app.tenant("acme").await;
    let admin = app.key(&app.operator().await, "acme", "admin").await;
    let boss = owner.post("/users", &json!({"external_id": "boss", "role": "owner"})).await.created();
    let robot = owner.post("/service-accounts", &json!({"name": "root", "role": "owner"})).await.created();
    let user = admin.post("/users", &json!({"external_id": "me", "role": "admin"})).await.created();
    let (boss_path, user_path) = (format!("/users/{}", id(&boss)), format!("/users/{}", id(&user)));
    let robot_path = format!("/service-accounts/{}", id(&robot));
    let refused = [
        admin.post("/users", &json!({"external_id": "x", "role": "owner"})).await,
        admin.post("/users/import", &json!({"users": [{"external_id": "x", "role": "owner"}]})).await,
        admin.patch(&user_path, &json!({"role": "owner"})).await,
        admin.patch(&boss_path, &json!({"role": "member"})).await,
        admin.patch(&boss_path, &json!({"status": "suspended"})).await,
        admin.patch(&boss_path, &json!({"email": "mine@evil.example"})).await,
        admin.delete(&boss_path).await,
        admin.post("/service-accounts", &json!({"name": "y", "role": "owner"})).await,
        admin.patch(&robot_path, &json!({"name": "y"})).await,
        admin.delete(&robot_path).await,
        admin.post("/api-keys", &json!({"name": "k", "service_account_id": id(&robot)})).await,
        admin.post("/api-keys", &json!({"name": "k", "user_id": id(&boss)})).await,
    ];
    for (n, answer) in refused.into_iter().enumerate() {
        assert_eq!(answer.expect(403).code(), "role_above_own", "number {n}");
    }
    assert_eq!(owner.get(&boss_path).await.ok(), boss);
    // A smaller key of an owner's account would still act in the owner's name.
    let small = json!({"name": "k", "service_account_id": id(&robot), "role": "auditor"});
    assert_eq!(admin.post("/api-keys", &small).await.expect(403).code(), "role_above_own");
}

#[actix_web::test]
async fn t_05_an_admin_links_no_identity_of_theirs_to_an_owner() {
    let app = TestApp::start();
    let owner = app.tenant("acme").await;
    let admin = app.key(&app.operator().await, "acme", "admin").await;
    let boss = owner.post("/users", &json!({"external_id": "boss", "role": "owner"})).await.created();
    let connection = json!({"display_name": "P", "settings": {"issuer": "http://127.0.0.1:9"}});
    let connection = admin.post("/connections", &connection).await.created();
    let path = format!("/users/{}/identities", id(&boss));
    let mine = json!({"connection_id": id(&connection), "subject": "me"});
    assert_eq!(admin.post(&path, &mine).await.expect(403).code(), "role_above_own");
    let theirs = owner.post(&path, &mine).await.created();
    assert_eq!(admin.delete(&format!("{path}/{}", id(&theirs))).await.expect(403).code(), "role_above_own");
}

#[actix_web::test]
async fn t_05_a_member_or_auditor_gives_themselves_nothing() {
    let app = TestApp::start();
    let owner = app.tenant("acme").await;
    for role in ["member", "auditor"] {
        let user = owner.post("/users", &json!({"external_id": role, "role": role})).await.created();
        let key = owner.post("/api-keys", &json!({"name": "k", "user_id": id(&user)})).await.created();
        let caller = Admin::new(app.browser(), &owner.base, key["secret"].as_str().unwrap().into());
        let own = caller.patch(&format!("/users/{}", id(&user)), &json!({"role": "owner"})).await;
        assert_eq!(own.expect(403).code(), "role_too_low");
        let own = caller.post("/api-keys", &json!({"name": "k", "user_id": id(&user), "role": "owner"})).await;
        assert_eq!(own.expect(403).code(), "role_too_low");
        assert_eq!(caller.get("/me").await.ok()["role"], role);
    }
}

#[actix_web::test]
async fn t_07_a_demotion_counts_on_every_instance_within_five_seconds() {
    let app = TestApp::start();
    let second = app.second_instance();
    let owner = app.tenant("acme").await;
    let user = owner.post("/users", &json!({"external_id": "x", "role": "admin"})).await.created();
    let key = owner.post("/api-keys", &json!({"name": "k", "user_id": id(&user)})).await.created();
    let there = Admin::new(second.browser(), &owner.base, key["secret"].as_str().unwrap().into());
    for _ in 0..3 {
        there.get("/users").await.expect(200); // the second instance has it in its cache
    }
    owner.patch(&format!("/users/{}", id(&user)), &json!({"role": "member"})).await.ok();
    let here = Admin::new(app.browser(), &owner.base, key["secret"].as_str().unwrap().into());
    assert_eq!(here.get("/users").await.expect(403).code(), "role_too_low", "at once where it was changed");
    let since = Instant::now();
    while there.get("/users").await.status != 403 {
        assert!(since.elapsed() < Duration::from_secs(5), "still allowed after five seconds");
        actix_web::rt::time::sleep(Duration::from_millis(100)).await;
    }
    owner.delete(&format!("/api-keys/{}", id(&key))).await.expect(204);
    let since = Instant::now();
    while there.get("/me").await.status != 401 {
        assert!(since.elapsed() < Duration::from_secs(5), "a revoked key still works after five seconds");
        actix_web::rt::time::sleep(Duration::from_millis(100)).await;
    }
}
