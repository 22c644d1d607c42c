//! Secrets are read back nowhere (K-01, K-02), keys are worth what they say (K-06, K-07), and errors tell nothing about
//! the inside (K-05, K-12).

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use diesel::prelude::*;
use diesel::sql_types::Text;
use doorward::routes::MAP;
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use crate::support::TestApp;
use crate::support::admin::Admin;
use crate::support::hostile_provider::{HostileProvider, Place};
use crate::support::sign_in::{cookie_pair, id, is_signed_in, login_url, parameter, to_callback};

const CLIENT_SECRET: &str = "a secret of the client";

/// A tenant in which everything happened once: a login that succeeded, one under way, keys of every kind.
struct Scene {
    app: TestApp,
    acme: Admin,
    operator: Admin,
    /// What nobody may ever read again: name and value.
    secrets: Vec<(&'static str, String)>,
    _provider: HostileProvider,
}

async fn scene() -> Scene {
    let app = TestApp::start();
    let (acme, provider, operator) = (app.tenant("acme").await, HostileProvider::start(), app.operator().await);
    let connection = acme.connect(&provider, json!({})).await;
    let key_based = json!({"settings": {"token_endpoint_auth_method": "private_key_jwt"}});
    acme.connect(&provider, key_based).await;
    let browser = app.browser();
    let begun = browser.get(login_url(&connection)).await;
    let provider_url = begun.location().unwrap();
    let callback = browser.get(provider_url.as_str()).await.location().unwrap();
    let page = browser.get(callback.as_str()).await;
    assert!(is_signed_in(&page), "{}", page.body);
    let verifier = provider.last(Place::Token).form["code_verifier"].clone();
    let access_token = provider.last(Place::Userinfo).headers["authorization"].replace("Bearer ", "");
    let open = app.browser();
    let begun_only = open.get(login_url(&connection)).await;
    let application = json!({"name": "notes", "redirect_uris": ["https://app.example/callback"]});
    let shown_once = async |list: &str| {
        let made = operator.post(list, &application).await.created();
        let more = operator.post(&format!("{list}/{}/secrets", id(&made)), &json!({})).await.created();
        [&made, &more].map(|answer| answer["client_secret"].as_str().unwrap().to_owned())
    };
    let [first, second] = shown_once("/v1/tenants/acme/applications").await;
    let [third, fourth] = shown_once("/v1/applications").await;
    let value = |pair: String| pair.split_once('=').unwrap().1.to_owned();
    let secrets = vec![
        ("client secret", CLIENT_SECRET.to_owned()),
        ("API key", acme.key.expose_secret().to_owned()),
        ("operator key", operator.key.expose_secret().to_owned()),
        ("session cookie", value(cookie_pair(&page, "dw_s_").unwrap())),
        ("attempt cookie", value(cookie_pair(&begun_only, "dw_a_").unwrap())),
        ("open state", parameter(&begun_only.location().unwrap(), "state")),
        ("nonce", parameter(&provider_url, "nonce")),
        ("code", parameter(&callback, "code")),
        ("code verifier", verifier),
        ("access token", access_token),
        ("refresh token", "\"rt-1\"".to_owned()),
        ("application's secret", first),
        ("application's second secret", second),
        ("installation application's secret", third),
        ("installation application's second secret", fourth),
    ];
    Scene { app, acme, operator, secrets, _provider: provider }
}

#[actix_web::test]
async fn k_01_no_answer_of_the_api_holds_a_secret() {
    let s = scene().await;
    let mut read = 0;
    for (path, methods) in MAP.iter().filter(|(path, _)| path.starts_with("/v1")) {
        if !methods.contains(&"GET") {
            continue;
        }
        let mut url = path.replace("{tenant}", "acme");
        if url.contains("{id}") {
            let (list, _) = url.split_once("/{id}").unwrap();
            let list = s.operator.get(&format!("{list}?limit=1")).await.json();
            url = url.replace("{id}", list["items"][0]["id"].as_str().unwrap_or("none"));
        }
        let asker = if url.starts_with("/v1/tenants/") { &s.acme } else { &s.operator };
        let answer = asker.get(&url).await;
        read += usize::from(answer.status == 200);
        let told = format!("{:?} {}", answer.headers, answer.text);
        for (name, secret) in &s.secrets {
            assert!(!told.contains(secret), "{url} tells the {name}");
        }
        for field in ["client_secret\":\"", "client_key\"", "secret_hash", "token_hash", "\"upstream\"", "\"d\":"] {
            assert!(!told.contains(field), "{url} has {field}");
        }
    }
    assert!(read >= 20, "{read} answers were looked at");
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

#[actix_web::test]
async fn k_02_a_dump_of_the_database_holds_no_secret_in_any_form() {
    let s = scene().await;
    let mut conn = s.app.database.superuser();
    let tables: Vec<Line> =
        diesel::sql_query("SELECT tablename::text AS line FROM pg_tables WHERE schemaname = 'public'")
            .load(&mut conn)
            .unwrap();
    assert!(tables.len() > 15, "{}", tables.len());
    let mut dump = String::new();
    for table in &tables {
        let rows: Vec<Line> =
            diesel::sql_query(format!("SELECT t::text AS line FROM \"{}\" t", table.line)).load(&mut conn).unwrap();
        for row in rows {
            dump += &row.line;
            dump.push('\n');
        }
    }
    assert!(dump.contains("ada@example.com"), "the dump is a real one");
    for (name, secret) in &s.secrets {
        let hex: String = secret.bytes().map(|b| format!("{b:02x}")).collect();
        for form in [secret.clone(), hex, STANDARD.encode(secret), URL_SAFE_NO_PAD.encode(secret)] {
            assert!(!dump.contains(&form), "the dump holds the {name}");
        }
    }
    // Private keys would show their PKCS#8 beginning.
    assert!(!dump.contains("308204b") && !dump.contains("308187020100") && !dump.contains("PRIVATE KEY"));
}

#[actix_web::test]
async fn k_05_errors_tell_nothing_of_the_inside() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let browser = &acme.browser;
    let bodies = [
        "{",
        "[]",
        "null",
        "\"x\"",
        "{\"name\": 5}",
        "{\"nope\": 1}",
        "{\"name\": \"'; DROP TABLE users; --\"}{}",
        "\u{0}",
    ];
    let mut pages = Vec::new();
    for body in bodies {
        let request = acme.request(Method::POST, "/groups").header("content-type", "application/json");
        pages.push(acme.send(request.body(body)).await);
    }
    for path in [
        "/users?limit=x",
        "/users?cursor=x",
        "/users/x",
        "/users/1%27--",
        "/nope",
        "/users?email='",
        "/audit-events?type='",
    ] {
        pages.push(acme.get(path).await);
    }
    let request = browser.request(Method::GET, "/v1/tenants/acme/me").bearer_auth("x");
    pages.push(acme.send(request).await);
    for page in pages {
        assert!(page.status < 500, "{}", page.text);
        let text = format!("{:?} {}", page.headers, page.text).to_lowercase();
        for inside in [
            "diesel",
            "postgres",
            "sql",
            "select ",
            "src/",
            ".rs",
            "panicked",
            "serde",
            "actix",
            "backtrace",
            env!("CARGO_PKG_VERSION"),
            " at line ",
        ] {
            assert!(!text.contains(inside), "{inside} in {text}");
        }
        assert!(page.headers.contains_key("x-request-id"));
    }
}

#[actix_web::test]
async fn k_06_keys_that_are_guessed_foreign_revoked_expired_or_elsewhere_are_worth_nothing() {
    let app = TestApp::start_with_manual_clock();
    let (acme, evil, operator) = (app.tenant("acme").await, app.tenant("evil").await, app.operator().await);
    let key = acme.key.expose_secret().to_owned();
    let ask = async |key: &str| {
        let as_key = Admin::new(app.browser(), "/v1/tenants/acme", SecretString::from(key));
        as_key.get("/users").await.status
    };
    assert_eq!(ask(&key).await, 200);
    let last = if key.ends_with('A') { 'B' } else { 'A' };
    let guesses = [
        format!("{}{last}", &key[..key.len() - 1]),
        key[..key.len() - 1].to_owned(),
        format!("{key}A"),
        key.to_uppercase(),
        key[..20].to_owned(),
        "x".repeat(10_000),
        "dwk_".to_owned(),
        format!(" {key} x"),
    ];
    for guess in guesses {
        assert_eq!(ask(&guess).await, 401, "{guess:.60}");
    }
    assert_eq!(ask(evil.key.expose_secret()).await, 404, "another tenant's");
    // Not in the URL, not as Basic, not twice.
    let browser = app.browser();
    for path in [format!("/v1/tenants/acme/users?access_token={key}"), format!("/v1/tenants/acme/users?api_key={key}")]
    {
        assert!([401, 422].contains(&browser.get(&path).await.status), "{path}");
    }
    for (name, value) in
        [("authorization", format!("Basic {key}")), ("x-api-key", key.clone()), ("authorization", key.clone())]
    {
        let request = browser.request(Method::GET, "/v1/tenants/acme/users").header(name, value);
        assert_eq!(browser.send(request, "/").await.status, 401);
    }
    let twice = acme.request(Method::GET, "/users").header("authorization", "Bearer x");
    assert_eq!(acme.send(twice).await.status, 400);

    let account = acme.get("/service-accounts").await.ok()["items"][0].clone();
    let soon = app.clock.now() + chrono::Duration::minutes(5);
    let timed = json!({"name": "short", "service_account_id": id(&account), "expires_at": soon});
    let timed = acme.post("/api-keys", &timed).await.created();
    assert_eq!(ask(timed["secret"].as_str().unwrap()).await, 200);
    app.clock.advance(chrono::Duration::minutes(5));
    assert_eq!(ask(timed["secret"].as_str().unwrap()).await, 401, "expired");

    let list = acme.get("/api-keys").await.ok();
    let own = list["items"].as_array().unwrap().iter().find(|k| key.ends_with(k["hint"].as_str().unwrap())).unwrap();
    let path = format!("/v1/tenants/acme/api-keys/{}", id(own));
    operator.delete(&path).await.expect(204);
    assert_eq!(ask(&key).await, 401, "revoked");
}

#[actix_web::test]
async fn k_07_a_key_makes_no_stronger_key() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let operator = app.operator().await;
    let admin = app.key(&operator, "acme", "admin").await;
    let auditor = app.key(&operator, "acme", "auditor").await;
    let accounts = acme.get("/service-accounts").await.ok();
    let owner_account = accounts["items"].as_array().unwrap().iter().find(|a| a["role"] == "owner").unwrap().clone();
    let owners_key = json!({"name": "x", "service_account_id": id(&owner_account)});
    assert_eq!(admin.post("/api-keys", &owners_key).await.expect(403).code(), "role_above_own");
    let account = json!({"name": "y", "role": "owner"});
    assert_eq!(admin.post("/service-accounts", &account).await.expect(403).code(), "role_above_own");
    let path = format!("/service-accounts/{}", id(&owner_account));
    for answer in [admin.patch(&path, &json!({"name": "z"})).await, admin.delete(&path).await] {
        assert_eq!(answer.expect(403).code(), "role_above_own");
    }
    for (method, path) in [(Method::POST, "/api-keys"), (Method::POST, "/service-accounts")] {
        let request = auditor.request(method, path).json(&json!({"name": "x", "role": "member"}));
        assert!([403, 422].contains(&auditor.send(request).await.status));
    }
    // A key that asks for more than its owner has gets what the owner has.
    let small = admin.post("/service-accounts", &json!({"name": "small", "role": "member"})).await.created();
    let big = json!({"name": "big", "service_account_id": id(&small), "role": "admin"});
    let made = admin.post("/api-keys", &big).await.created();
    assert_eq!(made["role"], "member");
}

