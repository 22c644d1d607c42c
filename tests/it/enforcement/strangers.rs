//! What strangers see of break-glass codes, and how often they may try (K-08, K-11, L-22).

use std::collections::BTreeSet;

use chrono::Duration;
use reqwest::Method;
use serde_json::json;

use super::scene::{OLGA, Scene, try_code};
use crate::needs_loopback;
use crate::support::Browser;
use crate::support::browser::Page;
use crate::support::passwords::{browser_from, signs_in};
use crate::support::sign_in::{id, refused};

const WRONG: &str = "AAAA-AAAA-AAAA-AAAA-AAAA-AAAA-AAAA";

async fn wrong(browser: &Browser, email: &str, times: usize) {
    for _ in 0..times {
        refused(&try_code(browser, email, WRONG).await, 403, "break_glass_wrong");
    }
}

#[track_caller]
fn throttled(page: &Page) {
    refused(page, 429, "rate_limited");
    let wait: u32 = page.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=900).contains(&wait), "{wait}");
}

/// What a stranger sees of an answer, with the address they typed taken out.
fn seen(page: &Page, address: &str) -> (u16, BTreeSet<String>, String) {
    let names = page.headers.keys().map(|name| name.as_str().to_owned()).collect();
    (page.status, names, page.body.replace(address, "-"))
}

#[actix_web::test]
async fn l_22_nobody_learns_who_is_an_owner_or_has_codes() {
    let (s, codes) = Scene::with_codes().await;
    signs_in(&try_code(&s.app.browser(), OLGA, &codes[0]).await);
    s.person("without@acme.example", "owner").await;
    s.person("admin@acme.example", "admin").await;
    s.person("member@acme.example", "member").await;
    let gone = s.person("gone@acme.example", "owner").await;
    s.acme.patch(&format!("/users/{}", id(&gone)), &json!({"status": "suspended"})).await.ok();
    let browser = s.app.browser();
    let mut told = Vec::new();
    for (address, code) in [
        (OLGA, WRONG),
        (OLGA, codes[0].as_str()), // used
        (OLGA, "no code"),
        ("without@acme.example", WRONG),
        ("without@acme.example", codes[1].as_str()), // somebody else's
        ("admin@acme.example", WRONG),
        ("member@acme.example", WRONG),
        ("gone@acme.example", WRONG),
        ("nobody@acme.example", WRONG),
        ("nobody@acme.example", codes[1].as_str()),
    ] {
        told.push(seen(&try_code(&browser, address, code).await, address));
    }
    assert!(told.windows(2).all(|pair| pair[0] == pair[1]), "{told:#?}");
    assert_eq!(told[0].0, 403);
    signs_in(&try_code(&s.app.browser(), OLGA, &codes[1]).await);
}

#[actix_web::test]
async fn k_11_the_same_is_written_whoever_a_wrong_code_is_about() {
    for address in [OLGA, "nobody@acme.example"] {
        let (s, _) = Scene::with_codes().await;
        wrong(&s.app.browser(), address, 3).await;
        assert_eq!(s.acme.count_events("login.refused").await, 1, "{address}: the first of a window, not one each");
        let event = s.acme.last_event("login.refused").await;
        let payload = (&event["payload"]["method"], &event["payload"]["reason"]);
        assert_eq!(payload, (&json!("break_glass"), &json!("break_glass_wrong")));
        assert_eq!(event["payload"].get("user_id").is_some(), address == OLGA, "{event}");
    }
}

#[actix_web::test]
async fn k_08_one_address_tries_codes_twenty_times_in_a_window_over_two_instances() {
    let (s, codes) = Scene::with_codes().await;
    let other = s.app.second_instance();
    let browser = s.app.browser();
    for n in 0..20 {
        let port = [s.app.port, other.port][n % 2];
        wrong(&browser.via(port), &format!("somebody{n}@acme.example"), 1).await;
    }
    for port in [s.app.port, other.port] {
        throttled(&try_code(&s.app.browser().via(port), OLGA, &codes[0]).await);
    }
    s.app.clock.advance(Duration::seconds(900));
    signs_in(&try_code(&browser, OLGA, &codes[0]).await);
}

#[actix_web::test]
async fn k_08_many_addresses_are_stopped_at_an_account_and_lock_its_owner_out_of_nothing() {
    needs_loopback!("127.0.0.2", "127.0.0.3");
    let (s, codes) = Scene::with_codes().await;
    let home = s.app.browser();
    for address in [OLGA, "nobody@acme.example"] {
        for last in [2, 3] {
            wrong(&browser_from(&home, s.app.port, last), address, 10).await;
        }
        throttled(&try_code(&home, address, WRONG).await);
    }
    // There is nothing to guess about a code, and the emergency exit stays open.
    signs_in(&try_code(&home, OLGA, &codes[0]).await);
    throttled(&try_code(&home, OLGA, &codes[0]).await);
}

#[actix_web::test]
async fn k_08_tries_at_once_are_counted_before_they_are_looked_at() {
    let (s, _) = Scene::with_codes().await;
    let tries: Vec<_> = (0..40)
        .map(|n| {
            let browser = s.app.browser();
            actix_web::rt::spawn(async move { try_code(&browser, &format!("n{n}@acme.example"), WRONG).await.status })
        })
        .collect();
    let mut seen = Vec::new();
    for one in tries {
        seen.push(one.await.unwrap());
    }
    assert_eq!(seen.iter().filter(|status| **status == 403).count(), 20, "{seen:?}");
    assert_eq!(seen.iter().filter(|status| **status == 429).count(), 20, "{seen:?}");
}

#[actix_web::test]
async fn only_wrong_codes_count() {
    let (s, _) = Scene::with_codes().await;
    for _ in 0..3 {
        let codes = s.codes(&s.comes_in(OLGA).await).await;
        for code in &codes {
            signs_in(&try_code(&s.app.browser(), OLGA, code).await);
        }
    }
    wrong(&s.app.browser(), OLGA, 20).await;
    throttled(&try_code(&s.app.browser(), OLGA, WRONG).await);
}

#[actix_web::test]
async fn w_08_the_form_for_codes_is_not_taken_from_another_site() {
    let (s, codes) = Scene::with_codes().await;
    let path = "/t/acme/login/break-glass";
    for (site, origin) in [("cross-site", "https://evil.example"), ("same-site", "null"), ("none", "null")] {
        let browser = s.app.browser();
        let request = browser.request(Method::POST, path).header("origin", origin).header("sec-fetch-site", site);
        let page = browser.send(request.form(&[("email", OLGA), ("code", codes[0].as_str())]), path).await;
        assert_eq!(page.status, 403, "{site}");
        assert!(page.body.contains("cross_site") && page.set_cookies().is_empty(), "{}", page.body);
    }
    let huge = try_code(&s.app.browser(), OLGA, &"A".repeat(1 << 20)).await;
    assert_eq!(huge.status, 413, "K-10: {}", huge.body);
    refused(&try_code(&s.app.browser(), &"a".repeat(5000), "\0").await, 403, "break_glass_wrong");
}
