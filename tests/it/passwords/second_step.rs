//! The second step of a login by password: without its code nobody is in, and each code is good once.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Duration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::admin::Admin;
use crate::support::browser::Browser;
use crate::support::passwords::{ANOTHER, PASSWORD, person, proof, proven_person, set, signs_in, try_password};
use crate::support::relying_party::RelyingParty;
use crate::support::sign_in::{cookie_pair, id, refused};
use crate::support::totp::{asks_for_a_code, code, code_in, enrol, me, try_code, wrong_code};

const ALICE: &str = "alice@acme.example";

/// A person who signs in in two steps.
struct Scene {
    app: TestApp,
    acme: Admin,
    user: Value,
    browser: Browser,
    secret: String,
    recovery: Vec<String>,
}

impl Scene {
    /// The clock stands in the step after the one whose code was used to set the app up.
    async fn set() -> Self {
        let app = TestApp::start_with_manual_clock();
        let acme = app.tenant("acme").await;
        let user = proven_person(&app, &acme, ALICE).await;
        let browser = app.browser();
        signs_in(&try_password(&browser, ALICE, PASSWORD).await);
        let (secret, recovery) = enrol(&browser, app.clock.now()).await;
        app.clock.advance(Duration::seconds(60));
        Self { app, acme, user, browser, secret, recovery }
    }

    fn code(&self) -> String {
        code(&self.secret, self.app.clock.now())
    }

    /// A fresh browser in which the password was right.
    async fn half(&self) -> Browser {
        let browser = self.app.browser();
        asks_for_a_code(&try_password(&browser, ALICE, PASSWORD).await);
        browser
    }
}

#[actix_web::test]
async fn row_e3_local_a_login_in_two_steps_ends_where_it_was_wanted_and_says_so() {
    let s = Scene::set().await;
    let browser = s.app.browser();
    let carried = ("return_to", "https://app.example/x");
    let form = [("email", ALICE), ("password", PASSWORD), carried];
    let page = browser.post("/t/acme/login/password", &form).await;
    asks_for_a_code(&page);
    assert!(page.body.contains("name=\"return_to\" value=\"https://app.example/x\""), "{}", page.body);
    assert_eq!(browser.get("/v1/tenants/acme/me").await.status, 401, "half of it is nothing");
    assert_eq!(s.acme.get("/sessions").await.ok()["items"].as_array().unwrap().len(), 1);

    let wrong =
        browser.post("/t/acme/login/code", &[("code", &wrong_code(&s.secret, s.app.clock.now())), carried]).await;
    refused(&wrong, 403, "code_wrong");
    assert!(wrong.body.contains("name=\"return_to\" value=\"https://app.example/x\""), "{}", wrong.body);
    let spaced = format!("{} {}", &s.code()[..3], &s.code()[3..]);
    let done = browser.post("/t/acme/login/code", &[("code", &spaced), carried]).await;
    signs_in(&done);
    assert_eq!(done.location().unwrap().as_str(), "https://app.example/x");
    assert_eq!(cookie_pair(&done, "dw_h_").as_deref().map(|pair| pair.ends_with('=')), Some(true), "it is over");
    assert_eq!(browser.get("/v1/tenants/acme/me").await.status, 200);
    let event = s.acme.last_event("login.succeeded").await;
    assert_eq!((&event["payload"]["method"], &event["payload"]["user_id"]), (&json!("password"), &s.user["id"]));
    let refusal = s.acme.last_event("login.refused").await;
    assert_eq!((&refusal["payload"]["reason"], &refusal["payload"]["user_id"]), (&json!("code_wrong"), &s.user["id"]));
}

#[actix_web::test]
async fn applications_are_told_that_it_were_two_factors() {
    let s = Scene::set().await;
    let client = RelyingParty::register(&s.acme, json!({})).await;
    let browser = s.half().await;
    signs_in(&try_code(&browser, &s.code()).await);
    let tokens = client.tokens(&browser, &[]).await;
    let payload = tokens["id_token"].as_str().unwrap().split('.').nth(1).unwrap();
    let payload = URL_SAFE_NO_PAD.decode(payload).unwrap();
    let claims: Value = serde_json::from_slice(&payload).unwrap();
    assert_eq!(claims["amr"], json!(["pwd", "otp", "mfa"]), "{claims}");
}