#[actix_web::test]
async fn k_12_metrics_and_debug_pages_are_not_at_the_public_port() {
    let app = TestApp::start();
    let browser = app.browser();
    for path in ["/metrics", "/debug", "/debug/pprof", "/actuator", "/server-status", "/.env", "/.git/config", "/admin"]
    {
        assert_eq!(browser.get(path).await.status, 404, "{path}");
    }
    for path in ["/healthz", "/readyz"] {
        let page = browser.get(path).await;
        assert!(page.status == 200 && page.body.len() < 100, "{path} says that and no more: {}", page.body);
    }
    assert_eq!(browser.get("/openapi.json").await.status, 200, "public on purpose");
}

#[actix_web::test]
async fn k_01_the_callback_of_a_failed_login_shows_neither_code_nor_state() {
    let app = TestApp::start();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let connection = acme.connect(&provider, json!({})).await;
    provider.id_token(|claims| claims["aud"] = json!("another"));
    let browser = app.browser();
    let callback = to_callback(&browser, login_url(&connection)).await;
    let page = browser.get(callback.as_str()).await;
    let events = acme.get("/audit-events?limit=200").await.text;
    for secret in [parameter(&callback, "code"), parameter(&callback, "state")] {
        assert!(!page.body.contains(&secret) && !events.contains(&secret));
    }
}
