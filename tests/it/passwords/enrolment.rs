//! Setting an authenticator app up, and what may be changed only shortly after a login.

use chrono::Duration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::admin::Admin;
use crate::support::browser::Browser;
use crate::support::database::lines;
use crate::support::passwords::{ANOTHER, PASSWORD, change_own, proven_person, signs_in, try_password};
use crate::support::test_app::{SEALING_KEY, Setup};
use crate::support::totp::{asks_for_a_code, begin, code, code_in, enrol, me, try_code, wrong_code};

const ALICE: &str = "alice@acme.example";

async fn start() -> (TestApp, Admin, Value, Browser) {
    let app = TestApp::start_with_manual_clock();
    let acme = app.tenant("acme").await;
    let user = proven_person(&app, &acme, ALICE).await;
    let browser = app.browser();
    signs_in(&try_password(&browser, ALICE, PASSWORD).await);
    (app, acme, user, browser)
}

async fn confirm(browser: &Browser, code: &str) -> crate::support::admin::Answer {
    me(browser, Method::POST, "/totp/confirm", Some(json!({"code": code}))).await
}

#[actix_web::test]
async fn a_secret_counts_once_a_code_of_it_was_right_and_not_before() {
    let (app, acme, user, browser) = start().await;
    let begun = me(&browser, Method::POST, "/totp", None).await.created();
    let secret = begun["secret"].as_str().unwrap();
    assert_eq!(secret.len(), 32);
    let uri = begun["otpauth_uri"].as_str().unwrap();
    let wanted = format!(
        "otpauth://totp/acme%20Inc.:alice@acme.example?secret={secret}&issuer=acme%20Inc.&algorithm=SHA1&digits=6&period=30"
    );
    assert_eq!(uri, wanted);
    // Nobody is asked for it yet, and nothing shows it again.
    signs_in(&try_password(&app.browser(), ALICE, PASSWORD).await);
    let shown = me(&browser, Method::GET, "/totp", None).await.ok();
    assert_eq!((&shown["active"], &shown["recovery_codes_left"]), (&json!(false), &json!(0)));
    assert!(!shown.to_string().contains(secret), "K-01");

    assert_eq!(confirm(&browser, &wrong_code(secret, app.clock.now())).await.expect(403).code(), "code_wrong");
    signs_in(&try_password(&app.browser(), ALICE, PASSWORD).await);
    let codes = confirm(&browser, &code(secret, app.clock.now())).await.ok();
    assert_eq!(codes["recovery_codes"].as_array().unwrap().len(), 10);
    asks_for_a_code(&try_password(&app.browser(), ALICE, PASSWORD).await);
    assert_eq!(confirm(&browser, &code_in(secret, app.clock.now(), 1)).await.expect(409).code(), "totp_not_begun");
    for event in ["user.totp_begun", "user.totp_enabled"] {
        assert_eq!(acme.last_event(event).await["payload"]["id"], user["id"], "{event}");
    }
    let shown = me(&browser, Method::GET, "/totp", None).await.ok();
    assert!(shown["active"] == json!(true) && shown["confirmed_at"].is_string(), "{shown}");
}

#[actix_web::test]
async fn k_02_a_secret_is_sealed_and_recovery_codes_are_hashes() {
    let (app, _, _, browser) = start().await;
    let (secret, codes) = enrol(&browser, app.clock.now()).await;
    let mut conn = app.database.superuser();
    let rows =
        lines(&mut conn, "SELECT t::text AS line FROM totp_secrets t UNION ALL SELECT r::text FROM recovery_codes r");
    assert_eq!(rows.len(), 11);
    let plain: Vec<u8> = secret.bytes().collect();
    let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
    for row in rows {
        assert!(!row.contains(&secret) && !row.contains(&hex(&plain)), "{row}");
        for code in &codes {
            let bare = code.replace('-', "");
            assert!(!row.contains(code) && !row.contains(&bare) && !row.contains(&hex(bare.as_bytes())), "{row}");
        }
    }
}

#[actix_web::test]
async fn k_02_a_secret_follows_the_sealing_keys() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    proven_person(&app, &acme, ALICE).await;
    let browser = app.browser();
    signs_in(&try_password(&browser, ALICE, PASSWORD).await);
    let now = app.clock.now();
    let (secret, _) = enrol(&browser, now).await;
    let new = "t2:AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let with = |keys: String| {
        let settings = json!({"public_url": app.url, "sealing_keys": keys});
        let database = Some(std::sync::Arc::clone(&app.database));
        TestApp::start_with(Setup { settings, database, ..Setup::default() })
    };
    let both = with(format!("{new},{SEALING_KEY}"));
    assert!(doorward::flows::rotate_secrets::rotate(&both.context).await.unwrap() >= 1);
    let only_new = with(new.to_owned());
    let half = only_new.browser();
    asks_for_a_code(&try_password(&half, ALICE, PASSWORD).await);
    signs_in(&try_code(&half, &code_in(&secret, now, 1)).await);
}

