//! npm oidc-provider: a client of its own for each test, and signing in at its form (tests/idps/README.md).

use std::process::{Child, Command, Stdio};

use reqwest::Method;
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

use super::admin::Admin;
use super::browser::{Browser, Page};
use super::{env, process};

/// The run's shared provider, or one of a test's own, which ends with the value.
pub struct OidcProvider {
    pub issuer: String,
    child: Option<Child>,
}

impl Drop for OidcProvider {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            process::end(child);
        }
    }
}

/// `tests/idps/oidc-provider/server.mjs`.
fn server() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/idps/oidc-provider/server.mjs")
}

impl OidcProvider {
    /// The shared one: `OidcProvider::at(needs!("DOORWARD_TEST_OIDC_PROVIDER"))`.
    pub fn at(issuer: String) -> Self {
        Self { issuer, child: None }
    }

    /// One of the test's own, for what would disturb others.
    pub fn own(settings: &[(&str, &str)]) -> Self {
        let mut node = Command::new("node");
        let host = if env::is_loopback_here("127.0.0.23") { "127.0.0.23" } else { "127.0.0.1" };
        node.arg(server()).envs([("HOST", host), ("PORT", "0"), ("CONTROL", "1")]);
        node.envs(settings.iter().copied()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = node.spawn().expect("node starts");
        let issuer = process::ready_line(&mut child);
        Self { issuer, child: Some(child) }
    }

    /// Calls one of its switches; must succeed.
    pub async fn control(&self, path: &str, body: &Value) -> Value {
        let browser = Browser::new(&self.issuer, 0);
        let request = browser.client.post(format!("{}/_ctl/{path}", self.issuer)).json(body);
        let page = browser.send(request, "/").await;
        assert_eq!(page.status, 200, "{path}: {}", page.body);
        serde_json::from_str(&page.body).unwrap()
    }

    /// An active connection and its client at the provider. `client` is merged into the registration, `connection` into the
    /// connection as it is posted.
    pub async fn connect(&self, tenant: &Admin, client: Value, connection: Value) -> Value {
        let (id, secret) = (Uuid::now_v7().to_string(), format!("{}{}", Uuid::new_v4(), Uuid::new_v4()));
        let mut wanted = json!({
            "display_name": format!("Directory {id}"),
            "settings": {"issuer": self.issuer, "client_id": id, "additional_scopes": ["groups"]},
            "client_secret": secret,
        });
        merge(&mut wanted, &connection);
        let draft = tenant.post("/connections", &wanted).await.created();
        let mut registration = json!({
            "client_id": id,
            "redirect_uris": [draft["callback_url"]],
            "post_logout_redirect_uris": [draft["post_logout_redirect_url"]],
        });
        match client["token_endpoint_auth_method"].as_str() {
            Some("none") => {}
            // The provider fetches our key from Doorward.
            Some("private_key_jwt") => registration["jwks_uri"] = draft["jwks_url"].clone(),
            _ => registration["client_secret"] = json!(secret),
        }
        merge(&mut registration, &client);
        self.control("clients", &registration).await;
        let path = format!("/connections/{}/activate", draft["id"].as_str().unwrap());
        tenant.post(&path, &json!({})).await.ok()
    }

    /// A connection that differs in nothing.
    pub async fn connect_plainly(&self, tenant: &Admin) -> Value {
        self.connect(tenant, json!({}), json!({})).await
    }

    /// A whole login: to the form, name and password of one of the three people, and back to where it ends.
    pub async fn sign_in(&self, browser: &Browser, connection: &Value, who: &str) -> Page {
        let form = browser.follow(connection["login_url"].as_str().unwrap()).await;
        let sent = submit(browser, &form, &[("login", who), ("password", &format!("{who}-pw")), ("go", "in")]).await;
        follow_on(browser, sent).await
    }
}

/// Target and hidden fields of the page's one form.
pub fn form(page: &Page) -> Option<(Url, Vec<(String, String)>)> {
    let action = attribute(&page.body, "<form", "action")?;
    Some((page.url.join(&action).ok()?, hidden_fields(&page.body)))
}

/// Posts the page's one form, hidden fields included.
pub async fn submit(browser: &Browser, page: &Page, fields: &[(&str, &str)]) -> Page {
    let (url, mut all) =
        form(page).unwrap_or_else(|| panic!("{} {} has no form: {}", page.status, page.url, page.body));
    all.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let request = browser.request(Method::POST, url.as_str()).form(&all);
    // A browser tells the page's origin, and whether it is the target's own.
    let origin = page.url.origin().ascii_serialization();
    let site = if origin == url.origin().ascii_serialization() { "same-origin" } else { "cross-site" };
    let request = request.header("origin", origin).header("sec-fetch-site", site);
    browser.send(request, url.as_str()).await
}

/// Follows redirects from this answer on.
pub async fn follow_on(browser: &Browser, page: Page) -> Page {
    match page.location() {
        Some(next) if next.host_str() != Some("app.example") => browser.follow(next.as_str()).await,
        _ => page,
    }
}

/// Name and value of every hidden input.
fn hidden_fields(html: &str) -> Vec<(String, String)> {
    let inputs = html.split("<input").skip(1).filter(|input| input.contains("hidden"));
    inputs
        .filter_map(|input| {
            let tag = format!("<input{}>", input.split('>').next()?);
            let value = attribute(&tag, "<input", "value").unwrap_or_default();
            Some((attribute(&tag, "<input", "name")?, value))
        })
        .collect()
}

/// The attribute of the first such tag; quotes are optional in HTML.
fn attribute(html: &str, tag: &str, name: &str) -> Option<String> {
    let start = html.find(tag)?;
    let inside = html[start..].split('>').next()?;
    let value = inside.split(&format!(" {name}=")).nth(1)?;
    let text = match value.chars().next()? {
        quote @ ('"' | '\'') => value[1..].split(quote).next()?,
        _ => value.split_whitespace().next()?,
    };
    let quotes = text.replace("&quot;", "\"").replace("&#x27;", "'").replace("&#039;", "'");
    Some(quotes.replace("&lt;", "<").replace("&gt;", ">").replace("&#38;", "&").replace("&amp;", "&"))
}

/// RFC 7396, but that a null stays.
pub fn merge(into: &mut Value, change: &Value) {
    let Value::Object(members) = change else {
        *into = change.clone();
        return;
    };
    for (name, value) in members {
        match into.get_mut(name) {
            Some(there) if there.is_object() => merge(there, value),
            _ => into[name] = value.clone(),
        }
    }
}
