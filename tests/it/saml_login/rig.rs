//! A tenant with a SAML connection to a provider that is the test itself, and the steps of a login at it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use doorward::clock::Clock;
use doorward::protocol::saml::binding::redirect::inflate;
use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

use crate::support::TestApp;
use crate::support::admin::Admin;
use crate::support::browser::{Browser, Page};
use crate::support::oidc_provider::merge;
use crate::support::saml::Forged;
use crate::support::saml::forge::{ACS, AUDIENCE, ISSUER, NOW, REQUEST};
use crate::support::saml::key::IDP;
use crate::support::sign_in::{id, login_url, parameter};
use crate::support::test_app::Setup;

/// Where the provider takes requests; nobody serves it.
pub const SSO: &str = "https://idp.example/sso";
pub const SLO: &str = "https://idp.example/slo";

pub struct Rig {
    pub app: TestApp,
    pub acme: Admin,
    pub connection: Value,
}

/// A login that was begun: what the response must name, and what must come with it.
pub struct Begun {
    pub request: String,
    pub relay_state: String,
    /// The whole request.
    pub xml: String,
}

/// A server whose clock stands at the moment of the template.
pub fn app() -> TestApp {
    let moment: DateTime<Utc> = NOW.parse().unwrap();
    TestApp::start_with(Setup { clock: Clock::manual(moment), ..Setup::default() })
}

/// Where addresses come from: the names that vendors use, and at last the NameID, which is one in the template.
const EMAIL: [&str; 4] =
    ["email", "mail", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress", "name_id"];

/// An active connection to the provider of the template, whose addresses are believed; `change` is merged into its
/// settings.
pub async fn connect(acme: &Admin, change: &Value) -> Value {
    let mut settings = json!({"idp_entity_id": ISSUER, "sso_url": SSO, "slo_url": SLO,
        "certificates": [IDP.certificate().pem()], "claim_mapping": {"email": EMAIL}});
    merge(&mut settings, change);
    let name = format!("Provider {}", uuid::Uuid::now_v7());
    let draft = json!({"display_name": name, "protocol": "saml", "settings": settings,
        "provisioning": {"email_trust": "trust_connection"}});
    let draft = acme.post("/connections", &draft).await.created();
    acme.post(&format!("/connections/{}/activate", id(&draft)), &json!({})).await.ok()
}

/// The tenant has this domain.
pub async fn claim_domain(app: &TestApp, admin: &Admin, domain: &str) {
    let domain = admin.post("/domains", &json!({"domain": domain})).await.created();
    let attest = format!("{}/domains/{}/attest", admin.base, id(&domain));
    app.operator().await.post(&attest, &json!({})).await.ok();
}

/// One of our URLs at a connection.
pub fn own(connection: &Value, name: &str) -> String {
    connection["service_provider"][name].as_str().unwrap().to_owned()
}

impl Rig {
    pub async fn start(change: Value) -> Self {
        let app = app();
        let acme = app.tenant("acme").await;
        for domain in ["tenant.example", "acme.example"] {
            claim_domain(&app, &acme, domain).await;
        }
        let connection = connect(&acme, &change).await;
        Self { app, acme, connection }
    }

    /// Begins a login by Redirect.
    pub async fn begin(&self, browser: &Browser) -> Begun {
        self.begin_at(browser, login_url(&self.connection)).await
    }

    pub async fn begin_at(&self, browser: &Browser, url: &str) -> Begun {
        let page = browser.get(url).await;
        let target = page.location().unwrap_or_else(|| panic!("{}: {}", page.status, page.body));
        assert!(target.as_str().starts_with(SSO), "{target}");
        let deflated = STANDARD.decode(parameter(&target, "SAMLRequest")).unwrap();
        let xml = String::from_utf8(inflate(&deflated).unwrap()).unwrap();
        Begun { request: attribute(&xml, "ID"), relay_state: parameter(&target, "RelayState"), xml }
    }

    /// The template as this connection's provider would send it, not yet signed.
    pub fn response(&self, request: &str) -> Forged {
        response(&self.connection, request)
    }

    /// The same that answers nothing.
    pub fn unsolicited(&self) -> Forged {
        Forged(
            self.response(REQUEST)
                .0
                .replace(&format!(" InResponseTo=\"{REQUEST}\""), "")
                .replace(&format!("InResponseTo=\"{REQUEST}\" "), ""),
        )
    }

    /// Posts a message as a form of the provider's page does.
    pub async fn post(&self, browser: &Browser, message: &Forged, relay_state: &str) -> Page {
        post(browser, &own(&self.connection, "acs_url"), message, relay_state).await
    }

    /// A whole login with the honest response; the page that ends it.
    pub async fn sign_in(&self, browser: &Browser) -> Page {
        let begun = self.begin(browser).await;
        self.post(browser, &self.response(&begun.request).sign("_a"), &begun.relay_state).await
    }
}

/// The template for any connection.
pub fn response(connection: &Value, request: &str) -> Forged {
    let text = Forged::response().0.replace(ACS, &own(connection, "acs_url"));
    // Ids are the response's own, as everywhere: two logins are two assertions.
    let text = text.replace(AUDIENCE, &own(connection, "entity_id")).replace(REQUEST, request);
    Forged(text)
}

/// Another assertion than the template's.
pub fn renamed(message: &Forged, assertion: &str) -> Forged {
    message.change("ID=\"_a\"", &format!("ID=\"{assertion}\""))
}

pub async fn post(browser: &Browser, url: &str, message: &Forged, relay_state: &str) -> Page {
    let fields = [("SAMLResponse", STANDARD.encode(&message.0)), ("RelayState", relay_state.to_owned())];
    post_fields(browser, url, &fields).await
}

pub async fn post_fields(browser: &Browser, url: &str, fields: &[(&str, String)]) -> Page {
    let request = browser
        .request(Method::POST, url)
        .header("origin", "https://idp.example")
        .header("sec-fetch-site", "cross-site")
        .form(fields);
    browser.send(request, url).await
}

/// The first attribute of this name.
pub fn attribute(xml: &str, name: &str) -> String {
    let (_, rest) = xml.split_once(&format!(" {name}=\"")).unwrap_or_else(|| panic!("{name} in {xml}"));
    rest.split('"').next().unwrap().to_owned()
}

/// The query parameter of a URL, if it has it.
pub fn query(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(n, _)| n == name).map(|(_, value)| value.into_owned())
}
