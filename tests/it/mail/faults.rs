//! Mail servers on bad days: no letter is lost, and none comes twice without need (R-10, R-11).

use std::collections::BTreeSet;

use chrono::Duration;
use doorward::clock::Clock;
use serde_json::json;

use super::acme;
use crate::support::TestApp;
use crate::support::mail_server::{MailServer, Trouble};
use crate::support::test_app::Setup;

const ADA: &str = "ada@acme.example";

/// A server with a manual clock that sends by this mail server.
fn with(server: &MailServer) -> TestApp {
    let clock = Clock::manual(Clock::default().now());
    TestApp::start_with(Setup { settings: server.settings(), clock, ..Setup::default() })
}

#[actix_web::test]
async fn m_02_a_lone_dot_ends_no_letter() {
    let server = MailServer::start();
    let app = with(&server);
    let (_, tenant) = acme(&app).await;
    for inviter in [".", "\r\n.\r\nMAIL FROM:<eve@evil.example>\r\n", "\n.\n", "\r.\r", "..", ". ."] {
        app.post_letter(tenant, ADA, inviter).await;
    }
    app.send_letters().await;
    let taken = server.taken();
    assert_eq!(taken.len(), 6);
    for taken in taken {
        assert!(!taken.wire.replace("\r\n", "").contains(['\r', '\n']), "no bare line end: {:?}", taken.wire);
        assert_eq!(taken.to, [ADA]);
        assert!(taken.letter().text.contains("invites you to join"), "{}", taken.wire);
    }
    let mails = server.commands().iter().filter(|c| c.starts_with("MAIL")).count();
    assert_eq!(mails, 6, "{:?}", server.commands());
}

#[actix_web::test]
async fn m_03_an_address_that_begins_with_a_hyphen_is_only_an_address() {
    let server = MailServer::start();
    let app = with(&server);
    let (_, tenant) = acme(&app).await;
    app.post_letter(tenant, "-oQ/tmp@acme.example", "Grace").await;
    app.send_letters().await;
    let taken = server.taken();
    assert_eq!((taken.len(), &taken[0].to), (1, &vec!["-oQ/tmp@acme.example".to_owned()]));
    assert!(taken[0].from.contains("sso@doorward.example"), "{}", taken[0].from);
}

#[actix_web::test]
async fn r_10_a_letter_that_could_not_go_goes_later_once_and_is_the_same() {
    let troubles = [
        Trouble::Says("connect", "421 too busy"),
        Trouble::Says("connect", "554 not today"),
        Trouble::Says("MAIL", "451 later"),
        Trouble::Says("MAIL", "530 authentication required"),
        Trouble::Says("MAIL", "550 we do not know you"),
        Trouble::Says("MAIL", "553 sender not allowed"),
        Trouble::Says("RCPT", "450 greylisted"),
        Trouble::Says("RCPT", "554 5.7.1 relay access denied"),
        Trouble::Says("DATA", "452 no room"),
        Trouble::Says("DATA", "554 not from you"),
        Trouble::Says("end", "451 scanner is away"),
        Trouble::Drops("connect"),
        Trouble::Drops("RCPT"),
        Trouble::Drops("end"),
        Trouble::Hangs("connect"),
        Trouble::Hangs("end"),
    ];
    let server = MailServer::start();
    let app = with(&server);
    let (owner, tenant) = acme(&app).await;
    for (n, trouble) in troubles.into_iter().enumerate() {
        server.set(trouble);
        let id = app.post_letter(tenant, ADA, "Grace").await;
        app.send_letters().await;
        let path = format!("/deliveries/{id}");
        let told = owner.get(&path).await.ok();
        assert_eq!((&told["state"], &told["attempts"]), (&json!("pending"), &json!(1)), "{n}: {told}");
        assert!(told["last_error"].is_string(), "{n}: {told}");
        assert_eq!(server.taken().len(), n, "{n}: nothing was taken");
        server.set(Trouble::None);
        app.send_letters().await;
        assert_eq!(server.taken().len(), n, "{n}: it is not due yet");
        app.clock.advance(Duration::seconds(31));
        app.send_letters().await;
        let told = owner.get(&path).await.ok();
        assert_eq!((&told["state"], &told["last_error"]), (&json!("sent"), &json!(null)), "{n}: {told}");
        let taken = server.taken();
        assert_eq!(taken.len(), n + 1, "{n}: it came once");
        assert!(taken[n].letter().message_id().starts_with(&format!("<{id}@")), "{n}");
    }
    assert_eq!(owner.count_events("delivery.dead").await, 0);
}

