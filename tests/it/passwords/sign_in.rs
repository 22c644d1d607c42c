//! From the e-mail field to a session, and what a refusal says: nothing about the person.

use std::collections::BTreeSet;

use argon2::password_hash::PasswordHasher;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, Version};
use diesel::connection::SimpleConnection;
use secrecy::ExposeSecret;
use serde_json::json;
use uuid::Uuid;

use crate::support::TestApp;
use crate::support::browser::Page;
use crate::support::command::{Settings, free_port};
use crate::support::database::{TestDatabase, lines};
use crate::support::hostile_provider::HostileProvider;
use crate::support::passwords::{ANOTHER, PASSWORD, person, signs_in, try_password};
use crate::support::sign_in::{cookie_pair, refused};
use crate::support::test_app::Setup;

#[actix_web::test]
async fn row_e3_local_a_user_with_a_password_signs_in_and_is_told_who_they_are() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let user = person(&acme, "Alice@northwind.example").await;
    let browser = app.browser();

    // Address first, then the password.
    let page = browser.get("/t/acme/login").await;
    assert!(page.body.contains("name=\"email\"") && !page.body.contains("name=\"password\""), "{}", page.body);
    let sent = browser.post("/t/acme/login", &[("email", "alice@northwind.example")]).await;
    let step = browser.get(sent.location().unwrap().as_str()).await;
    assert!(step.body.contains("value=\"alice@northwind.example\" readonly"), "{}", step.body);
    assert!(step.body.contains(&format!("action=\"{}/t/acme/login/password\"", app.url)), "{}", step.body);

    let done = try_password(&browser, "alice@northwind.example", PASSWORD).await;
    signs_in(&done);
    assert_eq!(done.location().unwrap().as_str(), format!("{}/t/acme", app.url));
    assert_eq!(browser.get("/t/acme").await.text_of("name").as_deref(), Some("Alice Lovelace"));
    let me: serde_json::Value = serde_json::from_str(&browser.get("/v1/tenants/acme/me").await.body).unwrap();
    assert_eq!((&me["user"]["id"], &me["role"]), (&user["id"], &json!("member")));

    let event = acme.last_event("login.succeeded").await;
    assert_eq!((&event["payload"]["method"], &event["payload"]["outcome"]), (&json!("password"), &json!("known")));
    assert_eq!(event["payload"]["user_id"], user["id"]);
    assert!(event["payload"].get("connection_id").is_none(), "{event}");
    assert!(acme.get(&format!("/users/{}", user["id"].as_str().unwrap())).await.ok()["last_login_at"].is_string());
}

#[actix_web::test]
async fn a_login_by_password_ends_where_it_was_wanted() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    person(&acme, "alice@acme.example").await;
    let request = Uuid::now_v7();
    let waiting = format!("{}/t/acme/oauth2/continue/{request}", app.url);
    for (name, value, ends) in [
        ("request", request.to_string(), waiting.as_str()),
        ("return_to", "https://app.example/a?b=c".into(), "https://app.example/a?b=c"),
        ("return_to", "https://evil.example/".into(), &format!("{}/t/acme", app.url)),
    ] {
        let browser = app.browser();
        let carried = (name, value.as_str());
        let sent = browser.post("/t/acme/login", &[("email", "alice@acme.example"), carried]).await;
        let step = browser.get(sent.location().unwrap().as_str()).await;
        let field = format!("name=\"{name}\" value=\"{value}\"");
        assert_eq!(step.body.contains(&field), !value.contains("evil"), "{field}: {}", step.body);
        let wrong = [("email", "alice@acme.example"), ("password", ANOTHER), carried];
        let again = browser.post("/t/acme/login/password", &wrong).await;
        assert_eq!(again.body.contains(&field), !value.contains("evil"), "a refusal carries it on: {}", again.body);
        let right = [("email", "alice@acme.example"), ("password", PASSWORD), carried];
        let done = browser.post("/t/acme/login/password", &right).await;
        assert_eq!(done.location().unwrap().as_str(), ends);
    }
}

#[actix_web::test]
async fn w_01_a_login_by_password_ends_the_session_before_it() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    person(&acme, "alice@acme.example").await;
    let browser = app.browser();
    let first = cookie_pair(&try_password(&browser, "alice@acme.example", PASSWORD).await, "dw_s_").unwrap();
    let second = cookie_pair(&try_password(&browser, "alice@acme.example", PASSWORD).await, "dw_s_").unwrap();
    assert_ne!(first, second);
    assert_eq!(acme.get("/sessions").await.ok()["items"].as_array().unwrap().len(), 1);
}

