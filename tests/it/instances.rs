//! Two instances of one installation: they share PostgreSQL and nothing else.

use std::future::Future;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::admin::Admin;
use crate::support::browser::Browser;
use crate::support::hostile_provider::HostileProvider;

/// An installation of two instances with one tenant and one connection.
struct Pair {
    a: TestApp,
    b: TestApp,
    acme: Admin,
    connection: Value,
    provider: HostileProvider,
}

impl Pair {
    async fn start() -> Self {
        let a = TestApp::start();
        let b = a.second_instance();
        let acme = a.tenant("acme").await;
        let provider = HostileProvider::start();
        let connection = acme.connect(&provider, json!({})).await;
        Self { a, b, acme, connection, provider }
    }

    fn login_url(&self) -> &str {
        self.connection["login_url"].as_str().unwrap()
    }

    /// Begins a login and asks the provider: the callback URL with its code, not yet fetched.
    async fn begin(&self, browser: &Browser) -> String {
        let begun = browser.get(self.login_url()).await;
        let answered = browser.get(begun.location().unwrap().as_str()).await;
        answered.location().unwrap().into()
    }

    /// A browser that is signed in and has been seen by B.
    async fn signed_in_at_b(&self) -> Browser {
        let browser = self.b.browser();
        assert_eq!(browser.follow(self.login_url()).await.status, 200);
        assert_eq!(browser.get("/t/acme").await.status, 200);
        browser
    }

    async fn count(&self, what: &str) -> usize {
        let page = self.acme.get(&format!("/{what}?limit=200")).await.ok();
        page["items"].as_array().unwrap().len()
    }
}

/// Asks again and again; the answer must become `true` within five seconds.
async fn within_five_seconds<F: Future<Output = bool>>(what: &str, mut ask: impl FnMut() -> F) {
    let begun = Instant::now();
    while !ask().await {
        assert!(begun.elapsed() < Duration::from_secs(5), "not effective after 5 s: {what}");
        actix_web::rt::time::sleep(Duration::from_millis(100)).await;
    }
}

#[actix_web::test]
async fn a_login_that_begins_at_one_instance_ends_at_the_other() {
    let pair = Pair::start().await;
    let browser = pair.a.browser();
    let callback = pair.begin(&browser).await;
    let page = browser.via(pair.b.port).follow(&callback).await;
    assert_eq!(page.text_of("name").as_deref(), Some("Ada Lovelace"), "{}", page.body);
    assert_eq!(browser.get("/t/acme").await.status, 200, "the session is good at both");
}

#[actix_web::test]
async fn a_connection_disabled_at_one_instance_is_so_at_the_other_within_five_seconds() {
    let pair = Pair::start().await;
    assert_eq!(pair.b.browser().get(pair.login_url()).await.status, 303);
    let under_way = pair.b.browser();
    let callback = pair.begin(&under_way).await;
    let path = format!("/connections/{}/disable", pair.connection["id"].as_str().unwrap());
    pair.acme.post(&path, &json!({})).await.ok();
    within_five_seconds("disabling a connection", async || pair.b.browser().get(pair.login_url()).await.status == 404)
        .await;
    let late = under_way.get(&callback).await;
    assert_eq!(late.code(), "connection_not_active", "what was under way does not arrive either");
}

#[actix_web::test]
async fn a_user_suspended_at_one_instance_is_so_at_the_other_within_five_seconds() {
    let pair = Pair::start().await;
    let browser = pair.signed_in_at_b().await;
    let users = pair.acme.get("/users").await.ok();
    let path = format!("/users/{}", users["items"][0]["id"].as_str().unwrap());
    pair.acme.patch(&path, &json!({"status": "suspended"})).await.ok();
    within_five_seconds("suspending a user", async || browser.get("/t/acme").await.status == 303).await;
    assert_eq!(browser.follow(pair.login_url()).await.code(), "user_suspended");
}

#[actix_web::test]
async fn a_session_revoked_at_one_instance_is_so_at_the_other_within_five_seconds() {
    let pair = Pair::start().await;
    let browser = pair.signed_in_at_b().await;
    let sessions = pair.acme.get("/sessions").await.ok();
    let path = format!("/sessions/{}", sessions["items"][0]["id"].as_str().unwrap());
    assert_eq!(pair.acme.delete(&path).await.status, 204);
    within_five_seconds("revoking a session", async || browser.get("/t/acme").await.status == 303).await;
}

/// A second key, as B has seen it, and its id.
async fn key_known_to_b(pair: &Pair) -> (Admin, String) {
    let operator = pair.a.operator().await;
    let mut auditor = pair.a.key(&operator, "acme", "auditor").await;
    auditor.browser = pair.b.browser();
    auditor.get("/users").await.ok();
    let keys = pair.acme.get("/api-keys?limit=200").await.ok();
    let newest = keys["items"].as_array().unwrap().iter().max_by_key(|k| k["id"].as_str().unwrap().to_owned());
    (auditor, newest.unwrap()["id"].as_str().unwrap().to_owned())
}

