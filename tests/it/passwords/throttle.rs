//! Guessing passwords (K-08): bounded by address, by account and by browser, across instances, and without locking the
//! owner out.

use crate::needs_loopback;
use crate::support::TestApp;
use crate::support::admin::Admin;
use crate::support::browser::{Browser, Page};
use crate::support::passwords::{ANOTHER, PASSWORD, app_within_a_window, browser_from, person, signs_in, try_password};
use crate::support::sign_in::{cookie_pair, refused};

const ALICE: &str = "alice@acme.example";

/// So many wrong passwords, each refused as such.
async fn wrong(browser: &Browser, address: &str, times: usize) {
    for _ in 0..times {
        refused(&try_password(browser, address, ANOTHER).await, 403, "credentials_wrong");
    }
}

#[track_caller]
fn throttled(page: &Page) {
    refused(page, 429, "rate_limited");
    let wait: u32 = page.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=900).contains(&wait), "{wait}");
}

/// A server and a person with a password.
async fn start() -> (TestApp, Admin) {
    let app = app_within_a_window();
    let acme = app.tenant("acme").await;
    person(&acme, ALICE).await;
    (app, acme)
}

#[actix_web::test]
async fn k_08_one_address_tries_one_account_ten_times_in_a_window_over_two_instances() {
    let (app, acme) = start().await;
    let other = app.second_instance();
    let browser = app.browser();
    wrong(&browser, ALICE, 6).await;
    wrong(&browser.via(other.port), ALICE, 4).await;
    for port in [app.port, other.port] {
        throttled(&try_password(&browser.via(port), ALICE, PASSWORD).await);
    }
    // A fresh browser of the same address is no other one, and neither is another spelling of the account.
    throttled(&try_password(&app.browser(), "Alice@ACME.example", PASSWORD).await);
    // Another account is.
    wrong(&browser, "bob@acme.example", 1).await;
    assert_eq!(acme.count_events("login.refused").await, 1, "one row a window, not one each");
    let event = acme.last_event("login.refused").await;
    assert_eq!(event["payload"]["reason"], "credentials_wrong");
    assert!(event["payload"]["user_id"].is_string(), "{event}");
    app.clock.advance(chrono::Duration::seconds(900));
    signs_in(&try_password(&browser, ALICE, PASSWORD).await);
}

#[actix_web::test]
async fn k_08_accounts_that_do_not_exist_are_throttled_alike() {
    let (app, acme) = start().await;
    let browser = app.browser();
    wrong(&browser, "nobody@acme.example", 10).await;
    throttled(&try_password(&browser, "nobody@acme.example", PASSWORD).await);
    assert_eq!(acme.count_events("login.refused").await, 0, "garbage is not written one row each");
}

#[actix_web::test]
async fn k_08_many_addresses_lock_strangers_out_and_not_the_browser_that_signed_in_before() {
    needs_loopback!("127.0.0.2", "127.0.0.3", "127.0.0.4");
    let (app, acme) = start().await;
    let known = app.browser();
    let before = try_password(&known, ALICE, PASSWORD).await;
    signs_in(&before);
    assert!(cookie_pair(&before, "dw_d_").is_some(), "{:?}", before.set_cookies());
    for last in [2, 3] {
        wrong(&browser_from(&known, app.port, last), ALICE, 10).await;
    }
    throttled(&try_password(&browser_from(&known, app.port, 4), ALICE, PASSWORD).await);
    throttled(&try_password(&app.browser(), ALICE, PASSWORD).await);
    signs_in(&try_password(&known, ALICE, PASSWORD).await);

    // The known browser has a bucket of its own, which ends too.
    wrong(&known, ALICE, 10).await;
    throttled(&try_password(&known, ALICE, PASSWORD).await);
    assert_eq!(acme.count_events("login.refused").await, 2, "the first of the strangers and the first of this browser");
}

#[actix_web::test]
async fn k_08_a_device_cookie_counts_for_its_own_account_and_tenant_only_and_cannot_be_made_up() {
    let (app, acme) = start().await;
    person(&acme, "bob@acme.example").await;
    let known = app.browser();
    let pair = cookie_pair(&try_password(&known, ALICE, PASSWORD).await, "dw_d_").unwrap();
    // Bob's account from Alice's browser is a stranger's try.
    wrong(&known, "bob@acme.example", 10).await;
    throttled(&try_password(&known, "bob@acme.example", PASSWORD).await);
    wrong(&app.browser(), ALICE, 10).await;
    let (name, value) = pair.split_once('=').unwrap();
    let cut = &value[..value.len() - 2];
    for forged in [format!("{name}={cut}"), format!("{name}=x"), format!("{name}="), format!("{pair}; {pair}")] {
        let browser = app.browser();
        let path = "/t/acme/login/password";
        let request = browser.request(reqwest::Method::POST, path).header("cookie", &forged);
        let request = request.header("origin", &app.url).header("sec-fetch-site", "same-origin");
        let form = [("email", ALICE), ("password", PASSWORD)];
        throttled(&browser.send(request.form(&form), path).await);
    }
    // Both people of one browser are remembered.
    app.clock.advance(chrono::Duration::seconds(900));
    signs_in(&try_password(&known, "bob@acme.example", PASSWORD).await);
    wrong(&app.browser(), ALICE, 10).await;
    throttled(&try_password(&app.browser(), ALICE, PASSWORD).await);
    signs_in(&try_password(&known, ALICE, PASSWORD).await);
}

#[actix_web::test]
async fn k_08_one_address_that_tries_many_accounts_is_stopped_and_uses_up_nobodys_tries() {
    needs_loopback!("127.0.0.9");
    let (app, _) = start().await;
    let browser = app.browser();
    for n in 0..100 {
        wrong(&browser, &format!("nobody{n}@acme.example"), 1).await;
    }
    throttled(&try_password(&browser, ALICE, PASSWORD).await);
    for _ in 0..20 {
        throttled(&try_password(&browser, ALICE, ANOTHER).await);
    }
    signs_in(&try_password(&browser_from(&browser, app.port, 9), ALICE, PASSWORD).await);
}

#[actix_web::test]
async fn only_failures_count() {
    let (app, _) = start().await;
    for _ in 0..12 {
        signs_in(&try_password(&app.browser(), ALICE, PASSWORD).await);
    }
    wrong(&app.browser(), ALICE, 10).await;
    throttled(&try_password(&app.browser(), ALICE, PASSWORD).await);
}

#[actix_web::test]
async fn k_08_tries_at_once_are_counted_before_they_are_checked() {
    let (app, _) = start().await;
    let tries: Vec<_> = (0..30)
        .map(|_| {
            let browser = app.browser();
            actix_web::rt::spawn(async move { try_password(&browser, ALICE, ANOTHER).await.status })
        })
        .collect();
    let mut seen = Vec::new();
    for one in tries {
        seen.push(one.await.unwrap());
    }
    assert_eq!(seen.iter().filter(|status| **status == 403).count(), 10, "{seen:?}");
    assert_eq!(seen.iter().filter(|status| **status == 429).count(), 20, "{seen:?}");
}
