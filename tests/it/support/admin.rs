//! REST as somebody with a key.

use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::browser::{Browser, Page};
use super::hostile_provider::HostileProvider;

/// REST with a bearer key. Paths that begin with `/v1` are taken as they are, others are below the tenant.
#[derive(Clone)]
pub struct Admin {
    pub browser: Browser,
    pub base: String,
    pub key: SecretString,
}

/// An answer of the API.
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("{} is not JSON: {}", self.status, self.text))
    }

    /// The stable code of a problem.
    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// The fields of a 422.
    pub fn fields(&self) -> Vec<String> {
        let errors = self.json()["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|e| e["field"].as_str().unwrap().to_owned()).collect()
    }

    pub fn etag(&self) -> String {
        self.headers["etag"].to_str().unwrap().to_owned()
    }

    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    #[track_caller]
    pub fn ok(self) -> Value {
        self.expect(200).json()
    }

    #[track_caller]
    pub fn created(self) -> Value {
        self.expect(201).json()
    }
}

impl Admin {
    pub fn new(browser: Browser, base: &str, key: SecretString) -> Self {
        Self { browser, base: base.to_owned(), key }
    }

    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let path = if path.starts_with("/v1") { path.to_owned() } else { format!("{}{path}", self.base) };
        self.browser.request(method, &path).bearer_auth(self.key.expose_secret())
    }

    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let Page { status, headers, body, .. } = self.browser.send(request, "/").await;
        Answer { status, headers, text: body }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::PATCH, path).json(body)).await
    }

    pub async fn put(&self, path: &str) -> Answer {
        self.send(self.request(Method::PUT, path)).await
    }

    pub async fn put_json(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::PUT, path).json(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// An active connection to a hostile provider; `change` is merged into its settings.
    pub async fn connect(&self, provider: &HostileProvider, change: Value) -> Value {
        let name = format!("Provider {}", uuid::Uuid::now_v7());
        let mut settings = json!({"issuer": provider.issuer, "client_id": "client"});
        for (key, value) in change["settings"].as_object().cloned().unwrap_or_default() {
            settings[key] = value;
        }
        let mut body = json!({"display_name": name, "settings": settings, "client_secret": "a secret of the client"});
        if let Some(provisioning) = change.get("provisioning") {
            body["provisioning"] = provisioning.clone();
        }
        let draft = self.post("/connections", &body).await.created();
        self.post(&format!("/connections/{}/activate", draft["id"].as_str().unwrap()), &json!({})).await.ok()
    }

    /// The newest audit event of this type.
    pub async fn last_event(&self, event_type: &str) -> Value {
        let page = self.get(&format!("/audit-events?type={event_type}&limit=1")).await.ok();
        page["items"][0].clone()
    }

    /// How many audit events of this type there are (up to 200).
    pub async fn count_events(&self, event_type: &str) -> usize {
        let page = self.get(&format!("/audit-events?type={event_type}&limit=200")).await.ok();
        page["items"].as_array().unwrap().len()
    }
}