#[actix_web::test]
async fn k_08_a_code_is_good_once_whoever_has_seen_it() {
    let s = Scene::set().await;
    let (first, second) = (s.half().await, s.half().await);
    let typed = s.code();
    signs_in(&try_code(&first, &typed).await);
    refused(&try_code(&second, &typed).await, 403, "code_wrong");
    // Nor is one from before it, although it would still be in time; the next one is.
    refused(&try_code(&second, &code_in(&s.secret, s.app.clock.now(), -1)).await, 403, "code_wrong");
    signs_in(&try_code(&second, &code_in(&s.secret, s.app.clock.now(), 1)).await);
    // The code by which the app was set up counts as used.
    let s = Scene::set().await;
    s.app.clock.advance(Duration::seconds(-30));
    let half = s.half().await;
    refused(&try_code(&half, &code_in(&s.secret, s.app.clock.now(), -1)).await, 403, "code_wrong");
}

#[actix_web::test]
async fn k_08_of_many_logins_with_one_code_at_once_one_gets_in() {
    let s = Scene::set().await;
    let other = s.app.second_instance();
    for typed in [s.code(), s.recovery[0].clone()] {
        let mut halves = Vec::new();
        for n in 0..4 {
            halves.push(s.half().await.via([s.app.port, other.port][n % 2]));
        }
        let tries: Vec<_> = halves
            .into_iter()
            .map(|browser| {
                let typed = typed.clone();
                actix_web::rt::spawn(async move { try_code(&browser, &typed).await.status })
            })
            .collect();
        let mut seen = Vec::new();
        for one in tries {
            seen.push(one.await.unwrap());
        }
        seen.sort_unstable();
        assert_eq!(seen, [303, 403, 403, 403], "{typed}");
        s.app.clock.advance(Duration::seconds(900));
    }
}

#[actix_web::test]
async fn a_code_is_taken_a_step_early_or_late_and_no_more() {
    let s = Scene::set().await;
    let half = s.half().await;
    for steps in [-2, 2] {
        refused(&try_code(&half, &code_in(&s.secret, s.app.clock.now(), steps)).await, 403, "code_wrong");
    }
    signs_in(&try_code(&half, &code_in(&s.secret, s.app.clock.now(), -1)).await);
    s.app.clock.advance(Duration::minutes(1));
    signs_in(&try_code(&s.half().await, &code_in(&s.secret, s.app.clock.now(), 1)).await);
    s.app.clock.advance(Duration::minutes(15));
    let half = s.half().await;
    for nonsense in ["", "1234567", "'; DROP TABLE users", &"9".repeat(5000)] {
        refused(&try_code(&half, nonsense).await, 403, "code_wrong");
    }
}

#[actix_web::test]
async fn the_first_step_counts_in_its_browser_for_ten_minutes_and_for_what_it_was_of() {
    let s = Scene::set().await;
    let expired = "second_step_expired";
    refused(&try_code(&s.app.browser(), &s.code()).await, 403, expired);
    let half = s.half().await;
    s.app.clock.advance(Duration::minutes(11));
    refused(&try_code(&half, &s.code()).await, 403, expired);

    // Another password, another app, a suspended user: each of them begins anew.
    let half = s.half().await;
    set(&s.acme, &s.user, &json!({"password": PASSWORD})).await;
    refused(&try_code(&half, &s.code()).await, 403, expired);
    let half = s.half().await;
    signs_in(&try_code(&half, &s.code()).await);
    let waiting = s.half().await;
    s.app.clock.advance(Duration::seconds(60));
    let (second, _) = enrol(&half, s.app.clock.now()).await;
    s.app.clock.advance(Duration::seconds(60));
    refused(&try_code(&waiting, &code(&second, s.app.clock.now())).await, 403, expired);
    let half = s.half().await;
    let path = format!("/users/{}", id(&s.user));
    s.acme.patch(&path, &json!({"status": "suspended"})).await.ok();
    refused(&try_code(&half, &code(&second, s.app.clock.now())).await, 403, expired);
}

