//! The README's walk from nothing to a login, as it is written: its blocks run in bash against the real program.

use std::io::{BufRead, BufReader, Lines, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use regex::Regex;

use crate::docs::{captures, read, root};
use crate::embedded::Home;
use crate::needs;
use crate::support::Browser;
use crate::support::command::free_port;
use crate::support::oidc_provider::{follow_on, submit};
use crate::support::process;

/// Where a reader leaves the terminal.
const BY_BROWSER: &str = "\nOpen the printed address in a browser";

/// The walk's shell blocks, before and after the browser's turn.
fn blocks() -> (Vec<String>, Vec<String>) {
    let readme = read("README.md");
    let (_, walk) = readme.split_once("## From nothing to a login, by curl\n").expect("the walk");
    let walk = walk.split("\n## ").next().unwrap_or_default();
    let (before, after) = walk.split_once(BY_BROWSER).expect("the browser's turn");
    let block = Regex::new(r"(?ms)^```sh\n(.*?)^```$").unwrap();
    let all = |text: &str| block.captures_iter(text).map(|found| found[1].to_owned()).collect();
    (all(before), all(after))
}

/// What is not as on a reader's machine: programs are built already, ports are free ones, and nothing is installed (what
/// `scripts/setup` does is shown by `scripts`).
fn here(written: &str, port: u16, application: u16) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_doorward"));
    let hello = program.with_file_name("examples").join("hello");
    let replaced = [
        ("scripts/setup demo ", "true ".to_owned()),
        ("cargo run -- serve", format!("exec {} serve", program.display())),
        ("cargo run -q -- ", format!("{} ", program.display())),
        ("cargo run --example hello", format!("exec {}", hello.display())),
        ("localhost:8080", format!("localhost:{port}")),
        ("127.0.0.1:8090", format!("127.0.0.1:{application}")),
    ];
    replaced.iter().fold(written.to_owned(), |text, (from, to)| text.replace(from, to))
}

/// A terminal; what runs in it ends with the value.
struct Terminal {
    bash: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Drop for Terminal {
    fn drop(&mut self) {
        process::end(&mut self.bash);
    }
}

impl Terminal {
    /// Types this text, in the clone.
    fn open(text: &str, home: &Home, port: u16, application: u16) -> Self {
        let mut bash = Command::new("bash");
        bash.args(["-euo", "pipefail", "-c", text]).current_dir(root());
        bash.env_remove("DATABASE_URL").env("DOORWARD_DATA_DIR", home.data("doorward"));
        bash.env("DOORWARD_LISTEN", format!("127.0.0.1:{port}")).env("LISTEN", format!("127.0.0.1:{application}"));
        let mut bash = bash.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(bash.stdout.take().unwrap()).lines();
        Self { bash, lines }
    }

    /// What it prints up to the line that begins so.
    fn said_until(&mut self, last: &str) -> String {
        let mut said = String::new();
        loop {
            let line = self.lines.next().unwrap_or_else(|| panic!("it ended before {last}: {said}")).unwrap();
            if line.starts_with(last) {
                return said;
            }
            said.push_str(&format!("{line}\n"));
        }
    }

    fn press_enter(&mut self) {
        self.bash.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
    }
}

async fn until_it_serves(browser: &Browser) {
    let begun = Instant::now();
    while browser.client.get(format!("{}/readyz", browser.base)).send().await.is_err() {
        assert!(begun.elapsed() < Duration::from_secs(60), "it does not serve");
        actix_web::rt::time::sleep(Duration::from_millis(50)).await;
    }
}

#[actix_web::test]
async fn the_readmes_walk_leads_from_nothing_to_a_login_and_to_an_application() {
    let _jq = needs!("DOORWARD_TEST_JQ");
    let (home, port, application) = (Home::new(), free_port(), free_port());
    let (before, after) = blocks();
    let [first, second @ ..] = &before[..] else { panic!("no blocks") };
    let [look, hello] = &after[..] else { panic!("after the login: a look, and an application") };
    let open = |text: &str| Terminal::open(&here(text, port, application), &home, port, application);

    let _server = open(first);
    let browser = Browser::new(&format!("http://localhost:{port}"), port);
    until_it_serves(&browser).await;
    let script = [&second.concat(), "echo BROWSER; read -r _", look, "echo APPLICATION", hello].join("\n");
    let mut terminal = open(&script);

    let said = terminal.said_until("BROWSER");
    assert!(said.contains("\"status\": \"active\"") && said.contains("\"warnings\": []"), "{said}");
    let login_url = captures(r#""login_url": "([^"]+/acme/login/[^"]+)""#, &said).pop_first().expect("it is printed");
    let who = ("email", "alice@northwind.example");
    let form = browser.follow(&login_url).await;
    let form = submit(&browser, &form, &[who]).await;
    let form = follow_on(&browser, form).await;
    let done = submit(&browser, &form, &[who, ("password", "alice-tries-the-demo")]).await;
    let page = follow_on(&browser, done).await;
    assert_eq!(page.text_of("name").as_deref(), Some("Alice Archer"), "{}: {}", page.url, page.body);

    terminal.press_enter();
    let said = terminal.said_until("APPLICATION");
    assert!(
        said.contains("\"email\": \"alice@northwind.example\"") && said.contains("\"name\": \"Alice Archer\""),
        "{said}"
    );
    assert!(said.contains("\"last_login_at\": \"20") && said.contains("\"type\": \"login.succeeded\""), "{said}");

    let _ready = terminal.said_until("READY");
    let page = browser.follow(&format!("http://127.0.0.1:{application}/login")).await;
    assert_eq!(page.text_of("name").as_deref(), Some("Alice Archer"), "{}: {}", page.url, page.body);
    assert_eq!(page.text_of("organisation").as_deref(), Some("Acme"), "{}", page.body);
}

#[test]
fn what_the_walk_substitutes_is_all_there() {
    let (before, after) = blocks();
    let walk = before.concat() + &after.concat();
    let here = here(&walk, 1, 2);
    for gone in ["cargo run", "scripts/setup", ":8080", ":8090"] {
        assert!(walk.contains(gone) && !here.contains(gone), "{gone}: {here}");
    }
}
