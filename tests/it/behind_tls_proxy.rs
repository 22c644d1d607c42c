//! Behind nginx with TLS, as in production: https to the outside, plain http between proxy and Doorward.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::needs;
use crate::needs_loopback;
use crate::support::TestApp;
use crate::support::admin::Admin;
use crate::support::browser::Browser;
use crate::support::command::free_port;
use crate::support::hostile_provider::HostileProvider;
use crate::support::oidc_provider::submit;
use crate::support::process;
use crate::support::test_app::Setup;

/// nginx before one Doorward; ends with the value, its folder too.
struct Proxy {
    child: Child,
    folder: PathBuf,
}

impl Proxy {
    fn start(upstream: u16, port: u16) -> Self {
        let folder = std::env::temp_dir().join(format!("doorward-nginx-{}", uuid::Uuid::now_v7()));
        std::fs::create_dir(&folder).unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/idps/nginx/start");
        let mut nginx = Command::new(script);
        nginx.env("UPSTREAM", format!("127.0.0.1:{upstream}")).env("PORT", port.to_string()).env("FOLDER", &folder);
        let mut child = nginx.stdout(Stdio::piped()).spawn().unwrap();
        process::ready_line(&mut child);
        Self { child, folder }
    }

    /// A browser at this address that trusts the proxy's authority.
    fn browser(&self, port: u16, from: &str) -> Browser {
        let authority = reqwest::Certificate::from_pem(&std::fs::read(self.folder.join("ca.crt")).unwrap()).unwrap();
        let from: IpAddr = from.parse().unwrap();
        Browser::with(&format!("https://127.0.0.24:{port}"), port, |client| {
            client.tls_certs_merge([authority]).local_address(from)
        })
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        process::end(&mut self.child);
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The address of the newest session.
async fn session_address(tenant: &Admin) -> Value {
    let sessions = tenant.get("/sessions").await.ok();
    let items = sessions["items"].as_array().unwrap().iter();
    items.max_by_key(|s| s["id"].as_str().unwrap().to_owned()).unwrap()["ip"].clone()
}

#[actix_web::test]
async fn a_login_through_tls_has_secure_host_cookies_and_the_visitors_address() {
    needs_loopback!("127.0.0.24", "127.0.0.77");
    let _nginx = needs!("DOORWARD_TEST_NGINX");
    let port = free_port();
    let settings = json!({"public_url": format!("https://127.0.0.24:{port}"), "trusted_proxies": ["127.0.0.1"]});
    let app = TestApp::start_with(Setup { settings, ..Setup::default() });
    let proxy = Proxy::start(app.port, port);
    let visitor = proxy.browser(port, "127.0.0.77");

    let operator = Admin::new(proxy.browser(port, "127.0.0.1"), "", app.operator().await.key);
    let tenant = json!({"slug": "acme", "name": "Acme Inc."});
    operator.post("/v1/tenants", &tenant).await.created();
    let acme = app.key(&operator, "acme", "owner").await;
    let acme = Admin { browser: operator.browser.clone(), ..acme };
    let provider = HostileProvider::start();
    let connection = acme.connect(&provider, json!({})).await;
    let login_url = connection["login_url"].as_str().unwrap();
    assert!(login_url.starts_with(&format!("https://127.0.0.24:{port}/")), "{login_url}");

    let begun = visitor.get(login_url).await;
    let attempt = begun.set_cookies().into_iter().find(|c| c.starts_with("__Host-dw_a_")).unwrap();
    for attribute in ["Secure", "HttpOnly", "SameSite=None", "Path=/"] {
        assert!(attempt.contains(attribute), "{attempt}");
    }
    assert!(!attempt.contains("Domain"), "{attempt}");
    assert_eq!(begun.headers["strict-transport-security"], "max-age=31536000");
    let back = visitor.get(begun.location().unwrap().as_str()).await.location().unwrap();
    assert_eq!(back.scheme(), "https");
    // nginx writes the header anew, so what the visitor claims goes nowhere.
    let request = visitor.request(reqwest::Method::GET, back.as_str()).header("x-forwarded-for", "6.6.6.6");
    let done = visitor.send(request, back.as_str()).await;
    let session = done.set_cookies().into_iter().find(|c| c.starts_with("__Host-dw_s_")).unwrap();
    for attribute in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(session.contains(attribute), "{session}");
    }
    let page = visitor.follow(done.location().unwrap().as_str()).await;
    assert_eq!(page.text_of("name").as_deref(), Some("Ada Lovelace"), "{}", page.body);
    assert_eq!(session_address(&acme).await, "127.0.0.77");

    provider.person(json!({"sub": "u-2", "email": "bea@example.com", "email_verified": true}));
    let by_form = acme.connect(&provider, json!({"settings": {"response_mode": "form_post"}})).await;
    let form = visitor.follow(by_form["login_url"].as_str().unwrap()).await;
    let posted = submit(&visitor, &form, &[]).await;
    assert_eq!(posted.status, 303, "{}", posted.body);
    let target = posted.location().unwrap();
    assert_eq!(target.path(), "/t/acme", "SameSite=None brings the cookie along: no detour");
}

#[actix_web::test]
async fn w_12_x_forwarded_for_is_believed_from_the_trusted_proxy_alone() {
    needs_loopback!("127.0.0.88");
    let app = TestApp::start_with(Setup {
        settings: json!({"trusted_proxies": ["127.0.0.1", "10.0.0.0/8"]}),
        ..Setup::default()
    });
    let acme = app.tenant("acme").await;
    let provider = HostileProvider::start();
    let connection = acme.connect(&provider, json!({})).await;
    let cases = [
        ("127.0.0.88", "6.6.6.6", "127.0.0.88"),
        ("127.0.0.1", "6.6.6.6", "6.6.6.6"),
        ("127.0.0.1", "6.6.6.6, 5.5.5.5", "5.5.5.5"),
        ("127.0.0.1", "6.6.6.6, 5.5.5.5, 10.1.2.3", "5.5.5.5"),
        ("127.0.0.1", "nonsense", "127.0.0.1"),
    ];
    for (from, header, expected) in cases {
        let from: IpAddr = from.parse().unwrap();
        let browser = Browser::with(&app.url, app.port, |client| client.local_address(from));
        let begun = browser.get(connection["login_url"].as_str().unwrap()).await;
        let back = browser.get(begun.location().unwrap().as_str()).await.location().unwrap();
        let request = browser.request(reqwest::Method::GET, back.as_str()).header("x-forwarded-for", header);
        assert_eq!(browser.send(request, back.as_str()).await.status, 303);
        assert_eq!(session_address(&acme).await, expected, "from {from} with {header}");
    }
}
