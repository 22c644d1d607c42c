//! Accepting by single sign-on: the invitation survives the way to the provider, and the address must be the invited one.

use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::admin::Admin;
use crate::support::browser::{Browser, Page};
use crate::support::hostile_provider::HostileProvider;
use crate::support::invitations::{invite, invited, now, press};
use crate::support::sign_in::{cookie_pair, id, is_signed_in, login_url, refused, to_callback};

pub const A: &str = "alice@acme.example";

/// A tenant whose provider asserts one person.
pub struct Scene {
    pub app: TestApp,
    pub acme: Admin,
    pub provider: HostileProvider,
    pub connection: Value,
}

impl Scene {
    pub async fn set(provisioning: Value) -> Self {
        let app = TestApp::start();
        let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
        let connection = acme.connect(&provider, json!({"provisioning": provisioning})).await;
        Self { app, acme, provider, connection }
    }

    pub fn person(&self, sub: &str, email: &str) {
        self.provider.person(json!({"sub": sub, "email": email, "email_verified": true}));
    }

    /// From the button to the end of the login.
    pub async fn accept(&self, browser: &Browser, link: &str) -> Page {
        let pressed = press(browser, link).await;
        let login = pressed.location().unwrap_or_else(|| panic!("{}: {}", pressed.status, pressed.body));
        let callback = to_callback(browser, login.as_str()).await;
        browser.get(callback.as_str()).await
    }

    pub async fn login(&self, browser: &Browser) -> Page {
        let callback = to_callback(browser, login_url(&self.connection)).await;
        browser.get(callback.as_str()).await
    }

    pub async fn users(&self) -> Vec<Value> {
        self.acme.get("/users").await.ok()["items"].as_array().unwrap().clone()
    }
}

#[track_caller]
pub fn signed_in(page: &Page) {
    assert!(is_signed_in(page), "{}: {}", page.status, page.body);
}

#[actix_web::test]
async fn row_a5_invited_people_come_in_where_nobody_else_is_created() {
    let s = Scene::set(json!({"create_users": false})).await;
    let group = s.acme.post("/groups", &json!({"name": "Staff"})).await.created();
    let more = json!({"role": "admin", "name": "Alice Lovelace", "external_id": "crm-1", "group_ids": [id(&group)],
        "profile": {"type": "Practitioner", "id": "123", "identifiers": []}});
    let (made, link) = invited(&s.app, &s.acme, A, more).await;
    s.person("stranger", "stranger@acme.example");
    refused(&s.login(&s.app.browser()).await, 403, "user_unknown");

    s.person("a-1", "Alice@acme.example");
    let browser = s.app.browser();
    let pressed = press(&browser, &link).await;
    assert_eq!(pressed.status, 303, "{}", pressed.body);
    let location = pressed.location().unwrap();
    assert!(location.as_str().starts_with(login_url(&s.connection)), "{location}");
    assert!(location.as_str().contains("login_hint=alice%40acme.example"), "{location}");
    let carried = pressed.set_cookies();
    assert!(carried[0].contains("HttpOnly") && carried[0].contains("SameSite=Lax"), "{carried:?}");
    let callback = to_callback(&browser, location.as_str()).await;
    let done = browser.get(callback.as_str()).await;
    signed_in(&done);
    assert_eq!(cookie_pair(&done, "dw_i_").map(|pair| pair.ends_with('=')), Some(true), "it is carried no further");

    let user = s.users().await[0].clone();
    assert_eq!(
        (&user["role"], &user["name"], &user["external_id"]),
        (&json!("admin"), &json!("Alice Lovelace"), &json!("crm-1"))
    );
    assert_eq!(user["profile"], json!({"type": "Practitioner", "id": "123", "identifiers": []}));
    let groups = s.acme.get(&format!("/users/{}/groups", id(&user))).await.ok();
    assert_eq!(groups["items"][0]["group_id"], group["id"]);
    let over = now(&s.acme, &made).await;
    assert_eq!((&over["state"], &over["accepted_by"]), (&json!("accepted"), &user["id"]));
    let accepted = s.acme.last_event("invitation.accepted").await;
    assert_eq!(accepted["payload"], json!({"id": made["id"], "user_id": user["id"]}));
    assert_eq!(s.acme.last_event("login.succeeded").await["payload"]["outcome"], "created");
    // Whoever comes again, by the provider or by the old link, is who they are.
    signed_in(&s.login(&s.app.browser()).await);
    assert_eq!(s.users().await.len(), 1);
}

