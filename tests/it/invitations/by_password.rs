//! Accepting where there is no single sign-on: the invited person chooses a password, or signs in by the one they have.

use serde_json::json;

use crate::support::TestApp;
use crate::support::hostile_provider::HostileProvider;
use crate::support::invitations::{invited, now, press_with};
use crate::support::passwords::{ANOTHER, PASSWORD, person, set, signs_in, try_password};
use crate::support::sign_in::{cookie_pair, id, refused};

const A: &str = "alice@acme.example";
const CHOOSE: [(&str, &str); 2] = [("way", "password"), ("password", PASSWORD)];

#[actix_web::test]
async fn an_invited_person_chooses_a_password_and_is_in() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let group = acme.post("/groups", &json!({"name": "Staff"})).await.created();
    let more = json!({"name": "Alice Lovelace", "role": "owner", "group_ids": [id(&group)]});
    let (made, link) = invited(&app, &acme, A, more).await;
    let browser = app.browser();
    let page = browser.get(&link).await;
    assert!(page.body.contains("autocomplete=\"new-password\""), "{}", page.body);
    for unfit in ["short", A, "Alice Lovelace"] {
        let page = press_with(&browser, &link, &[("way", "password"), ("password", unfit)]).await;
        assert_eq!(page.status, 422, "{unfit}: {}", page.body);
        assert!(page.body.contains("role=\"alert\""), "{}", page.body);
    }
    assert_eq!(acme.get("/users").await.ok()["items"], json!([]), "nothing happened yet");
    signs_in(&press_with(&browser, &link, &CHOOSE).await);
    assert_eq!(browser.get("/t/acme").await.text_of("name").as_deref(), Some("Alice Lovelace"));
    let user = acme.get("/users").await.ok()["items"][0].clone();
    assert_eq!((&user["email"], &user["role"]), (&json!(A), &json!("owner")));
    assert!(user["email_verified_at"].is_string(), "the letter proved the address");
    assert_eq!(now(&acme, &made).await["accepted_by"], user["id"]);
    let groups = acme.get(&format!("/users/{}/groups", id(&user))).await.ok();
    assert_eq!(groups["items"][0]["group_id"], group["id"]);
    signs_in(&try_password(&app.browser(), A, PASSWORD).await);
    let event = acme.last_event("login.succeeded").await;
    assert_eq!(event["payload"]["method"], "password");
    assert_eq!(acme.last_event("invitation.accepted").await["payload"]["user_id"], user["id"]);
}

#[actix_web::test]
async fn somebody_with_a_password_of_their_own_signs_in_by_it_and_accepts_with_that() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let (_, first) = invited(&app, &acme, A, json!({})).await;
    signs_in(&press_with(&app.browser(), &first, &CHOOSE).await);
    let (made, link) = invited(&app, &acme, A, json!({"role": "admin"})).await;
    let browser = app.browser();
    let page = browser.get(&link).await;
    assert!(!page.body.contains("name=\"password\""), "no new password: {}", page.body);
    let refused_page = press_with(&app.browser(), &link, &[("way", "password"), ("password", ANOTHER)]).await;
    refused(&refused_page, 403, "invitation_way_closed");
    let pressed = press_with(&browser, &link, &[("way", "password")]).await;
    let login = browser.get(pressed.location().unwrap().as_str()).await;
    assert!(login.body.contains("value=\"alice@acme.example\" readonly"), "{}", login.body);
    refused(&try_password(&browser, A, ANOTHER).await, 403, "credentials_wrong");
    assert_eq!(now(&acme, &made).await["state"], "pending");
    let done = try_password(&browser, A, PASSWORD).await;
    signs_in(&done);
    assert_eq!(cookie_pair(&done, "dw_i_").map(|pair| pair.ends_with('=')), Some(true));
    assert_eq!(now(&acme, &made).await["state"], "accepted");
    assert_eq!(acme.get("/users").await.ok()["items"][0]["role"], "admin");
    assert_eq!(browser.get("/v1/tenants/acme/users").await.status, 200, "with the new role");
}

#[actix_web::test]
async fn l_08_an_invited_person_does_not_share_a_password_from_before_the_letter() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let user = person(&acme, A).await; // somebody knows this password
    let attacker = app.browser();
    signs_in(&try_password(&attacker, A, PASSWORD).await);
    let (_, link) = invited(&app, &acme, A, json!({})).await;
    let browser = app.browser();
    signs_in(&press_with(&browser, &link, &[("way", "password"), ("password", ANOTHER)]).await);
    assert_eq!(attacker.get("/v1/tenants/acme/me").await.status, 401);
    refused(&try_password(&app.browser(), A, PASSWORD).await, 403, "credentials_wrong");
    signs_in(&try_password(&app.browser(), A, ANOTHER).await);
    assert_eq!(acme.get("/users").await.ok()["items"][0]["id"], user["id"], "it is the same user");
}

