//! The real program in operation: rotation, draining, restarts of PostgreSQL, logs, metrics, kill -9.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::embedded::Home;
use crate::support::admin::Admin;
use crate::support::browser::Page;
use crate::support::command::{Serving, Settings, free_port};
use crate::support::database::{TestDatabase, url_of};
use crate::support::hostile_provider::{Answer, HostileProvider, Place};
use crate::support::test_app::SEALING_KEY;

/// A key that is not the tests' usual one.
const NEW_KEY: &str = "n2:Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA=";

async fn sign_in(serving: &Serving, connection: &Value) -> Page {
    serving.browser().follow(connection["login_url"].as_str().unwrap()).await
}

#[track_caller]
fn assert_ada(page: &Page) {
    assert_eq!(page.text_of("name").as_deref(), Some("Ada Lovelace"), "{}", page.body);
}

async fn tenant_with_connection(serving: &Serving, provider: &HostileProvider) -> (Admin, Value) {
    let acme = serving.tenant("acme");
    let connection = acme.connect(provider, json!({})).await;
    (acme, connection)
}

/// Asks until `done`, for at most thirty seconds.
async fn eventually(what: &str, mut done: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !done().await {
        assert!(begun.elapsed() < Duration::from_secs(30), "never came true: {what}");
        actix_web::rt::time::sleep(Duration::from_millis(50)).await;
    }
}

#[actix_web::test]
async fn sealing_keys_are_rotated_while_the_server_serves() {
    let (database, provider) = (TestDatabase::new(), HostileProvider::start());
    let old = Settings::with_database(database.url.expose_secret());
    let connection = {
        let serving = old.serve();
        let (_, connection) = tenant_with_connection(&serving, &provider).await;
        assert_ada(&sign_in(&serving, &connection).await);
        connection
    };
    let both = old.clone().set("DOORWARD_SEALING_KEYS", &format!("{NEW_KEY},{SEALING_KEY}"));
    let serving = both.serve();
    let browser = serving.browser();
    let begun = browser.get(connection["login_url"].as_str().unwrap()).await;
    assert!(both.success(&["secrets", "rotate"]).contains("sealed anew with key n2"));
    assert_ada(&browser.follow(begun.location().unwrap().as_str()).await);
    assert_ada(&sign_in(&serving, &connection).await);
    assert!(both.success(&["secrets", "rotate"]).starts_with("0 secrets"), "nothing is left");
    drop(serving);

    assert!(old.failure(&["serve"]).contains("`n2`, which is not configured"));
    let serving = both.set("DOORWARD_SEALING_KEYS", NEW_KEY).serve();
    assert_ada(&sign_in(&serving, &connection).await);
    let secret = provider.last(Place::Token).headers["authorization"].clone();
    assert!(secret.starts_with("Basic "), "the sealed client secret still opens");
}

#[actix_web::test]
async fn sigterm_is_told_by_readyz_at_once_and_requests_in_flight_are_finished() {
    let (database, provider) = (TestDatabase::new(), HostileProvider::start());
    let mut serving = Settings::with_database(database.url.expose_secret()).serve();
    let (_, connection) = tenant_with_connection(&serving, &provider).await;
    assert_eq!(serving.browser().get("/readyz").await.status, 200);

    let userinfo = json!({"sub": "u-1", "email": "ada@example.com", "email_verified": true, "name": "Ada Lovelace"});
    provider.answer(Place::Userinfo, Answer::json(userinfo).after(Duration::from_secs(4)));
    let browser = serving.browser();
    let begun = browser.get(connection["login_url"].as_str().unwrap()).await;
    let back = browser.get(begun.location().unwrap().as_str()).await.location().unwrap();
    let slow = actix_web::rt::spawn(async move { browser.get(back.as_str()).await });
    eventually("the login is in flight", async || provider.calls(Place::Userinfo) > 0).await;

    serving.signal(Signal::TERM);
    eventually("readyz says no", async || serving.browser().get("/readyz").await.status == 503).await;
    assert_eq!(serving.browser().get("/healthz").await.status, 200, "alive while it drains");
    let finished = slow.await.unwrap();
    assert_eq!(finished.status, 303, "{}", finished.body);
    assert!(finished.set_cookies().iter().any(|c| c.starts_with("dw_s_")));
    assert_eq!(serving.exit().code(), Some(0), "{}", serving.log());
}

