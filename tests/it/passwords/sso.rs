//! The tenant's `sso`: off, optional or enforced (row E5).

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::hostile_provider::HostileProvider;
use crate::support::passwords::{PASSWORD, person, set, signs_in, try_password};
use crate::support::sign_in::{id, login_url, nothing_happened, parameter, refused, to_callback};

const ALICE: &str = "alice@acme.example";

#[actix_web::test]
async fn row_e5_sso_is_optional_until_an_admin_says_otherwise_and_changing_it_is_told() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    assert_eq!(acme.get("").await.ok()["sso"], "optional");
    let operator = app.operator().await;
    for (by, value) in [(&operator, "off"), (&operator, "enforced"), (&acme, "optional")] {
        assert_eq!(by.patch("/v1/tenants/acme", &json!({"sso": value})).await.ok()["sso"], value);
    }
    let event = acme.last_event("tenant.updated").await;
    assert_eq!(event["payload"]["fields"], json!(["sso"]));
    assert_eq!(acme.patch("", &json!({"sso": "maybe"})).await.expect(422).fields(), ["sso"]);
    let body = json!({"slug": "initech", "name": "Initech", "sso": "enforced"});
    assert_eq!(operator.post("/v1/tenants", &body).await.created()["sso"], "enforced");
}

#[actix_web::test]
async fn row_e5_with_both_the_domain_decides_and_everybody_else_may_use_a_password() {
    let app = TestApp::start();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let connection = acme.connect(&provider, json!({})).await;
    let domain = json!({"domain": "corp.example", "connection_id": id(&connection)});
    let domain = acme.post("/domains", &domain).await.created();
    let path = format!("/v1/tenants/acme/domains/{}/attest", id(&domain));
    app.operator().await.post(&path, &json!({})).await.ok();
    let browser = app.browser();
    let sent = async |address: &str| browser.post("/t/acme/login", &[("email", address)]).await.location().unwrap();
    // Nobody has a password: the only connection, as ever.
    assert!(sent(ALICE).await.as_str().starts_with(login_url(&connection)));
    person(&acme, ALICE).await;
    let step = sent(ALICE).await;
    assert_eq!((step.path(), parameter(&step, "step").as_str()), ("/t/acme/login", "password"));
    assert_eq!(parameter(&step, "login_hint"), ALICE);
    assert!(sent("bob@corp.example").await.as_str().starts_with(login_url(&connection)));
    // The step offers the connection too, and both ways work.
    let page = browser.get(step.as_str()).await;
    assert!(page.body.contains(login_url(&connection)), "{}", page.body);
    signs_in(&try_password(&browser, ALICE, PASSWORD).await);
    assert_eq!(app.browser().follow(login_url(&connection)).await.status, 200);
}

#[actix_web::test]
async fn row_e5_with_sso_off_connections_sign_nobody_in() {
    let app = TestApp::start();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let connection = acme.connect(&provider, json!({})).await;
    let browser = app.browser();
    let callback = to_callback(&browser, login_url(&connection)).await;
    app.operator().await.patch("/v1/tenants/acme", &json!({"sso": "off"})).await.ok();

    let page = browser.get(callback.as_str()).await;
    refused(&page, 403, "sso_off");
    nothing_happened(&acme, 1).await;
    refused(&app.browser().get(login_url(&connection)).await, 403, "sso_off");
    let login = app.browser().get("/t/acme/login").await;
    assert!(!login.body.contains(id(&connection)) && login.body.contains("name=\"email\""), "{}", login.body);
    // Whatever the domain, the next step is the password, even before anybody has one.
    let sent = app.browser().post("/t/acme/login", &[("email", ALICE)]).await.location().unwrap();
    assert_eq!(parameter(&sent, "step"), "password");
    person(&acme, ALICE).await;
    signs_in(&try_password(&app.browser(), ALICE, PASSWORD).await);
}

