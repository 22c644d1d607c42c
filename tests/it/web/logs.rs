//! The log of the real program at its most talkative (K-03, K-04).

use std::io::Read;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use reqwest::Method;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::support::admin::Admin;
use crate::support::hostile_provider::{HostileProvider, Place};
use crate::support::passwords;
use crate::support::relying_party::{RelyingParty, VERIFIER, text};
use crate::support::sign_in::{cookie_pair, is_signed_in, login_url, parameter, to_callback, with};
use crate::support::test_app::SEALING_KEY;
use crate::support::{Browser, TestApp, totp};

/// `doorward serve` as a process of its own, on the database of a test's server.
struct Program {
    child: Child,
    log: Option<JoinHandle<String>>,
    browser: Browser,
}

impl Program {
    async fn start(app: &TestApp, format: &str) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let url = format!("http://{address}");
        let mut child = Command::new(env!("CARGO_BIN_EXE_doorward"))
            .arg("serve")
            .env_clear()
            .env("DOORWARD_PUBLIC_URL", &url)
            .env("DOORWARD_LISTEN", address.to_string())
            .env("DOORWARD_DATABASE_URL", app.database.url.expose_secret())
            .env("DOORWARD_SEALING_KEYS", SEALING_KEY)
            .env("DOORWARD_OUTBOUND_ALLOW", "127.0.0.0/8")
            .env("DOORWARD_LOG_LEVEL", "trace")
            .env("DOORWARD_LOG_FORMAT", format)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = child.stderr.take().unwrap();
        let log = thread::spawn(move || {
            let mut text = Vec::new();
            stderr.read_to_end(&mut text).unwrap();
            String::from_utf8(text).unwrap()
        });
        let program = Self { child, log: Some(log), browser: Browser::new(&url, address.port()) };
        for _ in 0..100 {
            let ready = program.browser.request(Method::GET, "/readyz").send().await;
            if ready.is_ok_and(|r| r.status() == 200) {
                return program;
            }
            actix_web::rt::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("the program is not ready after ten seconds")
    }

