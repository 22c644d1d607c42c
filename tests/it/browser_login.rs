//! A login in a real browser (Chromium), with its own idea of cookies, sites and Content-Security-Policy.

use serde_json::{Value, json};

use crate::needs;
use crate::support::TestApp;
use crate::support::admin::Admin;
use crate::support::oidc_provider::OidcProvider;
use crate::support::screen::Screen;

/// The keys of a keyboard, as WebDriver writes them.
const TAB: &str = "\u{E004}";
const ENTER: &str = "\u{E007}";

/// Fills in the provider's form.
async fn be_alice(screen: &Screen) {
    let login = screen.wait("input[name=login]").await;
    login.clear().await.unwrap();
    login.send_keys("alice").await.unwrap();
    screen.wait("input[name=password]").await.send_keys("alice-pw").await.unwrap();
    screen.click("button[value=in]").await;
}

/// Addresses of acme.example.com sign in by this connection.
async fn claim_domain(app: &TestApp, acme: &Admin, connection: &Value) {
    let body = json!({"domain": "acme.example.com", "connection_id": connection["id"]});
    let domain = acme.post("/domains", &body).await.created();
    let attest = format!("/v1/tenants/acme/domains/{}/attest", domain["id"].as_str().unwrap());
    app.operator().await.post(&attest, &json!({})).await.ok();
}

#[actix_web::test]
async fn journey_browser_login_by_address_and_logout_by_button() {
    let provider = OidcProvider::at(needs!("DOORWARD_TEST_OIDC_PROVIDER"));
    let (driver, chromium) = (needs!("DOORWARD_TEST_CHROMEDRIVER"), needs!("DOORWARD_TEST_CHROMIUM"));
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let connection = provider.connect_plainly(&acme).await;
    claim_domain(&app, &acme, &connection).await;

    let screen = Screen::open(driver, &chromium).await;
    screen.client.goto(&format!("{}/t/acme/login", app.url)).await.unwrap();
    screen.wait("#email").await.send_keys("Alice@Acme.Example.com").await.unwrap();
    screen.click("form button").await;
    let hint = screen.wait("input[name=login]").await.prop("value").await.unwrap();
    assert_eq!(hint.as_deref(), Some("Alice@Acme.Example.com"), "the address goes along");
    be_alice(&screen).await;
    assert_eq!(screen.text("#name").await, "Alice Archer");
    assert_eq!(screen.path().await, "/t/acme");
    assert_eq!(screen.client.current_url().await.unwrap().query(), None, "W-14: no code in the address");

    screen.click("form button").await;
    screen.click("button[value=yes]").await;
    screen.wait("p[role=alert] + p a.choice").await;
    assert_eq!(screen.path().await, "/t/acme/logout/done");
    screen.client.goto(&format!("{}/t/acme", app.url)).await.unwrap();
    assert_eq!(screen.path().await, "/t/acme/login", "signed out here");
    screen.click("a.choice").await;
    screen.wait("input[name=password]").await; // and there
    screen.close().await;
}

#[actix_web::test]
async fn journey_browser_login_by_form_post_from_another_site_completes() {
    let provider = OidcProvider::at(needs!("DOORWARD_TEST_OIDC_PROVIDER"));
    let (driver, chromium) = (needs!("DOORWARD_TEST_CHROMEDRIVER"), needs!("DOORWARD_TEST_CHROMIUM"));
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let by_post = json!({"settings": {"response_mode": "form_post"}});
    let connection = provider.connect(&acme, json!({}), by_post).await;

    // The provider is another site, so its post brings no Lax cookie: kept, and resumed by a GET of our own.
    let screen = Screen::open(driver, &chromium).await;
    screen.client.goto(connection["login_url"].as_str().unwrap()).await.unwrap();
    be_alice(&screen).await;
    assert_eq!(screen.text("#name").await, "Alice Archer");
    assert_eq!(screen.path().await, "/t/acme");
    screen.close().await;
    assert_eq!(acme.count_events("login.succeeded").await, 1);
    assert_eq!(acme.count_events("login.refused").await, 0);
}

#[actix_web::test]
async fn journey_browser_login_needs_no_mouse() {
    let provider = OidcProvider::at(needs!("DOORWARD_TEST_OIDC_PROVIDER"));
    let (driver, chromium) = (needs!("DOORWARD_TEST_CHROMEDRIVER"), needs!("DOORWARD_TEST_CHROMIUM"));
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let connection = provider.connect_plainly(&acme).await;
    claim_domain(&app, &acme, &connection).await;

    let screen = Screen::open(driver, &chromium).await;
    screen.client.goto(&format!("{}/t/acme/login", app.url)).await.unwrap();
    screen.wait("a.choice").await;
    screen.press(TAB).await; // from the address, which has the focus at first, to its button
    screen.press(TAB).await; // and to the connection
    let focused = screen.client.active_element().await.unwrap();
    assert_eq!(focused.attr("class").await.unwrap().as_deref(), Some("choice"));
    focused.send_keys(ENTER).await.unwrap();
    screen.wait("input[name=login]").await;

    screen.client.back().await.unwrap();
    screen.wait("#email").await;
    screen.client.refresh().await.unwrap();
    screen.wait("#email").await;
    screen.press("alice@acme.example.com").await;
    screen.press(ENTER).await;
    be_alice(&screen).await;
    assert_eq!(screen.text("#name").await, "Alice Archer");
    screen.press(TAB).await;
    let style = screen.client.execute("return getComputedStyle(document.querySelector('main')).maxWidth", vec![]).await;
    assert_ne!(style.unwrap(), json!("none"), "the stylesheet is not blocked");
    screen.close().await;
}
