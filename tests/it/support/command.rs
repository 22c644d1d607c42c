//! The real program, as a child process: one command that ends, or a server that a signal ends.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use secrecy::SecretString;

use super::admin::Admin;
use super::browser::Browser;
use super::process;
use super::test_app::SEALING_KEY;

/// Environment variables of the program.
#[derive(Clone, Default)]
pub struct Settings(Vec<(String, String)>);

impl Settings {
    /// A database, the tests' sealing key, a free port; loopback may be called.
    pub fn with_database(url: &str) -> Self {
        Self::without_database().set("DATABASE_URL", url).set("DOORWARD_SEALING_KEYS", SEALING_KEY)
    }

    /// The same without database and key.
    pub fn without_database() -> Self {
        let port = free_port();
        Self::default()
            .set("DOORWARD_LISTEN", &format!("127.0.0.1:{port}"))
            .set("DOORWARD_PUBLIC_URL", &format!("http://127.0.0.1:{port}"))
            .set("DOORWARD_OUTBOUND_ALLOW", "127.0.0.0/8")
            .set("DOORWARD_LOG_FORMAT", "json")
    }

    /// With one of them set.
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.0.retain(|(known, _)| known != name);
        self.0.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Without one of them.
    pub fn unset(mut self, name: &str) -> Self {
        self.0.retain(|(known, _)| known != name);
        self
    }

    /// The value of one that is set.
    pub fn get(&self, name: &str) -> &str {
        &self.0.iter().find(|(known, _)| known == name).expect("it is set").1
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_doorward"));
        command.args(arguments).env_clear().current_dir("/");
        #[expect(clippy::disallowed_methods, reason = "where PostgreSQL's programs are")]
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        command.envs(self.0.iter().cloned());
        command
    }

    /// Runs one command to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs one command to its end, with this text as its standard input.
    pub fn run_with(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = self.command(arguments);
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    /// Runs one command that succeeds; gives its standard output.
    #[track_caller]
    pub fn success(&self, arguments: &[&str]) -> String {
        let ended = self.run(arguments);
        assert!(ended.status.success(), "{arguments:?}: {}", text(&ended.stderr));
        text(&ended.stdout).trim().to_owned()
    }

    /// Runs one command that fails with status 1; gives its standard error.
    #[track_caller]
    pub fn failure(&self, arguments: &[&str]) -> String {
        let ended = self.run(arguments);
        assert_eq!(ended.status.code(), Some(1), "{arguments:?}: {}", text(&ended.stderr));
        text(&ended.stderr)
    }

    /// Starts a command that goes on; its standard output is a pipe.
    pub fn spawn(&self, arguments: &[&str]) -> Child {
        self.command(arguments).stdout(Stdio::piped()).spawn().unwrap()
    }

    /// Starts `serve`, and returns when it is ready.
    pub fn serve(&self) -> Serving {
        let mut child = self.command(&["serve"]).stderr(Stdio::piped()).spawn().unwrap();
        let (log, errors) = (Arc::new(Mutex::new(String::new())), child.stderr.take().unwrap());
        let lines = Arc::clone(&log);
        thread::spawn(move || {
            for line in BufReader::new(errors).lines().map_while(Result::ok) {
                lines.lock().unwrap().push_str(&format!("{line}\n"));
            }
        });
        let url = self.get("DOORWARD_PUBLIC_URL").to_owned();
        let port = self.get("DOORWARD_LISTEN").rsplit(':').next().unwrap().parse().unwrap();
        let mut serving = Serving { child, url, port, log, settings: self.clone() };
        serving.wait_until_it_listens();
        serving
    }
}

/// A serving process; ends with the value.
pub struct Serving {
    child: Child,
    pub url: String,
    pub port: u16,
    log: Arc<Mutex<String>>,
    settings: Settings,
}

impl Drop for Serving {
    fn drop(&mut self) {
        process::end(&mut self.child);
    }
}

impl Serving {
    fn wait_until_it_listens(&mut self) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !self.log().contains("\"serving\"") {
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none() && Instant::now() < deadline, "{ended:?} {}", self.log());
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Everything it logged up to the line that has `text`, and after: the line may come after the answer it is about.
    #[track_caller]
    pub fn log_with(&self, text: &str) -> String {
        let deadline = Instant::now() + Duration::from_secs(30);
        while !self.log().contains(text) {
            assert!(Instant::now() < deadline, "never logged: {text}\n{}", self.log());
            thread::sleep(Duration::from_millis(5));
        }
        self.log()
    }

    /// Everything it logged so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    pub fn browser(&self) -> Browser {
        Browser::new(&self.url, self.port)
    }

    /// A new tenant and its owner, made by the command line beside the server.
    pub fn tenant(&self, slug: &str) -> Admin {
        self.settings.success(&["tenant", "create", slug, "--return-url", "https://app.example/*"]);
        self.owner(slug)
    }

    /// The owner of a tenant that exists, by a new key.
    pub fn owner(&self, slug: &str) -> Admin {
        let name = format!("test {}", uuid::Uuid::now_v7());
        let key = self.settings.success(&["key", "create", &name, "--tenant", slug, "--role", "owner"]);
        Admin::new(self.browser(), &format!("/v1/tenants/{slug}"), SecretString::from(key))
    }

    pub fn signal(&self, signal: Signal) {
        process::signal(&self.child, signal);
    }

    /// The exit status, which must come within twenty seconds.
    pub fn exit(&mut self) -> ExitStatus {
        let exit = process::exit_within(&mut self.child, Duration::from_secs(20));
        exit.unwrap_or_else(|| panic!("it does not end: {}", self.log()))
    }
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Bytes as text.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
