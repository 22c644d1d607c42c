//! Cookies (W-02, W-03, W-06).

use reqwest::Method;
use serde_json::json;

use crate::support::TestApp;
use crate::support::hostile_provider::HostileProvider;
use crate::support::sign_in::{cookie_pair, login_url, session_cookie};
use crate::support::test_app::Setup;

/// The attributes of a `Set-Cookie` line, in lower case, without value and age.
fn attributes(line: &str) -> Vec<String> {
    let mut list: Vec<String> = line.split("; ").skip(1).map(str::to_ascii_lowercase).collect();
    list.retain(|a| !a.starts_with("max-age="));
    list.sort();
    list
}

#[actix_web::test]
async fn w_02_over_https_every_cookie_is_bound_to_the_host_and_kept_from_scripts() {
    let app = TestApp::start_with(Setup { settings: json!({"public_url": "https://sso.example"}), ..Setup::default() });
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let connection = acme.connect(&provider, json!({})).await;
    let browser = app.browser();
    let begun = browser.get(login_url(&connection)).await;
    let attempt = &begun.set_cookies()[0];
    assert!(attempt.starts_with("__Host-dw_a_") && attempt.contains("Max-Age=600"), "{attempt}");
    assert_eq!(attributes(attempt), ["httponly", "path=/", "samesite=none", "secure"]);

    let callback = browser.get(begun.location().unwrap().as_str()).await.location().unwrap();
    let request =
        browser.request(Method::GET, callback.as_str()).header("cookie", cookie_pair(&begun, "__Host-dw_a_").unwrap());
    let page = browser.send(request, callback.as_str()).await;
    let lines = page.set_cookies();
    let session = lines.iter().find(|l| l.starts_with("__Host-dw_s_")).expect("a session");
    assert_eq!(attributes(session), ["httponly", "path=/", "samesite=lax", "secure"]);
    assert_eq!(page.headers["strict-transport-security"], "max-age=31536000");

    // W-06: the same value under a name that a subdomain or plain http could set is not looked at.
    let pair = cookie_pair(&page, "__Host-dw_s_").unwrap();
    for (cookie, status) in [(pair.as_str(), 200), (pair.trim_start_matches("__Host-"), 401)] {
        let request = browser.request(Method::GET, "/v1/tenants/acme/me").header("cookie", cookie);
        assert_eq!(browser.send(request, "/").await.status, status, "{cookie}");
    }
}

#[actix_web::test]
async fn w_03_session_secrets_are_long_random_and_unlike_each_other() {
    let app = TestApp::start();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let connection = acme.connect(&provider, json!({})).await;
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..5 {
        let pair = session_cookie(&app.browser(), &connection).await;
        let value = pair.split_once('=').unwrap().1.to_owned();
        assert_eq!(value.len(), 43, "256 bits in base64url");
        seen.insert(value);
    }
    assert_eq!(seen.len(), 5);
    let firsts: std::collections::BTreeSet<&str> = seen.iter().map(|v| &v[..8]).collect();
    assert_eq!(firsts.len(), 5, "no common beginning");
    // Not one of them with a character changed is a session.
    let browser = app.browser();
    let name = session_cookie(&browser, &connection).await.split_once('=').unwrap().0.to_owned();
    for value in seen {
        let guess = format!("{name}={}{}", &value[..42], if value.ends_with('A') { 'E' } else { 'A' });
        let request = browser.request(Method::GET, "/v1/tenants/acme/me").header("cookie", guess);
        assert_eq!(browser.send(request, "/").await.status, 401);
    }
}

#[actix_web::test]
async fn w_06_of_two_cookies_with_one_name_neither_is_believed() {
    let app = TestApp::start();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let connection = acme.connect(&provider, json!({})).await;
    let browser = app.browser();
    let pair = session_cookie(&browser, &connection).await;
    let name = pair.split_once('=').unwrap().0;
    for tossed in [
        format!("{pair}; {name}=tossed"),
        format!("{name}=tossed; {pair}"),
        format!("{pair}; {pair}"),
        format!("{name}=\"\"; {pair}"),
    ] {
        let request = browser.request(Method::GET, "/v1/tenants/acme/me").header("cookie", &tossed);
        assert_eq!(browser.send(request, "/").await.status, 401, "{tossed}");
    }
    // A tossed attempt cookie beside the right one: the login is refused, not finished with the wrong one.
    let begun = browser.get(login_url(&connection)).await;
    let attempt = cookie_pair(&begun, "dw_a_").unwrap();
    let callback = browser.get(begun.location().unwrap().as_str()).await.location().unwrap();
    let both = format!("{}=tossed; {attempt}", attempt.split_once('=').unwrap().0);
    let request = browser.request(Method::GET, callback.as_str()).header("cookie", both);
    assert_eq!(browser.send(request, callback.as_str()).await.code(), "browser_mismatch");
}

#[actix_web::test]
async fn w_06_a_cookie_bomb_neither_breaks_nor_opens_anything() {
    let app = TestApp::start();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let connection = acme.connect(&provider, json!({})).await;
    let browser = app.browser();
    let pair = session_cookie(&browser, &connection).await;
    let bomb: String = (0..8).map(|n| format!("bomb{n}={}; ", "x".repeat(1000))).collect();
    for (cookie, status) in [(format!("{bomb}{pair}"), 200), (bomb.clone(), 401), ("=;;;=; \"".to_owned(), 401)] {
        let request = browser.request(Method::GET, "/v1/tenants/acme/me").header("cookie", cookie);
        assert_eq!(browser.send(request, "/").await.status, status);
    }
}
