//! Another letter for a sign-in that waits: by a button on the page, for the browser that began, as often as the first.

use chrono::Duration;
use reqwest::Method;

use super::{ADA, Scene, press};
use crate::support::browser::{Browser, Page};
use crate::support::mailbox::posted_to;
use crate::support::passwords::app_within_a_window;
use crate::support::sign_in::{is_signed_in, refused};

/// Presses the button of the page that waits.
async fn again(browser: &Browser, waiting: &str) -> Page {
    let shown = browser.get(waiting).await.body;
    let path = format!("{waiting}/again");
    assert!(shown.contains(&format!("{path}\"")), "{shown}");
    browser.post(&path, &[]).await
}

/// The links of the letters to Ada, oldest first.
async fn links(s: &Scene) -> Vec<String> {
    posted_to(&s.app, ADA).await.into_iter().filter_map(|posted| posted.link).collect()
}

#[actix_web::test]
async fn row_a4_verify_by_mail_another_letter_comes_and_the_first_stays_good() {
    for pressed in [0, 1] {
        let s = Scene::set().await;
        let browser = s.app.browser();
        let waiting = s.waits(&browser, "ada", ADA).await;
        let sent = again(&browser, &waiting).await;
        assert_eq!(sent.status, 303, "{}", sent.body);
        let now = sent.location().unwrap().path().to_owned();
        assert!(now.starts_with("/t/acme/login/verify/") && now != waiting, "{now}");
        assert_eq!(browser.get(&now).await.text_of("address").as_deref(), Some(ADA));
        let links = links(&s).await;
        assert!(links.len() == 2 && links[0] != links[1], "{links:?}");
        assert!(s.users().await.is_empty());
        assert!(is_signed_in(&press(&browser, &links[pressed]).await));
        assert_eq!(s.users().await.len(), 1);
    }
}

#[actix_web::test]
async fn row_a4_verify_by_mail_another_letter_lengthens_nothing_and_is_its_browsers_own_to_ask_for() {
    let s = Scene::set().await;
    let browser = s.app.browser();
    let waiting = s.waits(&browser, "ada", ADA).await;
    let path = format!("{waiting}/again");
    refused(&s.app.browser().post(&path, &[]).await, 404, "not_found");
    let elsewhere = browser.request(Method::POST, &path).header("origin", "https://evil.example");
    let elsewhere = elsewhere.header("sec-fetch-site", "cross-site").form(&[("x", "y")]);
    assert_eq!(browser.send(elsewhere, &path).await.status, 403);
    assert_eq!(links(&s).await.len(), 1);

    s.app.clock.advance(Duration::minutes(59));
    let now = again(&browser, &waiting).await.location().unwrap().path().to_owned();
    s.app.clock.advance(Duration::minutes(1));
    refused(&press(&browser, &links(&s).await[1]).await, 410, "link_void");
    refused(&browser.post(&format!("{now}/again"), &[]).await, 410, "link_void");
    assert_eq!(links(&s).await.len(), 2);
}

#[actix_web::test]
async fn row_a4_verify_by_mail_whoever_opened_the_link_elsewhere_needs_no_other_letter() {
    let s = Scene::set().await;
    let browser = s.app.browser();
    let waiting = s.waits(&browser, "ada", ADA).await;
    assert_eq!(press(&s.app.browser(), &links(&s).await[0]).await.status, 200);
    assert!(is_signed_in(&again(&browser, &waiting).await));
    assert_eq!(links(&s).await.len(), 1);
}

#[actix_web::test]
async fn k_08_another_letter_is_counted_like_the_first() {
    let s = Scene::on(app_within_a_window()).await;
    let other = s.app.second_instance();
    let browser = s.app.browser();
    let mut waiting = s.waits(&browser, "ada", ADA).await;
    for n in 0..4 {
        let at = if n % 2 == 0 { browser.clone() } else { browser.via(other.port) };
        waiting = again(&at, &waiting).await.location().unwrap().path().to_owned();
    }
    let page = again(&browser, &waiting).await;
    refused(&page, 429, "rate_limited");
    assert!(page.headers.contains_key("retry-after"));
    refused(&s.begin(&browser, "ada", ADA).await, 429, "rate_limited");
    let links = links(&s).await;
    assert_eq!(links.len(), 5);
    assert!(is_signed_in(&press(&browser, &links[4]).await), "those that went out stay good");
}
