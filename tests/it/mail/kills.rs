//! Workers that are killed, and workers side by side: no letter is lost, and for each kill at most one comes twice, as the
//! same message.

use std::collections::BTreeSet;
use std::os::unix::process::ExitStatusExt;
use std::sync::atomic::Ordering;
use std::time::Duration as Pause;

use chrono::Duration;
use diesel::prelude::*;
use doorward::app::{self, Opened};
use doorward::clock::Clock;
use doorward::context::Context;
use doorward::flows::deliver::deliver_due;
use doorward::schema::deliveries;
use doorward::store::db::DbError;
use rustix::process::{Pid, Signal};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{acme, tenant_id};
use crate::support::TestApp;
use crate::support::command::Settings;
use crate::support::mail_server::{MailServer, Taken, Trouble};
use crate::support::test_app::Setup;

const ADA: &str = "ada@acme.example";

/// A server with a manual clock that sends by this mail server; its own worker rests.
fn resting(server: &MailServer) -> TestApp {
    resting_with(server.settings())
}

fn resting_with(settings: Value) -> TestApp {
    let clock = Clock::manual(Clock::default().now());
    let app = TestApp::start_with(Setup { settings, clock, ..Setup::default() });
    app.context.draining.store(true, Ordering::SeqCst);
    app
}

/// What another worker of the same installation is handed.
async fn worker(app: &TestApp) -> Context {
    let Opened { context, .. } = app::open(app.context.config.clone(), app.clock.clone()).await.unwrap();
    context
}

/// A random number below this one.
fn random(below: u64) -> u64 {
    u64::try_from(Uuid::new_v4().as_u128() % u128::from(below)).unwrap()
}

/// Waits until a letter is on its way.
async fn begun(server: &MailServer) {
    while !server.commands().iter().any(|command| command == "DATA") {
        tokio::time::sleep(Pause::from_millis(2)).await;
    }
}

fn message_ids(taken: &[Taken]) -> BTreeSet<&str> {
    taken.iter().map(Taken::message_id).collect()
}

/// States of the rows, each with how many there are.
async fn states(app: &TestApp) -> Vec<(String, i64)> {
    let counted = app.context.db.system(|conn| {
        let grouped =
            deliveries::table.group_by(deliveries::state).select((deliveries::state, diesel::dsl::count_star()));
        Ok::<_, DbError>(grouped.order(deliveries::state).load(conn)?)
    });
    counted.await.unwrap()
}

/// Settings of the real program that sends by this server, from the same database.
fn program(app: &TestApp, server: &MailServer) -> Settings {
    Settings::with_database(app.database.url.expose_secret())
        .set("DOORWARD_SMTP_HOST", "127.0.0.1")
        .set("DOORWARD_SMTP_PORT", &server.port.to_string())
        .set("DOORWARD_SMTP_TLS", "none")
        .set("DOORWARD_MAIL_FROM", "sso@doorward.example")
}

/// How many letters came again.
fn doubled(taken: &[Taken]) -> usize {
    taken.len() - message_ids(taken).len()
}

#[actix_web::test]
async fn r_11_a_server_that_is_killed_two_hundred_times_loses_no_letter_and_doubles_at_most_one_each_time() {
    const KILLS: usize = 200;
    let server = MailServer::start();
    let app = resting(&server);
    let (_, tenant) = acme(&app).await;
    let program = program(&app, &server).set("DOORWARD_DATABASE_POOL_SIZE", "2").set("DOORWARD_LOG_LEVEL", "error");
    let mut posted = 0;
    for kills in 0..KILLS {
        let letters = 1 + usize::try_from(random(3)).unwrap();
        for _ in 0..letters {
            app.post_letter(tenant, ADA, "Grace").await;
            posted += 1;
        }
        let after = server.taken().len() + 1 + usize::try_from(random(letters as u64)).unwrap();
        // Half of them at the moment at which it hears that its letter is kept, before it can note that.
        let wait = Pause::from_micros(if kills % 2 == 0 { 0 } else { random(10_000) });
        let mut child = program.spawn(&["serve"]);
        let process = Pid::from_child(&child);
        server.set(Trouble::Kills { process, after, wait });
        let ended = tokio::task::spawn_blocking(move || child.wait().unwrap()).await.unwrap();
        assert_eq!(ended.signal(), Some(Signal::KILL.as_raw()), "{ended}");
        assert!(doubled(&server.taken()) <= kills, "{kills} kills");
    }
    server.set(Trouble::None);
    app.clock.advance(Duration::hours(1));
    deliver_due(&worker(&app).await).await.unwrap();
    let taken = server.taken();
    let again = doubled(&taken);
    assert_eq!(message_ids(&taken).len(), posted, "none is lost");
    assert!(again > 0 && again <= KILLS, "{} letters, {posted} messages", taken.len());
    assert_eq!(states(&app).await, [("sent".to_owned(), i64::try_from(posted).unwrap())]);
    let links: BTreeSet<_> = taken.iter().map(|taken| taken.letter().link()).collect();
    assert_eq!(links.len(), posted, "what came again is the same");
}