#[actix_web::test]
async fn row_a5_invited_ordinary_people_need_no_link_once_their_address_is_proven() {
    let s = Scene::set(json!({"create_users": false})).await;
    let made = invite(&s.acme, A, json!({"role": "auditor"})).await;
    s.provider.person(json!({"sub": "eve", "email": A, "email_verified": false}));
    refused(&s.login(&s.app.browser()).await, 403, "email_not_verified");
    s.person("a-1", A);
    signed_in(&s.login(&s.app.browser()).await);
    assert_eq!(s.users().await[0]["role"], "auditor");
    assert_eq!(now(&s.acme, &made).await["state"], "accepted");
    // One that was taken back brings nobody in.
    let revoked = invite(&s.acme, "bob@acme.example", json!({})).await;
    s.acme.delete(&format!("/invitations/{}", id(&revoked))).await.expect(204);
    s.person("b-1", "bob@acme.example");
    refused(&s.login(&s.app.browser()).await, 403, "user_unknown");
}

#[actix_web::test]
async fn t_05_whoever_sets_up_a_connection_becomes_no_admin_by_somebodys_invitation() {
    for (create_users, outcome) in [(false, Some("invitation_link_needed")), (true, None)] {
        let s = Scene::set(json!({"create_users": create_users})).await;
        let made = invite(&s.acme, A, json!({"role": "owner"})).await;
        s.person("eve", A); // what the provider says is what its admin wants
        let page = s.login(&s.app.browser()).await;
        match outcome {
            Some(code) => refused(&page, 403, code),
            None => {
                signed_in(&page);
                assert_eq!(s.users().await[0]["role"], "member");
            }
        }
        assert_eq!(now(&s.acme, &made).await["state"], "pending");
    }
}

#[actix_web::test]
async fn l_17_another_verified_address_than_the_invited_one_accepts_nothing() {
    let s = Scene::set(json!({})).await;
    let (made, link) = invited(&s.app, &s.acme, A, json!({"role": "admin"})).await;
    s.person("eve", "eve@acme.example");
    let browser = s.app.browser();
    let page = s.accept(&browser, &link).await;
    refused(&page, 409, "invitation_email_mismatch");
    assert!(s.users().await.is_empty());
    assert_eq!(now(&s.acme, &made).await["state"], "pending");
    assert_eq!(s.acme.last_event("login.refused").await["payload"]["reason"], "invitation_email_mismatch");
    // The next login is one without it; and the link is as good as before.
    signed_in(&s.login(&browser).await);
    assert_eq!(s.users().await[0]["role"], "member");
    s.person("a-1", A);
    signed_in(&s.accept(&s.app.browser(), &link).await);
    assert_eq!(now(&s.acme, &made).await["state"], "accepted");
}

#[actix_web::test]
async fn l_17_an_address_that_nobody_has_proven_accepts_nothing() {
    let s = Scene::set(json!({})).await;
    let (made, link) = invited(&s.app, &s.acme, A, json!({})).await;
    for person in [json!({"sub": "a-1", "email": A}), json!({"sub": "a-1", "email": A, "email_verified": false})] {
        s.provider.person(person);
        refused(&s.accept(&s.app.browser(), &link).await, 403, "email_not_verified");
    }
    s.provider.person(json!({"sub": "a-1"}));
    refused(&s.accept(&s.app.browser(), &link).await, 403, "email_missing");
    assert!(s.users().await.is_empty());
    assert_eq!(now(&s.acme, &made).await["state"], "pending");
}

#[actix_web::test]
async fn the_link_in_the_letter_is_the_proof_where_addresses_are_proven_by_mail() {
    let s = Scene::set(json!({"email_trust": "verify_by_mail", "create_users": false})).await;
    let (_, link) = invited(&s.app, &s.acme, A, json!({})).await;
    s.provider.person(json!({"sub": "a-1", "email": A}));
    signed_in(&s.accept(&s.app.browser(), &link).await);
    assert!(s.users().await[0]["email_verified_at"].is_string());
}

