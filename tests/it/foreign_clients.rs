//! Clients that others wrote sign people in here, refresh and sign out: npm openid-client (certified) and Authlib, as
//! docs/integrate.md shows them.

use doorward::clock::Clock;
use serde_json::{Value, json};

use crate::needs;
use crate::support::admin::Admin;
use crate::support::example_client::{ExampleClient, Program};
use crate::support::hostile_provider::HostileProvider;
use crate::support::oidc_provider::{follow_on, submit};
use crate::support::passwords::{PASSWORD, person};
use crate::support::{Browser, TestApp};

/// An issuer at which an application is registered: of the tenant `acme`, or of the installation.
enum Issuer {
    Tenant,
    Installation,
}

impl Issuer {
    async fn start(&self, app: &TestApp, acme: &Admin, program: &Program) -> ExampleClient {
        match self {
            Self::Tenant => {
                let issuer = format!("{}/t/acme", app.url);
                ExampleClient::start(program, &issuer, acme, "/applications", None).await
            }
            Self::Installation => {
                let operator = app.operator().await;
                ExampleClient::start(program, &app.url, &operator, "/v1/applications", Some("acme")).await
            }
        }
    }
}

/// How Ada proves who she is: at a provider of the tenant's own, which is the only way in, so that no page of Doorward is
/// seen; or, without one, by a password on Doorward's pages.
struct Proof {
    provider: Option<HostileProvider>,
}

impl Proof {
    async fn at_provider(app: &TestApp, acme: &Admin) -> Self {
        let provider = HostileProvider::start();
        provider.person(json!({"sub": "u-1", "email": "ada@acme.example", "email_verified": true, "name": "Ada"}));
        acme.connect(&provider, json!({})).await;
        app.operator().await.patch("/v1/tenants/acme", &json!({"sso": "enforced"})).await.ok();
        Self { provider: Some(provider) }
    }

    async fn by_password(acme: &Admin) -> Self {
        person(acme, "ada@acme.example").await;
        Self { provider: None }
    }

    /// From the application's link back to the application.
    async fn sign_in(&self, client: &ExampleClient, browser: &Browser) -> Value {
        let mut page = browser.follow(&format!("{}/login", client.url)).await;
        if self.provider.is_none() {
            let (email, password) = (("email", "ada@acme.example"), ("password", PASSWORD));
            for fields in [&[email][..], &[email, password][..]] {
                page = follow_on(browser, submit(browser, &page, fields).await).await;
            }
        }
        client.says(&page)
    }
}

/// The whole life of a sign-in.
async fn a_person_signs_in_stays_and_leaves(program: Program, issuer: Issuer, by_password: bool) {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let proof = if by_password { Proof::by_password(&acme).await } else { Proof::at_provider(&app, &acme).await };
    let client = issuer.start(&app, &acme, &program).await;
    let ada = app.browser();
    assert_eq!(client.visit(&ada, "/").await, json!({"signed_in": false}));

    let signed_in = proof.sign_in(&client, &ada).await;
    let user = acme.get("/users").await.ok()["items"][0].clone();
    assert_eq!(signed_in["signed_in"], true, "{signed_in}");
    assert_is(&signed_in["user"], &user);
    stays_signed_in(&acme, &client, &ada, &user).await;

    assert_eq!(client.visit(&ada, "/logout").await, json!({"signed_in": false}));
    assert_eq!(ada.get("/v1/tenants/acme/me").await.status, 401, "the session at Doorward is over too");
    assert_eq!(acme.count_events("session.ended").await, 1);
    assert_eq!(client.visit(&ada, "/").await, json!({"signed_in": false}));
}

/// The claims are those of the user of tenant `acme`.
fn assert_is(claims: &Value, user: &Value) {
    assert_eq!(claims["sub"], user["id"], "{claims}");
    assert_eq!((&claims["name"], &claims["email"]), (&user["name"], &user["email"]));
    assert_eq!((&claims["tenant_slug"], &claims["tenant_name"]), (&json!("acme"), &json!("acme Inc.")));
}

/// Two refreshes, so that the refresh token of the first answer is used too; each brings the person as they are now.
async fn stays_signed_in(acme: &Admin, client: &ExampleClient, browser: &Browser, user: &Value) {
    let path = format!("/users/{}", user["id"].as_str().unwrap());
    for name in ["Ada King", "Ada Lovelace"] {
        acme.patch(&path, &json!({"name": name})).await.ok();
        let refreshed = client.visit(browser, "/refresh").await;
        assert_eq!(refreshed["user"]["name"], name, "{refreshed}");
        assert!(refreshed["expires_at"].as_i64().unwrap() > Clock::default().now().timestamp(), "{refreshed}");
    }
}

#[actix_web::test]
async fn journey_openid_client_signs_in_refreshes_and_signs_out_at_a_tenant() {
    let _installed = needs!("DOORWARD_TEST_OPENID_CLIENT");
    a_person_signs_in_stays_and_leaves(Program::Node, Issuer::Tenant, false).await;
}

#[actix_web::test]
async fn journey_openid_client_signs_in_refreshes_and_signs_out_at_the_installation() {
    let _installed = needs!("DOORWARD_TEST_OPENID_CLIENT");
    a_person_signs_in_stays_and_leaves(Program::Node, Issuer::Installation, true).await;
}

#[actix_web::test]
async fn journey_authlib_signs_in_refreshes_and_signs_out_at_a_tenant() {
    let python = needs!("DOORWARD_TEST_AUTHLIB");
    a_person_signs_in_stays_and_leaves(Program::Python(python), Issuer::Tenant, true).await;
}

#[actix_web::test]
async fn journey_authlib_signs_in_refreshes_and_signs_out_at_the_installation() {
    let python = needs!("DOORWARD_TEST_AUTHLIB");
    a_person_signs_in_stays_and_leaves(Program::Python(python), Issuer::Installation, false).await;
}

#[test]
fn openid_client_says_what_is_missing_and_that_nobody_answers() {
    let _installed = needs!("DOORWARD_TEST_OPENID_CLIENT");
    assert_eq!(Program::Node.failure(&[("CLIENT_ID", "x")]).trim(), "not set: ISSUER, CLIENT_SECRET");
    // A Doorward on this machine is called by either name.
    for issuer in ["http://localhost:1/t/acme", "http://127.0.0.1:1"] {
        let said = Program::Node.failure(&[("ISSUER", issuer), ("CLIENT_ID", "x"), ("CLIENT_SECRET", "y")]);
        assert!(said.contains(&format!("no Doorward answers at {issuer}: ")) && said.lines().count() == 1, "{said}");
        assert!(!said.to_lowercase().contains("https"), "it asked: {said}");
    }
}

#[test]
fn authlib_says_what_is_missing() {
    let python = Program::Python(needs!("DOORWARD_TEST_AUTHLIB"));
    assert_eq!(python.failure(&[("CLIENT_ID", "x")]).trim(), "not set: ISSUER, CLIENT_SECRET");
}