#[actix_web::test]
async fn a_restart_of_postgresql_is_survived() {
    let (home, provider) = (Home::new(), HostileProvider::start());
    let cluster = home.open();
    let settings = Settings::with_database(cluster.url().expose_secret());
    let serving = settings.serve();
    let (acme, connection) = tenant_with_connection(&serving, &provider).await;
    assert_ada(&sign_in(&serving, &connection).await);

    cluster.stop().unwrap();
    let down = serving.browser().get("/readyz").await;
    assert_eq!((down.status, down.body.contains("unreachable")), (503, true), "{}", down.body);
    let page = sign_in(&serving, &connection).await;
    assert_eq!((page.status, page.code().as_str()), (503, "service_unavailable"), "a page, not a broken connection");

    let again = home.open();
    assert_eq!(again.url().expose_secret(), cluster_url(&settings), "the same port, so the same URL");
    eventually("it is ready again", async || serving.browser().get("/readyz").await.status == 200).await;
    assert_ada(&sign_in(&serving, &connection).await);
    assert_eq!(acme.count_events("login.succeeded").await, 2);
}

fn cluster_url(settings: &Settings) -> &str {
    settings.get("DATABASE_URL")
}

#[actix_web::test]
async fn k_12_metrics_are_at_the_admin_port_and_nowhere_else() {
    let database = TestDatabase::new();
    let admin = free_port();
    let settings = Settings::with_database(database.url.expose_secret());
    let serving = settings.set("DOORWARD_ADMIN_LISTEN", &format!("127.0.0.1:{admin}")).serve();
    assert_eq!(serving.browser().get("/metrics").await.status, 404);
    let at_admin = serving.browser().get(&format!("http://127.0.0.1:{admin}/metrics")).await;
    assert_eq!(at_admin.status, 200);
    assert!(at_admin.body.contains("doorward_http_requests_total{status=\"404\"} 1"), "{}", at_admin.body);
    let other = serving.browser().get(&format!("http://127.0.0.1:{admin}/readyz")).await;
    assert_eq!(other.status, 404, "nothing else is served there");
}

#[actix_web::test]
async fn a_refusal_is_found_in_the_json_log_by_the_event_that_the_page_shows() {
    let (database, provider) = (TestDatabase::new(), HostileProvider::start());
    let serving = Settings::with_database(database.url.expose_secret()).serve();
    let (acme, connection) = tenant_with_connection(&serving, &provider).await;
    provider.person(json!({"sub": "u-2", "email": "eve@example.com", "email_verified": false}));
    let page = sign_in(&serving, &connection).await;
    let event = page.text_of("event").unwrap();
    assert_eq!(acme.last_event("login.refused").await["id"], json!(event));

    let log = serving.log_with(&event);
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    let found: Vec<_> = lines.iter().filter(|line| line["event_id"] == json!(event)).collect();
    assert_eq!(found.len(), 1, "{log}");
    assert_eq!(found[0]["code"], "email_not_verified");
    assert!(found[0]["span"]["request_id"].is_string(), "{}", found[0]);
    for secret in ["a secret of the client", "at-", "rt-1", "code=", "state="] {
        assert!(!log.contains(secret), "K-03: {secret} in {log}");
    }
}

#[actix_web::test]
async fn k_04_a_refused_application_is_found_in_the_log_by_the_request_that_the_page_shows() {
    let database = TestDatabase::new();
    let serving = Settings::with_database(database.url.expose_secret()).serve();
    let acme = serving.tenant("acme");
    let application = json!({"name": "notes", "redirect_uris": ["https://app.example/callback"]});
    let client_id = acme.post("/applications", &application).await.created()["id"].as_str().unwrap().to_owned();
    let long = "x".repeat(300);
    let cases = [
        (client_id.as_str(), "https://app.example/wrong".to_owned(), "redirect_uri_mismatch"),
        (client_id.as_str(), format!("https://app.example/\u{202e}{long}"), "redirect_uri_mismatch"),
        ("nobody", "https://app.example/callback".to_owned(), "client_unknown"),
    ];
    for (client, redirect_uri, code) in cases {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("client_id", client), ("redirect_uri", &redirect_uri), ("state", "do-not-log-me")])
            .finish();
        let page = serving.browser().get(&format!("/t/acme/oauth2/authorize?{query}")).await;
        assert_eq!((page.code().as_str(), page.text_of("event")), (code, None), "{}", page.body);
        assert!(!page.body.contains("the event"), "{}", page.body);
        let request = page.text_of("request").unwrap();
        let log = serving.log_with(&request);
        let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).expect(line));
        let found: Vec<_> = lines.filter(|line| line["span"]["request_id"] == json!(request)).collect();
        let told: String = redirect_uri.replace('\u{202e}', "").chars().take(200).collect();
        assert_eq!(found.len(), 1, "{log}");
        assert_eq!((&found[0]["code"], &found[0]["client_id"]), (&json!(code), &json!(client)));
        assert_eq!(found[0]["redirect_uri"], json!(told));
        assert!(!log.contains("do-not-log-me"));
    }
}

