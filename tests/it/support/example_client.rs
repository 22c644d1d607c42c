//! The programs of examples/clients, which docs/integrate.md shows: started as a person would, with an application of this test.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use super::Browser;
use super::admin::Admin;
use super::browser::Page;
use super::command::free_port;
use super::process;

/// Which of them, and with what it runs.
pub enum Program {
    /// `node/app.mjs`.
    Node,
    /// `python/app.py`, with this Python.
    Python(String),
}

impl Program {
    fn command(&self) -> Command {
        let clients = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/clients");
        let (interpreter, file) = match self {
            Self::Node => ("node", "node/app.mjs"),
            Self::Python(python) => (python.as_str(), "python/app.py"),
        };
        let mut command = Command::new(interpreter);
        command.arg(clients.join(file)).env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }
}

impl Program {
    /// What it says on standard error when it ends at once, with these variables and no others of its own.
    #[track_caller]
    pub fn failure(&self, variables: &[(&str, &str)]) -> String {
        let mut command = self.command();
        for name in ["ISSUER", "CLIENT_ID", "CLIENT_SECRET", "ORGANIZATION"] {
            command.env_remove(name);
        }
        let ended = command.envs(variables.iter().copied()).stdin(Stdio::null()).output().unwrap();
        assert_eq!(ended.status.code(), Some(1), "{ended:?}");
        String::from_utf8(ended.stderr).unwrap()
    }
}

/// One that runs; ends with the value.
pub struct ExampleClient {
    pub url: String,
    child: Child,
}

impl Drop for ExampleClient {
    fn drop(&mut self) {
        process::end(&mut self.child);
    }
}

impl ExampleClient {
    /// Registers an application at `applications` (a path) and starts the program with it; `tenant` is what it asks for.
    pub async fn start(
        program: &Program,
        issuer: &str,
        admin: &Admin,
        applications: &str,
        tenant: Option<&str>,
    ) -> Self {
        let port = free_port();
        let url = format!("http://127.0.0.1:{port}");
        let application = json!({
            "name": format!("Portal {port}"),
            "redirect_uris": [format!("{url}/callback")],
            "post_logout_redirect_uris": [format!("{url}/")],
        });
        let application = admin.post(applications, &application).await.created();
        let mut command = program.command();
        command.env("ISSUER", issuer).env("PORT", port.to_string());
        command.env("CLIENT_ID", application["id"].as_str().unwrap());
        command.env("CLIENT_SECRET", application["client_secret"].as_str().unwrap());
        command.envs(tenant.map(|tenant| ("ORGANIZATION", tenant)));
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("it starts");
        let ready = process::ready_line(&mut child);
        assert_eq!(ready, url);
        Self { url, child }
    }

    /// What it says of who is signed in, after a visit to one of its paths and every redirect from there.
    pub async fn visit(&self, browser: &Browser, path: &str) -> Value {
        self.says(&browser.follow(&format!("{}{path}", self.url)).await)
    }

    /// What the page at its root says.
    pub fn says(&self, page: &Page) -> Value {
        let home = page.url.as_str().starts_with(&format!("{}/", self.url)) && page.url.path() == "/";
        assert!(home && page.status == 200, "{} {}: {}", page.status, page.url, page.body);
        serde_json::from_str(&page.body).unwrap()
    }
}
