//! What applications were given ends with what it rests on: the link, the connection, the password, the other sessions;
//! whether or not the row of the session is still there.

use chrono::Duration;
use doorward::flows::sweep::sweep;
use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::admin::Admin;
use crate::support::browser::Browser;
use crate::support::hostile_provider::HostileProvider;
use crate::support::passwords::{ANOTHER, PASSWORD, change_own, person, set, signs_in, try_password};
use crate::support::relying_party::{RelyingParty, text};
use crate::support::sign_in::id;

const ALICE: &str = "alice@acme.example";

/// A tenant whose people come in by a connection, and an application of it.
struct Stage {
    app: TestApp,
    acme: Admin,
    provider: HostileProvider,
    connection: Value,
    client: RelyingParty,
}

impl Stage {
    async fn set() -> Self {
        let app = TestApp::start_with_manual_clock();
        let acme = app.tenant("acme").await;
        let provider = HostileProvider::start();
        provider.person(json!({"sub": "u-1", "email": ALICE, "email_verified": true}));
        let connection = acme.connect(&provider, json!({})).await;
        let client = RelyingParty::register(&acme, json!({})).await;
        Self { app, acme, provider, connection, client }
    }

    /// Tokens of somebody who came in by the connection.
    async fn tokens(&self) -> Value {
        self.client.tokens(&self.app.browser(), &[("connection", id(&self.connection))]).await
    }

    /// Tokens of a person who came in by password, and their browser.
    async fn tokens_by_password(&self) -> (Browser, Value) {
        let browser = self.app.browser();
        signs_in(&try_password(&browser, "bob@acme.example", PASSWORD).await);
        let tokens = self.client.tokens(&browser, &[]).await;
        (browser, tokens)
    }

    async fn user(&self) -> Value {
        self.acme.get(&format!("/users?email={ALICE}")).await.ok()["items"][0].clone()
    }

    /// None of these tokens is good for anything.
    async fn are_over(&self, tokens: &Value, why: &str) {
        let refused = self.client.refresh(text(tokens, "refresh_token")).await;
        assert_eq!((refused.status, &refused.json()["error"]), (400, &json!("invalid_grant")), "{why}");
        assert_eq!(self.client.userinfo(text(tokens, "access_token")).await.status, 401, "{why}");
    }

    /// So long after the login that nothing is left of its session, and its refresh token is still good.
    async fn forget_sessions(&self) {
        self.app.clock.advance(Duration::days(20));
        sweep(&self.app.context).await.unwrap();
        assert_eq!(self.acme.get("/sessions").await.ok()["items"], json!([]));
        let mut all = self.app.database.superuser();
        let left = crate::support::database::lines(&mut all, "SELECT id::text AS line FROM sessions");
        assert_eq!(left, Vec::<String>::new(), "swept");
    }
}

#[actix_web::test]
async fn w_04_unlinking_the_identity_ends_what_applications_were_given() {
    let stage = Stage::set().await;
    let tokens = stage.tokens().await;
    let user = stage.user().await;
    let identities = format!("/users/{}/identities", id(&user));
    let identity = stage.acme.get(&identities).await.ok()["items"][0].clone();
    let another = json!({"connection_id": stage.connection["id"], "subject": "another way in"});
    stage.acme.post(&identities, &another).await.created();
    stage.acme.delete(&format!("{identities}/{}", id(&identity))).await.expect(204);
    stage.are_over(&tokens, "unlinked").await;
}

#[actix_web::test]
async fn w_04_deleting_the_connection_ends_what_applications_were_given() {
    let stage = Stage::set().await;
    let tokens = stage.tokens().await;
    stage.acme.delete(&format!("/connections/{}", id(&stage.connection))).await.expect(204);
    stage.are_over(&tokens, "deleted").await;
}

#[actix_web::test]
async fn w_04_pointing_the_connection_at_another_provider_ends_what_applications_were_given() {
    let stage = Stage::set().await;
    let tokens = stage.tokens().await;
    stage.forget_sessions().await;
    let other = HostileProvider::start();
    let path = format!("/connections/{}?confirm_unlink=true", id(&stage.connection));
    let change = json!({"settings": {"issuer": other.issuer}, "client_secret": "another secret"});
    stage.acme.patch(&path, &change).await.ok();
    stage.are_over(&tokens, "another issuer").await;
}

#[actix_web::test]
async fn w_04_what_applications_were_given_ends_long_after_its_session_was_forgotten() {
    let stage = Stage::set().await;
    let alices = stage.tokens().await;
    stage.provider.person(json!({"sub": "u-2", "email": "carol@acme.example", "email_verified": true}));
    let carols = stage.tokens().await;
    let bob = person(&stage.acme, "bob@acme.example").await;
    let (_, bobs) = stage.tokens_by_password().await;
    stage.forget_sessions().await;
    let alices = stage.client.refresh(text(&alices, "refresh_token")).await.ok();
    let path = format!("/users/{}", id(&stage.user().await));
    stage.acme.patch(&path, &json!({"status": "suspended"})).await.ok();
    stage.acme.patch(&path, &json!({"status": "active"})).await.ok();
    stage.are_over(&alices, "suspended in between").await;

    let carols = stage.client.refresh(text(&carols, "refresh_token")).await.ok();
    let path = format!("/connections/{}", id(&stage.connection));
    stage.acme.post(&format!("{path}/disable"), &json!({})).await.ok();
    stage.acme.post(&format!("{path}/activate"), &json!({})).await.ok();
    stage.are_over(&carols, "disabled in between").await;

    let bobs = stage.client.refresh(text(&bobs, "refresh_token")).await.ok();
    set(&stage.acme, &bob, &json!({"password": ANOTHER})).await;
    stage.are_over(&bobs, "another password").await;
}

#[actix_web::test]
async fn w_04_what_was_given_stands_and_falls_with_the_login_that_came_after() {
    let stage = Stage::set().await;
    let (browser, straight) = (stage.app.browser(), [("connection", id(&stage.connection))]);
    let tokens = stage.client.tokens(&browser, &straight).await;
    // The same person comes in another way in the same browser; then the first way is closed.
    set(&stage.acme, &stage.user().await, &json!({"password": PASSWORD})).await;
    stage.are_over(&tokens, "a password was set").await;
    let tokens = stage.client.tokens(&browser, &straight).await;
    signs_in(&try_password(&browser, ALICE, PASSWORD).await);
    stage.acme.post(&format!("/connections/{}/disable", id(&stage.connection)), &json!({})).await.ok();
    let tokens = stage.client.refresh(text(&tokens, "refresh_token")).await.ok();
    set(&stage.acme, &stage.user().await, &json!({"password": ANOTHER})).await;
    stage.are_over(&tokens, "the password went").await;
}

#[actix_web::test]
async fn w_04_who_changes_their_own_password_keeps_what_was_given_here_and_ends_what_was_given_elsewhere() {
    let stage = Stage::set().await;
    person(&stage.acme, "bob@acme.example").await;
    let (here, kept) = stage.tokens_by_password().await;
    let (_, elsewhere) = stage.tokens_by_password().await;
    change_own(&here, PASSWORD, ANOTHER).await.expect(204);
    stage.are_over(&elsewhere, "given in another session").await;
    stage.client.refresh(text(&kept, "refresh_token")).await.ok();
}
