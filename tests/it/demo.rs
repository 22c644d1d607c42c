//! The demo, as `make demo` starts it: the real program on an empty folder, the example application beside it.

use std::net::TcpStream;
use std::process::Child;
use std::time::Duration;

use rustix::process::Signal;
use url::Url;

use crate::embedded::Home;
use crate::needs;
use crate::support::command::Settings;
use crate::support::process;
use crate::support::screen::Screen;

/// The demo's settings: a folder of its own, a free port.
fn settings(home: &Home) -> Settings {
    let folder = home.data("doorward");
    Settings::default().set("DOORWARD_DATA_DIR", folder.to_str().unwrap()).set("DOORWARD_LISTEN", "127.0.0.1:0")
}

/// A running demo; ends with the value.
struct Demo(Child);

impl Drop for Demo {
    fn drop(&mut self) {
        process::end(&mut self.0);
    }
}

impl Demo {
    /// Starts it; gives the address of the example application that it prints.
    fn start(home: &Home) -> (Self, Url) {
        let mut demo = Self(settings(home).spawn(&["demo"]));
        let said = process::said_until(&mut demo.0, "Ctrl-C stops");
        let line = said.lines().find(|line| line.contains("example application")).expect("it says where to click");
        (demo, line.split_whitespace().last().unwrap().parse().unwrap())
    }
}

#[test]
fn the_demo_signs_in_by_script_and_ends_and_does_so_again_at_once() {
    let home = Home::new();
    for _ in 0..2 {
        let said = settings(&home).success(&["demo", "--check"]);
        for line in ["alice signed in", "alice signed out", "bob was refused"] {
            assert!(said.contains(line), "{said}");
        }
    }
}

#[actix_web::test]
async fn browser_demo_application_to_acme_to_northwind_and_back_by_click() {
    let (driver, chromium) = (needs!("DOORWARD_TEST_CHROMEDRIVER"), needs!("DOORWARD_TEST_CHROMIUM"));
    let home = Home::new();
    let (mut demo, app) = Demo::start(&home);
    let postmaster = home.data("doorward-demo/pg/postmaster.pid");
    assert!(postmaster.exists());

    let screen = Screen::open(driver, &chromium).await;
    screen.client.goto(app.as_str()).await.unwrap();
    screen.click("#sign-in").await;
    screen.wait("#email").await.send_keys("alice@northwind.example").await.unwrap();
    assert_eq!(screen.text("h1").await, "Sign in to Northwind", "acme has one way in and asks nothing itself");
    screen.click("form button").await;
    screen.wait("#password").await.send_keys("alice-password").await.unwrap();
    screen.click("form button").await;
    assert_eq!(screen.text("#name").await, "Alice Archer");
    assert_eq!(screen.text("#email").await, "alice@northwind.example");
    assert_eq!(screen.text("#organisation").await, "Acme Inc.");
    let groups = screen.text("#groups").await;
    assert!(groups.contains("engineering") && groups.contains("admins"), "{groups}");
    assert_eq!(screen.client.current_url().await.unwrap(), app);

    screen.click("#sign-out").await;
    screen.click("#sign-in").await;
    screen.wait("input[type=email]").await;
    assert_eq!(screen.text("h1").await, "Sign in to Northwind", "signed out everywhere on the way");
    screen.close().await;

    process::signal(&demo.0, Signal::INT);
    let ended = process::exit_within(&mut demo.0, Duration::from_secs(20));
    assert_eq!(ended.and_then(|status| status.code()), Some(0), "Ctrl-C ends all");
    assert!(!postmaster.exists(), "PostgreSQL has ended");
    let gone = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        TcpStream::connect((app.host_str().unwrap(), app.port().unwrap())).is_err()
    });
    assert!(gone, "the application has ended too");
}
