//! Other ways to write a path or a method (W-19, W-20).

use reqwest::Method;
use secrecy::ExposeSecret;
use serde_json::json;

use super::raw::ask;
use crate::support::TestApp;

#[actix_web::test]
async fn w_19_another_spelling_of_a_path_is_the_same_or_nothing() {
    let app = TestApp::start();
    let (acme, globex) = (app.tenant("acme").await, app.tenant("globex").await);
    globex.post("/groups", &json!({"name": "Secret group"})).await.created();
    let key = acme.key.expose_secret();
    let host = app.url.trim_start_matches("http://");
    for path in [
        "//v1/tenants/acme/users",
        "/v1//tenants/acme/users",
        "/./v1/tenants/acme/users",
        "/x/../v1/tenants/globex/groups",
        "/v1/tenants/acme/../globex/groups",
        "/v1/tenants/acme/%2e%2e/globex/groups",
        "/v1/tenants/acme%2f..%2fglobex/groups",
        "/v1/tenants/globex;acme/groups",
        "/v1/tenants/acme;/../globex/groups",
        "/v1/tenants/globex/groups",
        "/v1/tenants/GLOBEX/groups",
        "/v1/tenants/glob%65x/groups",
        "/v1/tenants/globex%00/groups",
        "/v1/tenants/globex%20/groups",
        "/v1/tenants/globex%0d%0a/groups",
        "/v1/tenants/%ff%fe/groups",
        "/v1/tenants/%00/groups",
        "/t/%00/login",
        "/t/acme%00/login",
        "/t/%ff/login",
        "/v1/tenants/acme/groups/",
        "/v1/tenants/acme/groups/%00",
        "/V1/tenants/acme/groups",
        "/v1/tenants/globex/groups?tenant=acme",
        "/v1/tenants/globex/groups#/v1/tenants/acme/groups",
    ] {
        let bytes =
            format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\nConnection: close\r\n\r\n");
        let answers = ask(app.port, bytes.as_bytes());
        assert_eq!(answers.statuses(), [404], "{path}: {}", answers.text);
        assert!(!answers.text.contains("Secret group"), "{path}");
    }
    // A percent sign that only hides a plain letter is the same path, with the same decision.
    let bytes = format!(
        "GET /v1/tenants/%61cme/me HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\nConnection: close\r\n\r\n"
    );
    assert_eq!(ask(app.port, bytes.as_bytes()).statuses(), [200]);
}

#[actix_web::test]
async fn w_20_methods_that_a_path_has_not_are_refused() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    for method in ["HEAD", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "PATCH", "get", "X"] {
        for path in ["/t/acme/login", "/healthz", "/v1/tenants", "/openapi.json", "/v1/tenants/acme/me/password"] {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            if method == Method::CONNECT {
                continue; // no client would send a path with it; the raw bytes are below
            }
            let request = acme.browser.request(method.clone(), path);
            let page = acme.send(request.bearer_auth(acme.key.expose_secret())).await;
            assert_eq!(page.status, 405, "{method} {path}");
            assert!(!page.text.to_lowercase().contains("bearer"), "nothing is echoed");
        }
    }
    let host = app.url.trim_start_matches("http://");
    let bytes = format!("CONNECT evil.example:443 HTTP/1.1\r\nHost: {host}\r\n\r\n");
    let statuses = ask(app.port, bytes.as_bytes()).statuses();
    assert!(statuses.iter().all(|s| *s >= 400 && *s < 500), "{statuses:?}");
}

