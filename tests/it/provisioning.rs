//! What a sign-in does to users and groups, end to end.

mod claim_paths;
mod group_matching;
mod group_removal;

use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::admin::Admin;
use crate::support::hostile_provider::HostileProvider;

/// A tenant with one provider and one person, who signs in again and again with other claims.
struct Scene {
    app: TestApp,
    acme: Admin,
    provider: HostileProvider,
    connection: Value,
}

impl Scene {
    /// `change` is merged into the connection; `groups` are the tenant's own.
    async fn new(change: Value, groups: &[&str]) -> Self {
        let app = TestApp::start();
        let acme = app.tenant("acme").await;
        for name in groups {
            acme.post("/groups", &json!({"name": name})).await.created();
        }
        let provider = HostileProvider::start();
        let connection = acme.connect(&provider, change).await;
        Self { app, acme, provider, connection }
    }

    /// Signs in with these claims beside `sub` and a verified address.
    async fn sign_in(&self, more: Value) {
        let mut claims = json!({"sub": "u-1", "email": "ada@acme.example", "email_verified": true, "name": "Ada"});
        for (name, value) in more.as_object().unwrap() {
            claims[name] = value.clone();
        }
        self.provider.person(claims);
        let page = self.app.browser().follow(self.connection["login_url"].as_str().unwrap()).await;
        assert_eq!(page.status, 200, "{}", page.body);
    }

    async fn user(&self) -> Value {
        self.acme.get("/users?email=ada@acme.example").await.ok()["items"][0].clone()
    }

    async fn user_id(&self) -> String {
        self.user().await["id"].as_str().unwrap().to_owned()
    }

    /// The id of a group by its name.
    async fn group(&self, name: &str) -> String {
        let groups = self.acme.get("/groups?limit=200").await.ok();
        let found = groups["items"].as_array().unwrap().iter().find(|g| g["name"] == name).cloned();
        found.unwrap_or_else(|| panic!("no group {name}"))["id"].as_str().unwrap().to_owned()
    }

    /// The names of the person's groups, sorted; with `true` those that this connection says, else those by hand.
    async fn groups(&self, synced: bool) -> Vec<String> {
        let groups = self.acme.get("/groups?limit=200").await.ok();
        let memberships = self.acme.get(&format!("/users/{}/groups?limit=200", self.user_id().await)).await.ok();
        let says_so = |origin: &Value| (origin["connection_id"] == self.connection["id"]) == synced;
        let all = memberships["items"].as_array().unwrap().iter();
        let of_origin = all.filter(|m| m["origins"].as_array().unwrap().iter().any(says_so));
        let name = |m: &Value| {
            groups["items"].as_array().unwrap().iter().find(|g| g["id"] == m["group_id"]).unwrap()["name"].clone()
        };
        let mut names: Vec<String> = of_origin.map(|m| name(m).as_str().unwrap().to_owned()).collect();
        names.sort();
        names
    }

    async fn map(&self, kind: &str, pattern: &str, group: &str) {
        let body = json!({"group_id": self.group(group).await, "match_kind": kind, "pattern": pattern});
        self.acme.post("/group-mappings", &body).await.created();
    }
}