#[actix_web::test]
async fn another_app_takes_the_place_of_the_first_once_it_is_confirmed() {
    let (app, _, _, browser) = start().await;
    let (first, old_codes) = enrol(&browser, app.clock.now()).await;
    app.clock.advance(Duration::seconds(60));
    let second = begin(&browser).await;
    let third = begin(&browser).await;
    assert_eq!(
        confirm(&browser, &code(&second, app.clock.now())).await.expect(403).code(),
        "code_wrong",
        "it was replaced"
    );
    let half = app.browser();
    try_password(&half, ALICE, PASSWORD).await;
    signs_in(&try_code(&half, &code(&first, app.clock.now())).await);
    let confirmed = confirm(&browser, &code(&third, app.clock.now())).await.ok();
    assert_ne!(confirmed["recovery_codes"][0], json!(old_codes[0]));
    app.clock.advance(Duration::seconds(60));
    for (secret, good) in [(&first, false), (&third, true)] {
        let half = app.browser();
        asks_for_a_code(&try_password(&half, ALICE, PASSWORD).await);
        let page = try_code(&half, &code(secret, app.clock.now())).await;
        assert_eq!(page.status, if good { 303 } else { 403 });
    }
}

#[actix_web::test]
async fn a_secret_waits_a_quarter_of_an_hour_for_its_code() {
    let (app, _, _, browser) = start().await;
    let secret = begin(&browser).await;
    app.clock.advance(Duration::minutes(16));
    assert_eq!(confirm(&browser, &code(&secret, app.clock.now())).await.expect(409).code(), "totp_not_begun");
    app.clock.advance(Duration::hours(1));
    doorward::flows::sweep::sweep(&app.context).await.unwrap();
    let left = lines(&mut app.database.superuser(), "SELECT id::text AS line FROM totp_secrets");
    assert!(left.is_empty(), "{left:?}");
}

#[actix_web::test]
async fn somebody_without_a_password_is_asked_for_no_code_and_sets_no_app_up() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let provider = crate::support::hostile_provider::HostileProvider::start();
    let connection = acme.connect(&provider, json!({})).await;
    let browser = app.browser();
    assert_eq!(browser.follow(connection["login_url"].as_str().unwrap()).await.status, 200);
    assert_eq!(me(&browser, Method::POST, "/totp", None).await.expect(409).code(), "password_needed");
}

#[actix_web::test]
async fn what_changes_how_somebody_gets_in_wants_a_login_of_the_last_ten_minutes() {
    let (app, acme, _, browser) = start().await;
    let (secret, _) = enrol(&browser, app.clock.now()).await;
    app.clock.advance(Duration::minutes(11));
    let needed = "reauthentication_needed";
    for (method, path) in [(Method::POST, "/totp"), (Method::DELETE, "/totp"), (Method::POST, "/recovery-codes")] {
        assert_eq!(me(&browser, method, path, None).await.expect(403).code(), needed, "{path}");
    }
    assert_eq!(change_own(&browser, PASSWORD, ANOTHER).await.expect(403).code(), needed);
    assert_eq!(acme.count_events("user.password_changed").await, 0);
    assert_eq!(me(&browser, Method::GET, "/totp", None).await.ok()["active"], json!(true));

    // Signing in again, in both steps, is what helps.
    try_password(&browser, ALICE, PASSWORD).await;
    assert_eq!(me(&browser, Method::DELETE, "/totp", None).await.expect(403).code(), needed, "half of it does not");
    signs_in(&try_code(&browser, &code(&secret, app.clock.now())).await);
    change_own(&browser, PASSWORD, ANOTHER).await.expect(204);
    me(&browser, Method::DELETE, "/totp", None).await.expect(204);
    assert_eq!(me(&browser, Method::DELETE, "/totp", None).await.expect(404).code(), "not_found");
    assert_eq!(me(&browser, Method::POST, "/recovery-codes", None).await.expect(404).code(), "not_found");
    signs_in(&try_password(&app.browser(), ALICE, ANOTHER).await);
}

#[actix_web::test]
async fn k_07_a_key_of_a_person_sets_nothing_up_and_takes_nothing_away() {
    let (_app, acme, user, browser) = start().await;
    let key = acme.post("/api-keys", &json!({"name": "mine", "user_id": user["id"]})).await.created();
    for (method, path) in [
        (Method::GET, "/me/totp"),
        (Method::POST, "/me/totp"),
        (Method::DELETE, "/me/totp"),
        (Method::POST, "/me/recovery-codes"),
    ] {
        let request = acme.browser.request(method, &format!("/v1/tenants/acme{path}"));
        let answer = acme.send(request.bearer_auth(key["secret"].as_str().unwrap())).await;
        assert_eq!(answer.expect(403).code(), "session_needed", "{path}");
    }
    assert_eq!(me(&browser, Method::GET, "/totp", None).await.ok()["active"], json!(false));
}

#[actix_web::test]
async fn k_08_a_session_guesses_no_code_of_a_secret_it_did_not_see() {
    let app = crate::support::passwords::app_within_a_window();
    let acme = app.tenant("acme").await;
    proven_person(&app, &acme, ALICE).await;
    let browser = app.browser();
    signs_in(&try_password(&browser, ALICE, PASSWORD).await);
    let secret = begin(&browser).await;
    for _ in 0..10 {
        confirm(&browser, &wrong_code(&secret, app.clock.now())).await.expect(403);
    }
    assert_eq!(confirm(&browser, &code(&secret, app.clock.now())).await.expect(429).code(), "rate_limited");
}

#[actix_web::test]
async fn setting_an_app_up_ends_the_sessions_that_came_by_the_password_alone() {
    let (app, _, _, browser) = start().await;
    let other = app.browser();
    signs_in(&try_password(&other, ALICE, PASSWORD).await);
    enrol(&browser, app.clock.now()).await;
    assert_eq!(me(&other, Method::GET, "", None).await.status, 401);
    assert_eq!(me(&browser, Method::GET, "", None).await.status, 200);
}
