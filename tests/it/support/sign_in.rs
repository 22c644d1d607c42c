//! The steps of a login one by one, so that a test can spoil what the browser brings back; and what a refusal must be.

use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

use super::admin::Admin;
use super::browser::{Browser, Page};

/// Begins a login and visits the provider, which sends the browser to this callback URL; nobody has gone there yet.
pub async fn to_callback(browser: &Browser, login_url: &str) -> Url {
    let begun = browser.get(login_url).await;
    let provider = begun.location().unwrap_or_else(|| panic!("{}: {}", begun.status, begun.body));
    let sent_back = browser.get(provider.as_str()).await;
    sent_back.location().expect("the provider sends the browser back")
}

/// The login URL of a connection.
pub fn login_url(connection: &Value) -> &str {
    connection["login_url"].as_str().unwrap()
}

/// The id of an object.
pub fn id(object: &Value) -> &str {
    object["id"].as_str().unwrap()
}

/// The value of a query parameter.
pub fn parameter(url: &Url, name: &str) -> String {
    let found = url.query_pairs().find(|(n, _)| n == name);
    found.unwrap_or_else(|| panic!("{url} has no {name}")).1.into_owned()
}

/// The URL with a query parameter set to another value, or taken out.
pub fn with(url: &Url, name: &str, value: Option<&str>) -> Url {
    let others: Vec<(String, String)> =
        url.query_pairs().filter(|(n, _)| n != name).map(|(n, v)| (n.into(), v.into())).collect();
    let mut changed = url.clone();
    changed.query_pairs_mut().clear().extend_pairs(others).extend_pairs(value.map(|v| (name, v)));
    changed
}

/// Posts the form that a provider's page holds (form_post), as a browser does that comes from the provider's site.
/// With `bare`, without cookies, as happens to Lax ones on a cross-site post.
pub async fn post_form(browser: &Browser, page: &Page, bare: bool) -> Page {
    let attribute = |text: &str, name: &str| {
        let start = text.find(&format!("{name}=\"")).unwrap() + name.len() + 2;
        text[start..].split('"').next().unwrap().to_owned()
    };
    let action = attribute(&page.body, "action");
    let fields: Vec<(String, String)> =
        page.body.split("<input ").skip(1).map(|input| (attribute(input, "name"), attribute(input, "value"))).collect();
    let sender = if bare { browser.another() } else { browser.clone() };
    let request = sender
        .request(Method::POST, &action)
        .header("origin", page.url.origin().ascii_serialization())
        .header("sec-fetch-site", "cross-site");
    sender.send(request.form(&fields), &action).await
}

/// `name=value` of the cookie whose name begins so, as a `Cookie` header carries it.
pub fn cookie_pair(page: &Page, start: &str) -> Option<String> {
    let lines = page.set_cookies();
    let line = lines.iter().find(|line| line.starts_with(start))?;
    line.split(';').next().map(str::to_owned)
}

/// The callback's answer opened a session.
pub fn is_signed_in(page: &Page) -> bool {
    page.status == 303 && cookie_pair(page, "dw_s_").is_some_and(|pair| !pair.ends_with('='))
}

/// Signs in by this connection and gives the session cookie as `name=value`.
pub async fn session_cookie(browser: &Browser, connection: &Value) -> String {
    let callback = to_callback(browser, login_url(connection)).await;
    let page = browser.get(callback.as_str()).await;
    assert!(is_signed_in(&page), "{}: {}", page.status, page.body);
    cookie_pair(&page, "dw_s_").unwrap()
}

/// The standard refusal: this status and reason, no session cookie, not cached; and in the tenant neither users nor
/// sessions, and exactly so many `login.refused` events.
#[track_caller]
pub fn refused(page: &Page, status: u16, code: &str) {
    assert_eq!((page.status, page.code().as_str()), (status, code), "{}", page.body);
    assert_eq!(page.headers["cache-control"], "no-store");
    assert!(cookie_pair(page, "dw_s_").is_none(), "{:?}", page.set_cookies());
}

/// What [`refused`] cannot see in the page: the tenant is as empty as before, but for so many audit events.
pub async fn nothing_happened(acme: &Admin, events: usize) {
    for noun in ["users", "sessions"] {
        let page = acme.get(&format!("/{noun}")).await.ok();
        assert_eq!(page["items"], json!([]), "{noun}");
    }
    assert_eq!(acme.count_events("login.refused").await, events);
    assert_eq!(acme.count_events("login.succeeded").await, 0);
}

/// The refusal of a whole login that went all the way with an answer that the connection does not take.
pub async fn login_refused(acme: &Admin, browser: &Browser, connection: &Value, code: &str) -> Page {
    let callback = to_callback(browser, login_url(connection)).await;
    let page = browser.get(callback.as_str()).await;
    refused(&page, if code.ends_with("_unreachable") { 502 } else { 403 }, code);
    nothing_happened(acme, 1).await;
    let event = acme.last_event("login.refused").await;
    assert_eq!(event["payload"]["reason"], code);
    assert_eq!(page.text_of("event").as_deref(), event["id"].as_str());
    page
}