#[actix_web::test]
async fn r_17_an_instance_whose_clock_is_a_minute_ahead_takes_no_letter_out_of_anothers_hand() {
    let server = MailServer::start();
    let mut settings = server.settings();
    settings["smtp_timeout_seconds"] = json!(20);
    let app = resting_with(settings);
    let (_, tenant) = acme(&app).await;
    let ahead = Clock::manual(app.clock.now() + Duration::seconds(60));
    let Opened { context: other, .. } = app::open(app.context.config.clone(), ahead.clone()).await.unwrap();
    let sending = worker(&app).await;
    app.post_letter(tenant, ADA, "Grace").await;
    server.set(Trouble::Slow("end", Pause::from_millis(700)));
    let task = actix_web::rt::spawn(async move { deliver_due(&sending).await.unwrap() });
    begun(&server).await;
    ahead.advance(Duration::from_std(app.context.config.mail.timeout()).unwrap()); // a try takes no longer
    assert_eq!(deliver_due(&other).await.unwrap(), 0);
    assert_eq!((task.await.unwrap(), server.taken().len()), (1, 1));
}

#[actix_web::test]
async fn r_27_a_letter_that_is_on_its_way_when_the_server_is_stopped_arrives_once_and_is_marked() {
    let server = MailServer::start();
    let app = resting(&server);
    let (_, tenant) = acme(&app).await;
    app.post_letter(tenant, ADA, "Grace").await;
    app.post_letter(tenant, ADA, "Grace").await;
    server.set(Trouble::Slow("end", Pause::from_secs(2)));
    let mut serving = program(&app, &server).set("DOORWARD_DRAIN_SECONDS", "0").serve();
    begun(&server).await;
    serving.signal(Signal::TERM);
    assert_eq!(serving.exit().code(), Some(0), "{}", serving.log());
    let counted = [("pending".to_owned(), 1), ("sent".to_owned(), 1)];
    assert_eq!((states(&app).await, server.taken().len()), (counted.to_vec(), 1), "no other one is begun");
    server.set(Trouble::None);
    app.clock.advance(Duration::hours(1));
    deliver_due(&worker(&app).await).await.unwrap();
    let taken = server.taken();
    assert_eq!((taken.len(), message_ids(&taken).len()), (2, 2), "each came once");
}

#[actix_web::test]
async fn r_11_four_workers_side_by_side_send_each_letter_once() {
    let server = MailServer::start();
    let app = resting(&server);
    let (_, tenant) = acme(&app).await;
    let workers = [worker(&app).await, worker(&app).await, worker(&app).await, worker(&app).await];
    for _ in 0..100 {
        app.post_letter(tenant, ADA, "Grace").await;
    }
    let tasks = workers.map(|ctx| actix_web::rt::spawn(async move { deliver_due(&ctx).await.unwrap() }));
    let mut went = 0;
    for task in tasks {
        went += task.await.unwrap();
    }
    let taken = server.taken();
    assert_eq!((went, taken.len(), message_ids(&taken).len()), (100, 100, 100));
}

#[actix_web::test]
async fn a_letter_that_is_under_way_can_be_neither_cancelled_nor_tried_again() {
    let server = MailServer::start();
    let app = resting(&server);
    let (owner, tenant) = acme(&app).await;
    let id = app.post_letter(tenant, ADA, "Grace").await;
    let ctx = worker(&app).await;
    server.set(Trouble::Hangs("end"));
    let task = actix_web::rt::spawn(async move { deliver_due(&ctx).await });
    begun(&server).await;
    for what in ["cancel", "retry"] {
        let answer = owner.post(&format!("/deliveries/{id}/{what}"), &json!({})).await.expect(409);
        assert_eq!(answer.code(), "delivery_under_way", "{what}");
    }
    task.await.unwrap().unwrap();
    owner.post(&format!("/deliveries/{id}/cancel"), &json!({})).await.ok();
    assert_eq!(states(&app).await, [("cancelled".to_owned(), 1)]);
}

#[actix_web::test]
async fn a_tenant_with_many_letters_holds_up_nobody_elses() {
    let server = MailServer::start();
    let app = resting(&server);
    let (_, many) = acme(&app).await;
    let few = tenant_id(&app.tenant("few").await).await;
    for _ in 0..20 {
        app.post_letter(many, ADA, "Grace").await;
    }
    app.post_letter(few, "fay@few.example", "Grace").await;
    deliver_due(&worker(&app).await).await.unwrap();
    let to: Vec<_> = server.taken().into_iter().flat_map(|taken| taken.to).collect();
    let place = to.iter().position(|to| to == "fay@few.example").unwrap();
    assert!(to.len() == 21 && place <= 1, "{to:?}");
}
