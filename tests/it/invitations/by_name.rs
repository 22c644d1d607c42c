//! Invitations without an address: the first login whose subject is the external id accepts (row B4).

use serde_json::json;

use super::by_provider::{A, Scene, signed_in};
use crate::support::invitations::now;
use crate::support::sign_in::{id, refused};

#[actix_web::test]
async fn row_b4_the_first_login_with_that_subject_accepts_it() {
    let s = Scene::set(json!({"create_users": false})).await;
    let body = json!({"external_id": "s-1", "name": "Alice Lovelace", "given_name": "Alice", "role": "auditor",
        "profile": {"type": "Practitioner", "identifiers": ["123"]}});
    let made = s.acme.post("/invitations", &body).await.created();
    s.person("s-2", "bob@acme.example");
    refused(&s.login(&s.app.browser()).await, 403, "user_unknown");
    s.person("s-1", A);
    signed_in(&s.login(&s.app.browser()).await);
    let user = s.users().await[0].clone();
    for field in ["external_id", "name", "given_name", "role"] {
        assert_eq!(user[field], body[field], "{field}");
    }
    assert_eq!((&user["email"], &user["profile"]["type"]), (&json!(A), &json!("Practitioner")));
    let over = now(&s.acme, &made).await;
    assert_eq!((&over["state"], &over["accepted_by"]), (&json!("accepted"), &user["id"]));
    signed_in(&s.login(&s.app.browser()).await);
    assert_eq!(s.users().await.len(), 1);
}

#[actix_web::test]
async fn row_b4_one_that_is_over_or_names_another_connection_is_not_accepted() {
    let s = Scene::set(json!({"create_users": false})).await;
    let other = crate::support::hostile_provider::HostileProvider::start();
    let named = s.acme.connect(&other, json!({})).await;
    let elsewhere = json!({"external_id": "s-1", "connection_id": named["id"]});
    s.acme.post("/invitations", &elsewhere).await.created();
    let revoked = s.acme.post("/invitations", &json!({"external_id": "s-2"})).await.created();
    s.acme.delete(&format!("/invitations/{}", id(&revoked))).await.expect(204);
    for sub in ["s-1", "s-2"] {
        s.person(sub, A);
        refused(&s.login(&s.app.browser()).await, 403, "user_unknown");
    }
    assert!(s.users().await.is_empty());
}

#[actix_web::test]
async fn row_b4_an_address_must_be_proven_all_the_same() {
    let s = Scene::set(json!({"create_users": false})).await;
    s.acme.post("/invitations", &json!({"external_id": "s-1"})).await.created();
    s.provider.person(json!({"sub": "s-1", "email": A, "email_verified": false}));
    refused(&s.login(&s.app.browser()).await, 403, "email_not_verified");
    assert!(s.users().await.is_empty());
}

#[actix_web::test]
async fn row_b4_somebody_who_has_come_in_by_that_subject_before_gets_what_is_new() {
    let s = Scene::set(json!({})).await;
    s.person("s-1", A);
    signed_in(&s.login(&s.app.browser()).await);
    let group = s.acme.post("/groups", &json!({"name": "Staff"})).await.created();
    let body = json!({"external_id": "s-1", "group_ids": [id(&group)]});
    s.acme.post("/invitations", &body).await.created();
    signed_in(&s.login(&s.app.browser()).await);
    let user = s.users().await[0].clone();
    assert_eq!(user["external_id"], "s-1");
    let groups = s.acme.get(&format!("/users/{}/groups", id(&user))).await.ok();
    assert_eq!(groups["items"][0]["group_id"], group["id"]);
}

#[actix_web::test]
async fn t_05_nobody_who_may_do_more_than_it_offers_accepts_one_unasked() {
    let s = Scene::set(json!({})).await;
    s.person("s-1", A);
    signed_in(&s.login(&s.app.browser()).await);
    let user = s.users().await[0].clone();
    let path = format!("/users/{}", id(&user));
    s.acme.post("/users", &json!({"email": "olive@acme.example", "role": "owner"})).await.created();
    let made = s.acme.post("/invitations", &json!({"external_id": "s-1", "given_name": "Mallory"})).await.created();
    for role in ["owner", "admin", "auditor"] {
        s.acme.patch(&path, &json!({"role": role})).await.ok();
        signed_in(&s.login(&s.app.browser()).await);
        let now = s.acme.get(&path).await.ok();
        assert_eq!((&now["external_id"], &now["given_name"]), (&user["external_id"], &user["given_name"]), "{role}");
    }
    assert_eq!(now(&s.acme, &made).await["state"], "pending");
    s.acme.patch(&path, &json!({"role": "member"})).await.ok();
    signed_in(&s.login(&s.app.browser()).await);
    assert_eq!(s.acme.get(&path).await.ok()["external_id"], "s-1");
}

#[actix_web::test]
async fn t_05_an_invitation_to_the_address_of_somebody_who_may_do_more_needs_its_link_too() {
    let s = Scene::set(json!({})).await;
    let auditor = s.acme.post("/users", &json!({"email": A, "role": "auditor"})).await.created();
    let body = json!({"email": A, "external_id": "u-1", "role": "member"});
    s.acme.post("/invitations", &body).await.created();
    s.person("s-1", A);
    signed_in(&s.login(&s.app.browser()).await);
    let path = format!("/users/{}", id(&auditor));
    assert_eq!(s.acme.get(&path).await.ok()["external_id"], json!(null));
}
