//! What a cookie authorises must come from a page of ours (W-07, W-08, W-15).

use doorward::routes::MAP;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::hostile_provider::HostileProvider;
use crate::support::sign_in::{id, session_cookie};
use crate::support::{Browser, TestApp};

/// A body that the route would take; a refusal is then about the origin and nothing else.
fn body_of(path: &str) -> Value {
    let somebody = uuid::Uuid::now_v7();
    let noun = path.rsplit('/').find(|part| !part.starts_with('{')).unwrap();
    match noun {
        "connections" => json!({"display_name": "Mine"}),
        "users" => json!({"email": "mallory@evil.example"}),
        "import" => json!({"users": [{"email": "mallory@evil.example"}]}),
        "identities" => json!({"connection_id": somebody, "subject": "mallory"}),
        "groups" => json!({"name": "Mine"}),
        "group-mappings" => json!({"group_id": somebody, "match_kind": "exact", "pattern": "x"}),
        "domains" => json!({"domain": "evil.example"}),
        "service-accounts" => json!({"name": "Mine", "role": "admin"}),
        "api-keys" => json!({"name": "Mine", "user_id": somebody}),
        _ => json!({}),
    }
}

#[actix_web::test]
async fn w_07_no_route_takes_a_change_by_cookie_from_another_site() {
    let app = TestApp::start();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let connection = acme.connect(&provider, json!({})).await;
    let browser = app.browser();
    let cookie = session_cookie(&browser, &connection).await;
    let user = acme.get("/users").await.ok()["items"][0].clone();
    acme.patch(&format!("/users/{}", id(&user)), &json!({"role": "owner"})).await.ok();
    let before = acme.get("/audit-events?limit=200").await.text;

    let senders: [&[(&str, &str)]; 6] = [
        &[],
        &[("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")],
        &[("origin", "null"), ("sec-fetch-site", "cross-site")],
        &[("origin", "http://127.0.0.1:1"), ("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "same-site")],
        &[("origin", "https://evil.example"), ("sec-fetch-site", "same-origin")],
    ];
    let mut tried = 0;
    for (path, methods) in MAP.iter().filter(|(path, _)| path.starts_with("/v1/tenants/{tenant}")) {
        let url: Vec<String> = path
            .split('/')
            .map(|part| match part {
                "{tenant}" => "acme".to_owned(),
                part if part.starts_with('{') => uuid::Uuid::now_v7().to_string(),
                part => part.to_owned(),
            })
            .collect();
        let url = url.join("/");
        for method in methods.iter().filter(|m| **m != "GET") {
            for sender in senders {
                let method: Method = method.parse().unwrap();
                let mut request = browser.request(method.clone(), &url).header("cookie", &cookie);
                for (name, value) in sender {
                    request = request.header(*name, *value);
                }
                if matches!(method, Method::POST | Method::PATCH) {
                    request = request.json(&body_of(path));
                }
                let page = browser.send(request, &url).await;
                // What only an operator may do is closed to every cookie.
                let refused = page.status == 401 || (page.status == 403 && page.body.contains("cross_site"));
                assert!(refused, "{method} {path} {sender:?}: {} {}", page.status, page.body);
                tried += 1;
            }
        }
    }
    assert!(tried > 100, "{tried}");
    assert_eq!(acme.get("/audit-events?limit=200").await.text, before, "nothing was written");
}

#[actix_web::test]
async fn w_07_from_our_own_page_a_change_is_taken() {
    let app = TestApp::start();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let connection = acme.connect(&provider, json!({})).await;
    let browser = app.browser();
    session_cookie(&browser, &connection).await;
    let session = acme.get("/sessions").await.ok()["items"][0].clone();
    let path = format!("/v1/tenants/acme/me/sessions/{}", id(&session));
    let request = browser.request(Method::DELETE, &path).header("origin", &app.url);
    assert_eq!(browser.send(request, &path).await.status, 204);
}

#[actix_web::test]
async fn w_07_a_body_that_a_form_could_send_is_not_read_as_json() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let before = acme.get("/audit-events?limit=200").await.text;
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/json",
        "application/json-patch+json",
        "",
    ] {
        let request = acme.request(Method::POST, "/groups").header("content-type", kind).body(r#"{"name": "Mine"}"#);
        assert_eq!(acme.send(request).await.status, 415, "{kind}");
    }
    assert_eq!(acme.get("/audit-events?limit=200").await.text, before);
}

#[actix_web::test]
async fn w_07_no_header_or_parameter_turns_a_read_into_a_change() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let group = acme.post("/groups", &json!({"name": "Staff"})).await.created();
    let path = format!("/groups/{}", id(&group));
    for header in ["x-http-method-override", "x-http-method", "x-method-override"] {
        let request = acme.request(Method::GET, &path).header(header, "DELETE");
        assert_eq!(acme.send(request).await.status, 200);
        let request = acme.request(Method::POST, &path).header(header, "DELETE");
        assert_eq!(acme.send(request).await.status, 405);
    }
    acme.get(&format!("{path}?_method=DELETE")).await;
    assert_eq!(acme.get(&path).await.status, 200, "it is still there");
}

