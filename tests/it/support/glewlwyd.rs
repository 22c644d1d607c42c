//! glewlwyd: a client of its own for each test, and signing in by the JSON calls that its page makes
//! (tests/idps/README.md).

use reqwest::Method;
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

use super::admin::Admin;
use super::browser::{Browser, Page};

/// The run's shared provider.
pub struct Glewlwyd {
    base: String,
}

impl Glewlwyd {
    /// `Glewlwyd::at(needs!("DOORWARD_TEST_GLEWLWYD"))`.
    pub fn at(base: String) -> Self {
        Self { base }
    }

    async fn call(&self, browser: &Browser, method: Method, path: &str, body: &Value) {
        let request = browser.client.request(method, format!("{}/api{path}", self.base)).json(body);
        let page = browser.send(request, "/").await;
        assert_eq!(page.status, 200, "{path}: {}", page.body);
    }

    async fn authenticate(&self, browser: &Browser, username: &str, password: &str) {
        let body = json!({"username": username, "password": password});
        self.call(browser, Method::POST, "/auth/", &body).await;
    }

    /// An active connection with `settings`, and its client at the provider.
    pub async fn connect(&self, tenant: &Admin, settings: Value) -> Value {
        let (id, secret) = (Uuid::now_v7().to_string(), Uuid::new_v4().to_string());
        let mut all = json!({
            "issuer": format!("{}/api/oidc", self.base), "client_id": id, "additional_scopes": ["groups"],
        });
        for (name, value) in settings.as_object().expect("an object") {
            all[name] = value.clone();
        }
        let draft = json!({"display_name": format!("Glewlwyd {id}"), "settings": all, "client_secret": secret});
        let draft = tenant.post("/connections", &draft).await.created();
        let client = json!({
            "client_id": id, "name": id, "enabled": true, "confidential": true, "client_secret": secret, "password": secret,
            "redirect_uri": [draft["callback_url"]],
            "post_logout_redirect_uris": [draft["post_logout_redirect_url"]],
            "authorization_type": ["code", "refresh_token"],
            "token_endpoint_auth_method": ["client_secret_basic", "client_secret_post"],
            "scope": ["openid", "profile", "email", "groups"],
        });
        let administrator = Browser::new(&self.base, 0);
        self.authenticate(&administrator, "admin", "password").await;
        self.call(&administrator, Method::POST, "/client/", &client).await;
        let path = format!("/connections/{}/activate", draft["id"].as_str().unwrap());
        tenant.post(&path, &json!({})).await.ok()
    }

    /// A whole login by one of the three people, to where it ends.
    pub async fn sign_in(&self, browser: &Browser, connection: &Value, who: &str) -> Page {
        let page = browser.follow(connection["login_url"].as_str().unwrap()).await;
        let back = page.url.query_pairs().find(|(name, _)| name == "callback_url");
        let back = back.unwrap_or_else(|| panic!("{} is not the login page", page.url)).1.into_owned();
        self.authenticate(browser, who, &format!("{who}-pw")).await;
        let client = connection["settings"]["client_id"].as_str().unwrap();
        let scope = json!({"scope": "openid profile email groups"});
        self.call(browser, Method::PUT, &format!("/auth/grant/{client}"), &scope).await;
        let back = Url::parse(&format!("{back}&g_continue")).unwrap();
        browser.follow(back.as_str()).await
    }
}
