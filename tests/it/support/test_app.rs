//! A Doorward server in the test's process, on a free port, with a database of its own.

use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use actix_web::dev::ServerHandle;
use doorward::app::Application;
use doorward::clock::Clock;
use doorward::config::{Config, Surroundings};
use doorward::context::Context;
use figment::Figment;
use figment::providers::Serialized;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::admin::Admin;
use super::browser::Browser;
use super::database::TestDatabase;

/// A sealing key for tests.
pub const SEALING_KEY: &str = "t1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// A running server. Stops when dropped.
pub struct TestApp {
    /// `http://127.0.0.1:{port}`, unless a public URL was set.
    pub url: String,
    /// Where it really listens.
    pub port: u16,
    /// What its handlers are handed.
    pub context: Context,
    /// Its clock; system time unless a manual one was asked for.
    pub clock: Clock,
    /// Its database; shared by a second instance.
    pub database: std::sync::Arc<TestDatabase>,
    /// Where its letters lie, unless it has a mail server.
    pub letters: PathBuf,
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

/// How a server shall be.
pub struct Setup {
    pub settings: Value,
    pub clock: Clock,
    pub database: Option<std::sync::Arc<TestDatabase>>,
}

impl Default for Setup {
    fn default() -> Self {
        Self { settings: json!({}), clock: Clock::default(), database: None }
    }
}

impl TestApp {
    /// A server with an empty database that may call loopback.
    pub fn start() -> Self {
        Self::start_with(Setup::default())
    }

    /// A server with a manual clock that stands at the present.
    pub fn start_with_manual_clock() -> Self {
        Self::start_with(Setup { clock: Clock::manual(Clock::default().now()), ..Setup::default() })
    }

    /// A server whose settings (names as in the configuration file) differ.
    pub fn start_with(setup: Setup) -> Self {
        let database = setup.database.unwrap_or_else(|| std::sync::Arc::new(TestDatabase::new()));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut settings = json!({
            "public_url": format!("http://127.0.0.1:{port}"),
            "listen": format!("127.0.0.1:{port}"),
            "database_url": database.url.expose_secret(),
            "sealing_keys": SEALING_KEY,
            "outbound_allow": ["127.0.0.0/8"],
            "login_rate_per_minute": 100_000,
            "log_level": "warn",
            "mail_folder": std::env::temp_dir().join(format!("doorward-letters-{}", uuid::Uuid::now_v7())),
        });
        for (name, value) in setup.settings.as_object().unwrap() {
            settings[name] = value.clone();
        }
        if setup.settings.get("public_url").is_some_and(|url| !is_loopback(url)) && settings.get("smtp_host").is_none()
        {
            settings["smtp_host"] = json!("127.0.0.1"); // nobody listens at its port 587
            settings["mail_from"] = json!("sso@doorward.example");
        }
        if settings.get("smtp_host").is_some() {
            settings.as_object_mut().unwrap().remove("mail_folder");
        }
        let letters = PathBuf::from(settings["mail_folder"].as_str().unwrap_or_default());
        let config = Config::read(&Figment::from(Serialized::defaults(settings)), Surroundings::default()).unwrap();
        let url = config.public_url.as_str().trim_end_matches('/').to_owned();
        let (started, up) = mpsc::channel();
        let clock = setup.clock.clone();
        let thread = thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let app = Application::build_on(listener, config, clock).await.unwrap();
                started.send((app.context(), app.handle())).unwrap();
                app.run().await.unwrap();
            });
        });
        let (context, handle) = up.recv().expect("the server starts");
        Self { url, port, context, clock: setup.clock, database, letters, handle, thread: Some(thread) }
    }

    /// A second instance of the same installation: same database, same public URL, another port.
    pub fn second_instance(&self) -> Self {
        Self::start_with(Setup {
            settings: json!({ "public_url": self.url, "mail_folder": self.letters }),
            clock: self.clock.clone(),
            database: Some(std::sync::Arc::clone(&self.database)),
        })
    }

    /// A new browser without cookies, which resolves the public URL to this instance.
    pub fn browser(&self) -> Browser {
        Browser::new(&self.url, self.port)
    }

    /// REST as an operator, by a fresh key.
    pub async fn operator(&self) -> Admin {
        use doorward::flows::manage_operators::{OperatorKeyIn, create_key};
        use doorward::model::audit::{Actor, Stamp};
        let stamp = Stamp { actor: Actor::System, request_id: None, at: self.clock.now() };
        let input = OperatorKeyIn { name: "test".into(), expires_at: None };
        let (_, secret) = create_key(&self.context, stamp, input).await.unwrap();
        Admin::new(self.browser(), "", secret)
    }

    /// A new tenant, and REST as its owner (by a service account's key).
    pub async fn tenant(&self, slug: &str) -> Admin {
        let operator = self.operator().await;
        let body =
            json!({"slug": slug, "name": format!("{slug} Inc."), "allowed_return_urls": ["https://app.example/*"]});
        operator.post("/v1/tenants", &body).await.created();
        self.key(&operator, slug, "owner").await
    }

    /// REST in a tenant by a new service account's key of this role.
    pub async fn key(&self, operator: &Admin, slug: &str, role: &str) -> Admin {
        let base = format!("/v1/tenants/{slug}");
        let name = format!("{role} {}", uuid::Uuid::now_v7());
        let account =
            operator.post(&format!("{base}/service-accounts"), &json!({"name": name, "role": role})).await.created();
        let key = json!({"name": role, "service_account_id": account["id"]});
        let key = operator.post(&format!("{base}/api-keys"), &key).await.created();
        let secret = SecretString::from(key["secret"].as_str().unwrap());
        Admin::new(self.browser(), &base, secret)
    }
}

fn is_loopback(url: &Value) -> bool {
    url.as_str().is_some_and(|url| url.contains("//127.") || url.contains("//localhost"))
}

impl Drop for TestApp {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        if !self.letters.as_os_str().is_empty() {
            let _ = std::fs::remove_dir_all(&self.letters);
        }
    }
}