#[actix_web::test]
async fn w_08_signing_out_needs_a_post_from_our_own_page() {
    let app = TestApp::start();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let connection = acme.connect(&provider, json!({})).await;
    let browser = app.browser();
    browser.get("/t/acme").await;
    session_cookie(&browser, &connection).await;
    assert_eq!(browser.get("/t/acme/logout").await.status, 200, "only a button");
    for (name, value) in [("origin", "https://evil.example"), ("origin", "null"), ("x-nothing", "")] {
        let request = browser.request(Method::POST, "/t/acme/logout").header(name, value);
        let page = browser.send(request.form(&[("a", "b")]), "/t/acme/logout").await;
        assert_eq!(page.status, 403);
        assert!(page.set_cookies().is_empty());
    }
    assert_eq!(browser.get("/t/acme").await.status, 200, "still signed in");
    assert_eq!(browser.post("/t/acme/logout", &[]).await.status, 303);
    assert_eq!(browser.get("/t/acme").await.status, 303);
}

#[actix_web::test]
async fn w_08_the_login_form_is_not_taken_from_another_site() {
    let app = TestApp::start();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    acme.connect(&provider, json!({})).await;
    let browser = app.browser();
    let form = [("email", "victim@acme.example")];
    let request = browser.request(Method::POST, "/t/acme/login").header("origin", "https://evil.example");
    let page = browser.send(request.form(&form), "/t/acme/login").await;
    assert_eq!((page.status, page.location()), (403, None));
    assert_eq!(browser.post("/t/acme/login", &form).await.status, 303);
}

/// What pages of any origin may read: the answers depend on no cookie. Nothing else.
const OPEN: [&str; 12] = [
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
    "/.well-known/oauth-authorization-server/t/{tenant}",
    "/oauth2/jwks.json",
    "/oauth2/token",
    "/oauth2/userinfo",
    "/oauth2/revoke",
    "/t/{tenant}/.well-known/openid-configuration",
    "/t/{tenant}/oauth2/jwks.json",
    "/t/{tenant}/oauth2/token",
    "/t/{tenant}/oauth2/userinfo",
    "/t/{tenant}/oauth2/revoke",
];

/// The CORS headers of the answer to a page of this origin, by name.
async fn cors(browser: &Browser, method: Method, path: &str, origin: &str) -> Vec<(String, String)> {
    let request = browser.request(method, path).header("origin", origin);
    let request = request.header("access-control-request-method", "POST");
    let page = browser.send(request.header("access-control-request-headers", "authorization"), path).await;
    let headers = page.headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    headers.filter(|(name, _)| name.starts_with("access-control-")).collect()
}

#[actix_web::test]
async fn w_15_pages_of_other_origins_read_what_applications_call_without_cookies_and_nothing_else() {
    let app = TestApp::start();
    app.tenant("acme").await;
    let browser = app.browser();
    let own = app.url.clone();
    let suffix = format!("{own}.evil.example");
    for path in OPEN {
        assert!(MAP.iter().any(|(served, _)| *served == path), "{path} is no route any more");
    }
    for (pattern, methods) in MAP {
        let somebody = uuid::Uuid::now_v7().to_string();
        let filled = pattern.split('/').map(|part| match part {
            "{tenant}" => "acme",
            part if part.starts_with('{') => &somebody,
            part => part,
        });
        let path = filled.collect::<Vec<_>>().join("/");
        for method in methods.iter().copied().chain(["OPTIONS"]) {
            for origin in ["null", "https://evil.example", own.as_str(), suffix.as_str()] {
                let told = cors(&browser, method.parse().unwrap(), &path, origin).await;
                let allowed: Vec<_> = told.iter().filter(|(name, _)| name.ends_with("-allow-origin")).collect();
                let credentials = told.iter().any(|(name, _)| name.ends_with("-allow-credentials"));
                assert!(!credentials, "{method} {path}: {told:?}");
                if OPEN.contains(pattern) {
                    assert!(allowed.len() == 1 && allowed[0].1 == "*", "{method} {path} {origin}: {told:?}");
                } else {
                    assert!(told.is_empty(), "{method} {path} {origin}: {told:?}");
                }
            }
        }
    }
}
