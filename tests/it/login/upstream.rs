//! Hostile providers never hold up another tenant (F-14, F-15), and never speak for another (F-18).

use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use doorward::flows::refresh_metadata::refresh_due;
use serde_json::{Value, json};

use crate::needs_loopback;
use crate::support::TestApp;
use crate::support::hostile_provider::{Answer, Claims, HostileProvider, Place};
use crate::support::raw_server::RawServer;
use crate::support::sign_in::{id, is_signed_in, login_url, refused, to_callback};
use crate::support::signing::TestKey;

/// [`elsewhere_goes_on_while`] the token endpoint does `answer`.
async fn elsewhere_goes_on(answer: impl Fn(&mut TcpStream) + Send + Sync + 'static, hangs: bool, code: &str) {
    elsewhere_goes_on_while("token", answer, hangs, code).await;
}

/// Twelve logins at a tenant whose `endpoint` does `answer`, and meanwhile a whole login at another tenant: it ends before
/// any of the twelve when `hangs`, and it always succeeds. The twelve end with `code`.
async fn elsewhere_goes_on_while(
    endpoint: &str,
    answer: impl Fn(&mut TcpStream) + Send + Sync + 'static,
    hangs: bool,
    code: &str,
) {
    needs_loopback!("127.0.0.2");
    let app = TestApp::start();
    let (evil, acme) = (app.tenant("evil").await, app.tenant("acme").await);
    let (front, honest) = (HostileProvider::start(), HostileProvider::start_at("127.0.0.2"));
    // Without keys no connection is activated: that once they are there.
    let keys = json!({"keys": [front.key().jwk]}).to_string();
    let honestly = AtomicBool::new(endpoint == "jwks_uri");
    let server = RawServer::start(move |stream| {
        if honestly.swap(false, Ordering::SeqCst) {
            let _ = stream.write_all(HEAD).and_then(|()| stream.write_all(keys.as_bytes()));
        } else {
            answer(stream);
        }
    });
    let settings = json!({"settings": {"endpoints": {endpoint: server.url()}}});
    let hostile = evil.connect(&front, settings).await;
    let before = server.connections();
    let connection = acme.connect(&honest, json!({})).await;
    let mut hanging = Vec::new();
    for _ in 0..12 {
        let browser = app.browser();
        let callback = to_callback(&browser, login_url(&hostile)).await;
        hanging.push(actix_web::rt::spawn(async move { browser.get(callback.as_str()).await }));
    }
    while server.connections() == before {
        actix_web::rt::time::sleep(Duration::from_millis(20)).await;
    }
    let page = app.browser().follow(login_url(&connection)).await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(!hangs || hanging.iter().all(|login| !login.is_finished()), "they still hang");
    for login in hanging {
        let page = login.await.unwrap();
        refused(&page, if code.ends_with("_unreachable") { 502 } else { 403 }, code);
    }
    assert_eq!(evil.get("/users").await.ok()["items"], json!([]));
    assert_eq!(evil.count_events("login.refused").await, 12);
}

/// Writes pieces until the other side hangs up, for at most half a minute.
fn trickle(stream: &mut TcpStream, piece: &[u8], pause: Duration) {
    for _ in 0..(30_000 / pause.as_millis().max(1)) {
        if stream.write_all(piece).is_err() {
            return;
        }
        std::thread::sleep(pause);
    }
}

const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n";

#[actix_web::test]
async fn f_14_a_provider_that_never_answers_holds_up_nobody_elsewhere() {
    elsewhere_goes_on(never, true, "token_endpoint_unreachable").await;
}

#[actix_web::test]
async fn f_14_a_provider_that_sends_a_byte_a_second_holds_up_nobody_elsewhere() {
    let answer = |stream: &mut TcpStream| {
        let _ = stream.write_all(HEAD);
        trickle(stream, b" ", Duration::from_secs(1));
    };
    elsewhere_goes_on(answer, true, "token_endpoint_unreachable").await;
}

#[actix_web::test]
async fn f_14_a_provider_whose_answer_never_ends_holds_up_nobody_elsewhere() {
    elsewhere_goes_on(endlessly, false, "token_response_invalid").await;
}

fn never(_: &mut TcpStream) {
    std::thread::sleep(Duration::from_secs(30));
}

fn endlessly(stream: &mut TcpStream) {
    let _ = stream.write_all(HEAD);
    trickle(stream, &[b' '; 65536], Duration::from_millis(1));
}

#[actix_web::test]
async fn f_14_keys_that_never_come_hold_up_nobody_elsewhere() {
    elsewhere_goes_on_while("jwks_uri", never, true, "jwks_unreachable").await;
}

#[actix_web::test]
async fn f_14_keys_that_never_end_hold_up_nobody_elsewhere() {
    elsewhere_goes_on_while("jwks_uri", endlessly, false, "jwks_unreachable").await;
}

#[actix_web::test]
async fn f_14_userinfo_that_never_comes_holds_up_nobody_elsewhere() {
    elsewhere_goes_on_while("userinfo", never, true, "userinfo_unreachable").await;
}

#[actix_web::test]
async fn f_14_userinfo_that_never_ends_holds_up_nobody_elsewhere() {
    elsewhere_goes_on_while("userinfo", endlessly, false, "userinfo_invalid").await;
}

