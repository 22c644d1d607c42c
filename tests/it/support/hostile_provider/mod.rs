//! A whole OpenID provider with one person, of which a test can spoil exactly one thing.
//!
//! ```ignore
//! let provider = HostileProvider::start();
//! provider.person(json!({"sub": "eve", "email": "eve@x.example", "email_verified": true}));
//! provider.id_token(|claims| claims["nonce"] = json!("another"));      // before signing
//! provider.answer(Place::Token, Answer::json(json!({"error": "server_error"})).status(500));
//! ```
//!
//! `/authorize` sends the browser straight back with a code; `/token` checks redirect URI and PKCE like an honest provider.

use std::collections::HashMap;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard, mpsc};
use std::thread;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer, web};
use doorward::clock::Clock;
use doorward::model::connection::oidc::OidcSettings;
use serde_json::{Map, Value, json};
use url::Url;

mod routes;
mod script;

pub use script::{Answer, Place, Recorded};

use super::signing::TestKey;
use script::Script;

pub type Claims = Map<String, Value>;

/// Runs until dropped.
pub struct HostileProvider {
    pub issuer: String,
    script: Arc<Mutex<Script>>,
    handle: ServerHandle,
}

impl Drop for HostileProvider {
    fn drop(&mut self) {
        drop(self.handle.stop(false)); // the command is sent at once, only its end would be awaited
    }
}

impl HostileProvider {
    /// An honest provider on a free port of 127.0.0.1, with one RSA key.
    pub fn start() -> Self {
        Self::start_at("127.0.0.1")
    }

    /// The same on another loopback address, which is another site to a browser.
    pub fn start_at(ip: &str) -> Self {
        let listener = TcpListener::bind((ip, 0)).expect("a free port");
        let issuer = format!("http://{}", listener.local_addr().expect("an address"));
        let script = Arc::new(Mutex::new(Script::new(&issuer)));
        let data = web::Data::from(Arc::clone(&script));
        let (started, handle) = mpsc::channel();
        thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let app = move || App::new().app_data(data.clone()).configure(routes::configure);
                let server = HttpServer::new(app).workers(1).disable_signals().shutdown_timeout(0);
                let server = server.listen(listener).expect("listening").run();
                started.send(server.handle()).expect("the test waits");
                server.await
            })
        });
        Self { issuer, script, handle: handle.recv().expect("started") }
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().expect("no test panicked while scripting")
    }

    /// Settings of a connection to this provider, as client `client`.
    pub fn settings(&self) -> OidcSettings {
        let (issuer, client_id) = (Some(self.issuer.clone()), Some("client".to_owned()));
        OidcSettings { issuer, client_id, ..OidcSettings::default() }
    }

    /// Who signs in: claims of the ID token and of userinfo (`sub` among them).
    pub fn person(&self, claims: Value) {
        self.script().person = claims.as_object().expect("an object").clone();
    }

    /// Changes the ID token's claims before they are signed.
    pub fn id_token(&self, change: impl Fn(&mut Claims) + Send + 'static) {
        self.script().change_id_token = Box::new(change);
    }

    /// Dates its ID tokens by the clock of somebody else.
    pub fn goes_by(&self, clock: &Clock) {
        let clock = clock.clone();
        self.id_token(move |claims| {
            let now = clock.now().timestamp();
            claims.insert("iat".into(), json!(now));
            claims.insert("auth_time".into(), json!(now));
            claims.insert("exp".into(), json!(now + 300));
        });
    }

    /// Changes the ID token's header before it is signed.
    pub fn id_token_header(&self, change: impl Fn(&mut Claims) + Send + 'static) {
        self.script().change_header = Box::new(change);
    }

    /// Makes the ID token from its claims in the test's own way instead of signing it.
    pub fn forge_id_token(&self, forge: impl Fn(&Claims) -> Value + Send + 'static) {
        self.script().forge = Some(Box::new(forge));
    }

    /// Changes the JSON that a place answers: discovery document, key set, token response or userinfo.
    pub fn change(&self, place: Place, change: impl Fn(&mut Claims) + Send + 'static) {
        self.script().changes.insert(place, Box::new(change));
    }

    /// Replaces what a place answers altogether.
    pub fn answer(&self, place: Place, answer: Answer) {
        self.script().answers.insert(place, answer);
    }

    /// Takes back what [`HostileProvider::answer`] replaced.
    pub fn answer_honestly(&self, place: Place) {
        self.script().answers.remove(&place);
    }

    /// Signs with `key` from now on and publishes only it.
    pub fn rotate_key(&self, key: TestKey) {
        self.script().published = vec![key.jwk.clone()];
        self.script().key = key;
    }

    /// Publishes exactly these keys.
    pub fn publish(&self, keys: Vec<Value>) {
        self.script().published = keys;
    }

    /// The key that signs.
    pub fn key(&self) -> TestKey {
        self.script().key.clone()
    }

    /// How often a place was asked.
    pub fn calls(&self, place: Place) -> usize {
        self.script().requests.get(&place).map_or(0, Vec::len)
    }

    /// The last request to a place.
    pub fn last(&self, place: Place) -> Recorded {
        self.script().requests.get(&place).and_then(|all| all.last().cloned()).expect("the place was asked")
    }

    /// What the browser would bring back from `authorization_url`: the callback's parameters (`code`, `state`, `iss`).
    pub fn visit(&self, authorization_url: &Url) -> HashMap<String, String> {
        let asked: HashMap<_, _> = authorization_url.query_pairs().into_owned().collect();
        self.script().authorize(&asked)
    }
}

/// The person of a fresh provider.
fn somebody() -> Value {
    json!({"sub": "u-1", "email": "ada@example.com", "email_verified": true, "name": "Ada Lovelace", "groups": ["staff"]})
}
