//! Accounts that somebody made ready in another person's name (L-08).

use serde_json::{Value, json};

use super::linking::Scene;
use crate::support::Browser;
use crate::support::mailbox::{link_to, token_of};
use crate::support::passwords::{PASSWORD, proven_person, set, signs_in, try_password};
use crate::support::sign_in::{id, is_signed_in, refused};
use crate::support::totp::{asks_for_a_code, begin, code, enrol, me};

const VICTIM: &str = "victim@acme.example";
const ME: &str = "/v1/tenants/acme/me";

/// A user with the victim's address, and its password in the wrong hands: the attacker is signed in and has a key.
async fn made_ready(s: &Scene) -> (Value, Browser, String) {
    let user = s.acme.post("/users", &json!({"email": VICTIM})).await.created();
    set(&s.acme, &user, &json!({"password": PASSWORD})).await;
    let attacker = s.app.browser();
    signs_in(&try_password(&attacker, VICTIM, PASSWORD).await);
    let key = json!({"name": "theirs", "user_id": user["id"]});
    let key = s.acme.post("/api-keys", &key).await.created()["secret"].as_str().unwrap().to_owned();
    assert_eq!((attacker.get(ME).await.status, by_key(s, &key).await), (200, 200));
    (user, attacker, key)
}

async fn by_key(s: &Scene, key: &str) -> u16 {
    let browser = s.app.browser();
    browser.send(browser.request(reqwest::Method::GET, ME).bearer_auth(key), ME).await.status
}

async fn warnings(s: &Scene) -> Value {
    s.acme.last_event("login.succeeded").await["payload"]["warnings"].clone()
}

#[actix_web::test]
async fn l_08_who_first_proves_an_address_finds_nobody_elses_way_in() {
    let s = Scene::set(json!({})).await;
    s.verify_domain("acme.example").await;
    let (user, attacker, key) = made_ready(&s).await;
    assert!(is_signed_in(&s.proven("victim", VICTIM).await));
    assert_eq!(s.identities(&user).await.len(), 1, "it is the same user");
    assert_eq!(attacker.get(ME).await.status, 401, "the session that was open is over, here at once");
    assert_eq!(by_key(&s, &key).await, 401);
    refused(&try_password(&s.app.browser(), VICTIM, PASSWORD).await, 403, "credentials_wrong");
    let sessions = s.acme.get("/sessions").await.ok();
    assert_eq!(sessions["items"].as_array().unwrap().len(), 1, "the victim's own");
    assert_eq!(warnings(&s).await, json!(["earlier_credentials_removed"]));
}

#[actix_web::test]
async fn l_08_an_invited_person_does_not_share_the_password_that_was_set_for_the_address() {
    // The domain is nobody's: the address alone was entered, and nobody has come in as it.
    let s = Scene::set(json!({})).await;
    let user = s.acme.post("/users", &json!({"email": VICTIM})).await.created();
    set(&s.acme, &user, &json!({"password": PASSWORD})).await;
    assert!(is_signed_in(&s.proven("victim", VICTIM).await));
    refused(&try_password(&s.app.browser(), VICTIM, PASSWORD).await, 403, "credentials_wrong");
    // Once somebody has come in by the password, the address is not enough.
    let s = Scene::set(json!({})).await;
    let (user, attacker, _) = made_ready(&s).await;
    refused(&s.proven("victim", VICTIM).await, 403, "link_requires_verification");
    assert!(s.identities(&user).await.is_empty());
    assert_eq!(attacker.get(ME).await.status, 200, "a refusal ends nothing");
}

#[actix_web::test]
async fn l_08_an_imported_identity_proves_the_address_likewise() {
    let s = Scene::set(json!({})).await;
    let (user, attacker, key) = made_ready(&s).await;
    let link = json!({"connection_id": id(&s.connection), "subject": "victim"});
    s.acme.post(&format!("/users/{}/identities", id(&user)), &link).await.created();
    assert!(is_signed_in(&s.proven("victim", VICTIM).await));
    assert_eq!((attacker.get(ME).await.status, by_key(&s, &key).await), (401, 401));
    refused(&try_password(&s.app.browser(), VICTIM, PASSWORD).await, 403, "credentials_wrong");
}

