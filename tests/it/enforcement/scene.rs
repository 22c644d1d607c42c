//! A tenant whose people come by a provider, and one of them who owns it.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::admin::{Admin, Answer};
use crate::support::browser::Page;
use crate::support::database::lines;
use crate::support::hostile_provider::HostileProvider;
use crate::support::passwords::{PASSWORD, app_within_a_window, set};
use crate::support::sign_in::{id, login_url};
use crate::support::{Browser, TestApp};

pub const OLGA: &str = "olga@acme.example";
pub const TENANT: &str = "/v1/tenants/acme";
pub const CODES: &str = "/v1/tenants/acme/me/break-glass-codes";

pub struct Scene {
    pub app: TestApp,
    pub acme: Admin,
    pub operator: Admin,
    pub provider: HostileProvider,
    pub connection: Value,
    /// Olga, who owns it.
    pub owner: Value,
}

impl Scene {
    pub async fn set() -> Self {
        let app = app_within_a_window();
        let (acme, operator, provider) = (app.tenant("acme").await, app.operator().await, HostileProvider::start());
        let connection = acme.connect(&provider, json!({})).await;
        let owner = person(&acme, &connection, OLGA, "owner").await;
        Self { app, acme, operator, provider, connection, owner }
    }

    /// Another person who is known to the provider.
    pub async fn person(&self, email: &str, role: &str) -> Value {
        person(&self.acme, &self.connection, email, role).await
    }

    /// A browser in which the person with this address came in by the connection.
    pub async fn comes_in(&self, email: &str) -> Browser {
        let browser = self.app.browser();
        let page = self.tries(&browser, email).await;
        assert_eq!(page.status, 200, "{}", page.body);
        browser
    }

    /// A login by the connection.
    pub async fn tries(&self, browser: &Browser, email: &str) -> Page {
        self.provider.person(json!({"sub": email, "email": email, "email_verified": true}));
        self.provider.goes_by(&self.app.clock);
        browser.follow(login_url(&self.connection)).await
    }

    /// Gives the owner a password. They have proven their address before, so that it stays with the next login.
    pub async fn gives_olga_a_password(&self) {
        self.comes_in(OLGA).await;
        set(&self.acme, &self.owner, &json!({"password": PASSWORD})).await;
    }

    /// Sets `sso` as the person in this browser.
    pub async fn set_sso(&self, browser: &Browser, sso: &str) -> Answer {
        by_page(browser, Method::PATCH, TENANT, &json!({"sso": sso})).await
    }

    /// Sets `sso` for good.
    pub async fn enforced(&self) {
        self.operator.patch(TENANT, &json!({"sso": "enforced"})).await.ok();
    }

    /// What counts now, and until when it has to be confirmed.
    pub async fn sso(&self) -> (Value, Value) {
        let tenant = self.acme.get("").await.ok();
        (tenant["sso"].clone(), tenant["sso_confirm_by"].clone())
    }

    /// Codes of the person in this browser.
    pub async fn codes(&self, browser: &Browser) -> Vec<String> {
        let made = by_page(browser, Method::POST, CODES, &json!({})).await.created();
        made["codes"].as_array().unwrap().iter().map(|code| code.as_str().unwrap().to_owned()).collect()
    }

    /// Olga's codes, in a tenant whose `sso` is enforced.
    pub async fn with_codes() -> (Self, Vec<String>) {
        let scene = Self::set().await;
        let codes = scene.codes(&scene.comes_in(OLGA).await).await;
        scene.enforced().await;
        (scene, codes)
    }

    /// The letters in the outbox: kind and recipient, in the order of these.
    pub fn letters(&self) -> Vec<String> {
        let sql = "SELECT kind || ' ' || recipient AS line FROM deliveries ORDER BY 1";
        lines(&mut self.app.database.superuser(), sql)
    }

    pub async fn sessions(&self) -> usize {
        self.acme.get("/sessions?limit=200").await.ok()["items"].as_array().unwrap().len()
    }
}

async fn person(acme: &Admin, connection: &Value, email: &str, role: &str) -> Value {
    let identity = json!({"connection_id": id(connection), "subject": email});
    let user = json!({"email": email, "name": format!("Name of {email}"), "role": role, "identities": [identity]});
    acme.post("/users", &user).await.created()
}

/// A request of the API as a page of ours would send it.
pub async fn by_page(browser: &Browser, method: Method, path: &str, body: &Value) -> Answer {
    let request = browser.request(method, path).header("origin", &browser.base);
    let request = request.header("sec-fetch-site", "same-origin");
    let page = browser.send(request.json(body), path).await;
    Answer { status: page.status, headers: page.headers, text: page.body }
}

/// Posts the form for break-glass codes.
pub async fn try_code(browser: &Browser, email: &str, code: &str) -> Page {
    browser.post("/t/acme/login/break-glass", &[("email", email), ("code", code)]).await
}
