//! Under which name and from which address we are asked (W-11, W-12, K-08, K-09).

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::hostile_provider::HostileProvider;
use crate::support::sign_in::{login_url, nothing_happened, parameter};
use crate::support::test_app::Setup;

#[actix_web::test]
async fn w_11_asked_under_another_name_we_do_not_answer() {
    let app = TestApp::start();
    app.tenant("acme").await;
    let browser = app.browser();
    let port = app.port;
    for host in [
        "evil.example".to_owned(),
        format!("evil.example:{port}"),
        "127.0.0.1".to_owned(),
        format!("localhost:{port}"),
        format!("127.0.0.1:{port}.evil.example"),
        format!("127.0.0.1:{port}@evil.example"),
        format!("evil.example, 127.0.0.1:{port}"),
    ] {
        for path in ["/t/acme/login", "/v1/tenants/acme", "/nothing"] {
            let request = browser.request(Method::GET, path).header("host", &host);
            let page = browser.send(request, path).await;
            assert_eq!(page.status, 421, "{host} {path}");
            assert!(!page.body.contains("evil"), "{}", page.body);
        }
    }
}

#[actix_web::test]
async fn w_11_forwarded_names_change_no_link() {
    let app = TestApp::start_with(Setup { settings: json!({"trusted_proxies": ["127.0.0.0/8"]}), ..Setup::default() });
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let connection = acme.connect(&provider, json!({})).await;
    let browser = app.browser();
    let spoofed = |path: &str| {
        browser
            .request(Method::GET, path)
            .header("x-forwarded-host", "evil.example")
            .header("x-forwarded-proto", "https")
            .header("x-forwarded-port", "65501")
            .header("x-forwarded-prefix", "/evil")
            .header("x-original-url", "/evil")
            .header("forwarded", "host=evil.example;proto=https")
    };
    let begun = browser.send(spoofed(login_url(&connection)), "/").await;
    let redirect_uri = parameter(&begun.location().unwrap(), "redirect_uri");
    assert_eq!(redirect_uri, connection["callback_url"].as_str().unwrap());
    for path in ["/t/acme/login", "/t/acme", "/t/acme/logout"] {
        let mut page = browser.send(spoofed(path), path).await;
        page.headers.remove("x-request-id"); // random
        let told = format!("{:?} {}", page.headers, page.body);
        assert!(!told.contains("evil") && !told.contains("65501"), "{told}");
    }
    let request = acme.request(Method::GET, "/connections").header("x-forwarded-host", "evil.example");
    assert!(!acme.send(request).await.text.contains("evil"));
}

/// How many of so many begun logins are let through, each with the `X-Forwarded-For` that `forwarded` makes of its number.
async fn begun(trusted: Value, many: usize, forwarded: impl Fn(usize) -> String) -> usize {
    let app = TestApp::start_with(Setup {
        settings: json!({"login_rate_per_minute": 3, "trusted_proxies": trusted}),
        ..Setup::default()
    });
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let connection = acme.connect(&provider, json!({})).await;
    let browser = app.browser();
    let mut through = 0;
    for n in 0..many {
        let request = browser.request(Method::GET, login_url(&connection)).header("x-forwarded-for", forwarded(n));
        let page = browser.send(request, "/").await;
        match page.status {
            303 => through += 1,
            429 => {
                let wait: u32 = page.headers["retry-after"].to_str().unwrap().parse().unwrap();
                assert!((1..=60).contains(&wait) && page.code() == "rate_limited" && page.set_cookies().is_empty());
            }
            other => panic!("{other}: {}", page.body),
        }
    }
    through
}

#[actix_web::test]
async fn w_12_without_trusted_proxies_a_forwarded_address_is_not_believed() {
    assert_eq!(begun(json!([]), 8, |n| format!("203.0.113.{n}")).await, 3);
}

#[actix_web::test]
async fn w_12_behind_a_trusted_proxy_each_client_counts_for_itself() {
    assert_eq!(begun(json!(["127.0.0.0/8"]), 8, |n| format!("203.0.113.{n}")).await, 8);
}

#[actix_web::test]
async fn w_12_what_a_client_puts_before_the_proxys_entry_is_not_believed() {
    assert_eq!(begun(json!(["127.0.0.0/8"]), 8, |n| format!("203.0.113.{n}, 198.51.100.7")).await, 3);
    assert_eq!(begun(json!(["127.0.0.0/8"]), 8, |n| format!("198.51.100.{n}, garbage, 127.0.0.1")).await, 3);
}

#[actix_web::test]
async fn k_09_rotating_within_an_ipv6_64_does_not_dodge_the_limit() {
    assert_eq!(begun(json!(["127.0.0.0/8"]), 8, |n| format!("2001:db8:1:2:{n:x}::{n:x}")).await, 3);
    assert_eq!(begun(json!(["127.0.0.0/8"]), 8, |n| format!("2001:db8:1:{n:x}::1")).await, 8, "other networks");
    assert_eq!(
        begun(json!(["127.0.0.0/8"]), 8, |n| {
            if n % 2 == 0 { "::ffff:203.0.113.7".into() } else { "203.0.113.7".into() }
        })
        .await,
        3,
        "one address, two spellings"
    );
}

#[actix_web::test]
async fn k_08_a_flood_of_garbage_at_the_callback_is_limited_across_instances() {
    let app = TestApp::start();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let connection = acme.connect(&provider, json!({})).await;
    let other = app.second_instance();
    let instances = [app.browser(), other.browser()];
    let callback = connection["callback_url"].as_str().unwrap();
    let (mut refused, mut limited) = (0, 0);
    for n in 0..240 {
        let page = instances[n % 2].get(&format!("{callback}?state=guess{n}&code=x")).await;
        match page.status {
            400 => refused += 1,
            429 => {
                limited += 1;
                assert!(page.headers.contains_key("retry-after"));
            }
            other => panic!("{other}: {}", page.body),
        }
    }
    // A window of one minute may end while we count: then twice as many pass, and never more.
    assert!((100..=200).contains(&refused) && limited >= 40, "{refused} refused, {limited} limited");
    nothing_happened(&acme, 0).await;
    // Nobody is locked out: an honest login from the very same address still succeeds.
    let page = app.browser().follow(login_url(&connection)).await;
    assert_eq!(page.status, 200, "{}", page.body);
}
