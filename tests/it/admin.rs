//! REST, one file per noun. What every noun has in common is checked by [`lifecycle`].

mod api_keys;
mod applications;
mod audit_events;
mod connection_cycles;
mod connections;
mod domains;
mod group_mappings;
mod groups;
mod identities;
mod installation_applications;
mod lifecycle;
mod me;
mod operators;
mod saml_connections;
mod saml_keys;
mod saml_metadata;
mod service_accounts;
mod sessions;
mod signing_keys;
mod tenants;
mod users;

use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::admin::Admin;
use crate::support::hostile_provider::HostileProvider;

/// The id of an object as text.
pub fn id(object: &Value) -> &str {
    object["id"].as_str().unwrap()
}

/// A person who signed in by a new provider: the browser and the user.
async fn signed_in(app: &TestApp, admin: &Admin) -> (crate::support::Browser, Value) {
    let provider = HostileProvider::start();
    let connection = admin.connect(&provider, json!({})).await;
    let browser = app.browser();
    let page = browser.follow(connection["login_url"].as_str().unwrap()).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let user = admin.get("/users?email=ada@example.com").await.ok()["items"][0].clone();
    (browser, user)
}
