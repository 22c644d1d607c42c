//! Who becomes which user (L-01 to L-09, L-14, L-24, L-25, L-28).

use serde_json::{Value, json};

use crate::needs_loopback;
use crate::support::TestApp;
use crate::support::admin::Admin;
use crate::support::browser::Page;
use crate::support::hostile_provider::HostileProvider;
use crate::support::passwords::PASSWORD;
use crate::support::sign_in::{id, is_signed_in, login_url, refused, to_callback};

/// A tenant with a provider and a connection.
pub(super) struct Scene {
    pub(super) app: TestApp,
    pub(super) acme: Admin,
    pub(super) provider: HostileProvider,
    pub(super) connection: Value,
}

impl Scene {
    pub(super) async fn set(provisioning: Value) -> Self {
        let app = TestApp::start();
        let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
        let connection = acme.connect(&provider, json!({"provisioning": provisioning})).await;
        Self { app, acme, provider, connection }
    }

    /// A login in a fresh browser of somebody with this subject, address and `email_verified`.
    async fn login(&self, sub: &str, email: &str, verified: Option<Value>) -> Page {
        let mut person = json!({"sub": sub, "email": email, "name": sub});
        if let Some(verified) = verified {
            person["email_verified"] = verified;
        }
        self.provider.person(person);
        let browser = self.app.browser();
        let callback = to_callback(&browser, login_url(&self.connection)).await;
        browser.get(callback.as_str()).await
    }

    pub(super) async fn proven(&self, sub: &str, email: &str) -> Page {
        self.login(sub, email, Some(json!(true))).await
    }

    pub(super) async fn users(&self) -> Vec<Value> {
        self.acme.get("/users").await.ok()["items"].as_array().unwrap().clone()
    }

    pub(super) async fn identities(&self, user: &Value) -> Vec<Value> {
        let path = format!("/users/{}/identities", id(user));
        self.acme.get(&path).await.ok()["items"].as_array().unwrap().clone()
    }

    pub(super) async fn verify_domain(&self, domain: &str) {
        let row = self.acme.post("/domains", &json!({"domain": domain})).await.created();
        let path = format!("/v1/tenants/acme/domains/{}/attest", id(&row));
        self.app.operator().await.post(&path, &json!({})).await.ok();
    }
}

#[actix_web::test]
async fn l_01_an_unproven_address_takes_over_nobody() {
    let s = Scene::set(json!({})).await;
    s.acme.post("/users", &json!({"email": "boss@acme.example", "role": "owner"})).await.created();
    for verified in [
        None,
        Some(json!(false)),
        Some(json!("false")),
        Some(json!(0)),
        Some(json!(null)),
        Some(json!("yes")),
        Some(json!([true])),
    ] {
        let page = s.login("mallory", "boss@acme.example", verified.clone()).await;
        refused(&page, 403, "email_not_verified");
    }
    let users = s.users().await;
    assert_eq!(users.len(), 1);
    assert!(s.identities(&users[0]).await.is_empty());
    assert_eq!(s.acme.get("/sessions").await.ok()["items"], json!([]));
    assert_eq!(s.acme.count_events("login.refused").await, 7);
}

#[actix_web::test]
async fn l_01_a_proven_address_of_somebody_who_came_in_otherwise_is_not_enough() {
    needs_loopback!("127.0.0.2");
    let s = Scene::set(json!({})).await;
    assert!(is_signed_in(&s.proven("alice", "alice@acme.example").await));
    let other = HostileProvider::start_at("127.0.0.2");
    other.person(json!({"sub": "alice", "email": "alice@acme.example", "email_verified": true, "name": "Alice"}));
    let second = s.acme.connect(&other, json!({})).await;
    let page = s.app.browser().follow(login_url(&second)).await;
    refused(&page, 403, "identity_conflict");
    assert_eq!(s.users().await.len(), 1);
}

#[actix_web::test]
async fn l_02_a_hostile_tenants_provider_reaches_nobody_of_another_tenant() {
    let s = Scene::set(json!({})).await;
    assert!(is_signed_in(&s.proven("victim", "victim@acme.example").await));
    let victim = s.users().await[0].clone();
    // Another tenant's provider says the same issuer-wide subject and address, signed and "verified".
    let evil = s.app.tenant("evil").await;
    let connection = evil.connect(&s.provider, json!({})).await;
    let browser = s.app.browser();
    browser.follow(login_url(&connection)).await;
    let theirs = evil.get("/users").await.ok()["items"][0].clone();
    assert_ne!(theirs["id"], victim["id"]);
    assert_eq!(s.identities(&victim).await.len(), 1);
    assert_eq!(s.acme.get("/sessions").await.ok()["items"].as_array().unwrap().len(), 1);
    // And it does not vouch for the domain: a directory is believed for domains that its own tenant has verified.
    s.verify_domain("acme.example").await;
    let path = format!("/connections/{}", id(&connection));
    evil.patch(&path, &json!({"provisioning": {"email_trust": "trust_connection"}})).await.ok();
    let page = s.app.browser().follow(login_url(&connection)).await;
    refused(&page, 403, "email_domain_not_verified");
    assert!(page.body.contains("has not verified the domain of your e-mail address"), "{}", page.body);
    let detail = evil.last_event("login.refused").await["payload"]["detail"].clone();
    assert!(detail.as_str().unwrap().contains("(it is acme.example)"), "{detail}");
}