#[actix_web::test]
async fn a_suspended_user_is_not_signed_in_by_an_invitation() {
    let s = Scene::set(json!({})).await;
    let user = s.acme.post("/users", &json!({"email": A})).await.created();
    let path = format!("/users/{}", id(&user));
    s.acme.patch(&path, &json!({"status": "suspended"})).await.ok();
    let (made, link) = invited(&s.app, &s.acme, A, json!({"role": "admin"})).await;
    s.person("a-1", A);
    refused(&s.accept(&s.app.browser(), &link).await, 403, "user_suspended");
    let left = s.acme.get(&path).await.ok();
    assert_eq!((&left["status"], &left["role"]), (&json!("suspended"), &json!("member")));
    assert_eq!(now(&s.acme, &made).await["state"], "pending");
    s.acme.patch(&path, &json!({"status": "active"})).await.ok();
    signed_in(&s.accept(&s.app.browser(), &link).await);
    assert_eq!(s.acme.get(&path).await.ok()["role"], "admin");
}

#[actix_web::test]
async fn somebody_who_is_there_keeps_what_they_are_and_gets_what_they_lack() {
    let s = Scene::set(json!({})).await;
    s.provider.person(json!({"sub": "a-1", "email": A, "email_verified": true, "name": "Alice"}));
    let browser = s.app.browser();
    signed_in(&s.login(&browser).await);
    let user = s.users().await[0].clone();
    let more = json!({"role": "admin", "name": "Another", "external_id": "crm-1"});
    let (_, link) = invited(&s.app, &s.acme, A, more).await;
    signed_in(&s.accept(&browser, &link).await);
    let now = s.acme.get(&format!("/users/{}", id(&user))).await.ok();
    assert_eq!((&now["role"], &now["name"], &now["external_id"]), (&json!("admin"), &json!("Alice"), &json!("crm-1")));
    // Her other sessions have the new role at once, and nobody loses one by being invited.
    assert_eq!(browser.get("/v1/tenants/acme/users").await.status, 200);
    let (_, link) = invited(&s.app, &s.acme, A, json!({"role": "member"})).await;
    signed_in(&s.accept(&browser, &link).await);
    let now = s.acme.get(&format!("/users/{}", id(&user))).await.ok();
    assert_eq!((&now["role"], s.users().await.len()), (&json!("admin"), 1));
}

#[actix_web::test]
async fn an_invitation_links_no_identity_that_could_not_be_linked_without_it() {
    let s = Scene::set(json!({})).await;
    s.person("old", A);
    signed_in(&s.login(&s.app.browser()).await);
    let (made, link) = invited(&s.app, &s.acme, A, json!({"role": "admin"})).await;
    s.person("new", A); // perhaps another person with a recycled address
    refused(&s.accept(&s.app.browser(), &link).await, 403, "identity_conflict");
    assert_eq!(s.users().await[0]["role"], "member");
    assert_eq!(now(&s.acme, &made).await["state"], "pending");
}

#[actix_web::test]
async fn an_invitation_that_names_a_connection_is_accepted_by_no_other() {
    let s = Scene::set(json!({})).await;
    let other = HostileProvider::start();
    let named = s.acme.connect(&other, json!({})).await;
    let (made, link) = invited(&s.app, &s.acme, A, json!({"connection_id": named["id"]})).await;
    let browser = s.app.browser();
    let pressed = press(&browser, &link).await;
    assert!(pressed.location().unwrap().as_str().starts_with(login_url(&named)), "straight there");
    s.person("a-1", A);
    refused(&s.login(&browser).await, 403, "invitation_connection_mismatch");
    assert!(s.users().await.is_empty());
    let fields = [("way", "password"), ("password", "correct horse battery")];
    let page = crate::support::invitations::press_with(&s.app.browser(), &link, &fields).await;
    assert_eq!((page.status, page.code().as_str()), (403, "invitation_way_closed"));
    other.person(json!({"sub": "a-1", "email": A, "email_verified": true}));
    signed_in(&s.accept(&s.app.browser(), &link).await);
    assert_eq!(now(&s.acme, &made).await["state"], "accepted");
}

#[actix_web::test]
async fn with_several_connections_the_person_chooses_and_the_invitation_comes_along() {
    let s = Scene::set(json!({})).await;
    let other = HostileProvider::start();
    s.acme.connect(&other, json!({})).await;
    let (made, link) = invited(&s.app, &s.acme, A, json!({"role": "auditor"})).await;
    let browser = s.app.browser();
    let pressed = press(&browser, &link).await;
    let login = browser.get(pressed.location().unwrap().as_str()).await;
    assert!(login.body.contains(login_url(&s.connection)), "{}", login.body);
    s.person("a-1", A);
    signed_in(&s.login(&browser).await);
    assert_eq!(s.users().await[0]["role"], "auditor");
    assert_eq!(now(&s.acme, &made).await["state"], "accepted");
}

