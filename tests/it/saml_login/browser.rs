//! A SAML login in a real browser (Chromium), with its own idea of cookies, sites and Content-Security-Policy.

use serde_json::json;

use super::providers::{connect, tenant};
use crate::needs;
use crate::support::TestApp;
use crate::support::aiosmtpd::Aiosmtpd;
use crate::support::invitations::now;
use crate::support::saml_idp::{SamlIdp, Software};
use crate::support::screen::Screen;
use crate::support::sign_in::{id, login_url};

const ENTER: &str = "\u{E007}";

#[actix_web::test]
async fn journey_browser_saml_login_by_either_binding_and_logout_by_button() {
    let php = Software::SimpleSamlPhp(needs!("DOORWARD_TEST_SIMPLESAMLPHP"));
    let (driver, chromium) = (needs!("DOORWARD_TEST_CHROMEDRIVER"), needs!("DOORWARD_TEST_CHROMIUM"));
    let app = TestApp::start();
    let acme = tenant(&app).await;
    let idp = SamlIdp::start(php, json!({}));
    let screen = Screen::open(driver, &chromium).await;
    for (binding, logins) in [("redirect", 1), ("post", 2)] {
        let settings = json!({"sso_binding": binding, "slo_binding": binding});
        let connection = connect(&acme, &idp, settings).await;
        // By POST our own page posts itself; the response comes from another site and brings no Lax cookie.
        screen.client.goto(login_url(&connection)).await.unwrap();
        screen.wait("input[name=username]").await.send_keys("alice").await.unwrap();
        screen.wait("input[name=password]").await.send_keys(&format!("alice-pw{ENTER}")).await.unwrap();
        screen.wait("#name").await;
        assert_eq!(screen.path().await, "/t/acme");
        assert_eq!(acme.count_events("login.succeeded").await, logins);
        screen.click("form button").await;
        screen.wait("p[role=alert] + p a.choice").await;
        assert!(screen.path().await.ends_with("/slo"), "{}", screen.path().await);
        assert_eq!(acme.get("/sessions").await.ok()["items"], json!([]));
        assert_eq!(acme.count_events("logout.refused").await, 0);
        let id = connection["id"].as_str().unwrap();
        acme.delete(&format!("/connections/{id}")).await.expect(204);
        let users = acme.get("/users").await.ok();
        acme.delete(&format!("/users/{}", users["items"][0]["id"].as_str().unwrap())).await.expect(204);
    }
    screen.close().await;
}

#[actix_web::test]
async fn journey_invite_by_email_saml_in_a_real_browser() {
    let php = Software::SimpleSamlPhp(needs!("DOORWARD_TEST_SIMPLESAMLPHP"));
    let (driver, chromium) = (needs!("DOORWARD_TEST_CHROMEDRIVER"), needs!("DOORWARD_TEST_CHROMIUM"));
    let mail = Aiosmtpd::start(&needs!("DOORWARD_TEST_AIOSMTPD"), "starttls");
    let app = mail.app();
    let acme = tenant(&app).await;
    let idp = SamlIdp::start(php, json!({}));
    let connection = connect(&acme, &idp, json!({})).await;
    let only_known = json!({"provisioning": {"create_users": false}});
    acme.patch(&format!("/connections/{}", id(&connection)), &only_known).await.ok();
    let (made, link) = mail.invited(&acme, "alice@acme.example.com", json!({"role": "admin"})).await;
    let screen = Screen::open(driver, &chromium).await;
    screen.client.goto(&link).await.unwrap();
    assert_eq!(screen.text("#invited").await, "alice@acme.example.com");
    screen.click("form button").await;
    screen.wait("input[name=username]").await.send_keys("alice").await.unwrap();
    screen.wait("input[name=password]").await.send_keys(&format!("alice-pw{ENTER}")).await.unwrap();
    // The response is posted from another site, and brings neither the attempt's cookie nor the invitation's.
    screen.wait("#name").await;
    assert_eq!(screen.path().await, "/t/acme");
    screen.close().await;
    assert_eq!(now(&acme, &made).await["state"], "accepted");
    assert_eq!(acme.get("/users").await.ok()["items"][0]["role"], "admin");
}