#[actix_web::test]
async fn an_api_key_revoked_at_one_instance_is_so_at_the_other_within_five_seconds() {
    let pair = Pair::start().await;
    let (auditor, id) = key_known_to_b(&pair).await;
    assert_eq!(pair.acme.delete(&format!("/api-keys/{id}")).await.status, 204);
    within_five_seconds("revoking a key", async || auditor.get("/users").await.status == 401).await;
}

#[actix_web::test]
async fn a_tenant_suspended_at_one_instance_is_so_at_the_other_within_five_seconds() {
    let pair = Pair::start().await;
    let browser = pair.signed_in_at_b().await;
    let (auditor, _) = key_known_to_b(&pair).await;
    let operator = pair.a.operator().await;
    operator.patch("/v1/tenants/acme", &json!({"status": "suspended"})).await.ok();
    within_five_seconds("the login page", async || pair.b.browser().get("/t/acme/login").await.status == 403).await;
    within_five_seconds("sessions", async || browser.get("/t/acme").await.status == 303).await;
    within_five_seconds("keys", async || matches!(auditor.get("/users").await.status, 401 | 403)).await;
    assert_eq!(pair.b.browser().get(pair.login_url()).await.status, 403);
}

#[actix_web::test]
async fn an_instance_that_cannot_read_the_changes_feed_believes_no_cache() {
    let pair = Pair::start().await;
    let (auditor, id) = key_known_to_b(&pair).await;
    let mut superuser = pair.a.database.superuser();
    superuser.batch_execute("REVOKE SELECT ON changes FROM doorward_system").unwrap();
    within_five_seconds("the feed is noticed to be unreadable", async || !pair.b.context.caches.fresh()).await;
    auditor.get("/users").await.ok();
    assert_eq!(pair.acme.delete(&format!("/api-keys/{id}")).await.status, 204);
    assert_eq!(auditor.get("/users").await.status, 401, "at once: nothing cached is believed");
    superuser.batch_execute("GRANT SELECT ON changes TO doorward_system").unwrap();
    within_five_seconds("the feed is readable again", async || pair.b.context.caches.fresh()).await;
}

#[actix_web::test]
async fn o_04_fifty_callbacks_at_once_over_two_instances_make_one_session() {
    let pair = Pair::start().await;
    let browser = pair.a.browser();
    let callback = pair.begin(&browser).await;
    let ports = [pair.a.port, pair.b.port];
    let tries = (0..50).map(|n| {
        let (browser, callback) = (browser.via(ports[n % 2]), callback.clone());
        actix_web::rt::spawn(async move { browser.get(&callback).await })
    });
    let mut welcomed = 0;
    for one in tries.collect::<Vec<_>>() {
        let page = one.await.unwrap();
        let session = page.set_cookies().iter().any(|c| c.starts_with("dw_s_") && !c.contains("Max-Age=0"));
        welcomed += usize::from(session);
        assert!(session || page.status == 303 || page.status == 400 || page.status == 429, "{}", page.body);
    }
    assert_eq!(welcomed, 1);
    assert_eq!((pair.count("sessions").await, pair.count("users").await), (1, 1));
    assert_eq!(pair.acme.count_events("login.succeeded").await, 1);
    assert_eq!(pair.provider.calls(crate::support::hostile_provider::Place::Token), 1, "the code was sent once");
}

#[actix_web::test]
async fn a_hundred_first_logins_of_one_person_at_once_make_one_user_one_identity_and_a_hundred_sessions() {
    let pair = Pair::start().await;
    let mut begun = Vec::new();
    for n in 0..100 {
        let browser = if n % 2 == 0 { pair.a.browser() } else { pair.b.browser() };
        let callback = pair.begin(&browser).await;
        // Every login ends where it did not begin.
        begun.push((browser.via(if n % 2 == 0 { pair.b.port } else { pair.a.port }), callback));
    }
    let logins =
        begun.into_iter().map(|(browser, callback)| actix_web::rt::spawn(async move { browser.get(&callback).await }));
    for login in logins.collect::<Vec<_>>() {
        let page = login.await.unwrap();
        assert_eq!(page.status, 303, "{}", page.body);
    }
    assert_eq!((pair.count("users").await, pair.count("sessions").await), (1, 100));
    let users = pair.acme.get("/users").await.ok();
    let identities = format!("/users/{}/identities", users["items"][0]["id"].as_str().unwrap());
    assert_eq!(pair.acme.get(&identities).await.ok()["items"].as_array().unwrap().len(), 1);
    assert_eq!(pair.acme.count_events("login.succeeded").await, 100);
    let events = pair.acme.get("/audit-events?type=login.succeeded&limit=200").await.ok();
    let created = |e: &&Value| e["payload"]["outcome"] == "created";
    assert_eq!(events["items"].as_array().unwrap().iter().filter(created).count(), 1);
}