#[actix_web::test]
async fn f_14_a_tenants_hanging_providers_do_not_keep_anothers_metadata_old() {
    let app = TestApp::start_with_manual_clock();
    let (evil, acme) = (app.tenant("evil").await, app.tenant("acme").await);
    let (hostile, honest) = (HostileProvider::start(), HostileProvider::start_at("127.0.0.2"));
    for _ in 0..5 {
        evil.connect(&hostile, json!({})).await; // asked longer ago, so theirs is the first turn
    }
    acme.connect(&honest, json!({})).await;
    hostile.answer(Place::Discovery, Answer::json(json!({})).after(Duration::from_secs(30)));
    let change = |document: &mut Claims| drop(document.insert("scopes_supported".to_owned(), json!(["openid", "new"])));
    honest.change(Place::Discovery, change);
    app.clock.advance(chrono::Duration::hours(25));
    let context = app.context.clone();
    let refresh = actix_web::rt::spawn(async move { refresh_due(&context).await.unwrap() });
    while acme.count_events("connection.metadata_changed").await == 0 {
        assert!(!refresh.is_finished(), "theirs was not refreshed");
        actix_web::rt::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(!refresh.is_finished(), "the others still hang");
    assert_eq!(refresh.await.unwrap(), 1);
}

#[actix_web::test]
async fn f_14_a_provider_that_answers_garbage_holds_up_nobody_elsewhere() {
    let answer = |stream: &mut TcpStream| {
        let _ = stream.write_all(b"\x16\x03\x01 this is not HTTP\r\n\r\n");
    };
    elsewhere_goes_on(answer, false, "token_response_invalid").await;
}

#[actix_web::test]
async fn f_09_a_provider_that_redirects_inside_is_not_followed_and_holds_up_nobody_elsewhere() {
    let target = RawServer::with_bytes(Vec::new());
    let answer = format!("HTTP/1.1 307 Temporary Redirect\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n", target.url());
    let redirect = move |stream: &mut TcpStream| {
        let _ = stream.write_all(answer.as_bytes());
    };
    elsewhere_goes_on(redirect, false, "token_response_invalid").await;
    assert_eq!(target.connections(), 0);
}

#[actix_web::test]
async fn f_15_ten_thousand_keys_are_refused_and_hold_up_nobody_elsewhere() {
    needs_loopback!("127.0.0.2");
    let app = TestApp::start();
    let (evil, acme) = (app.tenant("evil").await, app.tenant("acme").await);
    let (hostile, honest) = (HostileProvider::start(), HostileProvider::start_at("127.0.0.2"));
    let bad = evil.connect(&hostile, json!({})).await;
    let good = acme.connect(&honest, json!({})).await;
    let stranger = TestKey::rsa("key-x");
    let key = |n: usize| {
        let mut jwk = hostile.key().jwk;
        jwk["kid"] = json!(format!("k{n}"));
        jwk
    };
    hostile.publish((0..10_000).map(key).collect());
    hostile.id_token_header(move |header| header["kid"] = json!(stranger.kid));
    let browser = app.browser();
    let callback = to_callback(&browser, login_url(&bad)).await;
    let refusal = actix_web::rt::spawn(async move { browser.get(callback.as_str()).await });
    assert_eq!(app.browser().follow(login_url(&good)).await.status, 200);
    let page = refusal.await.unwrap();
    assert!((400..=502).contains(&page.status) && page.status != 500, "{}", page.body);
    assert_eq!(evil.get("/users").await.ok()["items"], json!([]));
    assert_eq!(evil.count_events("login.refused").await, 1);
    // The connection cannot be activated with such keys either.
    let path = format!("/connections/{}", id(&bad));
    evil.post(&format!("{path}/disable"), &json!({})).await.ok();
    assert_eq!(evil.post(&format!("{path}/activate"), &json!({})).await.status, 422);
}

#[actix_web::test]
async fn f_18_keys_that_one_tenant_loads_for_an_issuer_mean_nothing_to_another() {
    needs_loopback!("127.0.0.2");
    let app = TestApp::start();
    let (evil, acme) = (app.tenant("evil").await, app.tenant("acme").await);
    let (honest, hostile) = (HostileProvider::start(), HostileProvider::start_at("127.0.0.2"));
    // The hostile tenant says that its own server is where the honest issuer's keys are; the key's id is the same.
    let at = |path: &str| format!("{}{path}", hostile.issuer);
    let endpoints = json!({
        "authorization": at("/authorize"), "token": at("/token"), "userinfo": at("/userinfo"), "jwks_uri": at("/jwks"),
    });
    let issuer = honest.issuer.clone();
    let settings = json!({"settings": {"issuer": issuer, "discovery": false, "endpoints": endpoints}});
    let theirs = evil.connect(&hostile, settings).await;
    let said = honest.issuer.clone();
    hostile.id_token(move |claims| claims["iss"] = json!(said));
    assert_eq!(hostile.key().kid, honest.key().kid);
    let browser = app.browser();
    let url = login_url(&theirs);
    let begun = browser.get(url).await.location().unwrap();
    let mut back = hostile.visit(&begun);
    back.insert("iss".into(), honest.issuer.clone());
    let mut callback = url::Url::parse(theirs["callback_url"].as_str().unwrap()).unwrap();
    callback.query_pairs_mut().extend_pairs(&back);
    let page = browser.get(callback.as_str()).await;
    assert!(is_signed_in(&page), "within its own tenant it may: {}", page.body);

    // Elsewhere the same issuer's tokens are checked with that issuer's own keys, before and after.
    let ours = acme.connect(&honest, json!({})).await;
    assert_eq!(app.browser().follow(login_url(&ours)).await.status, 200);
    let key = hostile.key();
    honest.forge_id_token(move |claims| json!(key.sign(&key.header(), &Value::Object(claims.clone()))));
    let page = app.browser().follow(login_url(&ours)).await;
    refused(&page, 403, "id_token_signature_invalid");
    assert!(honest.calls(Place::Jwks) >= 1 && hostile.calls(Place::Jwks) >= 1);
    assert_eq!(acme.get("/users").await.ok()["items"].as_array().unwrap().len(), 1);
}