#[actix_web::test]
async fn r_10_a_letter_that_was_taken_without_a_word_comes_again_as_the_same() {
    let server = MailServer::start();
    let app = with(&server);
    let (_, tenant) = acme(&app).await;
    server.set(Trouble::TakesAndDrops);
    app.post_letter(tenant, ADA, "Grace").await;
    app.send_letters().await;
    server.set(Trouble::None);
    app.clock.advance(Duration::seconds(31));
    app.send_letters().await;
    let taken = server.taken();
    assert_eq!(taken.len(), 2);
    let ids: BTreeSet<_> = taken.iter().map(|taken| taken.letter().message_id()).collect();
    assert_eq!(ids.len(), 1, "the same Message-ID: a mail program shows one");
    assert_eq!(taken[0].letter().link(), taken[1].letter().link());
}

#[actix_web::test]
async fn r_10_a_letter_that_is_refused_for_good_is_given_up_at_once_and_told() {
    let server = MailServer::start();
    let app = with(&server);
    let (owner, tenant) = acme(&app).await;
    server.set(Trouble::Refuses(ADA, "550 5.1.1 <ada@acme.example>: no such user"));
    let (dead, good) =
        (app.post_letter(tenant, ADA, "Grace").await, app.post_letter(tenant, "bob@acme.example", "Grace").await);
    app.send_letters().await;
    assert_eq!(server.taken().len(), 1, "the other one goes");
    assert!(server.taken()[0].letter().message_id().contains(&good.to_string()));
    let told = owner.get(&format!("/deliveries/{dead}")).await.ok();
    assert_eq!(told["state"], "dead", "{told}");
    assert!(told["last_error"].as_str().unwrap().contains("550"), "{told}");
    assert_eq!(owner.last_event("delivery.dead").await["payload"], json!({"id": dead, "kind": "invitation"}));
    let answer = owner.post(&format!("/deliveries/{dead}/retry"), &json!({})).await.expect(409);
    assert_eq!(answer.code(), "delivery_link_wiped");
}

#[actix_web::test]
async fn r_10_after_a_day_without_a_mail_server_a_letter_is_given_up_and_no_sooner() {
    let server = MailServer::start();
    let app = with(&server);
    let (owner, tenant) = acme(&app).await;
    server.set(Trouble::Says("connect", "421 too busy"));
    let id = app.post_letter(tenant, ADA, "Grace").await;
    let (path, start) = (format!("/deliveries/{id}"), app.clock.now());
    let (mut pauses, mut last) = (Vec::new(), start);
    while app.clock.now() - start < Duration::hours(30) {
        app.send_letters().await;
        let told = owner.get(&path).await.ok();
        if told["state"] != "pending" {
            break;
        }
        assert_eq!(owner.count_events("delivery.dead").await, 0);
        let due: chrono::DateTime<chrono::Utc> = told["due_at"].as_str().unwrap().parse().unwrap();
        pauses.push((due - last).num_seconds());
        app.clock.advance(due - app.clock.now());
        last = due;
    }
    let given_up = app.clock.now() - start;
    assert_eq!(given_up, Duration::hours(24), "{pauses:?}");
    assert_eq!(pauses[..8], [30, 60, 120, 240, 480, 960, 1920, 3600], "{pauses:?}");
    assert!(pauses.iter().all(|pause| *pause <= 3600), "{pauses:?}");
    assert_eq!(owner.get(&path).await.ok()["state"], "dead");
    assert_eq!(owner.count_events("delivery.dead").await, 1);
}

#[actix_web::test]
async fn r_10_a_letter_that_an_admin_tries_again_is_tried_as_a_new_one() {
    let server = MailServer::start();
    let app = with(&server);
    let (owner, tenant) = acme(&app).await;
    server.set(Trouble::Says("connect", "421 too busy"));
    let path = format!("/deliveries/{}", app.post_letter(tenant, ADA, "Grace").await);
    for _ in 0..8 {
        app.send_letters().await;
        app.clock.advance(Duration::hours(1));
    }
    assert_eq!(owner.get(&path).await.ok()["attempts"], 8);
    owner.post(&format!("{path}/retry"), &json!({})).await.ok();
    let (mut pauses, mut last) = (Vec::new(), app.clock.now());
    for _ in 0..3 {
        app.send_letters().await;
        let told = owner.get(&path).await.ok();
        let due: chrono::DateTime<chrono::Utc> = told["due_at"].as_str().unwrap().parse().unwrap();
        pauses.push((due - last).num_seconds());
        app.clock.advance(due - app.clock.now());
        last = due;
    }
    assert_eq!(pauses, [30, 60, 120]);
}
