//! An authenticator app: what people have who sign in in two steps.

use chrono::{DateTime, Duration, Utc};
use doorward::secrets::totp as product;
use reqwest::Method;
use secrecy::SecretSlice;
use serde_json::{Value, json};

use super::admin::Answer;
use super::browser::{Browser, Page};

/// The bytes of a secret as it is typed into an app.
fn bytes(text: &str) -> Vec<u8> {
    let mut bits = String::new();
    for letter in text.chars() {
        let value = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(letter).expect("base32");
        bits.push_str(&format!("{value:05b}"));
    }
    let whole = bits.as_bytes().chunks_exact(8);
    whole.map(|byte| u8::from_str_radix(std::str::from_utf8(byte).unwrap(), 2).unwrap()).collect()
}

/// The code that the app shows at this moment.
pub fn code(secret: &str, at: DateTime<Utc>) -> String {
    product::code(&SecretSlice::from(bytes(secret)), product::step_at(at))
}

/// The code that it showed, or will show, so many steps from this moment.
pub fn code_in(secret: &str, at: DateTime<Utc>, steps: i64) -> String {
    code(secret, at + Duration::seconds(30 * steps))
}

/// A code that is wrong at this moment and around it.
pub fn wrong_code(secret: &str, at: DateTime<Utc>) -> String {
    let right: Vec<String> = (-3..=3).map(|steps| code_in(secret, at, steps)).collect();
    (0..).map(|n| format!("{n:06}")).find(|code| !right.contains(code)).unwrap()
}

/// REST under `me` of `acme` with the browser's session, as a page of ours would.
pub async fn me(browser: &Browser, method: Method, path: &str, body: Option<Value>) -> Answer {
    rest(browser, method, &format!("/me{path}"), body).await
}

/// REST of `acme` likewise.
pub async fn rest(browser: &Browser, method: Method, path: &str, body: Option<Value>) -> Answer {
    let path = format!("/v1/tenants/acme{path}");
    let mut request = browser.request(method, &path).header("origin", &browser.base);
    request = request.header("sec-fetch-site", "same-origin");
    if let Some(body) = body {
        request = request.json(&body);
    }
    let page = browser.send(request, &path).await;
    Answer { status: page.status, headers: page.headers, text: page.body }
}

/// Begins to set an app up; gives its secret.
pub async fn begin(browser: &Browser) -> String {
    me(browser, Method::POST, "/totp", None).await.created()["secret"].as_str().unwrap().to_owned()
}

/// Sets an app up; gives its secret and the recovery codes.
pub async fn enrol(browser: &Browser, now: DateTime<Utc>) -> (String, Vec<String>) {
    let secret = begin(browser).await;
    let body = json!({"code": code(&secret, now)});
    let confirmed = me(browser, Method::POST, "/totp/confirm", Some(body)).await.ok();
    let codes = confirmed["recovery_codes"].as_array().unwrap();
    (secret, codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect())
}

/// Posts the second step's form of the tenant `acme`.
pub async fn try_code(browser: &Browser, code: &str) -> Page {
    browser.post("/t/acme/login/code", &[("code", code)]).await
}

/// The page asks for a code, and nobody is signed in.
#[track_caller]
pub fn asks_for_a_code(page: &Page) {
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(page.body.contains("/t/acme/login/code\""), "{}", page.body);
    assert!(super::sign_in::cookie_pair(page, "dw_s_").is_none(), "{:?}", page.set_cookies());
}