#[actix_web::test]
async fn l_03_another_issuer_behind_a_connection_asks_first_and_then_unlinks_everybody() {
    needs_loopback!("127.0.0.2");
    let s = Scene::set(json!({})).await;
    let browser = s.app.browser();
    let first = browser.follow(login_url(&s.connection)).await;
    assert_eq!(first.status, 200);
    let user = s.users().await[0].clone();
    let evil = HostileProvider::start_at("127.0.0.2"); // asserts the same subject and address
    let path = format!("/connections/{}", id(&s.connection));
    let moved = json!({"settings": {"issuer": evil.issuer}, "client_secret": "its own"});
    for patch in [moved.clone(), json!({"settings": {"claim_mapping": {"user_id": ["email"]}}})] {
        let answer = s.acme.patch(&path, &patch).await.expect(409);
        assert_eq!(answer.code(), "unlink_not_confirmed");
    }
    assert_eq!(s.identities(&user).await.len(), 1, "nothing happened yet");
    assert_eq!(browser.get("/t/acme").await.status, 200);

    s.acme.patch(&format!("{path}?confirm_unlink=true"), &moved).await.ok();
    assert!(s.identities(&user).await.is_empty());
    assert_eq!(browser.get("/t/acme").await.status, 303, "sessions by it are over");
    let page = s.app.browser().follow(login_url(&s.connection)).await;
    refused(&page, 403, "link_requires_verification");
    assert!(s.identities(&user).await.is_empty());
}

#[actix_web::test]
async fn l_04_addresses_that_only_look_alike_are_different_people() {
    let s = Scene::set(json!({})).await;
    s.verify_domain("acme.example").await;
    let admin = s.acme.post("/users", &json!({"email": "admin.ss@acme.example", "role": "owner"})).await.created();
    for (n, twin) in [
        "аdmin.ss@acme.example", // Cyrillic а
        "adminss@acme.example",
        "admin.ss+x@acme.example",
        "admin.ß@acme.example",
        "admın.ss@acme.example",
        "admİn.ss@acme.example",
        "admin.ss@acme.examp1e",
        "admin.ss@аcme.example",
    ]
    .into_iter()
    .enumerate()
    {
        let page = s.proven(&format!("twin-{n}"), twin).await;
        assert!(is_signed_in(&page), "{twin}: {}", page.body);
        assert!(s.identities(&admin).await.is_empty(), "{twin}");
    }
    for (n, unclear) in
        ["ａdmin.ss@acme.example", "\"admin.ss\"@acme.example", "admin.ss@acme.example."].into_iter().enumerate()
    {
        refused(&s.proven(&format!("unclear-{n}"), unclear).await, 403, "email_invalid");
    }
    assert_eq!(s.users().await.len(), 9);
    // The very address in other letters is the same person.
    assert!(is_signed_in(&s.proven("admin", "Admin.SS@ACME.example").await));
    assert_eq!(s.identities(&admin).await.len(), 1);
}

#[actix_web::test]
async fn l_05_what_is_no_address_signs_nobody_in_and_is_not_saved() {
    let s = Scene::set(json!({})).await;
    let long = format!("{}@acme.example", "a".repeat(250));
    let bad = [
        "a\0@acme.example",
        "a@acme.example\r\nBcc: x@evil.example",
        "a@b(c)",
        "a@b@acme.example",
        "Alice <a@acme.example>",
        "a@acme.example, b@acme.example",
        "a@[127.0.0.1]",
        "@acme.example",
        "a",
        long.as_str(),
    ];
    for bad in bad {
        refused(&s.proven("mallory", bad).await, 403, "email_invalid");
        let answer = s.acme.post("/users", &json!({"email": bad})).await.expect(422);
        assert_eq!(answer.fields(), ["email"], "{bad:?}");
    }
    assert!(s.users().await.is_empty());
}