    /// Ends it and gives everything that it logged.
    fn end(mut self) -> String {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.log.take().unwrap().join().unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[actix_web::test]
async fn k_03_at_trace_level_the_log_of_a_whole_login_holds_no_secret() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let program = Program::start(&app, "text").await;
    let acme = Admin::new(program.browser.clone(), "/v1/tenants/acme", acme.key);
    let provider = HostileProvider::start();
    let settings = json!({"settings": {"token_endpoint_auth_method": "client_secret_post", "revoke_tokens": true}});
    let connection = acme.connect(&provider, settings).await;

    let browser = program.browser.another();
    let begun = browser.get(login_url(&connection)).await;
    let at_provider = begun.location().unwrap();
    let callback = browser.get(at_provider.as_str()).await.location().unwrap();
    let page = browser.get(callback.as_str()).await;
    assert!(is_signed_in(&page), "{}", page.body);
    let session = cookie_pair(&page, "dw_s_").unwrap();
    assert_eq!(browser.get("/t/acme").await.status, 200);
    let form = provider.last(Place::Token).form;
    let access_token = provider.last(Place::Userinfo).headers["authorization"].replace("Bearer ", "");
    let left = browser.post("/t/acme/logout", &[]).await.location().unwrap();
    // One that fails, with a code that was never redeemed.
    provider.id_token(|claims| claims["nonce"] = json!("another"));
    let second = to_callback(&browser, login_url(&connection)).await;
    browser.get(with(&second, "code", Some("a-code-that-is-wrong")).as_str()).await;
    let application = json!({"name": "notes", "redirect_uris": ["https://app.example/callback"]});
    let application = acme.post("/applications", &application).await.created();
    let log = program.end();

    assert!(log.contains("request{") && log.contains("TRACE"), "it logged: {}", log.len());
    let secrets = [
        ("API key", acme.key.expose_secret().to_owned()),
        ("application's secret", application["client_secret"].as_str().unwrap().to_owned()),
        ("client secret", "a secret of the client".to_owned()),
        ("client secret, encoded", "a+secret+of+the+client".to_owned()),
        ("state", parameter(&callback, "state")),
        ("nonce", parameter(&at_provider, "nonce")),
        ("code challenge", parameter(&at_provider, "code_challenge")),
        ("code", parameter(&callback, "code")),
        ("wrong code", "a-code-that-is-wrong".to_owned()),
        ("code verifier", form["code_verifier"].clone()),
        ("attempt cookie", cookie_pair(&begun, "dw_a_").unwrap()),
        ("session cookie", session.split_once('=').unwrap().1.to_owned()),
        ("access token", access_token),
        ("refresh token", "rt-1".to_owned()),
        ("ID token", parameter(&left, "id_token_hint")),
        ("sealing key", SEALING_KEY.split_once(':').unwrap().1.to_owned()),
        (
            "database password",
            url::Url::parse(app.database.url.expose_secret()).unwrap().password().unwrap().to_owned(),
        ),
        ("address", "ada@example.com".to_owned()),
    ];
    for (name, secret) in secrets {
        let line = log.lines().find(|line| line.contains(&secret)).unwrap_or_default();
        assert!(!log.contains(&secret), "the log holds the {name}: {line}");
    }
}

#[actix_web::test]
async fn k_03_at_trace_level_the_log_of_logins_by_password_holds_no_password() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let program = Program::start(&app, "text").await;
    let acme = Admin::new(program.browser.clone(), "/v1/tenants/acme", acme.key);
    let user = passwords::proven_person(&app, &acme, "alice@acme.example").await;
    let browser = program.browser.another();
    passwords::try_password(&browser, "alice@acme.example", "a-password-that-is-wrong").await;
    let page = passwords::try_password(&browser, "alice@acme.example", passwords::PASSWORD).await;
    passwords::signs_in(&page);
    passwords::set(&acme, &user, &json!({"password": "set-by-an-admin", "must_change": true})).await;
    let asked = passwords::try_password(&browser, "alice@acme.example", "set-by-an-admin").await;
    let proof = passwords::proof(&asked);
    let form = [("proof", proof.as_str()), ("password", "chosen-by-alice")];
    passwords::signs_in(&browser.post("/t/acme/login/new-password", &form).await);
    // And with a second step: what is shown once, what is typed, and what the browser holds in between.
    let now = app.clock.now();
    let (secret, recovery) = totp::enrol(&browser, now).await;
    let half = browser.another();
    let asked = passwords::try_password(&half, "alice@acme.example", "chosen-by-alice").await;
    let held = cookie_pair(&asked, "dw_h_").unwrap();
    let typed = totp::code_in(&secret, now, 1);
    passwords::signs_in(&totp::try_code(&half, &typed).await);
    let again = browser.another();
    passwords::try_password(&again, "alice@acme.example", "chosen-by-alice").await;
    passwords::signs_in(&totp::try_code(&again, &recovery[0]).await);
    let device = cookie_pair(&page, "dw_d_").unwrap();
    let log = program.end();
    assert!(log.contains("request{") && log.contains("TRACE"), "it logged: {}", log.len());
    for secret in [
        "a-password-that-is-wrong",
        passwords::PASSWORD,
        "correct+horse+battery",
        "set-by-an-admin",
        "chosen-by-alice",
        "argon2id",
        proof.as_str(),
        device.split_once('=').unwrap().1,
        held.split_once('=').unwrap().1,
        secret.as_str(),
        &format!("code={typed}"),
        recovery[0].as_str(),
        recovery[9].as_str(),
        "alice@acme.example",
    ] {
        let line = log.lines().find(|line| line.contains(secret)).unwrap_or_default();
        assert!(line.is_empty(), "the log holds {secret}: {line}");
    }
}

