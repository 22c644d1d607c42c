//! How our signing keys follow each other: by hand, by schedule, at once, and when one has to be given up.

use std::time::{Duration as Span, Instant};

use chrono::{DateTime, Duration, Utc};
use doorward::flows::signing_keys::rotate_due;
use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::admin::Admin;
use crate::support::passwords::{PASSWORD, person, signs_in, try_password};
use crate::support::relying_party::{RelyingParty, header, text};
use crate::support::sign_in::id;
use crate::support::test_app::Setup;

fn time(value: &Value) -> DateTime<Utc> {
    value.as_str().unwrap().parse().unwrap()
}

/// The key that signed a token.
fn kid(tokens: &Value) -> String {
    header(text(tokens, "access_token"))["kid"].as_str().unwrap().to_owned()
}

/// An issuer with one application, and somebody who has tokens of it.
struct Stage {
    /// Who may rotate.
    admin: Admin,
    /// Where the keys are listed.
    list: &'static str,
    client: RelyingParty,
    tokens: Value,
}

impl Stage {
    /// The tenant's issuer.
    async fn of_tenant(app: &TestApp) -> Self {
        let acme = app.tenant("acme").await;
        let client = RelyingParty::register(&acme, json!({"access_token_minutes": 1440})).await;
        Self::begin(app, &acme, (acme.clone(), "/signing-keys"), client, &[]).await
    }

    /// The installation's.
    async fn of_installation(app: &TestApp) -> Self {
        let (acme, operator) = (app.tenant("acme").await, app.operator().await);
        let client = RelyingParty::register_for_all(&operator, json!({"access_token_minutes": 1440})).await;
        Self::begin(app, &acme, (operator, "/v1/signing-keys"), client, &[("tenant", "acme")]).await
    }