#[actix_web::test]
async fn l_06_a_changed_address_changes_the_profile_and_links_nobody() {
    let s = Scene::set(json!({})).await;
    assert!(is_signed_in(&s.proven("alice", "alice@acme.example").await));
    assert!(is_signed_in(&s.proven("bob", "bob@acme.example").await));
    assert!(is_signed_in(&s.proven("alice", "alice.new@acme.example").await));
    let alice = s.users().await[0].clone();
    assert_eq!(alice["email"], "alice.new@acme.example");
    // Onto another user's address the profile does not follow.
    assert!(is_signed_in(&s.proven("alice", "bob@acme.example").await));
    let users = s.users().await;
    assert_eq!(
        (&users[0]["email"], &users[1]["email"]),
        (&json!("alice.new@acme.example"), &json!("bob@acme.example"))
    );
    let event = s.acme.last_event("login.succeeded").await;
    assert_eq!(event["payload"]["user_id"], alice["id"]);
    assert_eq!(event["payload"]["warnings"], json!(["email_belongs_to_another_user"]));
}

#[actix_web::test]
async fn l_07_a_recycled_address_inherits_nothing() {
    let s = Scene::set(json!({})).await;
    s.verify_domain("acme.example").await;
    assert!(is_signed_in(&s.proven("old-employee", "sales@acme.example").await));
    refused(&s.proven("new-employee", "sales@acme.example").await, 403, "identity_conflict");
    let users = s.users().await;
    assert_eq!(users.len(), 1);
    assert_eq!(s.identities(&users[0]).await.len(), 1);
    assert_eq!(
        s.acme.last_event("login.refused").await["payload"]["user_id"],
        users[0]["id"],
        "the admin sees whom it is about"
    );
    let detail = s.acme.last_event("login.refused").await["payload"]["detail"].to_string();
    assert!(detail.contains("new-employee"), "and what to link, should it be the same person: {detail}");
}

#[actix_web::test]
async fn l_09_nobody_says_by_the_api_that_an_address_is_proven() {
    let s = Scene::set(json!({})).await;
    let user = s.acme.post("/users", &json!({"email": "alice@acme.example"})).await.created();
    let path = format!("/users/{}", id(&user));
    for claim in [json!({"email_verified": true}), json!({"email_verified_at": "2026-01-01T00:00:00Z"})] {
        let field = claim.as_object().unwrap().keys().next().unwrap().clone();
        assert_eq!(s.acme.patch(&path, &claim).await.expect(422).fields(), std::slice::from_ref(&field));
        let mut create = claim;
        create["email"] = json!("bob@acme.example");
        assert_eq!(s.acme.post("/users", &create).await.expect(422).fields(), [field]);
    }
    let domain = s.acme.post("/domains", &json!({"domain": "acme.example"})).await.created();
    let domain = format!("/domains/{}", id(&domain));
    s.acme.patch(&domain, &json!({"status": "verified"})).await.expect(422);
    assert_eq!(s.acme.post(&format!("{domain}/attest"), &json!({})).await.status, 404, "for operators only");
    assert_eq!(s.acme.get(&domain).await.ok()["status"], "pending");
    assert_eq!(s.acme.get(&path).await.ok()["email_verified_at"], Value::Null);
    // A proven address that is changed by hand is proven no more.
    assert!(is_signed_in(&s.proven("alice", "alice@acme.example").await));
    assert_ne!(s.acme.get(&path).await.ok()["email_verified_at"], Value::Null);
    let changed = s.acme.patch(&path, &json!({"email": "alice2@acme.example"})).await.ok();
    assert_eq!(changed["email_verified_at"], Value::Null);
}

#[actix_web::test]
async fn l_14_somebody_elses_identity_cannot_be_unlinked() {
    let s = Scene::set(json!({})).await;
    s.proven("alice", "alice@acme.example").await;
    s.proven("bob", "bob@acme.example").await;
    let users = s.users().await;
    let bobs = s.identities(&users[1]).await[0].clone();
    let crossed = format!("/users/{}/identities/{}", id(&users[0]), id(&bobs));
    let answer = s.acme.delete(&crossed).await.expect(404);
    let never = format!("/users/{}/identities/{}", id(&users[0]), uuid::Uuid::now_v7());
    assert_eq!(s.acme.delete(&never).await.expect(404).text, answer.text);
    let evil = s.app.tenant("evil").await;
    let foreign = format!("/users/{}/identities/{}", id(&users[1]), id(&bobs));
    assert_eq!(evil.delete(&foreign).await.expect(404).text, answer.text);
    assert_eq!(s.identities(&users[1]).await.len(), 1);
}