#[actix_web::test]
async fn the_cookie_of_a_first_step_cannot_be_made_up_and_is_its_tenants_own() {
    let s = Scene::set().await;
    let page = try_password(&s.app.browser(), ALICE, PASSWORD).await;
    let pair = cookie_pair(&page, "dw_h_").unwrap();
    let (name, value) = pair.split_once('=').unwrap();
    let globex = s.app.tenant("globex").await.get("").await.ok();
    let elsewhere = name.replace(&name["dw_h_".len()..], &globex["id"].as_str().unwrap().replace('-', ""));
    for (path, forged) in [
        ("/t/acme/login/code", format!("{name}={}", &value[1..])),
        ("/t/acme/login/code", format!("{name}=x")),
        ("/t/acme/login/code", format!("{pair}; {pair}")),
        ("/t/globex/login/code", format!("{elsewhere}={value}")),
    ] {
        let browser = s.app.browser();
        let request = browser.request(Method::POST, path).header("cookie", forged);
        let request = request.header("origin", &s.app.url).header("sec-fetch-site", "same-origin");
        refused(&browser.send(request.form(&[("code", s.code())]), path).await, 403, "second_step_expired");
    }
    for attribute in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=600"] {
        let lines = page.set_cookies();
        assert!(
            lines.iter().any(|line| line.starts_with("dw_h_") && line.contains(attribute)),
            "{attribute}: {lines:?}"
        );
    }
    // W-08: the form is ours.
    let browser = s.half().await;
    let request = browser.request(Method::POST, "/t/acme/login/code").header("origin", "https://evil.example");
    let page = browser.send(request.form(&[("code", s.code())]), "/t/acme/login/code").await;
    assert!(page.status == 403 && page.body.contains("cross_site"), "{}", page.body);
    signs_in(&try_code(&browser, &s.code()).await);
}

#[actix_web::test]
async fn l_29_a_password_that_must_be_changed_is_not_changed_without_the_code() {
    let s = Scene::set().await;
    set(&s.acme, &s.user, &json!({"password": PASSWORD, "must_change": true})).await;
    let half = s.half().await;
    let asked = try_code(&half, &s.code()).await;
    let proof = proof(&asked);
    assert_eq!(s.acme.get("/sessions").await.ok()["items"], json!([]));
    // The code is used up, although nobody is signed in yet.
    refused(&try_code(&s.half().await, &s.code()).await, 403, "code_wrong");
    let form = [("proof", proof.as_str()), ("password", ANOTHER)];
    signs_in(&half.post("/t/acme/login/new-password", &form).await);

    // A proof from before the account had a second step is worth nothing now.
    let bob = proven_person(&s.app, &s.acme, "bob@acme.example").await;
    let browser = s.app.browser();
    signs_in(&try_password(&browser, "bob@acme.example", PASSWORD).await);
    set(&s.acme, &bob, &json!({"password": PASSWORD, "must_change": true})).await;
    let early = crate::support::passwords::proof(&try_password(&s.app.browser(), "bob@acme.example", PASSWORD).await);
    let in_time = crate::support::passwords::proof(&try_password(&browser, "bob@acme.example", PASSWORD).await);
    let chosen = [("proof", in_time.as_str()), ("password", ANOTHER)];
    signs_in(&browser.post("/t/acme/login/new-password", &chosen).await);
    enrol(&browser, s.app.clock.now()).await;
    let form = [("proof", early.as_str()), ("password", "yet another password")];
    refused(&browser.post("/t/acme/login/new-password", &form).await, 403, "password_change_expired");
}

