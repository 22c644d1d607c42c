//! The demo, as `make demo` starts it: the real program on an empty folder, the example application beside it.

use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::Child;
use std::time::Duration;

use reqwest::Method;
use rustix::process::Signal;
use url::Url;

use crate::embedded::Home;
use crate::needs;
use crate::support::Browser;
use crate::support::browser::Page;
use crate::support::command::{Settings, free_port};
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
    /// Starts it; gives the addresses of Doorward and of the example application that it prints.
    fn start(settings: &Settings) -> (Self, Url, Url) {
        let mut demo = Self(settings.spawn(&["demo"]));
        let said = process::said_until(&mut demo.0, "Ctrl-C stops");
        let told = |what: &str| -> Url {
            let line = said.lines().find(|line| line.contains(what)).expect("it says where to click");
            line.split_whitespace().last().unwrap().parse().unwrap()
        };
        (demo, told("Doorward runs at"), told("example application"))
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

#[test]
fn a_port_that_was_asked_for_and_is_taken_is_told_and_not_moved() {
    let home = Home::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    // Whoever has the demo's own ports, they are taken now.
    let _defaults = ["127.0.0.1:8080", "0.0.0.0:8090"].map(TcpListener::bind);
    let free = free_port();
    for (listen, told) in [
        (taken.clone(), taken.as_str()),
        ("127.0.0.1:8080".to_owned(), "127.0.0.1:8080"),
        ("127.0.0.1".to_owned(), "127.0.0.1:8080"),
        (format!("0.0.0.0:{free}"), "0.0.0.0:8090"), // the application's, which is published too
    ] {
        let said = settings(&home).set("DOORWARD_LISTEN", &listen).failure(&["demo"]);
        assert!(said.contains(&format!("cannot listen on {told}: ")), "{listen}: {said}");
    }
    assert!(!home.data("doorward-demo").exists(), "nothing was started for it");
}

/// A browser on the host of a container: it knows the printed addresses, and what it sends to their ports arrives at an
/// address of the container that is not 127.0.0.1.
struct Outside {
    browser: Browser,
    app: Url,
    ip: IpAddr,
}

impl Outside {
    fn new(doorward: &Url, app: Url) -> Self {
        let ip = own_address();
        let port = doorward.port().unwrap();
        let base = doorward.as_str().trim_end_matches('/');
        let browser = Browser::with(base, port, |client| client.resolve("localhost", SocketAddr::new(ip, port)));
        Self { browser, app, ip }
    }

    async fn get(&self, url: &Url) -> Page {
        let mut there = url.clone();
        let mut request = self.browser.request(Method::GET, url.as_str());
        if url.origin() == self.app.origin() {
            there.set_ip_host(self.ip).unwrap();
            let host = &url[url::Position::BeforeHost..url::Position::AfterPort];
            request = self.browser.request(Method::GET, there.as_str()).header("host", host);
        }
        self.browser.send(request, url.as_str()).await
    }

    async fn follow(&self, mut page: Page) -> Page {
        for _ in 0..15 {
            let Some(next) = page.location() else { return page };
            page = self.get(&next).await;
        }
        panic!("redirected in circles, last to {}", page.url)
    }

    /// Sends the page's form with these fields and its hidden ones.
    async fn fill_in(&self, page: Page, fields: &[(&str, &str)]) -> Page {
        let part = |text: &str, name: &str| {
            let found = text.split_once(&format!("{name}=\"")).and_then(|(_, rest)| rest.split_once('"'));
            found.map(|(value, _)| value.replace("&#38;", "&").replace("&amp;", "&")).unwrap_or_default()
        };
        let hidden = page.body.split("<input type=\"hidden\"").skip(1);
        let hidden: Vec<_> = hidden.map(|input| (part(input, "name"), part(input, "value"))).collect();
        let hidden = hidden.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let form: Vec<_> = fields.iter().copied().chain(hidden).collect();
        let action = page.url.join(&part(&page.body, "action")).unwrap();
        self.follow(self.browser.post(action.as_str(), &form).await).await
    }
}

/// An address of this machine that only who listens on all of them answers at.
fn own_address() -> IpAddr {
    // Nothing is sent: connecting a datagram socket only chooses the way out.
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    let chosen = socket.connect("192.0.2.1:9").and_then(|()| socket.local_addr());
    chosen.map_or(IpAddr::from([127, 0, 0, 2]), |address| address.ip())
}

#[actix_web::test]
async fn the_demo_in_a_container_signs_in_from_the_hosts_browser_by_the_addresses_that_it_prints() {
    let home = Home::new();
    let (_demo, doorward, app) = Demo::start(&settings(&home).set("DOORWARD_LISTEN", "0.0.0.0:0"));
    assert_eq!((doorward.host_str(), app.host_str()), (Some("localhost"), Some("127.0.0.1")));
    let outside = Outside::new(&doorward, app.clone());
    let page = outside.follow(outside.get(&app.join("login").unwrap()).await).await;
    assert_eq!(page.url.origin(), doorward.origin(), "{}", page.body);
    let who = ("email", "alice@northwind.example");
    let page = outside.fill_in(page, &[who]).await;
    let page = outside.fill_in(page, &[who, ("password", "alice-tries-the-demo")]).await;
    assert_eq!((page.status, &page.url), (200, &app), "{}", page.body);
    assert!(page.body.contains("Alice Archer"), "{}", page.body);

    let letters = outside.get(&doorward.join("demo/letters").unwrap()).await;
    assert!(letters.status == 200 && letters.body.contains("No e-mail was written yet."), "{}", letters.body);
}

#[actix_web::test]
async fn browser_demo_application_to_acme_to_northwind_and_back_by_click() {
    let (driver, chromium) = (needs!("DOORWARD_TEST_CHROMEDRIVER"), needs!("DOORWARD_TEST_CHROMIUM"));
    let home = Home::new();
    let (mut demo, _, app) = Demo::start(&settings(&home));
    let postmaster = home.data("doorward-demo/pg/postmaster.pid");
    assert!(postmaster.exists());

    let screen = Screen::open(driver, &chromium).await;
    screen.client.goto(app.as_str()).await.unwrap();
    screen.click("#sign-in").await;
    screen.wait("#email").await.send_keys("alice@northwind.example").await.unwrap();
    assert_eq!(screen.text("h1").await, "Sign in to Northwind", "acme has one way in and asks nothing itself");
    screen.click("form button").await;
    screen.wait("#password").await.send_keys("alice-tries-the-demo").await.unwrap();
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

#[actix_web::test]
async fn the_example_application_says_whom_it_cannot_reach_and_why() {
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_doorward")).with_file_name("examples").join("hello");
    let issuer = "http://127.0.0.1:1/t/acme";
    let mut command = std::process::Command::new(program);
    command.env("ISSUER", issuer).env("CLIENT_ID", "x").env("LISTEN", "127.0.0.1:0").env_remove("PUBLIC_URL");
    let mut child = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let home = Url::parse(&process::ready_line(&mut child)).unwrap();
    let browser = Browser::new(home.as_str().trim_end_matches('/'), home.port().unwrap());
    let page = browser.get("/login").await;
    process::end(&mut child);
    let said = page.text_of("failure").unwrap();
    assert!(said.starts_with(&format!("No Doorward answers at {issuer}: ")) && said.contains("refused"), "{said}");
}
