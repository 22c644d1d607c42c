//! Guessing codes (K-08): bounded across instances, and without keeping the owner out of a browser that is known.

use chrono::Duration;

use crate::support::TestApp;
use crate::support::admin::Admin;
use crate::support::browser::{Browser, Page};
use crate::support::passwords::{PASSWORD, app_within_a_window, proven_person, signs_in, try_password};
use crate::support::sign_in::refused;
use crate::support::totp::{asks_for_a_code, begin, code, enrol, try_code, wrong_code};

const ALICE: &str = "alice@acme.example";

/// A server, and somebody who signs in in two steps, with a browser in which they did.
async fn start() -> (TestApp, Admin, Browser, String) {
    let (app, acme, browser, secret, _) = start_with_recovery_codes().await;
    (app, acme, browser, secret)
}

async fn start_with_recovery_codes() -> (TestApp, Admin, Browser, String, Vec<String>) {
    let app = app_within_a_window();
    let acme = app.tenant("acme").await;
    proven_person(&app, &acme, ALICE).await;
    let browser = app.browser();
    signs_in(&try_password(&browser, ALICE, PASSWORD).await);
    let (secret, codes) = enrol(&browser, app.clock.now()).await;
    app.clock.advance(Duration::seconds(60));
    asks_for_a_code(&try_password(&browser, ALICE, PASSWORD).await);
    signs_in(&try_code(&browser, &code(&secret, app.clock.now())).await);
    app.clock.advance(Duration::seconds(60));
    (app, acme, browser, secret, codes)
}

async fn half(app: &TestApp, browser: Browser) -> Browser {
    asks_for_a_code(&try_password(&browser, ALICE, PASSWORD).await);
    assert!(app.port > 0);
    browser
}

async fn wrong(app: &TestApp, browser: &Browser, secret: &str, times: usize) {
    for _ in 0..times {
        refused(&try_code(browser, &wrong_code(secret, app.clock.now())).await, 403, "code_wrong");
    }
}

#[track_caller]
fn throttled(page: &Page) {
    refused(page, 429, "rate_limited");
    assert!(page.headers.contains_key("retry-after"));
}

#[actix_web::test]
async fn k_08_codes_are_tried_five_times_in_a_window_over_two_instances_and_not_by_taking_a_first_step_again() {
    let (app, acme, known, secret) = start().await;
    let other = app.second_instance();
    let stranger = half(&app, app.browser()).await;
    wrong(&app, &stranger, &secret, 3).await;
    wrong(&app, &stranger.via(other.port), &secret, 2).await;
    for port in [app.port, other.port] {
        throttled(&try_code(&stranger.via(port), &code(&secret, app.clock.now())).await);
    }
    // A new first step, in another browser, is no new chance.
    let again = half(&app, app.browser()).await;
    throttled(&try_code(&again, &code(&secret, app.clock.now())).await);
    assert_eq!(acme.count_events("login.refused").await, 1, "one row a window, not one each");
    // Whoever passed both steps in this browser before is not kept out of it, and has tries of their own.
    let known = half(&app, known).await;
    wrong(&app, &known, &secret, 4).await;
    signs_in(&try_code(&known, &code(&secret, app.clock.now())).await);
    let known = half(&app, known).await;
    wrong(&app, &known, &secret, 1).await;
    throttled(&try_code(&known, &code(&secret, app.clock.now())).await);
    app.clock.advance(Duration::seconds(900));
    signs_in(&try_code(&half(&app, again).await, &code(&secret, app.clock.now())).await);
}

#[actix_web::test]
async fn k_08_in_a_day_codes_are_tried_twenty_times_however_long_somebody_waits() {
    let (app, _, _, secret) = start().await;
    // Near the beginning of a day, so that it does not end meanwhile.
    let into_the_day = app.clock.now().timestamp().rem_euclid(86_400);
    app.clock.advance(Duration::seconds(86_400 - into_the_day + 1));
    for _ in 0..4 {
        let stranger = half(&app, app.browser()).await;
        wrong(&app, &stranger, &secret, 5).await;
        app.clock.advance(Duration::seconds(900));
        doorward::flows::sweep::sweep(&app.context).await.unwrap();
    }
    let stranger = half(&app, app.browser()).await;
    throttled(&try_code(&stranger, &code(&secret, app.clock.now())).await);
    app.clock.advance(Duration::days(1));
    let stranger = half(&app, app.browser()).await;
    signs_in(&try_code(&stranger, &code(&secret, app.clock.now())).await);
}