#[actix_web::test]
async fn row_e5_enforced_refuses_passwords_and_keeps_keys_and_sessions() {
    let app = TestApp::start();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let connection = acme.connect(&provider, json!({})).await;
    let user = person(&acme, ALICE).await;
    let signed_in = app.browser();
    signs_in(&try_password(&signed_in, ALICE, PASSWORD).await);
    let key = json!({"name": "mine", "user_id": user["id"]});
    let key = acme.post("/api-keys", &key).await.created();
    app.operator().await.patch("/v1/tenants/acme", &json!({"sso": "enforced"})).await.ok();

    refused(&try_password(&app.browser(), ALICE, PASSWORD).await, 403, "sso_enforced");
    let form = [("proof", "x"), ("password", PASSWORD)];
    refused(&app.browser().post("/t/acme/login/new-password", &form).await, 403, "sso_enforced");
    let login = app.browser().get("/t/acme/login?step=password&login_hint=alice%40acme.example&choose=true").await;
    assert!(!login.body.contains("name=\"password\""), "{}", login.body);
    let me = signed_in.get("/v1/tenants/acme/me").await;
    assert_eq!(me.status, 200, "the session goes on: {}", me.body);
    let by_key = acme.browser.request(reqwest::Method::GET, "/v1/tenants/acme/me");
    let by_key = acme.browser.send(by_key.bearer_auth(key["secret"].as_str().unwrap()), "/").await;
    assert_eq!(by_key.status, 200, "the key too: {}", by_key.body);
    assert_eq!(app.browser().follow(login_url(&connection)).await.status, 200, "and the connection signs in");
}

#[actix_web::test]
async fn row_e5_enforced_with_one_connection_leads_straight_to_it_and_never_in_a_loop() {
    let app = TestApp::start();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let connection = acme.connect(&provider, json!({})).await;
    app.operator().await.patch("/v1/tenants/acme", &json!({"sso": "enforced"})).await.ok();
    let to = app.browser().get("/t/acme/login?return_to=https://app.example/x&login_hint=a%40b.example").await;
    let to = to.location().unwrap();
    assert!(to.as_str().starts_with(login_url(&connection)), "{to}");
    assert_eq!(parameter(&to, "return_to"), "https://app.example/x");
    assert_eq!(parameter(&to, "login_hint"), "a@b.example");

    let chosen = app.browser().get("/t/acme/login?choose=true").await;
    assert!(chosen.status == 200 && chosen.body.contains(login_url(&connection)), "{}", chosen.body);
    provider.person(json!({"sub": "u-2", "email": "eve@example.com", "email_verified": false}));
    let page = app.browser().follow("/t/acme/login").await;
    refused(&page, 403, "email_not_verified");
    assert!(page.body.contains(&format!("{}/t/acme/login?choose=true", app.url)), "{}", page.body);

    // With two of them the person chooses.
    acme.connect(&provider, json!({})).await;
    assert_eq!(app.browser().get("/t/acme/login").await.status, 200);
}

#[actix_web::test]
async fn row_e5_a_change_of_sso_counts_at_every_instance_within_five_seconds() {
    let a = TestApp::start();
    let b = a.second_instance();
    let acme = a.tenant("acme").await;
    person(&acme, ALICE).await;
    let browser = b.browser();
    signs_in(&try_password(&browser, ALICE, PASSWORD).await);
    let _: Value = a.operator().await.patch("/v1/tenants/acme", &json!({"sso": "enforced"})).await.ok();
    let begun = Instant::now();
    while try_password(&browser, ALICE, PASSWORD).await.status != 403 {
        assert!(begun.elapsed() < Duration::from_secs(5), "passwords still sign in");
        actix_web::rt::time::sleep(Duration::from_millis(100)).await;
    }
}

#[actix_web::test]
async fn l_23_row_e5_a_way_that_is_closed_while_somebody_comes_by_it_opens_no_session() {
    let app = TestApp::start();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let connection = acme.connect(&provider, json!({})).await;
    assert_eq!(app.browser().follow(login_url(&connection)).await.status, 200);
    let ada = acme.get("/users?email=ada@example.com").await.ok()["items"][0].clone();
    set(&acme, &ada, &json!({"password": PASSWORD})).await;
    for (change, code) in [("sso = 'enforced'", "sso_enforced"), ("sso = 'off'", "sso_off")] {
        let browser = app.browser();
        let comes_in = async {
            match code {
                "sso_off" => browser.follow(login_url(&connection)).await,
                _ => try_password(&browser, "ada@example.com", PASSWORD).await,
            }
        };
        let touched = "UPDATE users SET name = name; UPDATE connections SET display_name = display_name";
        let overtaking = format!("UPDATE tenants SET {change}; {touched}");
        refused(&app.database.overtaken(&overtaking, comes_in).await, 403, code);
        app.operator().await.patch("/v1/tenants/acme", &json!({"sso": "optional"})).await.ok();
    }
    assert_eq!(acme.get("/sessions").await.ok()["items"], json!([]));
}
