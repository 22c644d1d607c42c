//! The account page and the second step in a real browser, with its own idea of forms, cookies and policies.

use serde_json::json;

use crate::needs;
use crate::support::TestApp;
use crate::support::invitations::invited;
use crate::support::passwords::PASSWORD;
use crate::support::screen::Screen;
use crate::support::totp::code_in;

const OLIVE: &str = "olive@acme.example";

/// Types a code of the app; `steps` from now, because each is good once.
async fn type_code(app: &TestApp, screen: &Screen, secret: &str, steps: i64) {
    screen.wait("#one-time-code").await.send_keys(&code_in(secret, app.clock.now(), steps)).await.unwrap();
    screen.click("form button").await;
}

#[actix_web::test]
async fn journey_an_owner_sets_an_app_up_signs_in_by_it_and_makes_codes_for_the_day_when_nothing_works() {
    let (driver, chromium) = (needs!("DOORWARD_TEST_CHROMEDRIVER"), needs!("DOORWARD_TEST_CHROMIUM"));
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let (_, link) = invited(&app, &acme, OLIVE, json!({"role": "owner", "name": "Olive Owner"})).await;
    let screen = Screen::open(driver, &chromium).await;
    screen.client.goto(&link).await.unwrap();
    screen.wait("#password").await.send_keys(PASSWORD).await.unwrap();
    screen.click("form button").await;
    assert_eq!(screen.text("#name").await, "Olive Owner");

    screen.click("a.choice").await;
    screen.click("#codes form button").await;
    screen.wait("svg.qr").await;
    let secret = screen.text("#secret").await;
    type_code(&app, &screen, &secret, -1).await;
    screen.wait("ol#codes li").await;
    screen.click("a.choice").await;
    assert_eq!(screen.text("#left").await, "10");

    // For the day when nobody signs in by the provider.
    assert_eq!(screen.text("#break-glass-left").await, "0");
    screen.click("#break-glass form button").await;
    assert_eq!(screen.text("ol#codes").await.lines().count(), 10);
    assert_eq!(screen.text("#at").await, format!("{}/t/acme/login/break-glass", app.url));
    screen.click("a.choice").await;
    assert_eq!(screen.text("#break-glass-left").await, "10");

    screen.click("form[action$='/logout'] button").await;
    screen.client.goto(&format!("{}/t/acme/account", app.url)).await.unwrap();
    screen.wait("#email").await.send_keys(OLIVE).await.unwrap();
    screen.click("form button").await;
    screen.wait("#password").await.send_keys(PASSWORD).await.unwrap();
    screen.click("form button").await;
    type_code(&app, &screen, &secret, 0).await;
    assert_eq!((screen.text("#left").await.as_str(), screen.path().await.as_str()), ("10", "/t/acme/account"));
    screen.click("#break-glass form[action$='/withdraw'] button").await;
    assert_eq!(screen.text("p[role=status]").await, "Your change was saved."); // the page before has no such thing
    assert_eq!(screen.text("#break-glass-left").await, "0");
    screen.close().await;
    assert_eq!(acme.count_events("break_glass.codes_withdrawn").await, 1);
}
