//! A real mail server, with TLS and authentication (tests/idps/aiosmtpd); an instance for each test.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::TestApp;
use super::admin::Admin;
use super::invitations::invite;
use super::letters::ReadLetter;
use super::process;
use super::test_app::Setup;

/// The name that may send.
pub const NAME: &str = "doorward";
/// Its password.
pub const PASSWORD: &str = "a password of the mail server";

/// One that runs; ends with the value, its folder too.
pub struct Aiosmtpd {
    host: String,
    port: u16,
    folder: PathBuf,
    child: Child,
}

impl Drop for Aiosmtpd {
    fn drop(&mut self) {
        process::end(&mut self.child);
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Aiosmtpd {
    /// Starts one: `Aiosmtpd::start(&needs!("DOORWARD_TEST_AIOSMTPD"), "starttls")`. With TLS one has to say who one is.
    pub fn start(python: &str, tls: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("doorward-aiosmtpd-{}", uuid::Uuid::now_v7()));
        fs::create_dir(&folder).unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/idps/aiosmtpd/start");
        let mut command = Command::new(script);
        command
            .env("FOLDER", &folder)
            .env("PYTHON", python)
            .env("TLS", tls)
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        if matches!(tls, "starttls" | "implicit") {
            command.env("NAME", NAME).env("PASSWORD", PASSWORD);
        }
        let mut child = command.spawn().expect("it starts");
        let url = url::Url::parse(&process::ready_line(&mut child)).unwrap();
        Self { host: url.host_str().unwrap().to_owned(), port: url.port().unwrap(), folder, child }
    }

    /// The settings of a server that sends by this one; `change` is put over them.
    pub fn settings(&self, smtp_tls: &str, change: Value) -> Value {
        let mut settings = json!({
            "smtp_host": self.host, "smtp_port": self.port, "smtp_tls": smtp_tls, "smtp_timeout_seconds": 10,
            "mail_from": "sso@doorward.example", "smtp_ca_file": self.folder.join("ca.crt"),
        });
        if matches!(smtp_tls, "starttls" | "tls") {
            (settings["smtp_username"], settings["smtp_password"]) = (json!(NAME), json!(PASSWORD));
        }
        for (name, value) in change.as_object().unwrap() {
            settings[name] = value.clone();
        }
        settings
    }

    /// A server of ours that sends by this one, with STARTTLS and a password.
    pub fn app(&self) -> TestApp {
        TestApp::start_with(Setup { settings: self.settings("starttls", json!({})), ..Setup::default() })
    }

    /// Invites by address and gives the link of the letter that came here.
    pub async fn invited(&self, admin: &Admin, email: &str, more: Value) -> (Value, String) {
        let invitation = invite(admin, email, more).await;
        let letters = self.letters_to(email).await;
        assert_eq!(letters.len(), 1, "{letters:#?}\n{}", self.log());
        (invitation, letters[0].link())
    }

    /// What came, the oldest first.
    pub fn mail(&self) -> Vec<Value> {
        let read = |n: usize| fs::read_to_string(self.folder.join(format!("mail/{n}.json"))).ok();
        (1..).map_while(read).map(|text| serde_json::from_str(&text).unwrap()).collect()
    }

    /// The letters to this address. Waits up to twenty seconds for one: a worker sends them.
    pub async fn letters_to(&self, address: &str) -> Vec<ReadLetter> {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let mail = self.mail();
            let to = mail.iter().filter(|mail| mail["to"].as_array().unwrap().iter().any(|to| to == address));
            let letters: Vec<_> = to.map(|mail| ReadLetter::parse(mail["raw"].as_str().unwrap())).collect();
            if !letters.is_empty() || Instant::now() > deadline {
                return letters;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// What its program said, for a test that failed.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("server.log")).unwrap_or_default()
    }
}