#[actix_web::test]
async fn a_line_of_the_log_has_the_route_as_the_documentation_writes_it() {
    let database = TestDatabase::new();
    let settings =
        Settings::with_database(database.url.expose_secret()).set("DOORWARD_LOG_LEVEL", "doorward=debug,info");
    let serving = settings.serve();
    let acme = serving.tenant("acme");
    acme.get(&format!("/groups/{}", uuid::Uuid::now_v7())).await.expect(404);
    serving.log_with("\"route\":\"/v1/tenants/{tenant}/groups/{id}\"");
}

#[actix_web::test]
async fn a_login_whose_instance_was_killed_is_finished_by_another_one() {
    let (database, provider) = (TestDatabase::new(), HostileProvider::start());
    let first = Settings::with_database(database.url.expose_secret());
    let mut killed = first.serve();
    let (_, connection) = tenant_with_connection(&killed, &provider).await;
    let other_port = free_port();
    let other = first.clone().set("DOORWARD_LISTEN", &format!("127.0.0.1:{other_port}")).serve();

    let browser = killed.browser();
    let begun = browser.get(connection["login_url"].as_str().unwrap()).await;
    let back = browser.get(begun.location().unwrap().as_str()).await.location().unwrap();
    killed.signal(Signal::KILL);
    assert_eq!(killed.exit().code(), None);
    assert_ada(&browser.via(other.port).follow(back.as_str()).await);
}

#[actix_web::test]
async fn the_embedded_default_serves_keys_attach_and_ctrl_c_ends_all() {
    let (home, provider) = (Home::new(), HostileProvider::start());
    let settings = Settings::without_database().set("DOORWARD_DATA_DIR", home.data("").to_str().unwrap());
    let mut serving = settings.serve();
    let postmaster = home.postmaster().expect("it started PostgreSQL");
    let (acme, connection) = tenant_with_connection(&serving, &provider).await;
    assert_ada(&sign_in(&serving, &connection).await);
    assert_eq!(home.postmaster(), Some(postmaster), "commands beside it attach to the living cluster");
    assert_eq!(acme.count_events("login.succeeded").await, 1);

    serving.signal(Signal::INT);
    assert_eq!(serving.exit().code(), Some(0), "{}", serving.log());
    assert_eq!(home.postmaster(), None, "PostgreSQL is stopped");
    let serving = settings.serve();
    assert_ada(&sign_in(&serving, &connection).await);
}

#[test]
fn a_public_url_without_a_database_url_is_no_silent_empty_database() {
    let home = Home::new();
    let settings = Settings::without_database()
        .set("DOORWARD_PUBLIC_URL", "https://sso.example")
        .set("DOORWARD_DATA_DIR", home.data("").to_str().unwrap());
    let said = settings.failure(&["serve"]);
    assert!(said.contains("DATABASE_URL") && said.contains("--embedded"), "{said}");
    assert!(!home.data("").exists());
}

#[test]
fn a_database_that_does_not_answer_is_told_without_its_password() {
    let mut nowhere = url::Url::parse(&url_of("nothing")).unwrap();
    nowhere.set_port(Some(free_port())).unwrap();
    let said = Settings::with_database(nowhere.as_str()).failure(&["serve"]);
    assert!(!said.contains(nowhere.password().unwrap()), "{said}");
    assert!(said.contains("doorward: "), "{said}");
}
