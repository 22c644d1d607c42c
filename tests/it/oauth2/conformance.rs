//! What the conformance suite of the OpenID Foundation asks of a provider, as far as no other test shows it
//! (docs/conformance.md names the test of each module).

mod answers;
mod logout;
mod prompts;
mod requests;

use serde_json::{Value, json};

use crate::support::admin::Admin;
use crate::support::hostile_provider::HostileProvider;
use crate::support::relying_party::RelyingParty;
use crate::support::{Browser, TestApp};

/// A tenant whose people come by one provider, without a page of ours in between; its application; and a browser.
struct Scene {
    app: TestApp,
    acme: Admin,
    provider: HostileProvider,
    party: RelyingParty,
    ada: Browser,
}

impl Scene {
    /// With an application that differs by `change`.
    async fn set(change: Value) -> Self {
        Self::set_at(TestApp::start(), change).await
    }

    async fn set_at(app: TestApp, change: Value) -> Self {
        let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
        let person = json!({"sub": "u-1", "email": "ada@acme.example", "email_verified": true, "name": "Ada Lovelace",
            "given_name": "Ada", "family_name": "Lovelace", "phone_number": "+44 1", "address": {"country": "UK"}});
        provider.person(person);
        acme.connect(&provider, json!({})).await;
        acme.patch("/v1/tenants/acme", &json!({"sso": "enforced"})).await.ok();
        let party = RelyingParty::register(&acme, change).await;
        let ada = app.browser();
        Self { app, acme, provider, party, ada }
    }

    /// How often somebody signed in.
    async fn logins(&self) -> usize {
        self.acme.count_events("login.succeeded").await
    }
}
