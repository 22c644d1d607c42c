//! What applications do: a whole round (authorize, login at the provider, code, tokens, userinfo), and userinfo alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::client;

/// Where codes go; nobody serves it.
pub const REDIRECT_URI: &str = "https://app.example/callback";
const VERIFIER: &str = "a-verifier-of-forty-three-characters-or-more";

/// A registered application.
#[derive(Clone)]
pub struct Application {
    /// The issuer of its tenant.
    pub issuer: String,
    /// Its client id and secret.
    pub credential: (String, String),
    /// The connection that its people sign in by.
    pub connection: String,
}

impl Application {
    fn authorize_url(&self) -> String {
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, VERIFIER.as_bytes()));
        let mut url = url::Url::parse(&format!("{}/oauth2/authorize", self.issuer)).unwrap();
        url.query_pairs_mut().extend_pairs([
            ("client_id", self.credential.0.as_str()),
            ("redirect_uri", REDIRECT_URI),
            ("response_type", "code"),
            ("scope", "openid profile email groups"),
            ("state", "state"),
            ("nonce", "nonce"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("connection", &self.connection),
        ]);
        url.into()
    }

    /// One round in a browser that nobody is signed in with; gives the access token.
    pub async fn round(&self) -> String {
        let browser = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .cookie_store(true)
            .no_proxy()
            .build()
            .unwrap();
        let mut next = self.authorize_url();
        while !next.starts_with(REDIRECT_URI) {
            let answer = browser.get(&next).send().await.unwrap();
            assert!(answer.status().is_redirection(), "{next}: {}", answer.text().await.unwrap());
            let location = answer.headers()["location"].to_str().unwrap();
            next = answer.url().join(location).unwrap().into();
        }
        let answer = url::Url::parse(&next).unwrap();
        let code = answer.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
        let form = [
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", REDIRECT_URI),
            ("code_verifier", VERIFIER),
        ];
        let request = browser.post(format!("{}/oauth2/token", self.issuer)).form(&form);
        let answer = request.basic_auth(&self.credential.0, Some(&self.credential.1)).send().await.unwrap();
        let tokens: Value = answer.json().await.unwrap();
        let access = tokens["access_token"].as_str().unwrap_or_else(|| panic!("{tokens}")).to_owned();
        let userinfo = browser.get(self.userinfo_url()).bearer_auth(&access).send().await.unwrap();
        assert_eq!(userinfo.status(), 200);
        access
    }

    /// Where userinfo is asked.
    pub fn userinfo_url(&self) -> String {
        format!("{}/oauth2/userinfo", self.issuer)
    }
}

/// GETs per second with so many connections, each of them kept open; the same for whatever is compared.
pub async fn gets_per_second(url: &str, bearer: &str, connections: u64, seconds: Duration) -> f64 {
    let done = Arc::new(AtomicU64::new(0));
    let begun = Instant::now();
    let tasks: Vec<_> = (0..connections)
        .map(|_| {
            let (url, bearer, done) = (url.to_owned(), bearer.to_owned(), Arc::clone(&done));
            tokio::spawn(async move {
                let client = client();
                while begun.elapsed() < seconds {
                    let answer = client.get(&url).bearer_auth(&bearer).send().await.unwrap();
                    assert_eq!(answer.status(), 200);
                    answer.bytes().await.unwrap();
                    done.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    done.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64()
}