/// What a stranger sees of an answer, with the address they typed taken out.
fn seen(page: &Page, address: &str) -> (u16, BTreeSet<String>, String) {
    let names = page.headers.keys().map(|name| name.as_str().to_owned()).collect();
    let location = page.headers.get("location").map_or_else(String::new, |l| l.to_str().unwrap().to_owned());
    let told = format!("{location} {}", page.body).replace(address, "-").replace(&address.replace('@', "%40"), "-");
    (page.status, names, told)
}

#[actix_web::test]
async fn w_02_over_https_the_device_cookie_is_bound_to_the_host_and_kept_from_scripts() {
    let app = TestApp::start_with(Setup { settings: json!({"public_url": "https://sso.example"}), ..Setup::default() });
    person(&app.tenant("acme").await, "alice@acme.example").await;
    let page = try_password(&app.browser(), "alice@acme.example", PASSWORD).await;
    let lines = page.set_cookies();
    let device = lines.iter().find(|line| line.starts_with("__Host-dw_d_")).expect("a device cookie");
    for attribute in ["HttpOnly", "Secure", "SameSite=Lax", "Path=/", "Max-Age=15552000"] {
        assert!(device.contains(attribute), "{device}");
    }
    // It signs nobody in.
    let pair = cookie_pair(&page, "__Host-dw_d_").unwrap();
    let value = pair.split_once('=').unwrap().1;
    let session = cookie_pair(&page, "__Host-dw_s_").unwrap();
    let name = session.split_once('=').unwrap().0;
    for cookie in [pair.clone(), format!("{name}={value}")] {
        let browser = app.browser();
        let request = browser.request(reqwest::Method::GET, "/v1/tenants/acme/me").header("cookie", cookie);
        assert_eq!(browser.send(request, "/").await.status, 401);
    }
}

#[actix_web::test]
async fn l_22_people_who_exist_are_answered_like_people_who_do_not() {
    let app = TestApp::start();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    acme.connect(&provider, json!({})).await;
    person(&acme, "known@acme.example").await;
    let suspended = person(&acme, "suspended@acme.example").await;
    let path = format!("/users/{}", suspended["id"].as_str().unwrap());
    acme.patch(&path, &json!({"status": "suspended"})).await.ok();
    acme.post("/users", &json!({"email": "without@acme.example"})).await.created();
    let browser = app.browser();
    let (mut by_form, mut by_password) = (Vec::new(), Vec::new());
    for address in ["known@acme.example", "suspended@acme.example", "without@acme.example", "nobody@acme.example"] {
        let sent = browser.post("/t/acme/login", &[("email", address)]).await;
        let step = browser.get(sent.location().unwrap().as_str()).await;
        by_form.push((seen(&sent, address), seen(&step, address)));
        let wrong = try_password(&browser, address, ANOTHER).await;
        refused(&wrong, 403, "credentials_wrong");
        assert!(wrong.text_of("event").is_none(), "an event id would tell that there is somebody");
        by_password.push(seen(&wrong, address));
    }
    // The right password of somebody who may not come in says no more.
    let page = try_password(&browser, "suspended@acme.example", PASSWORD).await;
    by_password.push(seen(&page, "suspended@acme.example"));
    assert!(by_form.windows(2).all(|pair| pair[0] == pair[1]), "{by_form:#?}");
    assert!(by_password.windows(2).all(|pair| pair[0] == pair[1]), "{by_password:#?}");
    assert_eq!(acme.get("/sessions").await.ok()["items"], json!([]));
}

#[actix_web::test]
async fn what_is_no_address_is_nobodys_and_breaks_nothing() {
    let app = TestApp::start();
    person(&app.tenant("acme").await, "alice@acme.example").await;
    let browser = app.browser();
    for address in ["", "x\0@acme.example", "no address", "alice@acme.example\0", &"a".repeat(5000)] {
        refused(&try_password(&browser, address, PASSWORD).await, 403, "credentials_wrong");
    }
}

