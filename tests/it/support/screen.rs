//! A real browser: Chromium, with its own idea of cookies, sites and Content-Security-Policy.

use std::time::Duration;

use fantoccini::{Client, ClientBuilder, Locator};
use serde_json::{Value, json};

use super::Browser;

/// A window of a fresh, headless Chromium.
pub struct Screen {
    pub client: Client,
    driver: String,
}

impl Screen {
    pub async fn open(driver: String, chromium: &str) -> Self {
        let arguments = json!([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-sync",
            "--disable-background-networking",
            "--disable-component-update",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.*, EXCLUDE localhost",
        ]);
        let wanted = json!({
            "goog:chromeOptions": {"binary": chromium, "args": arguments},
            "goog:loggingPrefs": {"browser": "ALL"},
        });
        let Value::Object(capabilities) = wanted else { unreachable!("an object was written above") };
        let mut builder = ClientBuilder::rustls().unwrap();
        let client = builder.capabilities(capabilities).connect(&driver).await.unwrap();
        Self { client, driver }
    }

    pub async fn wait(&self, css: &str) -> fantoccini::elements::Element {
        let found = self.client.wait().at_most(Duration::from_secs(20)).for_element(Locator::Css(css)).await;
        match found {
            Ok(element) => element,
            Err(error) => panic!(
                "{css}: {error} at {:?}: {}",
                self.client.current_url().await,
                self.client.source().await.unwrap()
            ),
        }
    }

    pub async fn click(&self, css: &str) {
        self.wait(css).await.click().await.unwrap();
    }

    pub async fn text(&self, css: &str) -> String {
        self.wait(css).await.text().await.unwrap()
    }

    /// Types into whatever has the focus.
    pub async fn press(&self, keys: &str) {
        self.client.active_element().await.unwrap().send_keys(keys).await.unwrap();
    }

    pub async fn path(&self) -> String {
        self.client.current_url().await.unwrap().path().to_owned()
    }

    /// Nothing was blocked by a Content-Security-Policy on the whole way; then the window closes.
    pub async fn close(self) {
        let session = self.client.session_id().await.unwrap().unwrap();
        let url = format!("{}/session/{session}/se/log", self.driver);
        let log = Browser::new(&self.driver, 0);
        let request = log.client.post(url).json(&json!({"type": "browser"}));
        let said = log.send(request, "/").await;
        self.client.close().await.unwrap();
        assert_eq!(said.status, 200, "{}", said.body);
        assert!(!said.body.contains("Content Security Policy"), "{}", said.body);
    }
}
