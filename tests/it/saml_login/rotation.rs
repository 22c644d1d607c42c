//! Logins while a real provider changes its key: prepared, promoted, over.

use doorward::flows::refresh_metadata::refresh_due;
use doorward::protocol::saml::Certificate;
use doorward::store::connections;
use doorward::store::db::DbError;
use serde_json::{Value, json};
use uuid::Uuid;

use super::providers::{alice, tenant, trust};
use crate::needs;
use crate::support::TestApp;
use crate::support::admin::Admin;
use crate::support::browser::Browser;
use crate::support::saml_idp::{Departure, SamlIdp, Software};
use crate::support::sign_in::{id, is_signed_in, login_url, refused};

/// A tenant whose connection reads the provider's metadata at its URL.
struct Scene {
    app: TestApp,
    acme: Admin,
    idp: SamlIdp,
    connection: Value,
}

impl Scene {
    async fn set(software: Software) -> Self {
        // First: while its keys are made, nothing here notices that the server gave up an idle connection.
        let idp = SamlIdp::start(software, json!({}));
        let app = TestApp::start();
        let acme = tenant(&app).await;
        let draft = json!({"display_name": "Provider", "protocol": "saml", "settings": {"metadata_url": idp.metadata_url},
            "provisioning": {"email_trust": "trust_connection"}});
        let draft = acme.post("/connections", &draft).await.created();
        trust(&acme, &idp, &draft).await;
        let connection = acme.post(&format!("/connections/{}/activate", id(&draft)), &json!({})).await.ok();
        Self { app, acme, idp, connection }
    }

    /// The provider goes a step on, its metadata falls due and is looked at, by this call or by the server's own worker;
    /// then these certificates are believed.
    async fn step(&self, rotation: &str, believed: &[u8]) {
        self.idp.set(json!({"rotation": rotation}));
        let tenant = self.acme.get("").await.ok();
        let [tenant, connection]: [Uuid; 2] = [&tenant, &self.connection].map(|row| id(row).parse().unwrap());
        let now = self.app.clock.now();
        let noted = self
            .app
            .context
            .db
            .system(move |conn| Ok::<_, DbError>(connections::note_asked(conn, tenant, connection, (now, now))?));
        assert_eq!(noted.await.unwrap(), 1);
        refresh_due(&self.app.context).await.unwrap();
        let expected = self.prints(believed);
        for _ in 0..200 {
            if self.believed().await == expected {
                return;
            }
            actix_web::rt::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        assert_eq!(self.believed().await, expected, "{rotation}");
    }

    /// Fingerprints of the provider's keys, in some order that is always the same.
    fn prints(&self, numbers: &[u8]) -> Vec<String> {
        let print = |number: &u8| Certificate::parse(&self.idp.certificate(*number)).unwrap().sha256();
        let mut prints: Vec<_> = numbers.iter().map(print).collect();
        prints.sort();
        prints
    }

    async fn believed(&self) -> Vec<String> {
        let now = self.acme.get(&format!("/connections/{}", id(&self.connection))).await.ok();
        let all = now["certificates"].as_array().unwrap().iter();
        let mut prints: Vec<_> = all.map(|c| c["sha256"].as_str().unwrap().to_owned()).collect();
        prints.sort();
        prints
    }

    /// A response that is on its way to us, by this key.
    async fn response(&self, key: u8) -> (Browser, Departure) {
        let browser = self.app.browser();
        let answer = self.idp.visit(&browser, login_url(&self.connection), "alice").await;
        let xml: String = answer.xml().split_whitespace().collect();
        assert!(xml.contains(&self.idp.certificate(key)), "by key {key}: {xml}");
        (browser, answer)
    }

    async fn signs_in_by(&self, key: u8) {
        let (browser, answer) = self.response(key).await;
        let page = answer.arrive(&browser).await;
        assert!(is_signed_in(&page), "by key {key}: {} {}", page.status, page.body);
    }
}

/// Before, between and after; and whoever kept the old key has nothing of it.
async fn logins_go_on(software: Software) {
    let scene = Scene::set(software).await;
    assert_eq!(scene.believed().await, scene.prints(&[1]));
    alice(&scene.acme, &scene.idp, &scene.app.browser(), &scene.connection).await;
    scene.step("announced", &[1, 2]).await;
    scene.signs_in_by(1).await;
    let late = scene.response(1).await;
    scene.step("promoted", &[1, 2]).await;
    scene.signs_in_by(2).await;
    // Signed before the promotion, and the old certificate is still there.
    assert!(is_signed_in(&late.1.arrive(&late.0).await));
    scene.idp.set(json!({"rotation": "announced"}));
    let too_late = scene.response(1).await;
    scene.step("over", &[2]).await;
    scene.signs_in_by(2).await;
    let changes = scene.acme.count_events("connection.certificates_changed").await;
    let event = scene.acme.last_event("connection.certificates_changed").await;
    assert_eq!((changes, &event["payload"]["removed"]), (2, &json!(scene.prints(&[1]))));

    let sessions = scene.acme.get("/sessions").await.ok()["items"].as_array().unwrap().len();
    scene.idp.set(json!({"rotation": "none"}));
    for (browser, answer) in [too_late, scene.response(1).await] {
        refused(&answer.arrive(&browser).await, 403, "saml_not_trusted");
        assert_eq!(scene.acme.last_event("login.refused").await["payload"]["reason"], "saml_signature_invalid");
    }
    assert_eq!(scene.acme.get("/sessions").await.ok()["items"].as_array().unwrap().len(), sessions);
}

#[actix_web::test]
async fn s_19_logins_go_on_while_simplesamlphp_changes_its_key_and_the_old_one_is_nothing_then() {
    logins_go_on(Software::SimpleSamlPhp(needs!("DOORWARD_TEST_SIMPLESAMLPHP"))).await;
}

#[actix_web::test]
async fn s_19_logins_go_on_while_pysaml2_changes_its_key_and_the_old_one_is_nothing_then() {
    logins_go_on(Software::PySaml2(needs!("DOORWARD_TEST_PYSAML2"))).await;
}
