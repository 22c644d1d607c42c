//! `state` and the browser that it belongs to (O-01 to O-07).

use chrono::Duration;
use serde_json::json;

use crate::support::TestApp;
use crate::support::hostile_provider::{HostileProvider, Place};
use crate::support::sign_in::{
    is_signed_in, login_url, nothing_happened, parameter, refused, session_cookie, to_callback, with,
};

#[actix_web::test]
async fn o_01_an_answer_without_a_state_is_refused_and_leaves_no_row() {
    let app = TestApp::start();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let connection = acme.connect(&provider, json!({})).await;
    let browser = app.browser();
    let callback = to_callback(&browser, login_url(&connection)).await;
    for url in [with(&callback, "state", None), with(&callback, "state", Some(""))] {
        let page = browser.get(url.as_str()).await;
        assert_eq!(page.status, 400, "{}", page.body);
        assert!(["state_missing", "state_unknown"].contains(&page.code().as_str()));
    }
    nothing_happened(&acme, 0).await;
    assert_eq!(provider.calls(Place::Token), 0);
}

#[actix_web::test]
async fn o_02_a_state_that_is_not_exactly_ours_is_refused() {
    let app = TestApp::start();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let connection = acme.connect(&provider, json!({})).await;
    let browser = app.browser();
    let callback = to_callback(&browser, login_url(&connection)).await;
    let state = parameter(&callback, "state");
    let flipped: String = state
        .chars()
        .map(|c| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
        .collect();
    let other = format!("{}.{}", uuid::Uuid::now_v7().simple(), "A".repeat(43));
    let wrong = [
        "random".to_owned(),
        state[..state.len() - 1].to_owned(),
        format!("{state}A"),
        format!("{state} "),
        format!("{state}\0"),
        state.replacen('.', ".A", 1),
        state.split('.').next().unwrap().to_owned(),
        flipped,
        other,
        "é".repeat(38),
        "x".repeat(4000),
    ];
    for wrong in wrong {
        let page = browser.get(with(&callback, "state", Some(&wrong)).as_str()).await;
        refused(&page, 400, "state_unknown");
    }
    nothing_happened(&acme, 0).await;
    // None of it used the attempt up: its own browser still finishes it.
    assert!(is_signed_in(&browser.get(callback.as_str()).await));
}

#[actix_web::test]
async fn o_03_an_answer_to_a_login_that_another_browser_began_is_refused() {
    let app = TestApp::start();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let connection = acme.connect(&provider, json!({})).await;
    let (attacker, victim) = (app.browser(), app.browser());
    // The victim has logins of its own under way; none of those cookies fits.
    to_callback(&victim, login_url(&connection)).await;
    let callback = to_callback(&attacker, login_url(&connection)).await;

    let page = victim.get(callback.as_str()).await;
    refused(&page, 400, "browser_mismatch");
    nothing_happened(&acme, 1).await;
    assert_eq!(provider.calls(Place::Token), 0, "the code was not even redeemed");
    // It is burnt for the attacker too, and told once.
    refused(&attacker.get(callback.as_str()).await, 400, "attempt_used");
    refused(&victim.get(callback.as_str()).await, 400, "attempt_used");
    nothing_happened(&acme, 1).await;
}

#[actix_web::test]
async fn o_04_of_fifty_answers_at_once_on_two_instances_one_signs_in() {
    let app = TestApp::start();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let connection = acme.connect(&provider, json!({})).await;
    let other = app.second_instance();
    let browser = app.browser();
    let begun = browser.get(login_url(&connection)).await;
    let cookie = crate::support::sign_in::cookie_pair(&begun, "dw_a_").unwrap();
    let callback = browser.get(begun.location().unwrap().as_str()).await.location().unwrap();

    let instances = [app.browser(), other.browser()];
    let tries = (0..50).map(|n| {
        let (browser, cookie, callback) = (instances[n % 2].clone(), cookie.clone(), callback.clone());
        actix_web::rt::spawn(async move {
            let request = browser.request(reqwest::Method::GET, callback.as_str());
            browser.send(request.header("cookie", cookie), callback.as_str()).await
        })
    });
    let mut won = 0;
    for one in tries.collect::<Vec<_>>() {
        let page = one.await.unwrap();
        if is_signed_in(&page) {
            won += 1;
        } else {
            refused(&page, 400, "attempt_used");
        }
    }
    assert_eq!(won, 1);
    assert_eq!(provider.calls(Place::Token), 1);
    assert_eq!(acme.get("/sessions").await.ok()["items"].as_array().unwrap().len(), 1);
    assert_eq!(acme.count_events("login.succeeded").await, 1);
    assert_eq!(acme.count_events("login.refused").await, 0);
}

#[actix_web::test]
async fn o_05_an_answer_after_ten_minutes_is_refused_with_a_way_to_start_again() {
    let app = TestApp::start_with_manual_clock();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let connection = acme.connect(&provider, json!({})).await;
    let browser = app.browser();
    let late = to_callback(&browser, login_url(&connection)).await;
    app.clock.advance(Duration::minutes(10));
    let page = browser.get(late.as_str()).await;
    refused(&page, 400, "attempt_expired");
    assert!(page.body.contains(&format!("href=\"{}/t/acme/login\"", app.url)), "{}", page.body);
    nothing_happened(&acme, 1).await;
    assert_eq!(provider.calls(Place::Token), 0);
}

#[actix_web::test]
async fn o_05_an_answer_just_in_time_is_taken() {
    let app = TestApp::start_with_manual_clock();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let connection = acme.connect(&provider, json!({})).await;
    let browser = app.browser();
    let callback = to_callback(&browser, login_url(&connection)).await;
    app.clock.advance(Duration::seconds(9 * 60 + 59));
    provider.id_token(|claims| {
        for time in ["iat", "exp", "auth_time"] {
            claims[time] = json!(claims[time].as_i64().unwrap() + 599);
        }
    });
    assert!(is_signed_in(&browser.get(callback.as_str()).await));
}

#[actix_web::test]
async fn o_06_a_state_of_one_tenant_means_nothing_at_another() {
    let app = TestApp::start();
    let provider = HostileProvider::start();
    let (acme, evil) = (app.tenant("acme").await, app.tenant("evil").await);
    let ours = acme.connect(&provider, json!({})).await;
    let theirs = evil.connect(&provider, json!({})).await;
    let browser = app.browser();
    let callback = to_callback(&browser, login_url(&ours)).await;
    let query = callback.query().unwrap();
    let crossed = [
        format!("{}?{query}", theirs["callback_url"].as_str().unwrap()),
        // The other tenant's name before this tenant's connection.
        callback.as_str().replace("/t/acme/", "/t/evil/"),
    ];
    for url in crossed {
        refused(&browser.get(&url).await, 400, "state_unknown");
    }
    nothing_happened(&evil, 0).await;
    nothing_happened(&acme, 0).await;
    assert!(is_signed_in(&browser.get(callback.as_str()).await));
}

#[actix_web::test]
async fn o_07_the_back_button_after_a_success_goes_on_without_a_second_session() {
    let app = TestApp::start();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let connection = acme.connect(&provider, json!({})).await;
    let browser = app.browser();
    let target = "https://app.example/inbox";
    let begin = format!("{}?return_to={target}", login_url(&connection));
    let callback = to_callback(&browser, &begin).await;
    assert!(is_signed_in(&browser.get(callback.as_str()).await));

    let again = browser.get(callback.as_str()).await;
    assert_eq!((again.status, again.location().unwrap().as_str()), (303, target));
    assert!(again.set_cookies().is_empty(), "{:?}", again.set_cookies());
    assert_eq!(acme.get("/sessions").await.ok()["items"].as_array().unwrap().len(), 1);
    assert_eq!(acme.count_events("login.succeeded").await, 1);
    assert_eq!(acme.count_events("login.refused").await, 0);
    // The same address is nothing to a browser that did not sign in by it, signed in or not.
    let stranger = app.browser();
    refused(&stranger.get(callback.as_str()).await, 400, "attempt_used");
    session_cookie(&stranger, &connection).await;
    refused(&stranger.get(callback.as_str()).await, 400, "attempt_used");
}