#[actix_web::test]
async fn l_08_a_password_from_before_the_letter_accepts_nothing() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    person(&acme, A).await; // somebody knows this password
    let (made, link) = invited(&app, &acme, A, json!({"role": "admin"})).await;
    let browser = app.browser();
    press_with(&browser, &link, &[("way", "password")]).await;
    refused(&try_password(&browser, A, PASSWORD).await, 403, "invitation_password_needed");
    assert_eq!(now(&acme, &made).await["state"], "pending");
    assert_eq!(acme.get("/users").await.ok()["items"][0]["role"], "member");
    signs_in(&press_with(&browser, &link, &[("way", "password"), ("password", ANOTHER)]).await);
    assert_eq!(now(&acme, &made).await["state"], "accepted");
}

#[actix_web::test]
async fn l_08_an_invited_person_does_not_share_an_identity_from_before_the_letter() {
    let app = TestApp::start();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let connection = acme.connect(&provider, json!({})).await;
    let identities = format!("/users/{}/identities", id(&person(&acme, A).await));
    acme.post(&identities, &json!({"connection_id": connection["id"], "subject": "evil"})).await.created();
    let (_, link) = invited(&app, &acme, A, json!({})).await;
    signs_in(&press_with(&app.browser(), &link, &CHOOSE).await);
    assert_eq!(acme.get(&identities).await.ok()["items"], json!([]));
}

#[actix_web::test]
async fn a_suspended_user_chooses_no_password() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let user = acme.post("/users", &json!({"email": A})).await.created();
    acme.patch(&format!("/users/{}", id(&user)), &json!({"status": "suspended"})).await.ok();
    let (made, link) = invited(&app, &acme, A, json!({})).await;
    refused(&press_with(&app.browser(), &link, &CHOOSE).await, 403, "user_suspended");
    assert_eq!(now(&acme, &made).await["state"], "pending");
    acme.patch(&format!("/users/{}", id(&user)), &json!({"status": "active"})).await.ok();
    signs_in(&press_with(&app.browser(), &link, &CHOOSE).await);
}

#[actix_web::test]
async fn l_17_who_signs_in_by_another_account_accepts_nothing() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let (_, first) = invited(&app, &acme, A, json!({})).await;
    signs_in(&press_with(&app.browser(), &first, &CHOOSE).await);
    person(&acme, "bob@acme.example").await;
    let (made, link) = invited(&app, &acme, A, json!({"role": "admin"})).await;
    let browser = app.browser();
    assert_eq!(press_with(&browser, &link, &[("way", "password")]).await.status, 303);
    signs_in(&try_password(&browser, "bob@acme.example", PASSWORD).await);
    assert_eq!(now(&acme, &made).await["state"], "pending");
    let roles = acme.get("/users").await.ok();
    assert!(roles["items"].as_array().unwrap().iter().all(|user| user["role"] == "member"));
}

#[actix_web::test]
async fn l_23_a_password_is_no_way_around_single_sign_on() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let provider = HostileProvider::start();
    let connection = acme.connect(&provider, json!({})).await;
    let (made, link) = invited(&app, &acme, A, json!({})).await;
    // A tenant with single sign-on and no passwords.
    refused(&press_with(&app.browser(), &link, &CHOOSE).await, 403, "invitation_way_closed");
    // Some people have passwords, but this domain signs in by the connection.
    person(&acme, "bob@other.example").await;
    let page = app.browser().get(&link).await;
    assert!(page.body.contains("name=\"password\""), "offered beside single sign-on: {}", page.body);
    let domain = json!({"domain": "acme.example", "connection_id": connection["id"]});
    let domain = acme.post("/domains", &domain).await.created();
    app.operator().await.post(&format!("/v1/tenants/acme/domains/{}/attest", id(&domain)), &json!({})).await.ok();
    assert!(!app.browser().get(&link).await.body.contains("name=\"password\""));
    refused(&press_with(&app.browser(), &link, &CHOOSE).await, 403, "invitation_way_closed");
    // A connection that signs nobody in is no way that the domain could name.
    let connection = format!("/connections/{}", id(&connection));
    acme.post(&format!("{connection}/disable"), &json!({})).await.ok();
    assert!(app.browser().get(&link).await.body.contains("name=\"password\""));
    acme.post(&format!("{connection}/activate"), &json!({})).await.ok();
    app.operator().await.patch("/v1/tenants/acme", &json!({"sso": "enforced"})).await.ok();
    refused(&press_with(&app.browser(), &link, &CHOOSE).await, 403, "sso_enforced");
    assert_eq!(now(&acme, &made).await["state"], "pending");
}

#[actix_web::test]
async fn a_password_that_an_admin_set_for_a_proven_address_is_not_replaced_by_a_letter() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let (_, first) = invited(&app, &acme, A, json!({})).await;
    signs_in(&press_with(&app.browser(), &first, &CHOOSE).await);
    let user = acme.get("/users").await.ok()["items"][0].clone();
    set(&acme, &user, &json!({"password": ANOTHER, "must_change": true})).await;
    let (made, link) = invited(&app, &acme, A, json!({"role": "admin"})).await;
    let browser = app.browser();
    press_with(&browser, &link, &[("way", "password")]).await;
    let asked = try_password(&browser, A, ANOTHER).await;
    let proof = crate::support::passwords::proof(&asked);
    assert_eq!(now(&acme, &made).await["state"], "pending");
    let fields = [("proof", proof.as_str()), ("password", "yet another password")];
    signs_in(&browser.post("/t/acme/login/new-password", &fields).await);
    assert_eq!(now(&acme, &made).await["state"], "accepted");
}