#[actix_web::test]
async fn l_18_what_the_inviter_lost_since_is_not_given_at_acceptance() {
    let s = Scene::set(json!({"create_users": false})).await;
    let operator = s.app.operator().await;
    let owner = s.acme.post("/users", &json!({"email": "boss@acme.example", "role": "owner"})).await.created();
    let key = json!({"name": "k", "user_id": id(&owner)});
    let key = s.acme.post("/api-keys", &key).await.created()["secret"].as_str().unwrap().to_owned();
    let boss = Admin::new(s.app.browser(), "/v1/tenants/acme", key.into());
    let second = json!({"email": "second@acme.example", "role": "owner"});
    s.acme.post("/users", &second).await.created(); // so that the boss is not the last one
    let (made, link) = invited(&s.app, &boss, A, json!({"role": "owner"})).await;
    s.person("a-1", A);
    let path = format!("/users/{}", id(&owner));
    for lost in [json!({"role": "admin"}), json!({"role": "member"}), json!({"role": "owner", "status": "suspended"})] {
        operator.patch(&format!("/v1/tenants/acme{path}"), &lost).await.ok();
        refused(&s.accept(&s.app.browser(), &link).await, 403, "invitation_not_covered");
    }
    assert_eq!(s.users().await.len(), 2);
    // Somebody who may sends it again, and covers it then.
    let resent = s.acme.post(&format!("/invitations/{}/resend", id(&made)), &json!({})).await.ok();
    let link = crate::support::invitations::link(&s.app, &s.acme, &resent).await;
    signed_in(&s.accept(&s.app.browser(), &link).await);
    let roles: Vec<_> = s.users().await.iter().map(|user| user["role"].clone()).collect();
    assert_eq!(roles.iter().filter(|role| **role == "owner").count(), 3, "{roles:?}");
}

#[actix_web::test]
async fn l_18_an_invitation_of_a_user_who_is_gone_is_covered_by_nobody() {
    let s = Scene::set(json!({"create_users": false})).await;
    let admin = s.acme.post("/service-accounts", &json!({"name": "bot", "role": "admin"})).await.created();
    let key = s.acme.post("/api-keys", &json!({"name": "k", "service_account_id": id(&admin)})).await.created();
    let bot = Admin::new(s.app.browser(), "/v1/tenants/acme", key["secret"].as_str().unwrap().into());
    let (made, link) = invited(&s.app, &bot, A, json!({})).await;
    s.acme.delete(&format!("/service-accounts/{}", id(&admin))).await.expect(204);
    s.person("a-1", A);
    refused(&s.accept(&s.app.browser(), &link).await, 403, "invitation_not_covered");
    refused(&s.login(&s.app.browser()).await, 403, "user_unknown");
    assert_eq!(now(&s.acme, &made).await["state"], "pending");
}

#[actix_web::test]
async fn the_invitation_is_accepted_with_the_groups_and_ids_that_are_still_there_to_be_given() {
    let s = Scene::set(json!({})).await;
    let gone = s.acme.post("/groups", &json!({"name": "Gone"})).await.created();
    let kept = s.acme.post("/groups", &json!({"name": "Kept"})).await.created();
    let more = json!({"group_ids": [id(&gone), id(&kept)], "external_id": "crm-1"});
    let (_, link) = invited(&s.app, &s.acme, A, more).await;
    s.acme.delete(&format!("/groups/{}", id(&gone))).await.expect(204);
    s.person("a-1", A);
    // Somebody else got the id in the meantime: nobody takes it from them, and the admin is told.
    let other = s.acme.post("/users", &json!({"external_id": "crm-1"})).await.created();
    refused(&s.accept(&s.app.browser(), &link).await, 409, "external_id_taken");
    s.acme.delete(&format!("/users/{}", id(&other))).await.expect(204);
    signed_in(&s.accept(&s.app.browser(), &link).await);
    let user = s.users().await[0].clone();
    let groups = s.acme.get(&format!("/users/{}/groups", id(&user))).await.ok();
    assert_eq!(groups["items"].as_array().unwrap().len(), 1);
    assert_eq!(groups["items"][0]["group_id"], kept["id"]);
}
