//! Identities of users.

use serde_json::json;

use super::id;
use crate::support::TestApp;

#[actix_web::test]
async fn an_identity_is_linked_listed_and_unlinked_with_its_sessions() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let (browser, user) = super::signed_in(&app, &acme).await;
    let path = format!("/users/{}/identities", id(&user));
    let listed = acme.get(&path).await.ok();
    let first = &listed["items"][0];
    assert_eq!((&first["subject"], &first["email"]), (&json!("u-1"), &json!("ada@example.com")));

    let input = json!({"connection_id": first["connection_id"], "subject": "u-9"});
    let second = acme.post(&path, &input).await.created();
    assert_eq!(second["issuer"], first["issuer"]);
    assert_eq!(acme.post(&path, &input).await.expect(409).code(), "identity_taken");
    acme.delete(&format!("{path}/{}", id(&second))).await.expect(204);

    let third = json!({"connection_id": first["connection_id"], "subject": "u-10"});
    acme.post(&path, &third).await.created();
    let page = acme.get(&format!("{path}?limit=1")).await.ok();
    assert_eq!(page["items"], json!([first]));
    let rest = acme.get(&format!("{path}?limit=2&cursor={}", page["next_cursor"].as_str().unwrap())).await.ok();
    assert_eq!(rest["items"][0]["subject"], "u-10");

    assert_eq!(browser.get("/v1/tenants/acme/me").await.status, 200);
    acme.delete(&format!("{path}/{}", id(first))).await.expect(204);
    assert_eq!(browser.get("/v1/tenants/acme/me").await.status, 401, "its sessions are over");
    acme.delete(&format!("{path}/{}", id(first))).await.expect(404);
    assert_eq!(acme.last_event("identity.unlinked").await["payload"]["user_id"], user["id"]);
}

#[actix_web::test]
async fn what_is_no_identity_is_refused_with_its_field() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let draft = acme.post("/connections", &json!({"display_name": "Draft"})).await.created();
    let user = acme.post("/users", &json!({"external_id": "x"})).await.created();
    let other = acme.post("/users", &json!({"external_id": "y"})).await.created();
    let path = format!("/users/{}/identities", id(&user));
    for (body, field) in [
        (json!({"connection_id": id(&draft), "subject": "s"}), "connection_id"), // it has no issuer yet
        (json!({"connection_id": uuid::Uuid::now_v7(), "subject": "s"}), "connection_id"),
        (json!({"connection_id": id(&draft), "subject": ""}), "subject"),
        (json!({"connection_id": id(&draft), "subject": "a\nb"}), "subject"),
        (json!({"connection_id": id(&draft), "subject": "x".repeat(256)}), "subject"),
        (json!({"connection_id": id(&draft), "subject": "s", "issuer": "https://evil.example"}), "issuer"),
        (json!({"connection_id": id(&draft)}), "subject"),
    ] {
        assert_eq!(acme.post(&path, &body).await.expect(422).fields(), [field], "{body}");
    }
    acme.patch(&format!("/connections/{}", id(&draft)), &json!({"settings": {"issuer": "http://127.0.0.1:9"}}))
        .await
        .ok();
    let linked = acme.post(&path, &json!({"connection_id": id(&draft), "subject": "s"})).await.created();
    let others = format!("/users/{}/identities/{}", id(&other), id(&linked));
    acme.delete(&others).await.expect(404);
}

#[actix_web::test]
async fn t_05_an_admin_links_no_identity_to_somebody_who_becomes_an_owner_meanwhile() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let (_, user) = super::signed_in(&app, &acme).await;
    let path = format!("/users/{}/identities", id(&user));
    let known = acme.get(&path).await.ok()["items"][0].clone();
    let admin = app.key(&app.operator().await, "acme", "admin").await;
    let raised = format!("UPDATE users SET role = 'owner' WHERE id = '{}'", id(&user));
    let input = json!({"connection_id": known["connection_id"], "subject": "u-9"});
    let linked = app.database.overtaken(&raised, admin.post(&path, &input)).await;
    assert_eq!(linked.expect(403).code(), "role_above_own");
    assert_eq!(acme.get(&path).await.ok()["items"], json!([known]));
}
