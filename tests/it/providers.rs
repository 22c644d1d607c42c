//! Whole logins at identity providers that nobody here wrote: npm oidc-provider and glewlwyd.

mod endpoints;
mod logout;
mod oidc_people;
mod provisioning;
mod variants;
mod with_glewlwyd;

use serde_json::{Value, json};

use crate::support::admin::Admin;
use crate::support::browser::Page;

/// A signed-in page that greets this person.
#[track_caller]
fn assert_welcome(page: &Page, name: &str) {
    assert_eq!(page.status, 200, "{}", page.body);
    assert_eq!(page.text_of("name").as_deref(), Some(name), "{}", page.body);
}

/// The one user of the tenant.
async fn only_user(tenant: &Admin) -> Value {
    let users = tenant.get("/users").await.ok();
    let users = users["items"].as_array().unwrap();
    assert_eq!(users.len(), 1, "{users:?}");
    users[0].clone()
}

/// Nobody was let in: this reason, no user, no session, one audit event that the page names.
async fn assert_refused(tenant: &Admin, page: &Page, reason: &str) {
    assert_eq!(page.code(), reason, "{}", page.body);
    assert_eq!(tenant.get("/users").await.ok()["items"], json!([]));
    assert_eq!(tenant.get("/sessions").await.ok()["items"], json!([]));
    assert_eq!(tenant.count_events("login.refused").await, 1);
    let event = tenant.last_event("login.refused").await;
    assert_eq!(event["payload"]["reason"], reason);
    assert_eq!(event["id"].as_str(), page.text_of("event").as_deref());
}

/// A group that a claim of the same name feeds.
async fn group(tenant: &Admin, name: &str) {
    tenant.post("/groups", &json!({"name": name})).await.created();
}

/// The names of the person's groups, in order.
async fn groups_of(tenant: &Admin, user: &Value) -> Vec<String> {
    let path = format!("/users/{}/groups", user["id"].as_str().unwrap());
    let (memberships, groups) = (tenant.get(&path).await.ok(), tenant.get("/groups").await.ok());
    let groups = groups["items"].as_array().unwrap();
    let name = |membership: &Value| {
        let group = groups.iter().find(|group| group["id"] == membership["group_id"]);
        group.unwrap()["name"].as_str().unwrap().to_owned()
    };
    let mut names: Vec<String> = memberships["items"].as_array().unwrap().iter().map(name).collect();
    names.sort();
    names
}
