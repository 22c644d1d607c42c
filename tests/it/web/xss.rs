//! Names that want to be markup (W-21, M-04, M-06, M-07): shown as they are, or refused.

use serde_json::json;

use crate::support::TestApp;
use crate::support::hostile_provider::HostileProvider;
use crate::support::sign_in::login_url;

const MARKUP: [&str; 5] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "'-alert(1)-'",
    "</title><svg/onload=alert(1)>",
    "&lt;b&gt; &#60;script&#62;",
];

/// Signs somebody of this name in, at a tenant, a connection and a group of this name, and gives every page seen.
async fn pages_with(name: &str) -> String {
    let app = TestApp::start();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    acme.patch("", &json!({"name": name})).await.ok();
    let connection = acme.connect(&provider, json!({})).await;
    let path = format!("/connections/{}", connection["id"].as_str().unwrap());
    acme.patch(&path, &json!({"display_name": name})).await.ok();
    acme.post("/groups", &json!({"name": name})).await.created();
    provider.person(json!({
        "sub": "u-1", "email": "ada@example.com", "email_verified": true, "name": name, "groups": [name],
        "given_name": name, "picture": "javascript:alert(1)",
    }));
    let browser = app.browser();
    let mut all = browser.follow(login_url(&connection)).await.body;
    for path in
        ["/t/acme/login", "/t/acme/login?choose=true", "/t/acme/account", "/t/acme/logout", "/t/acme/logout/done"]
    {
        let page = browser.get(path).await;
        assert_eq!(page.status, 200);
        all += &page.body;
    }
    let refusal = format!("/t/acme/sso/{}/callback?state=x", uuid::Uuid::now_v7());
    all += &browser.get(&refusal).await.body;
    all
}

#[actix_web::test]
async fn w_21_names_of_tenants_people_groups_and_connections_are_text_and_never_markup() {
    for name in MARKUP {
        let html = pages_with(name).await;
        for raw in ["<script", "<img", "<svg", "onerror=alert(1)>", "'-alert", "javascript:"] {
            assert!(!html.contains(raw), "{name}: {raw} in {html}");
        }
        let shown =
            html.matches("alert(1)").count() + html.matches("&amp;lt;b").count() + html.matches("&#38;lt;b").count();
        assert!(shown >= 4, "{name} is shown, escaped: {html}");
    }
}

#[actix_web::test]
async fn w_21_what_the_url_says_is_not_written_into_pages() {
    let app = TestApp::start();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let connection = acme.connect(&provider, json!({})).await;
    let browser = app.browser();
    let callback = connection["callback_url"].as_str().unwrap();
    for path in [
        format!("{callback}?state=<script>&error=<script>&error_description=<script>&iss=<script>&code=<script>"),
        "/t/<script>/login".to_owned(),
        "/t/acme/login?return_to=%22%3E%3Cscript%3E".to_owned(),
        "/t/acme/login?<script>=1".to_owned(),
        "/<script>".to_owned(),
        "/v1/tenants/acme/users?<script>=<script>".to_owned(),
    ] {
        let page = browser.get(&path).await;
        let html = page.headers["content-type"].to_str().unwrap().starts_with("text/html");
        assert!(!html || !page.body.contains("<script"), "{path}: {}", page.body);
        assert_eq!(page.headers["x-content-type-options"], "nosniff");
    }
}

#[actix_web::test]
async fn m_04_a_name_with_markup_or_a_link_is_inert_and_short() {
    let html = pages_with("Please visit https://evil.example <a href='https://evil.example'>now</a>").await;
    assert!(
        !html.contains("<a href='https://evil.example'") && !html.contains("href=\"https://evil.example"),
        "{html}"
    );
    let acme = TestApp::start();
    let acme = acme.tenant("acme").await;
    let answer = acme.patch("", &json!({"name": "x".repeat(101)})).await.expect(422);
    assert_eq!(answer.fields(), ["name"]);
}

#[actix_web::test]
async fn m_06_a_name_that_looks_like_a_template_is_not_run() {
    let html = pages_with("{{1234567*7}}{% if true %}${1234567*7}<%= 1234567*7 %>#{1234567*7}").await;
    assert!(html.contains("{{1234567*7}}{% if true %}${1234567*7}") && !html.contains("8641969"), "{html}");
}

#[actix_web::test]
async fn m_07_names_that_hide_or_turn_letters_are_refused_from_admins_and_cleaned_from_providers() {
    let app = TestApp::start();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let connection = acme.connect(&provider, json!({})).await;
    for hostile in [
        '\u{202e}',
        '\u{2066}',
        '\u{200b}',
        '\u{200d}',
        '\u{feff}',
        '\u{2060}',
        '\r',
        '\n',
        '\0',
        '\u{1b}',
        '\u{e0041}',
    ] {
        let name = format!("Ali{hostile}ce");
        let bodies = [
            ("/users", json!({"email": "a@acme.example", "name": name})),
            ("/users", json!({"email": "a@acme.example", "family_name": name})),
            ("/users", json!({"external_id": name})),
            ("/groups", json!({"name": name})),
            ("/connections", json!({"display_name": name})),
            ("/service-accounts", json!({"name": name, "role": "member"})),
        ];
        for (path, body) in bodies {
            let answer = acme.post(path, &body).await.expect(422);
            assert_eq!(answer.fields().len(), 1, "{path} {hostile:?}");
        }
        acme.patch("", &json!({"name": name})).await.expect(422);
        provider.person(json!({"sub": "u-1", "email": "ada@example.com", "email_verified": true, "name": name}));
        let page = app.browser().follow(login_url(&connection)).await;
        assert_eq!(page.text_of("name").as_deref(), Some("Alice"), "{hostile:?}");
    }
}
