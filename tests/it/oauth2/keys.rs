//! Signing keys take over from one another without anybody noticing: published before they sign, and afterwards.

use chrono::Duration;
use doorward::clock::Clock;
use doorward::context::issuer::Issuer;
use doorward::flows::signing_keys::rotate_due;
use doorward::model::application::settings::TokenAlgorithm;
use reqwest::Method;
use serde_json::{Value, json};

use super::scene::{Scene, within_five_seconds};
use crate::support::TestApp;
use crate::support::admin::Admin;
use crate::support::relying_party::{RelyingParty, header, text};
use crate::support::test_app::Setup;

/// Two instances, an application of the tenant and one of the installation, each with a refresh token.
struct Stage {
    scene: Scene,
    b: TestApp,
    operator: Admin,
    all: RelyingParty,
}

impl Stage {
    async fn set() -> Self {
        let settings = json!({"signing_key_days": 2});
        let clock = Clock::manual(Clock::default().now());
        let app = TestApp::start_with(Setup { settings, clock, ..Setup::default() });
        let (b, operator) = (app.second_instance(), app.operator().await);
        let all = RelyingParty::register_for_all(&operator, json!({})).await;
        let scene = Scene::set_at(app, json!({})).await;
        scene.provider_keeps_time();
        Self { scene, b, operator, all }
    }

    fn app(&self) -> &TestApp {
        &self.scene.app
    }

    /// Both applications, each with the path of its issuer's keys, who may rotate them, and whether it is a tenant's.
    fn sides(&self) -> [(&RelyingParty, &str, &Admin, bool); 2] {
        [
            (&self.scene.client, "/signing-keys", &self.scene.acme, true),
            (&self.all, "/v1/signing-keys", &self.operator, false),
        ]
    }

    /// Waits until both instances have this key in memory: neither signs or refuses for want of it.
    async fn is_known(&self, kid: &str, of_tenant: bool) {
        for app in [self.app(), &self.b] {
            let known = async || {
                let issuer = match of_tenant {
                    true => Issuer::Tenant(app.context.tenant("acme").await.unwrap().unwrap()),
                    false => Issuer::Installation,
                };
                let ring = app.context.key_ring(&issuer).await.unwrap();
                // The youngest signs once its time has come.
                let youngest = ring.signer(TokenAlgorithm::ES256, app.clock.now() + Duration::days(7));
                youngest.is_some_and(|key| key.public_jwk().common.key_id.as_deref() == Some(kid))
            };
            within_five_seconds("the key is known", known).await;
        }
    }
}

/// The published kids, as an instance tells them.
async fn published(client: &RelyingParty) -> Vec<String> {
    let set = client.send(client.machine.request(Method::GET, &client.at("jwks.json"))).await.ok();
    set["keys"].as_array().unwrap().iter().map(|key| text(key, "kid").to_owned()).collect()
}

fn kid(tokens: &Value) -> String {
    let kids = ["access_token", "id_token"].map(|name| header(text(tokens, name))["kid"].as_str().unwrap().to_owned());
    assert_eq!(kids[0], kids[1]);
    kids[0].clone()
}

/// Renews at this instance and gives the new tokens.
async fn renew(client: &RelyingParty, tokens: &mut Value) -> String {
    *tokens = client.refresh(text(tokens, "refresh_token")).await.ok();
    kid(tokens)
}

/// From the first key to the second, at both issuers and instances: by hand or on schedule, which signs so long after it was made.
async fn takes_over(stage: &Stage, at_once: bool, ahead: Duration) {
    for (client, list, admin, of_tenant) in stage.sides() {
        let at_b = client.via(stage.b.port);
        let browser = stage.app().browser();
        let way = [("tenant", "acme"), ("connection", stage.scene.connection["id"].as_str().unwrap())];
        let mut tokens = client.tokens(&browser, &way).await;
        let first = kid(&tokens);
        assert_eq!(renew(&at_b, &mut tokens).await, first, "the other instance signs with the same one");
        if at_once {
            admin.post(&format!("{list}/rotate"), &json!({"at_once": true})).await.ok();
        } else {
            stage.app().clock.advance(Duration::days(2) + Duration::seconds(1));
            rotate_due(&stage.app().context).await.unwrap();
        }
        let keys = published(&at_b).await;
        let next = keys.iter().find(|kid| **kid != first).expect("a successor is published").clone();
        assert_eq!((keys.len(), published(client).await), (2, keys));
        stage.is_known(&next, of_tenant).await;
        assert_eq!(renew(&at_b, &mut tokens).await, first, "before its time it signs nothing");
        stage.app().clock.advance(ahead - Duration::seconds(1));
        assert_eq!(renew(client, &mut tokens).await, first);

        // From then on it signs everywhere, and what the first one signed is good for as long as it lives.
        let last_of_first = tokens.clone();
        stage.app().clock.advance(Duration::seconds(2));
        assert_eq!(renew(&at_b, &mut tokens).await, next);
        assert_eq!(renew(client, &mut tokens).await, next);
        for signed in [&last_of_first, &tokens] {
            client.userinfo(text(signed, "access_token")).await.ok();
            at_b.userinfo(text(signed, "access_token")).await.ok();
        }
        stage.app().clock.advance(Duration::days(1) - Duration::seconds(2));
        assert!(published(&at_b).await.contains(&first), "as long as any token that it signed could live");
        stage.app().clock.advance(Duration::seconds(2));
        assert!(!published(&at_b).await.contains(&first) && published(client).await.contains(&next));
    }
}

#[actix_web::test]
async fn p_13_a_key_rotated_by_hand_is_known_to_every_instance_before_it_signs() {
    takes_over(&Stage::set().await, true, Duration::seconds(10)).await;
}

#[actix_web::test]
async fn p_13_keys_are_rotated_on_schedule_a_day_ahead() {
    takes_over(&Stage::set().await, false, Duration::days(1)).await;
}

#[actix_web::test]
async fn p_13_the_published_keys_are_public_ones_and_no_kid_comes_twice() {
    let stage = Stage::set().await;
    let (client, list, admin, _) = stage.sides()[0];
    published(client).await;
    for _ in 0..3 {
        admin.post(&format!("{list}/rotate"), &json!({"at_once": true})).await.ok();
        stage.app().clock.advance(Duration::seconds(11));
    }
    let set = client.send(client.machine.request(Method::GET, &client.at("jwks.json"))).await.ok();
    let mut kids = published(client).await;
    kids.sort();
    kids.dedup();
    assert_eq!(kids.len(), 4);
    for key in set["keys"].as_array().unwrap() {
        let members: Vec<_> = key.as_object().unwrap().keys().map(String::as_str).collect();
        let public = ["kty", "use", "alg", "kid", "crv", "x", "y", "n", "e"];
        assert!(members.iter().all(|member| public.contains(member)), "{members:?}");
    }
}
