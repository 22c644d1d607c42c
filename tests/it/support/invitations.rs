//! Inviting people, and the link in their letter.

use serde_json::{Value, json};

use super::TestApp;
use super::admin::Admin;
use super::browser::{Browser, Page};
use super::sign_in::id;

/// Invites by address; more fields are merged in.
pub async fn invite(admin: &Admin, email: &str, more: Value) -> Value {
    let mut body = json!({"email": email});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    admin.post("/invitations", &body).await.created()
}

/// The link in the letter of an invitation, as it arrived.
pub async fn link(app: &TestApp, _: &Admin, invitation: &Value) -> String {
    let letter: uuid::Uuid = invitation["delivery_id"].as_str().expect("there is a letter").parse().unwrap();
    app.letter_of(letter).await.link()
}

/// Invites by address and gives the link.
pub async fn invited(app: &TestApp, admin: &Admin, email: &str, more: Value) -> (Value, String) {
    let invitation = invite(admin, email, more).await;
    let link = link(app, admin, &invitation).await;
    (invitation, link)
}

/// The token in a link.
pub fn token_of(link: &str) -> String {
    link.split_once("token=").expect("the link has a token").1.to_owned()
}

/// Presses the button for single sign-on on the page behind the link.
pub async fn press(browser: &Browser, link: &str) -> Page {
    press_with(browser, link, &[("way", "sso")]).await
}

/// Sends the form of the page behind the link.
pub async fn press_with(browser: &Browser, link: &str, fields: &[(&str, &str)]) -> Page {
    let token = token_of(link);
    let mut all = vec![("token", token.as_str())];
    all.extend(fields);
    browser.post("/t/acme/invitation", &all).await
}

/// The invitation as it is now.
pub async fn now(admin: &Admin, invitation: &Value) -> Value {
    admin.get(&format!("/invitations/{}", id(invitation))).await.ok()
}