#[actix_web::test]
async fn what_is_not_there_is_a_page_for_browsers_and_a_problem_for_programs() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let ask = async |method: Method, path: &str, accept: &str| {
        acme.browser.send(acme.browser.request(method, path).header("accept", accept), path).await
    };
    let html = "text/html,application/xhtml+xml,*/*;q=0.8";
    for (method, path, status, code, allow) in [
        (Method::GET, "/", 404, "not_found", None),
        (Method::GET, "/t/acme/login/xyz", 404, "not_found", None),
        (Method::GET, "/t/acme/login/password", 405, "method_not_allowed", Some("POST")),
        (Method::PUT, "/t/acme/login", 405, "method_not_allowed", Some("GET, POST")),
        (Method::GET, "/v1/nothing", 404, "not_found", None),
        (Method::DELETE, "/v1/tenants/acme/groups", 405, "method_not_allowed", Some("GET, POST")),
    ] {
        for accept in [html, "*/*", "application/json"] {
            let answer = ask(method.clone(), path, accept).await;
            assert_eq!(
                (answer.status, answer.headers.get("allow").map(|a| a.to_str().unwrap())),
                (status, allow),
                "{path}"
            );
            if accept == html && !path.starts_with("/v1/") {
                assert_eq!(
                    (answer.code().as_str(), &answer.headers["content-type"]),
                    (code, &"text/html; charset=utf-8".parse().unwrap())
                );
            } else {
                let problem: serde_json::Value = serde_json::from_str(&answer.body).expect(path);
                assert_eq!((&problem["code"], &problem["status"]), (&json!(code), &json!(status)));
                assert_eq!(answer.headers["content-type"], "application/problem+json", "{path}");
            }
        }
    }
}

#[actix_web::test]
async fn what_cannot_be_read_is_a_page_for_browsers_and_a_problem_for_programs() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    for (method, path, host, status, code) in [
        (Method::GET, "/t/acme/login?request=nonsense", None, 422, "invalid_fields"),
        (Method::GET, "/t/acme/login?return_to=a&return_to=b", None, 400, "repeated_parameter"),
        (Method::GET, "/t/acme/account?again=maybe", None, 422, "invalid_fields"),
        (Method::POST, "/t/acme/login/password", None, 403, "cross_site"),
        (Method::POST, "/t/acme/login/password", None, 415, "unsupported_media_type"),
        (Method::GET, "/t/acme/login", Some("evil.example"), 421, "unknown_host"),
        (Method::GET, "/v1/tenants/acme/users?limit=x", None, 422, "invalid_fields"),
    ] {
        for accept in ["text/html,*/*;q=0.8", "*/*"] {
            let mut request = acme.browser.request(method.clone(), path).header("accept", accept);
            if let Some(host) = host {
                request = request.header("host", host);
            }
            if code == "cross_site" {
                request = request.header("sec-fetch-site", "cross-site").form(&[("email", "a@b.example")]);
            }
            if path.starts_with("/v1/") {
                request = request.bearer_auth(acme.key.expose_secret());
            }
            let answer = acme.browser.send(request, path).await;
            assert_eq!(answer.status, status, "{path}: {}", answer.body);
            if accept != "*/*" && !path.starts_with("/v1/") {
                assert_eq!(answer.code(), code, "{path}");
                assert_eq!(answer.headers["content-type"], "text/html; charset=utf-8", "{path}");
                assert!(answer.body.contains("This was not done") && !answer.body.contains("evil"), "{}", answer.body);
                assert!(answer.headers["content-security-policy"].to_str().unwrap().contains("default-src 'none'"));
            } else {
                let problem: serde_json::Value = serde_json::from_str(&answer.body).expect(path);
                assert_eq!(problem["code"], code, "{path}");
            }
        }
    }
}

#[actix_web::test]
async fn w_19_a_nul_in_a_query_or_a_body_is_told_and_breaks_nothing() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    for path in
        ["/users?email=%00", "/users?external_id=a%00b", "/audit-events?type=%00", "/users?cursor=%00", "/users?%00=x"]
    {
        acme.get(path).await.expect(422);
    }
    app.operator().await.get("/v1/tenants?external_id=%00").await.expect(422);
    for (path, body) in [
        ("/groups", json!({"name": "Staff", "description": "a\u{0}b"})),
        ("/domains", json!({"domain": "a\u{0}.example"})),
        ("/connections", json!({"display_name": "C", "settings": {"client_id": "a\u{0}"}})),
        ("/connections", json!({"display_name": "C", "settings": {"prompt": "a\u{0}"}})),
        ("/connections", json!({"display_name": "C", "settings": {"authorization_parameters": {"a\u{0}": "b"}}})),
        ("/connections", json!({"display_name": "C", "settings": {"authorization_parameters": {"a": "b\u{0}"}}})),
        ("/connections", json!({"display_name": "C", "settings": {"claim_mapping": {"groups": ["a\u{0}"]}}})),
    ] {
        acme.post(path, &body).await.expect(422);
    }
}
