//! People with a password of Doorward's own, and the forms by which they sign in.

use diesel::prelude::*;
use doorward::schema::users;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::TestApp;
use super::admin::{Admin, Answer};
use super::browser::{Browser, Page};

/// A password that passes every rule.
pub const PASSWORD: &str = "correct horse battery";
/// Another one.
pub const ANOTHER: &str = "a staple of another kind";

/// A server whose clock stands still at the beginning of a window of the throttle.
pub fn app_within_a_window() -> TestApp {
    let app = TestApp::start_with_manual_clock();
    let into = app.clock.now().timestamp().rem_euclid(900);
    app.clock.advance(chrono::Duration::seconds(900 - into + 1));
    app
}

/// A new user with [`PASSWORD`], whose address nobody has proven.
pub async fn person(admin: &Admin, email: &str) -> Value {
    let user = admin.post("/users", &json!({"email": email, "name": "Alice Lovelace"})).await.created();
    set(admin, &user, &json!({"password": PASSWORD})).await;
    user
}

/// The same, who has proven their address.
pub async fn proven_person(app: &TestApp, admin: &Admin, email: &str) -> Value {
    let user = person(admin, email).await;
    prove(app, user["id"].as_str().unwrap());
    user
}

/// The user with this id has proven their address, as if by a letter.
pub fn prove(app: &TestApp, user: &str) {
    let proven = diesel::update(users::table.filter(users::id.eq(user.parse::<Uuid>().unwrap())));
    let proven = proven.set(users::email_verified_at.eq(app.clock.now()));
    assert_eq!(proven.execute(&mut app.database.superuser()).unwrap(), 1);
}

/// Sets a user's password as an admin.
pub async fn set(admin: &Admin, user: &Value, body: &Value) {
    admin.put_json(&format!("/users/{}/password", user["id"].as_str().unwrap()), body).await.expect(204);
}

/// Posts the password form of the tenant `acme`.
pub async fn try_password(browser: &Browser, email: &str, password: &str) -> Page {
    browser.post("/t/acme/login/password", &[("email", email), ("password", password)]).await
}

/// Signs in to the tenant `acme`, which must work.
#[track_caller]
pub fn signs_in(page: &Page) {
    assert!(super::sign_in::is_signed_in(page), "{}: {}", page.status, page.body);
}

/// A browser that reaches the server from another loopback address.
pub fn browser_from(browser: &Browser, port: u16, last: u8) -> Browser {
    Browser::with(&browser.base, port, |client| client.local_address(std::net::IpAddr::from([127, 0, 0, last])))
}

/// Changes the own password with the browser's session, as a page of ours would.
pub async fn change_own(browser: &Browser, current: &str, new: &str) -> Answer {
    let path = "/v1/tenants/acme/me/password";
    let request = browser.request(Method::PUT, path).header("origin", &browser.base);
    let request = request.header("sec-fetch-site", "same-origin");
    let page = browser.send(request.json(&json!({"current_password": current, "new_password": new})), path).await;
    Answer { status: page.status, headers: page.headers, text: page.body }
}

/// The proof in the page that asks for a new password.
#[track_caller]
pub fn proof(page: &Page) -> String {
    let found = page.body.split("name=\"proof\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
    found.unwrap_or_else(|| panic!("{} has no proof: {}", page.status, page.body)).to_owned()
}
