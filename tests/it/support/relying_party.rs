//! An application of ours as a client sees it: registered by REST, then nothing but OAuth on the wire.

use std::sync::atomic::{AtomicU32, Ordering};

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Method;
use serde_json::{Map, Value, json};
use url::Url;

use super::admin::{Admin, Answer};
use super::browser::{Browser, Page};
use super::sign_in::parameter;

/// Where codes are sent; nobody serves it.
pub const REDIRECT_URI: &str = "https://app.example/callback";
/// Where logouts end; nobody serves it.
pub const SIGNED_OUT_URI: &str = "https://app.example/signed-out";
/// A PKCE verifier.
pub const VERIFIER: &str = "a-verifier-of-forty-three-characters-or-more";

/// The S256 challenge of a verifier.
pub fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()))
}

/// A registered application.
#[derive(Clone)]
pub struct RelyingParty {
    /// The issuer's URL.
    pub issuer: String,
    pub client_id: String,
    pub client_secret: Option<String>,
    /// Speaks with the server as a machine: no cookies.
    pub machine: Browser,
}

impl RelyingParty {
    /// Registers one in the tenant of `admin`, with `change` merged into what is asked for.
    pub async fn register(admin: &Admin, change: Value) -> Self {
        let slug = admin.base.rsplit('/').next().unwrap();
        let issuer = format!("{}/t/{slug}", admin.browser.base);
        Self::create(admin, "/applications", issuer, change).await
    }

    /// Registers one of the installation.
    pub async fn register_for_all(operator: &Admin, change: Value) -> Self {
        Self::create(operator, "/v1/applications", operator.browser.base.clone(), change).await
    }

    async fn create(admin: &Admin, path: &str, issuer: String, change: Value) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let mut body = json!({
            "name": format!("Application {}", NEXT.fetch_add(1, Ordering::SeqCst)),
            "redirect_uris": [REDIRECT_URI],
            "post_logout_redirect_uris": [SIGNED_OUT_URI],
        });
        for (name, value) in change.as_object().cloned().unwrap_or_default() {
            body[name] = value;
        }
        let created = admin.post(path, &body).await.created();
        Self {
            issuer,
            client_id: created["id"].as_str().unwrap().to_owned(),
            client_secret: created["client_secret"].as_str().map(str::to_owned),
            machine: admin.browser.another(),
        }
    }

    /// The same client, whose requests reach another instance.
    pub fn via(&self, port: u16) -> Self {
        Self { machine: self.machine.via(port), ..self.clone() }
    }

    /// An endpoint of the issuer.
    pub fn at(&self, endpoint: &str) -> String {
        format!("{}/oauth2/{endpoint}", self.issuer)
    }

    /// The URL of a whole and proper authorization request; a pair of `change` replaces a parameter, `""` takes it out.
    pub fn authorize_url(&self, change: &[(&str, &str)]) -> String {
        let code_challenge = challenge(VERIFIER);
        let mut pairs = vec![
            ("client_id", self.client_id.as_str()),
            ("redirect_uri", REDIRECT_URI),
            ("response_type", "code"),
            ("scope", "openid profile email groups offline_access"),
            ("state", "the-state"),
            ("nonce", "the-nonce"),
            ("code_challenge", &code_challenge),
            ("code_challenge_method", "S256"),
        ];
        pairs.retain(|(name, _)| !change.iter().any(|(changed, _)| changed == name));
        pairs.extend(change.iter().filter(|(_, value)| !value.is_empty()));
        let mut url = Url::parse(&self.at("authorize")).unwrap();
        url.query_pairs_mut().extend_pairs(pairs);
        url.into()
    }

    /// Asks for a code in this browser, which is signed in or gets there without a page; gives the answer's URL.
    pub async fn answer(&self, browser: &Browser, change: &[(&str, &str)]) -> Url {
        let page = browser.follow(&self.authorize_url(change)).await;
        answer_of(&page)
    }

    /// The same, for its code.
    pub async fn code(&self, browser: &Browser, change: &[(&str, &str)]) -> String {
        parameter(&self.answer(browser, change).await, "code")
    }

    /// Posts a form to an endpoint, proving who it is by Basic where there is a secret, else by `client_id`.
    pub async fn form(&self, endpoint: &str, fields: &[(&str, &str)]) -> Answer {
        let request = self.machine.request(Method::POST, &self.at(endpoint));
        let request = match &self.client_secret {
            Some(secret) => request.basic_auth(&self.client_id, Some(secret)).form(fields),
            None => {
                let all: Vec<_> = fields.iter().copied().chain([("client_id", self.client_id.as_str())]).collect();
                request.form(&all)
            }
        };
        self.send(request).await
    }

    /// Sends any request as a machine.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let Page { status, headers, body, .. } = self.machine.send(request, "/").await;
        Answer { status, headers, text: body }
    }

    /// Redeems a code.
    pub async fn redeem(&self, code: &str) -> Answer {
        let fields = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", REDIRECT_URI)];
        let fields: Vec<_> = fields.into_iter().chain([("code_verifier", VERIFIER)]).collect();
        self.form("token", &fields).await
    }

    /// A whole round: code and tokens.
    pub async fn tokens(&self, browser: &Browser, change: &[(&str, &str)]) -> Value {
        let code = self.code(browser, change).await;
        self.redeem(&code).await.ok()
    }

    /// Renews tokens.
    pub async fn refresh(&self, refresh_token: &str) -> Answer {
        self.form("token", &[("grant_type", "refresh_token"), ("refresh_token", refresh_token)]).await
    }

    /// Asks userinfo.
    pub async fn userinfo(&self, access_token: &str) -> Answer {
        self.send(self.machine.request(Method::GET, &self.at("userinfo")).bearer_auth(access_token)).await
    }

    /// What introspection says.
    pub async fn introspect(&self, token: &str) -> Value {
        self.form("introspect", &[("token", token)]).await.ok()
    }
}

/// The answer that a page sends the browser to the application with.
#[track_caller]
pub fn answer_of(page: &Page) -> Url {
    let target = page.location().unwrap_or_else(|| panic!("{} {}: {}", page.status, page.url, page.body));
    assert_eq!(target.host_str(), Some("app.example"), "{target}");
    target
}

/// A string member of a JSON object.
#[track_caller]
pub fn text<'a>(object: &'a Value, name: &str) -> &'a str {
    object[name].as_str().unwrap_or_else(|| panic!("no {name} in {object}"))
}

/// The claims of a token, unverified.
#[track_caller]
pub fn claims(token: &str) -> Map<String, Value> {
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice(&payload).unwrap()
}

/// The header of a token.
#[track_caller]
pub fn header(token: &str) -> Map<String, Value> {
    let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
    serde_json::from_slice(&header).unwrap()
}