#[actix_web::test]
async fn a_recovery_code_stands_in_once_and_a_new_set_ends_the_old_one() {
    let s = Scene::set().await;
    assert_eq!(s.recovery.len(), 10);
    let (half, again) = (s.half().await, s.half().await);
    let typed = s.recovery[3].to_uppercase().replace('-', " ");
    signs_in(&try_code(&half, &typed).await);
    refused(&try_code(&again, &s.recovery[3]).await, 403, "code_wrong");
    let event = s.acme.last_event("user.recovery_code_used").await;
    assert_eq!((&event["payload"]["id"], &event["payload"]["left"]), (&s.user["id"], &json!(9)));
    let mine = me(&half, Method::GET, "/totp", None).await.ok();
    assert_eq!((&mine["active"], &mine["recovery_codes_left"]), (&json!(true), &json!(9)));

    let made = me(&half, Method::POST, "/recovery-codes", None).await.created();
    let new: Vec<&str> = made["recovery_codes"].as_array().unwrap().iter().map(|c| c.as_str().unwrap()).collect();
    assert_eq!(new.len(), 10);
    refused(&try_code(&again, &s.recovery[4]).await, 403, "code_wrong");
    signs_in(&try_code(&again, new[0]).await);
    assert_eq!(s.acme.last_event("user.recovery_codes_made").await["payload"]["id"], s.user["id"]);
    // T-05: they are their owner's.
    let bob = proven_person(&s.app, &s.acme, "bob@acme.example").await;
    let browser = s.app.browser();
    signs_in(&try_password(&browser, "bob@acme.example", PASSWORD).await);
    enrol(&browser, s.app.clock.now()).await;
    assert_ne!(bob["id"], s.user["id"]);
    let half = s.app.browser();
    try_password(&half, "bob@acme.example", PASSWORD).await;
    refused(&try_code(&half, new[1]).await, 403, "code_wrong");
    assert_eq!(s.browser.get("/v1/tenants/acme/me").await.status, 200, "nothing of it ended a session");
}

#[actix_web::test]
async fn an_admin_takes_a_second_step_away_from_somebody_not_above_them() {
    let s = Scene::set().await;
    let path = format!("/users/{}/totp", id(&s.user));
    assert_eq!(s.acme.get(&path).await.ok()["active"], json!(true));
    s.acme.delete(&path).await.expect(204);
    assert_eq!(s.acme.delete(&path).await.expect(404).code(), "not_found");
    assert_eq!(s.acme.get(&path).await.ok()["recovery_codes_left"], json!(0));
    let event = s.acme.last_event("user.totp_removed").await;
    assert_eq!((&event["payload"]["id"], &event["actor"]["kind"]), (&s.user["id"], &json!("service_account")));
    signs_in(&try_password(&s.app.browser(), ALICE, PASSWORD).await);

    // With the password it goes too, and a new one has none.
    enrol(&s.browser, s.app.clock.now()).await;
    s.acme.delete(&format!("/users/{}/password", id(&s.user))).await.expect(204);
    assert_eq!(s.acme.get(&path).await.ok()["active"], json!(false));
    set(&s.acme, &s.user, &json!({"password": PASSWORD})).await;
    signs_in(&try_password(&s.browser, ALICE, PASSWORD).await);

    enrol(&s.browser, s.app.clock.now()).await;
    s.acme.patch(&format!("/users/{}", id(&s.user)), &json!({"role": "owner"})).await.ok();
    let admin = s.app.key(&s.app.operator().await, "acme", "admin").await;
    assert_eq!(admin.delete(&path).await.expect(403).code(), "role_above_own", "T-05");
}

#[actix_web::test]
async fn l_22_without_the_right_password_nobody_learns_of_a_second_step() {
    let s = Scene::set().await;
    person(&s.acme, "plain@acme.example").await;
    let seen = async |address: &str| {
        let page = try_password(&s.app.browser(), address, ANOTHER).await;
        refused(&page, 403, "credentials_wrong");
        let body = page.body.replace(address, "-").replace(&address.replace('@', "%40"), "-");
        (page.set_cookies(), body)
    };
    assert_eq!(seen(ALICE).await, seen("plain@acme.example").await);
}