#[actix_web::test]
async fn p_20_at_trace_level_the_log_of_an_applications_whole_round_holds_no_code_and_no_token() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let program = Program::start(&app, "text").await;
    let acme = Admin::new(program.browser.clone(), "/v1/tenants/acme", acme.key);
    let provider = HostileProvider::start();
    let connection = acme.connect(&provider, json!({})).await;
    let client = RelyingParty::register(&acme, json!({"allowed_connections": [connection["id"]]})).await;
    let browser = program.browser.another();
    let code = client.code(&browser, &[]).await;
    let tokens = client.redeem(&code).await.ok();
    let (access, id) = (text(&tokens, "access_token"), text(&tokens, "id_token"));
    let renewed = client.refresh(text(&tokens, "refresh_token")).await.ok();
    client.userinfo(access).await.ok();
    client.introspect(access).await;
    client.redeem("dwc_a-code-that-is-wrong").await.expect(400);
    client.refresh(text(&tokens, "refresh_token")).await.expect(400);
    browser.get(&client.authorize_url(&[("prompt", "none"), ("id_token_hint", id)])).await;
    client.form("revoke", &[("token", text(&renewed, "refresh_token"))]).await.expect(200);
    browser.get(&format!("{}?id_token_hint={id}", client.at("end_session"))).await;
    let log = program.end();
    assert!(log.contains("request{") && log.contains("TRACE"), "it logged: {}", log.len());
    // A JWT's signature, or what follows the prefix; either may hold more underscores.
    let own = |text: &str| match text.rsplit_once('.') {
        Some((_, signature)) => signature.to_owned(),
        None => text.split_once('_').unwrap().1.to_owned(),
    };
    let secret = |name: &str, text: &str| (name.to_owned(), own(text));
    let mut secrets = vec![secret("code", &code), secret("client's secret", client.client_secret.as_ref().unwrap())];
    for name in ["access_token", "id_token", "refresh_token"] {
        secrets.extend([&tokens, &renewed].map(|set| secret(name, text(set, name))));
    }
    secrets.extend([("wrong code", "a-code-that-is-wrong"), ("verifier", VERIFIER)].map(|(n, s)| (n.into(), s.into())));
    for (name, secret) in secrets {
        let line = log.lines().find(|line| line.contains(&secret)).unwrap_or_default();
        assert!(line.is_empty(), "the log holds the {name}: {line}");
    }
}

/// Logins and requests that carry what would be a line of its own, and the log of them.
async fn log_of_forgeries(format: &str) -> String {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let program = Program::start(&app, format).await;
    let acme = Admin::new(program.browser.clone(), "/v1/tenants/acme", acme.key);
    let provider = HostileProvider::start();
    let connection = acme.connect(&provider, json!({})).await;
    let browser = program.browser.another();

    let callback = to_callback(&browser, login_url(&connection)).await;
    let denied = with(&with(&callback, "error", Some(FORGED)), "error_description", Some(FORGED));
    browser.get(denied.as_str()).await;
    provider.change(Place::Discovery, |document| document["token_endpoint"] = json!(FORGED));
    let path = format!("/connections/{}", connection["id"].as_str().unwrap());
    acme.patch(&path, &json!({"settings": {"prompt": "login"}})).await;
    provider.person(json!({"sub": FORGED, "email": FORGED, "email_verified": true, "name": FORGED}));
    let callback = to_callback(&browser, login_url(&connection)).await;
    browser.get(callback.as_str()).await;
    let request = browser
        .request(Method::GET, "/t/%0d%0aFORGED%7B%22forged%22:true%7D/login")
        .header("user-agent", "\",\"forged\":true,\"x\":\"");
    browser.send(request, "/").await;
    let log = program.end();
    assert!(log.lines().count() > 20, "{log}");
    assert!(!log.contains('\u{1b}'), "no escape sequences");
    log
}

const FORGED: &str = "\r\nFORGED {\"level\":\"ERROR\",\"forged\":true}\r\n\u{1b}[31m\",\"forged\":true,\"x\":\"";

#[actix_web::test]
async fn k_04_what_strangers_send_forges_no_line_of_the_json_log() {
    for line in log_of_forgeries("json").await.lines() {
        let event: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        assert!(event.get("forged").is_none(), "{line}");
    }
}

#[actix_web::test]
async fn k_04_what_strangers_send_forges_no_line_of_the_text_log() {
    for line in log_of_forgeries("text").await.lines() {
        assert!(!line.trim_start().starts_with("FORGED"), "{line}");
    }
}