    async fn begin(
        app: &TestApp,
        acme: &Admin,
        (admin, list): (Admin, &'static str),
        client: RelyingParty,
        asked: &[(&str, &str)],
    ) -> Self {
        person(acme, "alice@acme.example").await;
        let browser = app.browser();
        signs_in(&try_password(&browser, "alice@acme.example", PASSWORD).await);
        let tokens = client.tokens(&browser, asked).await;
        Self { admin, list, client, tokens }
    }

    async fn keys(&self) -> Vec<Value> {
        self.admin.get(self.list).await.ok()["items"].as_array().unwrap().clone()
    }

    async fn rotate(&self, body: Value) -> crate::support::admin::Answer {
        self.admin.post(&format!("{}/rotate", self.list), &body).await
    }

    /// The one key that takes over.
    async fn successor(&self, body: Value) -> Value {
        let next = self.rotate(body).await.ok()["items"].as_array().unwrap().clone();
        assert_eq!(next.len(), 1, "{next:?}");
        next[0].clone()
    }

    async fn renew(&mut self) -> String {
        self.tokens = self.client.refresh(text(&self.tokens, "refresh_token")).await.ok();
        kid(&self.tokens)
    }

    /// Published kids, read at this instance.
    async fn published(&self, at: &TestApp) -> Vec<String> {
        let page = at.browser().get(&self.client.at("jwks.json")).await;
        let set: Value = serde_json::from_str(&page.body).unwrap();
        set["keys"].as_array().unwrap().iter().map(|key| text(key, "kid").to_owned()).collect()
    }

    /// What userinfo says to a token at this instance.
    async fn status(&self, at: &TestApp, tokens: &Value) -> u16 {
        let client = RelyingParty { machine: at.browser(), ..self.client.clone() };
        client.userinfo(text(tokens, "access_token")).await.status
    }
}

#[actix_web::test]
async fn p_13_keys_are_rotated_again_and_again_and_old_tokens_are_good_during_the_overlap() {
    let app = TestApp::start_with_manual_clock();
    let mut stage = Stage::of_tenant(&app).await;
    let mut before = kid(&stage.tokens);
    for round in 0..3 {
        let next = stage.successor(json!({})).await;
        assert_eq!(stage.rotate(json!({})).await.expect(409).code(), "rotation_pending", "round {round}");
        assert_eq!(stage.keys().await.iter().filter(|key| key["retire_at"].is_null()).count(), 1);
        app.clock.advance(Duration::hours(23));
        assert_eq!(stage.renew().await, before, "the next one waits for its time");
        let old = stage.tokens.clone();
        app.clock.advance(Duration::hours(2));
        assert_eq!(stage.renew().await, text(&next, "kid"));
        assert_eq!((stage.status(&app, &old).await, stage.status(&app, &stage.tokens).await), (200, 200));
        assert!(stage.published(&app).await.contains(&before));
        app.clock.advance(Duration::hours(24));
        assert_eq!(stage.published(&app).await, [text(&next, "kid")], "what the old one signed has expired");
        before = text(&next, "kid").to_owned();
    }
}

#[actix_web::test]
async fn p_13_a_successor_that_waits_is_brought_forward_when_it_has_to_be_at_once() {
    for of_installation in [false, true] {
        let app = TestApp::start_with_manual_clock();
        let other = app.second_instance();
        let mut stage = match of_installation {
            true => Stage::of_installation(&app).await,
            false => Stage::of_tenant(&app).await,
        };
        let (first, old) = (kid(&stage.tokens), stage.tokens.clone());
        assert_eq!(stage.status(&other, &old).await, 200);
        let waiting = stage.successor(json!({})).await;
        let now = app.clock.now();
        let sooner = stage.successor(json!({"at_once": true})).await;
        assert_eq!((&sooner["id"], time(&sooner["use_from"])), (&waiting["id"], now + Duration::seconds(10)));
        let keys = stage.keys().await;
        assert_eq!(keys.len(), 2, "none was made");
        assert_eq!(time(&keys[0]["retire_at"]), now + Duration::seconds(10) + Duration::days(1));
        // To ask again changes and tells nothing.
        assert_eq!(stage.successor(json!({"at_once": true})).await, sooner);
        let log = if of_installation { "/v1/operator/audit-events" } else { "/audit-events" };
        let events = stage.admin.get(log).await.ok()["items"].as_array().unwrap().clone();
        let told = |name: &str| events.iter().filter(|event| event["type"] == name).cloned().collect::<Vec<_>>();
        assert_eq!(told("signing_key.created").len(), 2);
        let told = told("signing_key.brought_forward");
        assert_eq!((told.len(), &told[0]["payload"]["id"]), (1, &waiting["id"]));
        assert_eq!(time(&told[0]["payload"]["use_from"]), now + Duration::seconds(10));

        // Every instance publishes it before it signs; then it signs, and both are good everywhere.
        for instance in [&app, &other] {
            assert!(stage.published(instance).await.contains(&text(&waiting, "kid").to_owned()));
        }
        assert_eq!(stage.renew().await, first);
        app.clock.advance(Duration::seconds(11));
        assert_eq!(stage.renew().await, text(&waiting, "kid"));
        for instance in [&app, &other] {
            assert_eq!((stage.status(instance, &old).await, stage.status(instance, &stage.tokens).await), (200, 200));
        }
        // And the next emergency finds the key that signs now.
        assert_ne!(stage.successor(json!({"at_once": true})).await["id"], waiting["id"]);
    }
}

#[actix_web::test]
async fn p_13_a_key_that_is_a_secret_no_more_is_taken_back_with_all_it_signed() {
    for of_installation in [false, true] {
        let app = TestApp::start_with_manual_clock();
        let other = app.second_instance();
        let mut stage = match of_installation {
            true => Stage::of_installation(&app).await,
            false => Stage::of_tenant(&app).await,
        };
        let old = stage.tokens.clone();
        let first = stage.keys().await[0].clone();
        let path = |key: &Value| format!("{}/{}", stage.list, id(key));
        assert_eq!(stage.admin.delete(&path(&first)).await.expect(409).code(), "signing_key_in_use");
        // The successor is given up first: the one that signs goes on, and is no nearer to its end.
        let waiting = stage.successor(json!({})).await;
        stage.admin.delete(&path(&waiting)).await.expect(204);
        assert_eq!(stage.admin.delete(&path(&waiting)).await.expect(404).code(), "not_found");
        assert!(stage.keys().await[0]["retire_at"].is_null());
        assert_eq!(stage.published(&app).await, [text(&first, "kid")]);

        let next = stage.successor(json!({"at_once": true})).await;
        assert_eq!(stage.admin.delete(&path(&first)).await.expect(409).code(), "signing_key_in_use");
        app.clock.advance(Duration::seconds(11));
        for instance in [&app, &other] {
            assert_eq!(stage.status(instance, &old).await, 200);
        }
        stage.admin.delete(&path(&first)).await.expect(204);
        assert_eq!(stage.status(&app, &old).await, 401, "at once here");
        let begun = Instant::now();
        while stage.status(&other, &old).await != 401 {
            assert!(begun.elapsed() < Span::from_secs(5), "and within five seconds everywhere");
            actix_web::rt::time::sleep(Span::from_millis(100)).await;
        }
        assert_eq!(stage.published(&other).await, [text(&next, "kid")]);
        assert_eq!(stage.renew().await, text(&next, "kid"), "nobody is signed out by it");
        let log = if of_installation { "/v1/operator/audit-events" } else { "/audit-events" };
        let events = stage.admin.get(log).await.ok()["items"].as_array().unwrap().clone();
        let gone: Vec<_> = events.iter().filter(|event| event["type"] == "signing_key.revoked").collect();
        assert_eq!(
            gone.iter().map(|event| &event["payload"]["id"]).collect::<Vec<_>>(),
            [&first["id"], &waiting["id"]]
        );
    }
}

#[actix_web::test]
async fn p_13_keys_that_signed_for_long_get_one_successor_each_by_schedule() {
    let clock = doorward::clock::Clock::manual(doorward::clock::Clock::default().now());
    let settings = json!({"signing_key_days": 10});
    let app = TestApp::start_with(Setup { settings, clock, ..Setup::default() });
    let mut stage = Stage::of_tenant(&app).await;
    let first = kid(&stage.tokens);
    rotate_due(&app.context).await.unwrap();
    assert_eq!(stage.keys().await.len(), 1, "it is young");
    app.clock.advance(Duration::days(10) + Duration::seconds(1));
    for _ in 0..2 {
        rotate_due(&app.context).await.unwrap();
        assert_eq!(stage.keys().await.len(), 2, "one, however often is looked");
    }
    let next = stage.keys().await[1].clone();
    assert_eq!(time(&next["use_from"]), app.clock.now() + Duration::days(1));
    assert_eq!(stage.renew().await, first);
    app.clock.advance(Duration::days(1));
    assert_eq!(stage.renew().await, text(&next, "kid"));
    app.clock.advance(Duration::days(10));
    rotate_due(&app.context).await.unwrap();
    assert_eq!(stage.keys().await.iter().filter(|key| key["retire_at"].is_null()).count(), 1);
    assert_eq!(stage.renew().await, text(&next, "kid"));
}

#[actix_web::test]
async fn p_13_a_successor_that_waits_for_one_algorithm_keeps_no_other_key_from_its_own() {
    let clock = doorward::clock::Clock::manual(doorward::clock::Clock::default().now());
    let settings = json!({"signing_key_days": 10});
    let app = TestApp::start_with(Setup { settings, clock, ..Setup::default() });
    let stage = Stage::of_tenant(&app).await;
    let edwards = RelyingParty::register(&stage.admin, json!({"signing_algorithm": "EdDSA"})).await;
    let browser = app.browser();
    signs_in(&try_password(&browser, "alice@acme.example", PASSWORD).await);
    edwards.tokens(&browser, &[]).await;
    app.clock.advance(Duration::days(11));
    stage.successor(json!({"algorithm": "ES256"})).await;
    rotate_due(&app.context).await.unwrap();
    let mut algorithms: Vec<_> = stage.keys().await.iter().map(|key| text(key, "algorithm").to_owned()).collect();
    algorithms.sort();
    assert_eq!(algorithms, ["ES256", "ES256", "EdDSA", "EdDSA"]);
}