#[actix_web::test]
async fn k_11_every_wrong_login_costs_one_hash_whoever_it_is_about() {
    let (database, admin_port) = (TestDatabase::new(), free_port());
    let settings = Settings::with_database(database.url.expose_secret());
    let serving = settings.set("DOORWARD_ADMIN_LISTEN", &format!("127.0.0.1:{admin_port}")).serve();
    let acme = serving.tenant("acme");
    person(&acme, "known@acme.example").await;
    acme.post("/users", &json!({"email": "without@acme.example"})).await.created();
    let browser = serving.browser();
    let hashes = async || {
        let page = browser.get(&format!("http://127.0.0.1:{admin_port}/metrics")).await;
        let line = page.body.lines().find_map(|l| l.strip_prefix("doorward_password_hashes_total ")).unwrap_or("0");
        line.parse::<u64>().unwrap()
    };
    for address in ["known@acme.example", "without@acme.example", "nobody@acme.example", "no address"] {
        let before = hashes().await;
        refused(&try_password(&browser, address, ANOTHER).await, 403, "credentials_wrong");
        assert_eq!(hashes().await - before, 1, "{address}");
    }
    let before = hashes().await;
    signs_in(&try_password(&browser, "known@acme.example", PASSWORD).await);
    assert_eq!(hashes().await - before, 1, "a right one costs the same");
}

#[actix_web::test]
async fn k_10_a_huge_password_is_refused_unread() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let user = person(&acme, "alice@acme.example").await;
    let browser = app.browser();
    let long = "x".repeat(50_000);
    refused(&try_password(&browser, "alice@acme.example", &long).await, 403, "credentials_wrong");
    let huge = try_password(&browser, "alice@acme.example", &"x".repeat(1 << 20)).await;
    assert_eq!(huge.status, 413, "{}", huge.body);
    let path = format!("/users/{}/password", user["id"].as_str().unwrap());
    let answer = acme.put_json(&path, &json!({"password": long})).await.expect(422);
    assert_eq!(answer.fields(), ["password"]);
}

#[actix_web::test]
async fn w_08_the_password_forms_are_not_taken_from_another_site() {
    let app = TestApp::start();
    person(&app.tenant("acme").await, "alice@acme.example").await;
    for path in ["/t/acme/login/password", "/t/acme/login/new-password"] {
        for (site, origin) in [("cross-site", "https://evil.example"), ("same-site", "null"), ("none", "null")] {
            let browser = app.browser();
            let request = browser.request(reqwest::Method::POST, path);
            let request = request.header("origin", origin).header("sec-fetch-site", site);
            let form = [("email", "alice@acme.example"), ("password", PASSWORD)];
            let page = browser.send(request.form(&form), path).await;
            assert_eq!(page.status, 403, "{site} {path}");
            assert!(page.body.contains("cross_site") && page.set_cookies().is_empty(), "{}", page.body);
        }
    }
}

#[actix_web::test]
async fn t_13_nobody_signs_in_by_password_to_a_suspended_tenant_or_another_one() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let globex = app.tenant("globex").await;
    person(&globex, "alice@acme.example").await;
    acme.post("/users", &json!({"email": "alice@acme.example"})).await.created();
    // T-01: the same address at another tenant is another person.
    refused(&try_password(&app.browser(), "alice@acme.example", PASSWORD).await, 403, "credentials_wrong");
    app.operator().await.patch("/v1/tenants/globex", &json!({"status": "suspended"})).await.ok();
    let form = [("email", "alice@acme.example"), ("password", PASSWORD)];
    let page = app.browser().post("/t/globex/login/password", &form).await;
    refused(&page, 403, "tenant_suspended");
}

#[actix_web::test]
async fn k_02_passwords_are_kept_as_argon2id_hashes_only() {
    let app = TestApp::start();
    person(&app.tenant("acme").await, "alice@acme.example").await;
    let mut conn = app.database.superuser();
    let kept = lines(&mut conn, "SELECT password_hash AS line FROM local_credentials");
    assert_eq!(kept.len(), 1);
    assert!(kept[0].starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept:?}");
}

#[actix_web::test]
async fn a_hash_of_weaker_parameters_is_renewed_by_the_next_login() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    person(&acme, "alice@acme.example").await;
    let weak = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(64, 1, 1, None).unwrap());
    let weak: PasswordHash = weak.hash_password(PASSWORD.as_bytes()).unwrap();
    let update = format!("UPDATE local_credentials SET password_hash = '{weak}'");
    app.database.superuser().batch_execute(&update).unwrap();
    let renewed = async |browser: &crate::support::Browser| {
        signs_in(&try_password(browser, "alice@acme.example", PASSWORD).await);
        lines(&mut app.database.superuser(), "SELECT password_hash AS line FROM local_credentials").remove(0)
    };
    let hash = renewed(&app.browser()).await;
    assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
    assert_eq!(renewed(&app.browser()).await, hash, "once");
}
