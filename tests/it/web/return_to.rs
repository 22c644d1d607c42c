//! Open redirects (W-10): a login ends at a listed place or at the landing page.

use serde_json::json;
use url::Url;

use crate::support::TestApp;
use crate::support::hostile_provider::HostileProvider;
use crate::support::sign_in::{login_url, to_callback, with};

/// Targets that are not below `https://app.example/`, however they look.
const EVIL: &[&str] = &[
    "https://evil.example/",
    "//evil.example/",
    "///evil.example/",
    "/\\evil.example/",
    "\\\\evil.example/",
    "/%2f%2fevil.example",
    "https:evil.example",
    "https:/evil.example",
    "https:///evil.example",
    "https:\\\\evil.example",
    "javascript:alert(1)//https://app.example/",
    "data:text/html,https://app.example/",
    "https://app.example@evil.example/",
    "https://app.example:x@evil.example/",
    "https://app.example.evil.example/",
    "https://app.example%2eevil.example/",
    "https://app.example%00.evil.example/",
    "https://app.example\u{2044}.evil.example/",
    "https://app.example\u{3002}evil.example/",
    "https://evil.example/https://app.example/",
    "https://evil.example?https://app.example/",
    "https://evil.example#https://app.example/",
    "https://evil.example\\@app.example/",
    "http://app.example/",
    "https://app.example:8443/",
    "https://app.example/\r\nLocation: https://evil.example/",
    "https://app.example/\tx",
    "https://app.example//evil.example",
    "https://app.example/%2f%2fevil.example",
    "https://app.example/..%2f..%2f",
    "https://app.example/%5cevil.example",
    " https://app.example/",
    "/t/acme",
    "",
];

#[actix_web::test]
async fn w_10_a_target_that_is_not_listed_is_forgotten() {
    let app = TestApp::start();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let connection = acme.connect(&provider, json!({})).await;
    let begin = Url::parse(login_url(&connection)).unwrap();
    let landing = format!("{}/t/acme", app.url);
    for evil in EVIL {
        let browser = app.browser();
        let callback = to_callback(&browser, with(&begin, "return_to", Some(evil)).as_str()).await;
        let page = browser.get(callback.as_str()).await;
        assert_eq!(page.headers["location"], landing.as_str(), "{evil:?}");
        // Neither does the login page carry it along.
        let login = with(&Url::parse(&format!("{landing}/login")).unwrap(), "return_to", Some(evil));
        let page = browser.get(login.as_str()).await;
        assert!(page.status == 200 && !page.body.contains("evil.example"), "{evil:?}: {}", page.body);
    }
}

#[actix_web::test]
async fn w_10_the_login_form_leads_to_our_own_pages_only() {
    let app = TestApp::start();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let connection = acme.connect(&provider, json!({})).await;
    let own = Url::parse(&app.url).unwrap().origin();
    for evil in EVIL {
        let browser = app.browser();
        let form = [("email", "alice@acme.example"), ("return_to", *evil)];
        let page = browser.post("/t/acme/login", &form).await;
        let next = page.location().unwrap();
        assert_eq!((page.status, next.origin()), (303, own.clone()), "{evil:?}");
        assert_eq!(next.path(), Url::parse(login_url(&connection)).unwrap().path(), "{evil:?}");
        let callback = to_callback(&browser, next.as_str()).await;
        let page = browser.get(callback.as_str()).await;
        assert_eq!(page.headers["location"], format!("{}/t/acme", app.url).as_str(), "{evil:?}");
    }
}

#[actix_web::test]
async fn w_10_a_listed_target_is_kept_with_its_query() {
    let app = TestApp::start();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let connection = acme.connect(&provider, json!({})).await;
    let begin = Url::parse(login_url(&connection)).unwrap();
    for good in ["https://app.example/", "https://app.example/a/b?next=https://evil.example&x=%2f"] {
        let browser = app.browser();
        let callback = to_callback(&browser, with(&begin, "return_to", Some(good)).as_str()).await;
        assert_eq!(browser.get(callback.as_str()).await.headers["location"], good);
    }
}

#[actix_web::test]
async fn w_10_what_may_be_listed_is_checked_when_it_is_saved() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    for bad in [
        "*",
        "https://*",
        "https://*.example/",
        "//app.example/*",
        "http://app.example/*",
        "javascript:*",
        "https://a@app.example/*",
        "https://app.example/x*",
    ] {
        let answer = acme.patch("", &json!({"allowed_return_urls": [bad]})).await.expect(422);
        assert_eq!(answer.fields(), ["allowed_return_urls[0]"], "{bad}");
        let answer = acme.patch("", &json!({"landing_url": bad})).await.expect(422);
        assert_eq!(answer.fields(), ["landing_url"], "{bad}");
    }
}