#[actix_web::test]
async fn k_08_a_browser_that_knew_the_password_before_there_were_codes_is_a_strangers() {
    let app = app_within_a_window();
    let acme = app.tenant("acme").await;
    proven_person(&app, &acme, ALICE).await;
    let (own, thief) = (app.browser(), app.browser());
    signs_in(&try_password(&thief, ALICE, PASSWORD).await);
    signs_in(&try_password(&own, ALICE, PASSWORD).await);
    app.clock.advance(Duration::seconds(1));
    let (secret, _) = enrol(&own, app.clock.now()).await;
    app.clock.advance(Duration::seconds(60));
    let thief = half(&app, thief).await;
    wrong(&app, &thief, &secret, 5).await;
    let stranger = half(&app, app.browser()).await;
    throttled(&try_code(&stranger, &code(&secret, app.clock.now())).await);
}

#[actix_web::test]
async fn k_08_the_browser_in_which_the_app_was_set_up_has_tries_of_its_own_at_once() {
    for by_page in [false, true] {
        let app = app_within_a_window();
        proven_person(&app, &app.tenant("acme").await, ALICE).await;
        let own = app.browser();
        signs_in(&try_password(&own, ALICE, PASSWORD).await);
        app.clock.advance(Duration::seconds(1));
        let secret = if by_page {
            let secret = begin(&own).await;
            let typed = code(&secret, app.clock.now());
            let shown = own.post("/t/acme/account/totp/confirm", &[("code", typed.as_str())]).await;
            assert_eq!(shown.status, 200, "{}", shown.body);
            secret
        } else {
            enrol(&own, app.clock.now()).await.0
        };
        app.clock.advance(Duration::seconds(60));
        let stranger = half(&app, app.browser()).await;
        wrong(&app, &stranger, &secret, 5).await;
        throttled(&try_code(&half(&app, app.browser()).await, &code(&secret, app.clock.now())).await);
        signs_in(&try_code(&half(&app, own).await, &code(&secret, app.clock.now())).await);
    }
}

#[actix_web::test]
async fn k_08_a_recovery_code_is_guessed_no_more_often() {
    let (app, _, _, secret) = start().await;
    let stranger = half(&app, app.browser()).await;
    for n in 0..5 {
        let guess = format!("aaaa-bbbb-cccc-ddd{}", ["a", "b", "c", "d", "e"][n]);
        refused(&try_code(&stranger, &guess).await, 403, "code_wrong");
    }
    throttled(&try_code(&stranger, &code(&secret, app.clock.now())).await);
}

#[actix_web::test]
async fn k_08_a_right_recovery_code_opens_when_every_try_was_used_up_by_somebody_who_knows_the_password() {
    let (app, _, _, secret, codes) = start_with_recovery_codes().await;
    let stranger = half(&app, app.browser()).await;
    wrong(&app, &stranger, &secret, 5).await;
    let owner = half(&app, app.browser()).await;
    // A short code can be guessed, so a right one does not open; a long one that is wrong is told nothing.
    for typed in [code(&secret, app.clock.now()).as_str(), "aaaa-bbbb-cccc-dddd"] {
        throttled(&try_code(&owner, typed).await);
    }
    signs_in(&try_code(&owner, &codes[0]).await);
    let again = half(&app, app.browser()).await;
    throttled(&try_code(&again, &codes[0]).await); // used up
    // The browser has tries of its own from now on, which the others cannot use up.
    signs_in(&try_code(&half(&app, owner).await, &code(&secret, app.clock.now())).await);
}
