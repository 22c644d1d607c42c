//! The first login of a person, from the login page to the session.

use serde_json::json;

use crate::support::TestApp;
use crate::support::hostile_provider::HostileProvider;

#[actix_web::test]
async fn a_first_login_creates_the_user_and_a_session() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let provider = HostileProvider::start();
    provider.person(json!({"sub": "u-1", "email": "alice@acme.example", "email_verified": true, "name": "Alice"}));
    let connection = acme.connect(&provider, json!({})).await;

    let browser = app.browser();
    let page = browser.follow(connection["login_url"].as_str().unwrap()).await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert_eq!(page.text_of("name").as_deref(), Some("Alice"), "{}", page.body);

    let users = acme.get("/users").await.ok();
    assert_eq!(users["items"][0]["email"], "alice@acme.example");
    let event = acme.last_event("login.succeeded").await;
    assert_eq!(event["payload"]["outcome"], "created");
}
