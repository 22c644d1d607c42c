//! An admin's own account, come upon by the way of the users: it wants what `/me` wants.

use chrono::Duration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::admin::Admin;
use crate::support::browser::Browser;
use crate::support::hostile_provider::HostileProvider;
use crate::support::passwords::{ANOTHER, PASSWORD, proven_person, signs_in, try_password};
use crate::support::sign_in::id;
use crate::support::totp::{code, enrol, rest, try_code};

const ALICE: &str = "alice@acme.example";

/// Alice, an admin with a password, an app and an identity; and Bob, who has them too.
struct Scene {
    app: TestApp,
    acme: Admin,
    people: [Value; 2],
    /// The app's secret of Alice.
    secret: String,
    browser: Browser,
    connection: Value,
    _provider: HostileProvider,
}

impl Scene {
    async fn set() -> Self {
        let app = TestApp::start_with_manual_clock();
        let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
        let connection = acme.connect(&provider, json!({})).await;
        let people = [ALICE, "bob@acme.example"];
        let people = [proven_person(&app, &acme, people[0]).await, proven_person(&app, &acme, people[1]).await];
        acme.patch(&format!("/users/{}", id(&people[0])), &json!({"role": "admin"})).await.ok();
        let mut seen = Vec::new();
        for user in &people {
            let browser = app.browser();
            signs_in(&try_password(&browser, user["email"].as_str().unwrap(), PASSWORD).await);
            let (secret, _) = enrol(&browser, app.clock.now()).await;
            seen.push((browser, secret));
        }
        let (browser, secret) = seen.swap_remove(0);
        Self { app, acme, people, secret, browser, connection, _provider: provider }
    }

    /// What changes the ways into an account; the last ones take the password away and change the address.
    async fn changes(&self, user: &Value) -> Vec<(Method, String, Option<Value>)> {
        let path = format!("/users/{}", id(user));
        let link =
            |subject: &str| json!({"connection_id": id(&self.connection), "subject": format!("{subject} {path}")});
        let linked = self.acme.post(&format!("{path}/identities"), &link("old")).await.created();
        vec![
            (Method::POST, format!("{path}/identities"), Some(link("new"))),
            (Method::DELETE, format!("{path}/identities/{}", id(&linked)), None),
            (Method::DELETE, format!("{path}/totp"), None),
            (Method::PATCH, path.clone(), Some(json!({"email": format!("{}@evil.example", id(user))}))),
            (Method::PUT, format!("{path}/password"), Some(json!({"password": ANOTHER}))),
            (Method::DELETE, format!("{path}/password"), None),
        ]
    }

    async fn sign_in(&self) {
        try_password(&self.browser, ALICE, PASSWORD).await;
        signs_in(&try_code(&self.browser, &code(&self.secret, self.app.clock.now())).await);
    }
}

#[actix_web::test]
async fn k_07_an_admin_changes_their_own_ways_in_in_person_and_soon_after_the_login_and_those_of_others_at_any_time() {
    let s = Scene::set().await;
    let [alice, bob] = &s.people;
    let key = s.acme.post("/api-keys", &json!({"name": "mine", "user_id": alice["id"]})).await.created();
    let by_key = Admin::new(s.app.browser(), "/v1/tenants/acme", key["secret"].as_str().unwrap().into());
    let own = s.changes(alice).await;
    let before = s.acme.get(&format!("/users/{}", id(alice))).await.ok();
    s.app.clock.advance(Duration::minutes(11));
    for (method, path, body) in &own {
        let mut request = by_key.request(method.clone(), path);
        if let Some(body) = body {
            request = request.json(body);
        }
        assert_eq!(by_key.send(request).await.expect(403).code(), "session_needed", "{method} {path}");
        let old = rest(&s.browser, method.clone(), path, body.clone()).await;
        assert_eq!(old.expect(403).code(), "reauthentication_needed", "{method} {path}");
    }
    assert_eq!(s.acme.get(&format!("/users/{}", id(alice))).await.ok(), before);
    let name = rest(&s.browser, Method::PATCH, &format!("/users/{}", id(alice)), Some(json!({"name": "A"}))).await;
    assert_eq!(name.ok()["name"], "A", "what is no way in is changed without");

    for (method, path, body) in s.changes(bob).await {
        let done = rest(&s.browser, method.clone(), &path, body).await;
        assert!((200..=204).contains(&done.status), "{method} {path}: {}", done.text);
    }
    s.sign_in().await;
    for (method, path, body) in own.into_iter().take(5) {
        let done = rest(&s.browser, method.clone(), &path, body).await;
        assert!((200..=204).contains(&done.status), "{method} {path}: {}", done.text);
    }
    assert_eq!(s.browser.get("/v1/tenants/acme/me").await.status, 401, "a password that is set ends every session");
}
