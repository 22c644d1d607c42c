//! A tenant with an application and a person at their own provider, and how refusals look.

use std::future::Future;
use std::time::Duration;

use serde_json::{Map, Value, json};
use url::Url;

use crate::support::admin::{Admin, Answer};
use crate::support::hostile_provider::HostileProvider;
use crate::support::relying_party::{RelyingParty, claims, text};
use crate::support::sign_in::parameter;
use crate::support::{Browser, TestApp};

/// A tenant whose people come by one provider, without a page of ours in between; its application; and a browser.
pub struct Scene {
    pub app: TestApp,
    pub acme: Admin,
    pub provider: HostileProvider,
    /// The one connection.
    pub connection: Value,
    pub client: RelyingParty,
    pub ada: Browser,
}

impl Scene {
    /// With an application that differs by `change`.
    pub async fn set(change: Value) -> Self {
        Self::set_at(TestApp::start(), change).await
    }

    pub async fn set_at(app: TestApp, mut change: Value) -> Self {
        let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
        let person = json!({"sub": "u-1", "email": "ada@acme.example", "email_verified": true, "name": "Ada Lovelace",
            "given_name": "Ada", "family_name": "Lovelace", "phone_number": "+44 1", "address": {"country": "UK"}});
        provider.person(person);
        let connection = acme.connect(&provider, json!({})).await;
        change["allowed_connections"] = json!([connection["id"]]); // the only way in: no page of ours asks for the way
        let client = RelyingParty::register(&acme, change).await;
        let ada = app.browser();
        Self { app, acme, provider, connection, client, ada }
    }

    /// The ID token's claims after a whole round in Ada's browser.
    pub async fn id_token(&self, change: &[(&str, &str)]) -> Map<String, Value> {
        claims(text(&self.client.tokens(&self.ada, change).await, "id_token"))
    }

    /// The provider's ID tokens are of the server's time, however far that is moved.
    pub fn provider_keeps_time(&self) {
        let clock = self.app.clock.clone();
        self.provider.id_token(move |claims| {
            for (name, after) in [("iat", 0), ("auth_time", 0), ("exp", 300)] {
                claims[name] = json!(clock.now().timestamp() + after);
            }
        });
    }

    /// How often somebody signed in.
    pub async fn logins(&self) -> usize {
        self.acme.count_events("login.succeeded").await
    }
}

/// Waits until a token is no good at userinfo: everywhere within five seconds.
pub async fn becomes_invalid(client: &RelyingParty, access_token: &str) {
    within_five_seconds("the token is no good", async || client.userinfo(access_token).await.status == 401).await;
}

/// Asks again and again; the answer must become `true` within five seconds.
pub async fn within_five_seconds<F: Future<Output = bool>>(what: &str, mut ask: impl FnMut() -> F) {
    for _ in 0..50 {
        if ask().await {
            return;
        }
        actix_web::rt::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("not so after five seconds: {what}");
}

/// The token endpoint or a neighbour says no.
#[track_caller]
pub fn refused(answer: &Answer, status: u16, error: &str) {
    assert_eq!((answer.status, answer.json()["error"].as_str()), (status, Some(error)), "{}", answer.text);
}

/// The answer that an application is sent is this error, with `state` and `iss`.
#[track_caller]
pub fn is_told(answer: &Url, client: &RelyingParty, error: &str) {
    assert_eq!(parameter(answer, "error"), error, "{answer}");
    assert_eq!((parameter(answer, "state").as_str(), parameter(answer, "iss")), ("the-state", client.issuer.clone()));
    assert!(answer.fragment().is_none() && !answer.query_pairs().any(|(name, _)| name == "code"), "{answer}");
}