#[actix_web::test]
async fn l_08_what_was_set_up_after_the_proof_stays() {
    let s = Scene::set(json!({})).await;
    assert!(is_signed_in(&s.proven("victim", VICTIM).await));
    let user = s.users().await[0].clone();
    set(&s.acme, &user, &json!({"password": PASSWORD})).await;
    let own = s.app.browser();
    signs_in(&try_password(&own, VICTIM, PASSWORD).await);
    // Not even when an admin corrects the address, which is unproven then, and the same identity comes again.
    for email in ["victims@acme.example", VICTIM] {
        s.acme.patch(&format!("/users/{}", id(&user)), &json!({"email": email})).await.ok();
    }
    assert!(is_signed_in(&s.proven("victim", VICTIM).await));
    assert_eq!(own.get(ME).await.status, 200);
    signs_in(&try_password(&s.app.browser(), VICTIM, PASSWORD).await);
    assert_eq!(s.acme.get("/sessions").await.ok()["items"].as_array().unwrap().len(), 3);
}

#[actix_web::test]
async fn l_08_a_login_is_the_first_proof_once() {
    let s = Scene::set(json!({})).await;
    s.verify_domain("acme.example").await;
    made_ready(&s).await;
    for warned in [json!(["earlier_credentials_removed"]), json!([])] {
        assert!(is_signed_in(&s.proven("victim", VICTIM).await));
        assert_eq!(warnings(&s).await, warned);
    }
    let sessions = s.acme.get("/sessions").await.ok();
    assert_eq!(sessions["items"].as_array().unwrap().len(), 2, "the second login ends nothing");
}

#[actix_web::test]
async fn l_08_a_second_step_that_was_made_ready_keeps_nobody_out() {
    let s = Scene::set(json!({})).await;
    s.verify_domain("acme.example").await;
    // Set up while the account had an address of the attacker's own; then it is given the victim's.
    let user = proven_person(&s.app, &s.acme, "attacker@acme.example").await;
    let attacker = s.app.browser();
    signs_in(&try_password(&attacker, "attacker@acme.example", PASSWORD).await);
    enrol(&attacker, s.app.clock.now()).await;
    let waiting = begin(&attacker).await;
    s.acme.patch(&format!("/users/{}", id(&user)), &json!({"email": VICTIM})).await.ok();
    asks_for_a_code(&try_password(&s.app.browser(), VICTIM, PASSWORD).await);
    assert!(is_signed_in(&s.proven("victim", VICTIM).await));
    let left = s.acme.get(&format!("/users/{}/totp", id(&user))).await.ok();
    assert_eq!((&left["active"], &left["recovery_codes_left"]), (&json!(false), &json!(0)));
    // Nor does the secret that waited come to anything.
    let confirm = json!({"code": code(&waiting, s.app.clock.now())});
    assert_eq!(me(&attacker, reqwest::Method::POST, "/totp/confirm", Some(confirm)).await.status, 401);
    set(&s.acme, &user, &json!({"password": PASSWORD})).await;
    signs_in(&try_password(&s.app.browser(), VICTIM, PASSWORD).await);
}

#[actix_web::test]
async fn l_08_nobody_sets_a_second_step_up_before_the_address_is_proven() {
    let s = Scene::set(json!({})).await;
    let (user, browser, _) = made_ready(&s).await;
    assert_eq!(me(&browser, reqwest::Method::POST, "/totp", None).await.expect(409).code(), "address_not_proven");
    let page = browser.post("/t/acme/account/totp", &[]).await;
    assert_eq!((page.status, page.code().as_str()), (409, "address_not_proven"), "{}", page.body);
    assert_eq!(s.acme.count_events("user.totp_begun").await, 0);
    // A letter to the very address is the way.
    browser.post("/t/acme/account/email", &[("email", VICTIM)]).await;
    let token = token_of(&link_to(&s.app, VICTIM).await);
    assert_eq!(browser.post("/t/acme/account/email/confirm", &[("token", &token)]).await.status, 200);
    enrol(&browser, s.app.clock.now()).await;
    assert_eq!(s.acme.last_event("user.totp_enabled").await["payload"]["id"], user["id"]);
}

#[actix_web::test]
async fn l_08_another_spelling_of_a_proven_address_is_proven() {
    let s = Scene::set(json!({})).await;
    assert!(is_signed_in(&s.proven("victim", VICTIM).await));
    let user = s.users().await[0].clone();
    let path = format!("/users/{}", id(&user));
    for (email, proven) in [("Victim@ACME.example", true), ("other@acme.example", false), (VICTIM, false)] {
        let now = s.acme.patch(&path, &json!({"email": email})).await.ok();
        assert_eq!((&now["email"], now["email_verified_at"].is_string()), (&json!(email), proven), "{now}");
    }
}
