//! What every answer says about caching, framing, referrers and scripts (W-09, W-13, W-14, W-16).

use doorward::routes::MAP;
use reqwest::Method;
use serde_json::json;

use crate::support::browser::Page;
use crate::support::hostile_provider::HostileProvider;
use crate::support::sign_in::{is_signed_in, login_url, session_cookie, to_callback};
use crate::support::{Browser, TestApp};

/// The answers of every GET route, of pages among them, to somebody who is signed in, and of some that fail.
async fn answers(app: &TestApp, browser: &Browser) -> Vec<Page> {
    let mut all = Vec::new();
    let is_reader = |path: &str| path.starts_with("/docs"); // has a policy and a test of its own
    let gets = MAP.iter().filter(|(path, methods)| methods.contains(&"GET") && !is_reader(path));
    let random = uuid::Uuid::now_v7().to_string();
    let paths = gets.map(|(path, _)| {
        let parts = path.split('/').map(|part| match part {
            "{tenant}" => "acme",
            part if part.starts_with('{') => random.as_str(),
            part => part,
        });
        parts.collect::<Vec<_>>().join("/")
    });
    let failing = ["/t/nobody/login", "/nothing", "/t/acme/login?x=y", "/v1/tenants/acme/users?limit=-1"];
    for path in paths.chain(failing.map(str::to_owned)) {
        all.push(browser.get(&path).await);
    }
    all.push(browser.post("/t/acme/login", &[("email", "a@b.example")]).await);
    let wrong_host = browser.request(Method::GET, &app.url).header("host", "evil.example");
    all.push(browser.send(wrong_host, "/wrong-host").await);
    all
}

async fn signed_in() -> (TestApp, HostileProvider, Browser) {
    let app = TestApp::start();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let connection = acme.connect(&provider, json!({})).await;
    let browser = app.browser();
    session_cookie(&browser, &connection).await;
    (app, provider, browser)
}

fn header<'a>(page: &'a Page, name: &str) -> &'a str {
    page.headers.get(name).map_or("", |v| v.to_str().unwrap())
}

#[actix_web::test]
async fn w_09_no_answer_may_be_framed() {
    let (app, _provider, browser) = signed_in().await;
    for page in answers(&app, &browser).await {
        assert!(header(&page, "content-security-policy").contains("frame-ancestors 'none'"), "{}", page.url);
        assert_eq!(header(&page, "x-frame-options"), "DENY", "{}", page.url);
    }
}

#[actix_web::test]
async fn w_13_no_answer_may_be_cached_but_what_is_everybodys() {
    let (app, _provider, browser) = signed_in().await;
    for page in answers(&app, &browser).await {
        let path = page.url.path();
        if path.starts_with("/assets/") {
            continue;
        }
        let document = path.contains("/.well-known/") || path.ends_with("/oauth2/jwks.json");
        if document && page.status == 200 {
            // An issuer's metadata and keys: the same for everybody, and refreshed in time for a new key.
            assert_eq!(header(&page, "cache-control"), "public, max-age=300", "{}", page.url);
            assert!(page.set_cookies().is_empty(), "{}", page.url);
            continue;
        }
        assert_eq!(header(&page, "cache-control"), "no-store", "{}", page.url);
        let vary: Vec<String> = page.headers.get_all("vary").iter().map(|v| v.to_str().unwrap().to_owned()).collect();
        assert!(vary.join(", ").contains("Cookie"), "{}: {vary:?}", page.url);
    }
    // Cache deception: a page under a name that looks static is not there.
    for path in ["/t/acme/x.css", "/t/acme/login/doorward.css", "/v1/tenants/acme/me/a.js", "/t/acme;.css"] {
        let page = browser.get(path).await;
        assert_eq!(page.status, 404, "{path}");
        assert!(!page.body.contains("Ada"), "{path}");
    }
}

#[actix_web::test]
async fn w_14_nothing_is_told_to_the_next_site_and_one_redirect_strips_code_and_state() {
    let (app, _provider, browser) = signed_in().await;
    for page in answers(&app, &browser).await {
        assert_eq!(header(&page, "referrer-policy"), "no-referrer", "{}", page.url);
        assert_eq!(header(&page, "x-content-type-options"), "nosniff", "{}", page.url);
    }
    let acme = app.tenant("globex").await;
    let provider = HostileProvider::start();
    let connection = acme.connect(&provider, json!({})).await;
    let callback = to_callback(&browser, login_url(&connection)).await;
    let page = browser.get(callback.as_str()).await;
    assert!(is_signed_in(&page));
    let onward = page.location().unwrap();
    assert_eq!((onward.query(), onward.fragment()), (None, None), "{onward}");
    assert_eq!(page.body, "");
}

#[actix_web::test]
async fn w_16_every_page_forbids_scripts_and_has_none() {
    let (app, _provider, browser) = signed_in().await;
    let mut pages = 0;
    for page in answers(&app, &browser).await {
        let policy = header(&page, "content-security-policy");
        assert!(policy.starts_with("default-src 'none'; "), "{}: {policy}", page.url);
        assert!(!policy.contains("unsafe") && !policy.contains('*') && !policy.contains("script-src"), "{policy}");
        assert!(policy.contains("base-uri 'none'") && policy.contains("form-action "), "{policy}");
        if header(&page, "content-type").starts_with("text/html") {
            pages += 1;
            let html = page.body.to_ascii_lowercase();
            for inline in ["<script", "<style", " style=", " onclick=", " onload=", "javascript:", "<iframe", "<base"] {
                assert!(!html.contains(inline), "{} has {inline}", page.url);
            }
        }
    }
    assert!(pages >= 8, "{pages} pages were looked at");
}

#[actix_web::test]
async fn w_16_the_reader_of_the_api_loads_its_own_scripts_only() {
    let app = TestApp::start();
    let page = app.browser().get("/docs/").await;
    assert_eq!(page.status, 200);
    let policy = header(&page, "content-security-policy");
    assert!(policy.starts_with("default-src 'self'; style-src 'self' 'unsafe-inline'; "), "{policy}");
    assert!(!policy.contains("script-src") && policy.contains("frame-ancestors 'none'"), "{policy}");
}
