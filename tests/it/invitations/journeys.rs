//! The whole story, from an operator's new customer to people who work there; letters go through a real mail server.

use serde_json::json;

use crate::needs;
use crate::support::TestApp;
use crate::support::admin::Admin;
use crate::support::aiosmtpd::Aiosmtpd;
use crate::support::invitations::{now, press_with, token_of};
use crate::support::oidc_provider::{OidcProvider, follow_on, submit};
use crate::support::passwords::{PASSWORD, signs_in, try_password};
use crate::support::screen::Screen;
use crate::support::sign_in::id;

/// An operator's customer, and its first owner's link.
async fn a_new_customer(app: &TestApp, mail: &Aiosmtpd) -> (Admin, String) {
    let operator = app.operator().await;
    operator.post("/v1/tenants", &json!({"slug": "acme", "name": "Acme Inc."})).await.created();
    let acme = Admin::new(app.browser(), "/v1/tenants/acme", operator.key.clone());
    let owner = json!({"role": "owner", "name": "Olive Owner"});
    let (_, link) = mail.invited(&acme, "owner@acme.example", owner).await;
    (acme, link)
}

#[actix_web::test]
async fn journey_invite_by_email_local_an_owner_and_then_by_the_owner_a_member() {
    let mail = Aiosmtpd::start(&needs!("DOORWARD_TEST_AIOSMTPD"), "starttls");
    let app = mail.app();
    let (acme, link) = a_new_customer(&app, &mail).await;
    let owner = app.browser();
    assert_eq!(owner.get(&link).await.text_of("invited").as_deref(), Some("owner@acme.example"));
    signs_in(&press_with(&owner, &link, &[("way", "password"), ("password", PASSWORD)]).await);
    assert_eq!(owner.get("/t/acme").await.text_of("name").as_deref(), Some("Olive Owner"));

    // The owner invites from a page of the product, by the session.
    let request = owner.request(reqwest::Method::POST, "/v1/tenants/acme/invitations");
    let request = request.header("origin", &app.url).header("sec-fetch-site", "same-origin");
    let body = json!({"email": "mary@acme.example", "name": "Mary Member"});
    let made = owner.send(request.json(&body), "/").await;
    assert_eq!(made.status, 201, "{}", made.body);
    let made: serde_json::Value = serde_json::from_str(&made.body).unwrap();
    let link = mail.letters_to("mary@acme.example").await[0].link();
    let member = app.browser();
    signs_in(&press_with(&member, &link, &[("way", "password"), ("password", "marys own password")]).await);
    assert_eq!(member.get("/v1/tenants/acme/users").await.status, 403, "a member");
    assert_eq!(now(&acme, &made).await["state"], "accepted");
    signs_in(&try_password(&app.browser(), "mary@acme.example", "marys own password").await);
}

#[actix_web::test]
async fn journey_invite_by_email_oidc_by_way_of_a_real_provider() {
    let provider = OidcProvider::at(needs!("DOORWARD_TEST_OIDC_PROVIDER"));
    let mail = Aiosmtpd::start(&needs!("DOORWARD_TEST_AIOSMTPD"), "starttls");
    let app = mail.app();
    let acme = app.tenant("acme").await;
    let connection = json!({"provisioning": {"create_users": false}});
    let connection = provider.connect(&acme, json!({}), connection).await;
    let (made, link) = mail.invited(&acme, "alice@acme.example.com", json!({"role": "admin"})).await;
    let browser = app.browser();
    let pressed = press_with(&browser, &link, &[("way", "sso")]).await;
    let form = browser.follow(pressed.location().unwrap().as_str()).await;
    assert!(form.body.contains("alice@acme.example.com"), "the address goes along: {}", form.body);
    let sent = submit(&browser, &form, &[("login", "alice"), ("password", "alice-pw"), ("go", "in")]).await;
    let page = follow_on(&browser, sent).await;
    assert_eq!(page.text_of("name").as_deref(), Some("Alice Archer"), "{}", page.body);
    assert_eq!(now(&acme, &made).await["state"], "accepted");
    assert_eq!(browser.get("/v1/tenants/acme/users").await.status, 200, "an admin");
    assert_eq!(acme.last_event("login.succeeded").await["payload"]["connection_id"], connection["id"]);
}

#[actix_web::test]
async fn journey_invite_by_email_oidc_in_a_real_browser() {
    let provider = OidcProvider::at(needs!("DOORWARD_TEST_OIDC_PROVIDER"));
    let (driver, chromium) = (needs!("DOORWARD_TEST_CHROMEDRIVER"), needs!("DOORWARD_TEST_CHROMIUM"));
    let mail = Aiosmtpd::start(&needs!("DOORWARD_TEST_AIOSMTPD"), "starttls");
    let app = mail.app();
    let acme = app.tenant("acme").await;
    provider.connect(&acme, json!({}), json!({"provisioning": {"create_users": false}})).await;
    let (made, link) = mail.invited(&acme, "alice@acme.example.com", json!({})).await;
    let screen = Screen::open(driver, &chromium).await;
    screen.client.goto(&link).await.unwrap();
    assert_eq!(screen.text("#invited").await, "alice@acme.example.com");
    assert_eq!(now(&acme, &made).await["state"], "pending", "looking is not accepting");
    screen.click("form button").await;
    let login = screen.wait("input[name=login]").await;
    login.clear().await.unwrap();
    login.send_keys("alice").await.unwrap();
    screen.wait("input[name=password]").await.send_keys("alice-pw").await.unwrap();
    screen.click("button[value=in]").await;
    assert_eq!(screen.text("#name").await, "Alice Archer");
    screen.close().await;
    assert_eq!(now(&acme, &made).await["state"], "accepted");
}

#[actix_web::test]
async fn journey_invite_by_email_local_in_a_real_browser() {
    let (driver, chromium) = (needs!("DOORWARD_TEST_CHROMEDRIVER"), needs!("DOORWARD_TEST_CHROMIUM"));
    let mail = Aiosmtpd::start(&needs!("DOORWARD_TEST_AIOSMTPD"), "starttls");
    let app = mail.app();
    let (acme, link) = a_new_customer(&app, &mail).await;
    let screen = Screen::open(driver, &chromium).await;
    screen.client.goto(&link).await.unwrap();
    screen.wait("#password").await.send_keys(PASSWORD).await.unwrap();
    screen.click("form button").await;
    assert_eq!(screen.text("#name").await, "Olive Owner");
    let url = screen.client.current_url().await.unwrap();
    assert!(!url.as_str().contains(&token_of(&link)), "the token is gone from the address: {url}");
    screen.close().await;
    let owner = acme.get("/users").await.ok()["items"][0].clone();
    assert_eq!(owner["role"], "owner");
    assert!(acme.get(&format!("/users/{}", id(&owner))).await.ok()["last_login_at"].is_string());
}