#[actix_web::test]
async fn l_14_the_last_way_in_is_not_unlinked() {
    let s = Scene::set(json!({})).await;
    let browser = s.app.browser();
    s.provider.person(json!({"sub": "alice", "email": "alice@acme.example", "email_verified": true, "name": "Alice"}));
    assert_eq!(browser.follow(login_url(&s.connection)).await.status, 200);
    let user = s.users().await[0].clone();
    let path = format!("/users/{}/identities", id(&user));
    let first = format!("{path}/{}", id(&s.identities(&user).await[0]));
    assert_eq!(s.acme.delete(&first).await.expect(409).code(), "last_way_in");
    assert_eq!(s.identities(&user).await.len(), 1);
    assert_eq!(browser.get("/v1/tenants/acme/me").await.status, 200, "nothing happened");
    assert_eq!(s.acme.count_events("identity.unlinked").await, 0);
    // Another identity is a way in, and so is a password.
    let other = json!({"connection_id": id(&s.connection), "subject": "alice-2"});
    let other = s.acme.post(&path, &other).await.created();
    s.acme.delete(&first).await.expect(204);
    let other = format!("{path}/{}", id(&other));
    assert_eq!(s.acme.delete(&other).await.expect(409).code(), "last_way_in");
    s.acme.put_json(&format!("/users/{}/password", id(&user)), &json!({"password": PASSWORD})).await.expect(204);
    s.acme.delete(&other).await.expect(204);
    assert!(s.identities(&user).await.is_empty());
}

#[actix_web::test]
async fn l_14_of_two_who_unlink_the_last_two_at_once_one_comes_second() {
    let s = Scene::set(json!({})).await;
    let identity = |subject: &str| json!({"connection_id": id(&s.connection), "subject": subject});
    for round in 0..5 {
        let both = [identity(&format!("a{round}")), identity(&format!("b{round}"))];
        let user = json!({"email": format!("u{round}@acme.example"), "identities": both});
        let user = s.acme.post("/users", &user).await.created();
        let unlinked = s.identities(&user).await.into_iter().map(|identity| {
            let (acme, path) = (s.acme.clone(), format!("/users/{}/identities/{}", id(&user), id(&identity)));
            actix_web::rt::spawn(async move { acme.delete(&path).await.status })
        });
        let mut statuses = Vec::new();
        for one in unlinked.collect::<Vec<_>>() {
            statuses.push(one.await.unwrap());
        }
        statuses.sort_unstable();
        assert_eq!(statuses, [204, 409]);
    }
}

#[actix_web::test]
async fn l_24_without_provisioning_an_unknown_person_is_refused_and_a_known_one_is_not() {
    let s = Scene::set(json!({"create_users": false})).await;
    refused(&s.proven("stranger", "stranger@acme.example").await, 403, "user_unknown");
    assert!(s.users().await.is_empty());
    s.acme.post("/users", &json!({"email": "alice@acme.example"})).await.created();
    assert!(is_signed_in(&s.proven("alice", "alice@acme.example").await));
    assert_eq!(s.users().await.len(), 1);
}

#[actix_web::test]
async fn l_25_first_logins_of_one_person_at_once_make_one_user_and_all_sign_in() {
    let s = Scene::set(json!({})).await;
    let other = s.app.second_instance();
    let mut ready = Vec::new();
    for n in 0..12 {
        let browser = if n % 2 == 0 { s.app.browser() } else { other.browser() };
        let callback = to_callback(&browser, login_url(&s.connection)).await;
        ready.push((browser, callback));
    }
    let logins = ready
        .into_iter()
        .map(|(browser, callback)| actix_web::rt::spawn(async move { browser.get(callback.as_str()).await }));
    for login in logins.collect::<Vec<_>>() {
        let page = login.await.unwrap();
        assert!(is_signed_in(&page), "{}: {}", page.status, page.body);
    }
    let users = s.users().await;
    assert_eq!(users.len(), 1);
    assert_eq!(s.identities(&users[0]).await.len(), 1);
    assert_eq!(s.acme.get("/sessions").await.ok()["items"].as_array().unwrap().len(), 12);
    assert_eq!(s.acme.count_events("login.succeeded").await, 12);
}

#[actix_web::test]
async fn l_28_a_deleted_user_comes_back_as_a_new_one_with_nothing_of_the_old() {
    let s = Scene::set(json!({})).await;
    s.proven("alice", "alice@acme.example").await;
    let old = s.users().await[0].clone();
    s.acme.patch(&format!("/users/{}", id(&old)), &json!({"role": "admin"})).await.ok();
    let group = s.acme.post("/groups", &json!({"name": "Staff"})).await.created();
    s.acme.put(&format!("/groups/{}/members/{}", id(&group), id(&old))).await;
    s.acme.delete(&format!("/users/{}", id(&old))).await.expect(204);
    assert!(is_signed_in(&s.proven("alice", "alice@acme.example").await));
    let new = s.users().await[0].clone();
    assert_ne!(new["id"], old["id"]);
    assert_eq!(new["role"], "member");
    let groups = s.acme.get(&format!("/users/{}/groups", id(&new))).await.ok();
    assert_eq!(groups["items"], json!([]));
    // The old id means nothing, here and at another tenant.
    s.acme.get(&format!("/users/{}", id(&old))).await.expect(404);
    s.app.tenant("evil").await.get(&format!("/users/{}", id(&new))).await.expect(404);
}
