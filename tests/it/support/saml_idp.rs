//! SimpleSAMLphp and pysaml2: an instance for each test, and the way through their pages (tests/idps/README.md).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::Value;
use url::Url;

use super::browser::{Browser, Page};
use super::oidc_provider::{form, submit};
use super::process;

/// Which of them, and where `scripts/test-services` found it.
#[derive(Clone)]
pub enum Software {
    /// `Software::SimpleSamlPhp(needs!("DOORWARD_TEST_SIMPLESAMLPHP"))`.
    SimpleSamlPhp(String),
    /// `Software::PySaml2(needs!("DOORWARD_TEST_PYSAML2"))`.
    PySaml2(String),
}

/// One that runs; ends with the value, its folder too.
pub struct SamlIdp {
    pub entity_id: String,
    pub metadata_url: String,
    base: String,
    software: Software,
    folder: PathBuf,
    child: Child,
}

impl Drop for SamlIdp {
    fn drop(&mut self) {
        process::end(&mut self.child);
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl SamlIdp {
    /// Starts one with the settings that differ from tests/idps/saml/defaults.json. It knows no service provider yet.
    pub fn start(software: Software, settings: Value) -> Self {
        let (name, variable, value, metadata) = match &software {
            Software::SimpleSamlPhp(www) => {
                ("simplesamlphp", "SIMPLESAMLPHP", www, "/simplesaml/saml2/idp/metadata.php")
            }
            Software::PySaml2(python) => ("pysaml2", "PYTHON", python, "/metadata"),
        };
        let folder = std::env::temp_dir().join(format!("doorward-{name}-{}", uuid::Uuid::now_v7()));
        fs::create_dir(&folder).unwrap();
        replace(&folder.join("settings.json"), &settings.to_string());
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/idps/{name}/start"));
        let mut command = Command::new(script);
        command.env("FOLDER", &folder).env(variable, value).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        let base = process::ready_line(&mut child);
        let (entity_id, metadata_url) = (format!("{base}/idp"), format!("{base}{metadata}"));
        Self { entity_id, metadata_url, base, software, folder, child }
    }

    /// From now on this is its service provider; a certificate that is not marked serves both uses.
    pub fn trust(&self, service_metadata: &str) {
        replace(&self.folder.join("sp.xml"), service_metadata);
    }

    /// Changes settings while it runs.
    pub fn set(&self, change: Value) {
        let file = self.folder.join("settings.json");
        let mut settings: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        for (name, value) in change.as_object().expect("an object") {
            settings[name] = value.clone();
        }
        replace(&file, &settings.to_string());
    }

    /// Its metadata as it is now.
    pub async fn metadata(&self) -> String {
        let browser = Browser::new(&self.base, 0);
        let page = browser.send(browser.client.get(&self.metadata_url), &self.metadata_url).await;
        assert_eq!(page.status, 200, "{}", page.body);
        page.body
    }

    /// Its first or second certificate (`1` or `2`), as base64 in one line.
    pub fn certificate(&self, number: u8) -> String {
        let pem = fs::read_to_string(self.folder.join(format!("{number}.crt"))).unwrap();
        pem.lines().filter(|line| !line.contains("-----")).collect()
    }

    /// What its program said, for a test that failed.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("server.log")).unwrap_or_default()
    }

    /// Where single sign-on takes requests, by either binding.
    pub fn sign_on_url(&self) -> String {
        match self.software {
            Software::SimpleSamlPhp(_) => format!("{}/simplesaml/saml2/idp/SSOService.php", self.base),
            Software::PySaml2(_) => format!("{}/sso", self.base),
        }
    }

    /// Where single logout takes messages, by either binding.
    pub fn logout_url(&self) -> String {
        match self.software {
            Software::SimpleSamlPhp(_) => format!("{}/simplesaml/saml2/idp/SingleLogoutService.php", self.base),
            Software::PySaml2(_) => format!("{}/slo", self.base),
        }
    }

    /// A link in its portal: signs in at the service provider with this entity id, which did not ask.
    pub fn portal_link(&self, service: &str, relay_state: &str) -> String {
        let path = match self.software {
            Software::SimpleSamlPhp(_) => "simplesaml/saml2/idp/SSOService.php",
            Software::PySaml2(_) => "initiate",
        };
        let query = [("spentityid", service), ("RelayState", relay_state)];
        Url::parse_with_params(&format!("{}/{path}", self.base), query).unwrap().into()
    }

    /// Its own "sign out", which asks the service provider to end its session too, and ends at this URL.
    pub fn sign_out_link(&self, then: &str) -> String {
        let path = match self.software {
            Software::SimpleSamlPhp(_) => "simplesaml/saml2/idp/initSLO.php",
            Software::PySaml2(_) => "logout",
        };
        Url::parse_with_params(&format!("{}/{path}", self.base), [("RelayState", then)]).unwrap().into()
    }

    /// From a page that leads to the provider (a redirect, or a form that posts itself), through the provider's pages, to
    /// where it sends the browser away. `who` is typed in where it asks.
    pub async fn walk(&self, browser: &Browser, mut page: Page, who: &str) -> Departure {
        let mut asked = false;
        for _ in 0..20 {
            let (target, fields) = match page.location() {
                Some(target) => (target, None),
                None => {
                    let (target, fields) = form(&page).unwrap_or_else(|| self.stuck(&page));
                    (target, Some(fields))
                }
            };
            if self.is_here(&page.url) && !self.is_here(&target) {
                return Departure { url: target, posted: fields, origin: self.base.clone() };
            }
            let asks = page.body.contains("type=\"password\"") || page.body.contains("type=password");
            page = match fields {
                None => browser.get(target.as_str()).await,
                Some(_) if asks && asked => self.stuck(&page),
                Some(_) if asks => {
                    asked = true;
                    submit(browser, &page, &[("username", who), ("password", &format!("{who}-pw"))]).await
                }
                Some(_) => submit(browser, &page, &[]).await,
            };
        }
        panic!("in circles, last at {}", page.url)
    }

    /// The same from a URL that the browser opens.
    pub async fn visit(&self, browser: &Browser, url: &str, who: &str) -> Departure {
        let page = browser.get(url).await;
        self.walk(browser, page, who).await
    }

    fn is_here(&self, url: &Url) -> bool {
        url.as_str().starts_with(&format!("{}/", self.base))
    }

    fn stuck(&self, page: &Page) -> ! {
        panic!("stuck at {} {}: {}\n{}", page.status, page.url, page.body, self.log())
    }
}

/// The provider sends the browser away, nearly always to us; the request is not made yet.
pub struct Departure {
    /// Of a redirect with the query as it was written.
    pub url: Url,
    /// The fields of a form that posts itself; none for a redirect.
    pub posted: Option<Vec<(String, String)>>,
    /// The provider's.
    origin: String,
}

impl Departure {
    /// `SAMLResponse`, `RelayState` and so on, of form or query.
    pub fn field(&self, name: &str) -> Option<String> {
        let queried = || self.url.query_pairs().map(|(n, v)| (n.into_owned(), v.into_owned())).collect();
        let mut fields = self.posted.clone().unwrap_or_else(queried).into_iter();
        fields.find(|(field, _)| field == name).map(|(_, value)| value)
    }

    /// The message of a form, as XML.
    pub fn xml(&self) -> String {
        assert!(self.posted.is_some(), "a redirect's message is deflated: {}", self.url);
        let message = self.field("SAMLResponse").or_else(|| self.field("SAMLRequest")).expect("it holds a message");
        String::from_utf8(STANDARD.decode(message).unwrap()).unwrap()
    }

    /// Goes there as a browser would, across sites.
    pub async fn arrive(&self, browser: &Browser) -> Page {
        let url = self.url.as_str();
        let request = match &self.posted {
            None => browser.request(Method::GET, url),
            Some(fields) => browser.request(Method::POST, url).form(fields).header("origin", &self.origin),
        };
        browser.send(request.header("sec-fetch-site", "cross-site"), url).await
    }
}

/// Whole, or not at all: the provider may be reading.
fn replace(file: &Path, text: &str) {
    let stage = file.with_extension("new");
    fs::write(&stage, text).unwrap();
    fs::rename(stage, file).unwrap();
}
