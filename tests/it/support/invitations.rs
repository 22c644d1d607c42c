//! Inviting people, and the link in their letter.

use secrecy::ExposeSecret;
use serde_json::{Value, json};

use doorward::flows::post::place_of_link;
use doorward::store::db::DbError;

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

/// The link in the letter of an invitation, as it stands sealed in the outbox.
pub async fn link(app: &TestApp, admin: &Admin, invitation: &Value) -> String {
    let tenant = id(&admin.get("").await.ok()).parse().unwrap();
    let letter: uuid::Uuid = invitation["delivery_id"].as_str().expect("there is a letter").parse().unwrap();
    let context = app.context.clone();
    let sealed = context.db.tenant(tenant, move |conn| {
        use diesel::prelude::*;
        use doorward::schema::deliveries::dsl;
        let row = dsl::deliveries.find((tenant, letter)).select(dsl::link);
        Ok::<_, DbError>(row.first::<Option<Vec<u8>>>(conn)?)
    });
    let sealed = sealed.await.unwrap().expect("the letter has a link, and was not sent yet");
    let link = app.context.sealer.open(place_of_link(tenant, letter), &sealed).unwrap();
    String::from_utf8(link.expose_secret().to_vec()).unwrap()
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
