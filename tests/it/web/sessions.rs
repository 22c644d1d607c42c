//! The life of a session (W-01, W-04, W-05). What ends it ends it on every instance within five seconds.

use std::time::Duration;

use chrono::Duration as Span;
use doorward::clock::Clock;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::admin::Admin;
use crate::support::hostile_provider::HostileProvider;
use crate::support::sign_in::{cookie_pair, id, login_url, session_cookie, to_callback};
use crate::support::test_app::Setup;
use crate::support::{Browser, TestApp};

/// The status that a session cookie gets.
async fn status(browser: &Browser, path: &str, cookie: &str) -> u16 {
    let request = browser.request(Method::GET, path).header("cookie", cookie);
    browser.send(request, path).await.status
}

/// Asks until the answer is `expected`, five seconds long.
async fn becomes(browser: &Browser, path: &str, cookie: &str, expected: u16) {
    let mut last = 0;
    for _ in 0..50 {
        last = status(browser, path, cookie).await;
        if last == expected {
            return;
        }
        actix_web::rt::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("still {last} after five seconds");
}

/// Two instances that both know the session of one user.
struct Scene {
    app: TestApp,
    other: TestApp,
    acme: Admin,
    connection: Value,
    user: Value,
    browser: Browser,
    cookie: String,
    _provider: HostileProvider,
}

const ME: &str = "/v1/tenants/acme/me";

impl Scene {
    async fn set() -> Self {
        let app = TestApp::start();
        let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
        let connection = acme.connect(&provider, json!({})).await;
        let other = app.second_instance();
        let browser = app.browser();
        let cookie = session_cookie(&browser, &connection).await;
        let user = acme.get("/users").await.ok()["items"][0].clone();
        for one in [&browser, &other.browser()] {
            assert_eq!(status(one, ME, &cookie).await, 200);
        }
        Self { app, other, acme, connection, user, browser, cookie, _provider: provider }
    }

    fn user_path(&self) -> String {
        format!("/users/{}", id(&self.user))
    }

    /// The session is over here at once, and there in time.
    async fn is_over(&self, expected: u16) {
        assert_eq!(status(&self.browser, ME, &self.cookie).await, expected);
        becomes(&self.other.browser(), ME, &self.cookie, expected).await;
    }
}

#[actix_web::test]
async fn w_01_a_session_cookie_that_was_planted_is_not_the_one_after_the_login() {
    let app = TestApp::start();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let connection = acme.connect(&provider, json!({})).await;
    let tenant = acme.get("").await.ok()["id"].as_str().unwrap().replace('-', "");
    let planted = format!("dw_s_{tenant}={}", "A".repeat(43));
    let browser = app.browser();
    let begun = browser.get(login_url(&connection)).await;
    let callback = browser.get(begun.location().unwrap().as_str()).await.location().unwrap();
    let cookies = format!("{planted}; {}", cookie_pair(&begun, "dw_a_").unwrap());
    let request = browser.request(Method::GET, callback.as_str()).header("cookie", cookies);
    let page = browser.send(request, callback.as_str()).await;
    let given = cookie_pair(&page, "dw_s_").unwrap();
    assert_ne!(given, planted);
    assert_eq!(status(&browser, ME, &planted).await, 401);
    assert_eq!(status(&browser, ME, &given).await, 200);
}

#[actix_web::test]
async fn w_01_signing_in_again_gives_a_new_session_and_ends_the_old_one_everywhere() {
    let s = Scene::set().await;
    let again = session_cookie(&s.browser, &s.connection).await;
    assert_ne!(again, s.cookie);
    s.is_over(401).await;
    assert_eq!(status(&s.browser, ME, &again).await, 200);
    assert_eq!(status(&s.other.browser(), ME, &again).await, 200);
}

#[actix_web::test]
async fn w_04_signing_out_ends_the_session() {
    let s = Scene::set().await;
    let page = s.browser.post("/t/acme/logout", &[]).await;
    assert_eq!(page.status, 303);
    s.is_over(401).await;
}

#[actix_web::test]
async fn w_04_an_admin_who_revokes_it_ends_the_session() {
    let s = Scene::set().await;
    let session = s.acme.get("/sessions").await.ok()["items"][0].clone();
    s.acme.delete(&format!("/sessions/{}", id(&session))).await.expect(204);
    s.is_over(401).await;
}

#[actix_web::test]
async fn w_04_suspending_the_user_ends_the_session() {
    let s = Scene::set().await;
    s.acme.patch(&s.user_path(), &json!({"status": "suspended"})).await.ok();
    s.is_over(401).await;
    // Setting the user active again does not bring it back.
    s.acme.patch(&s.user_path(), &json!({"status": "active"})).await.ok();
    s.is_over(401).await;
}

#[actix_web::test]
async fn w_04_deleting_the_user_ends_the_session() {
    let s = Scene::set().await;
    s.acme.delete(&s.user_path()).await.expect(204);
    s.is_over(401).await;
}

#[actix_web::test]
async fn w_04_unlinking_the_identity_ends_the_session() {
    let s = Scene::set().await;
    let path = format!("{}/identities", s.user_path());
    let identity = s.acme.get(&path).await.ok()["items"][0].clone();
    let other = json!({"connection_id": identity["connection_id"], "subject": "another"});
    s.acme.post(&path, &other).await.created();
    s.acme.delete(&format!("{path}/{}", id(&identity))).await.expect(204);
    s.is_over(401).await;
}

#[actix_web::test]
async fn w_04_disabling_the_connection_ends_the_session() {
    let s = Scene::set().await;
    let path = format!("/connections/{}/disable", id(&s.connection));
    s.acme.post(&path, &json!({})).await.ok();
    s.is_over(401).await;
}

#[actix_web::test]
async fn w_04_deleting_the_connection_ends_the_session() {
    let s = Scene::set().await;
    s.acme.delete(&format!("/connections/{}", id(&s.connection))).await.expect(204);
    s.is_over(401).await;
}

#[actix_web::test]
async fn w_04_suspending_the_tenant_shuts_the_session_out() {
    let s = Scene::set().await;
    let operator = s.app.operator().await;
    let suspend = json!({"status": "suspended"});
    operator.patch("/v1/tenants/acme", &suspend).await.ok();
    s.is_over(403).await;
}

#[actix_web::test]
async fn w_04_a_changed_role_counts_at_once() {
    let s = Scene::set().await;
    let list = "/v1/tenants/acme/users";
    s.acme.patch(&s.user_path(), &json!({"role": "auditor"})).await.ok();
    assert_eq!(status(&s.browser, list, &s.cookie).await, 200);
    becomes(&s.other.browser(), list, &s.cookie, 200).await;
    s.acme.patch(&s.user_path(), &json!({"role": "member"})).await.ok();
    assert_eq!(status(&s.browser, list, &s.cookie).await, 403);
    becomes(&s.other.browser(), list, &s.cookie, 403).await;
}

/// A session that may be idle for 30 minutes and last two hours, with the clock in hand.
async fn timed() -> (TestApp, HostileProvider, Browser, String) {
    let app = TestApp::start_with(Setup {
        settings: json!({"session_idle_minutes": 30, "session_max_hours": 2}),
        clock: Clock::manual(Clock::default().now()),
        database: None,
    });
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let connection = acme.connect(&provider, json!({})).await;
    let browser = app.browser();
    let callback = to_callback(&browser, login_url(&connection)).await;
    let page = browser.get(callback.as_str()).await;
    let cookie = cookie_pair(&page, "dw_s_").unwrap();
    (app, provider, browser, cookie)
}

#[actix_web::test]
async fn w_05_a_session_that_is_not_used_ends() {
    let (app, _provider, browser, cookie) = timed().await;
    app.clock.advance(Span::seconds(29 * 60 + 59));
    assert_eq!(status(&browser, ME, &cookie).await, 200);
    app.clock.advance(Span::minutes(30));
    assert_eq!(status(&browser, ME, &cookie).await, 401);
}

#[actix_web::test]
async fn w_05_a_session_ends_after_its_time_however_much_it_is_used() {
    let (app, _provider, browser, cookie) = timed().await;
    for _ in 0..5 {
        app.clock.advance(Span::minutes(20));
        assert_eq!(status(&browser, ME, &cookie).await, 200);
    }
    app.clock.advance(Span::seconds(19 * 60 + 59));
    assert_eq!(status(&browser, ME, &cookie).await, 200);
    app.clock.advance(Span::seconds(1));
    assert_eq!(status(&browser, ME, &cookie).await, 401);
}

#[actix_web::test]
async fn coming_back_from_the_providers_sign_out_changes_nothing_whatever_the_state() {
    let scene = Scene::set().await;
    for query in ["", "?state=", "?state=done", "?state=of-another-sign-out"] {
        assert_eq!(status(&scene.browser, &format!("/t/acme/logout/done{query}"), &scene.cookie).await, 200, "{query}");
        assert_eq!(status(&scene.browser, ME, &scene.cookie).await, 200, "{query}");
    }
}
