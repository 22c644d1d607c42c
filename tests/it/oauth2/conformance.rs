//! What the conformance suite of the OpenID Foundation asks of a provider, as far as no other test shows it
//! (docs/conformance.md names the test of each module).

mod answers;
mod logout;
mod prompts;
mod requests;
mod reuse;

use serde_json::{Map, Value, json};

use crate::support::admin::Admin;
use crate::support::hostile_provider::HostileProvider;
use crate::support::relying_party::{RelyingParty, claims, text};
use crate::support::{Browser, TestApp};

/// A tenant whose people come by one provider, without a page of ours in between; its application; and a browser.
struct Scene {
    app: TestApp,
    acme: Admin,
    provider: HostileProvider,
    client: RelyingParty,
    ada: Browser,
}

impl Scene {
    /// With an application that differs by `change`.
    async fn set(change: Value) -> Self {
        Self::set_at(TestApp::start(), change).await
    }

    async fn set_at(app: TestApp, mut change: Value) -> Self {
        let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
        let person = json!({"sub": "u-1", "email": "ada@acme.example", "email_verified": true, "name": "Ada Lovelace",
            "given_name": "Ada", "family_name": "Lovelace", "phone_number": "+44 1", "address": {"country": "UK"}});
        provider.person(person);
        let connection = acme.connect(&provider, json!({})).await;
        change["allowed_connections"] = json!([connection["id"]]); // the only way in: no page of ours asks for the way
        let client = RelyingParty::register(&acme, change).await;
        let ada = app.browser();
        Self { app, acme, provider, client, ada }
    }

    /// The ID token's claims after a whole round in Ada's browser.
    async fn id_token(&self, change: &[(&str, &str)]) -> Map<String, Value> {
        claims(text(&self.client.tokens(&self.ada, change).await, "id_token"))
    }

    /// How often somebody signed in.
    async fn logins(&self) -> usize {
        self.acme.count_events("login.succeeded").await
    }
}
