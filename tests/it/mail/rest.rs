//! Deliveries by REST: listed, tried again, cancelled; links are never told.

use chrono::Duration;
use doorward::flows::post::post;
use doorward::model::delivery::Language;
use doorward::model::email::EmailAddress;
use doorward::model::letter::Letter;
use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

use super::acme;
use crate::support::TestApp;
use crate::support::admin::Admin;
use crate::support::database::lines;
use crate::support::mail_server::{MailServer, Trouble};
use crate::support::passwords::{PASSWORD, person, signs_in, try_password};
use crate::support::sign_in::id;
use crate::support::test_app::Setup;
use crate::support::totp::me;

/// Posts this letter; gives the delivery's path.
async fn posted(app: &TestApp, tenant: Uuid, to: &str, letter: Letter) -> String {
    let (ctx, to) = (app.context.clone(), EmailAddress::parse(to).unwrap());
    let write =
        move |conn: &mut diesel::PgConnection| post(conn, &ctx, tenant, (&to, Language::English), &letter, None);
    format!("/deliveries/{}", app.context.db.tenant(tenant, write).await.unwrap())
}

async fn cancel(by: &Admin, path: &str) -> (u16, String) {
    let answer = by.post(&format!("{path}/cancel"), &json!({})).await;
    (answer.status, if answer.status == 200 { String::new() } else { answer.code() })
}

/// A server whose mail server does not answer.
fn without_mail() -> TestApp {
    let settings =
        json!({"smtp_host": "127.0.0.1", "smtp_port": 1, "smtp_tls": "none", "mail_from": "sso@acme.example"});
    let clock = doorward::clock::Clock::manual(doorward::clock::Clock::default().now());
    TestApp::start_with(Setup { settings, clock, ..Setup::default() })
}

#[actix_web::test]
async fn a_letter_that_went_is_listed_without_its_link() {
    let app = TestApp::start();
    let (owner, tenant) = acme(&app).await;
    let id = app.post_letter(tenant, "ada@acme.example", "Grace").await;
    let came = app.letter_to("ada@acme.example").await;
    assert!(came.message_id().starts_with(&format!("<{id}@")), "{}", came.message_id());
    let told = owner.get(&format!("/deliveries/{id}")).await;
    assert!(!told.text.contains(&came.token()) && !told.text.contains("token"), "{}", told.text);
    let told = told.ok();
    assert_eq!((&told["state"], &told["kind"], &told["attempts"]), (&json!("sent"), &json!("invitation"), &json!(1)));
    assert_eq!(told["recipient"], "ada@acme.example");
    let listed = owner.get("/deliveries?state=sent").await.ok();
    assert_eq!(listed["items"], json!([told]));
    assert_eq!(owner.get("/deliveries?state=pending").await.ok()["items"], json!([]));
    for what in ["retry", "cancel"] {
        let answer = owner.post(&format!("/deliveries/{id}/{what}"), &json!({})).await.expect(409);
        assert_eq!(answer.code(), "delivery_over", "{what}");
    }
}

#[actix_web::test]
async fn a_letter_that_does_not_go_is_put_off_and_can_be_tried_again_or_cancelled() {
    let app = without_mail();
    let (owner, tenant) = acme(&app).await;
    let id = app.post_letter(tenant, "ada@acme.example", "Grace").await;
    app.send_letters().await;
    let path = format!("/deliveries/{id}");
    let told = owner.get(&path).await.ok();
    assert_eq!((&told["state"], &told["attempts"]), (&json!("pending"), &json!(1)), "{told}");
    assert!(told["last_error"].as_str().unwrap().contains("onnection"), "{told}");
    let due: chrono::DateTime<chrono::Utc> = told["due_at"].as_str().unwrap().parse().unwrap();
    assert_eq!((due - app.clock.now()).num_seconds(), 30, "{told}");

    let told = owner.post(&format!("{path}/retry"), &json!({})).await.ok();
    assert_eq!(told["attempts"], 0, "{told}");
    app.send_letters().await;
    assert_eq!(owner.get(&path).await.ok()["attempts"], 1);
    assert_eq!(owner.count_events("delivery.retried").await, 1);

    let told = owner.post(&format!("{path}/cancel"), &json!({})).await.ok();
    assert_eq!(told["state"], "cancelled");
    assert_eq!(owner.last_event("delivery.cancelled").await["payload"], json!({"id": id, "kind": "invitation"}));
    app.clock.advance(Duration::days(2));
    app.send_letters().await;
    assert_eq!(owner.get(&path).await.ok()["attempts"], 1, "it is tried no more");
    let answer = owner.post(&format!("{path}/retry"), &json!({})).await.expect(409);
    assert_eq!(answer.code(), "delivery_over");
}

#[actix_web::test]
async fn t_05_a_notice_about_the_ways_in_is_held_back_by_operators_only() {
    let app = without_mail();
    let (owner, tenant) = acme(&app).await;
    let operator = app.operator().await;
    let admin = app.key(&operator, "acme", "admin").await;
    let at = app.clock.now();
    for letter in [
        Letter::AddressChanged { new_address: "eve@evil.example".into() },
        Letter::SsoEnforced { by: None, confirm_by: None },
        Letter::SsoLifted { by: None },
        Letter::SsoWentBack {},
        Letter::BreakGlassCodesMade { by: "Eve".into() },
        Letter::BreakGlassUsed { by: "Eve".into(), at },
    ] {
        let path = posted(&app, tenant, "olive@acme.example", letter).await;
        for by in [&admin, &owner] {
            assert_eq!(cancel(by, &path).await, (403, "operator_only".to_owned()), "{path}");
        }
        // Trying it again holds nothing back.
        admin.post(&format!("{path}/retry"), &json!({})).await.ok();
        assert_eq!(cancel(&operator, &format!("/v1/tenants/acme{path}")).await.0, 200);
    }
}

#[actix_web::test]
async fn t_05_a_letter_to_somebody_who_may_do_more_is_not_an_admins_to_cancel() {
    let app = without_mail();
    let (owner, tenant) = acme(&app).await;
    let admin = app.key(&app.operator().await, "acme", "admin").await;
    let expires_at = app.clock.now() + Duration::hours(1);
    let reset = || Letter::ResetPassword { expires_at };
    for (email, role) in [("olive@acme.example", "owner"), ("ada@acme.example", "admin")] {
        owner.post("/users", &json!({"email": email, "role": role})).await.created();
    }
    let of = async |kind: &str| {
        let all = owner.get("/deliveries").await.ok();
        let found = all["items"].as_array().unwrap().iter().find(|row| row["kind"] == kind).unwrap().clone();
        format!("/deliveries/{}", id(&found))
    };
    owner.post("/invitations", &json!({"email": "new@acme.example", "role": "owner"})).await.created();
    let olives = posted(&app, tenant, "Olive@acme.example", reset()).await;
    for path in [olives, of("invitation").await] {
        assert_eq!(cancel(&admin, &path).await, (403, "role_above_own".to_owned()));
        assert_eq!(cancel(&owner, &path).await.0, 200);
    }
    for to in ["ada@acme.example", "nobody@acme.example"] {
        let path = posted(&app, tenant, to, reset()).await;
        assert_eq!(cancel(&admin, &path).await.0, 200);
    }
}

#[actix_web::test]
async fn t_05_the_address_that_an_owner_is_to_have_is_an_owners_too() {
    let app = without_mail();
    let (owner, _) = acme(&app).await;
    let admin = app.key(&app.operator().await, "acme", "admin").await;
    let olive = person(&owner, "olive@acme.example").await;
    owner.patch(&format!("/users/{}", id(&olive)), &json!({"role": "owner"})).await.ok();
    let browser = app.browser();
    signs_in(&try_password(&browser, "olive@acme.example", PASSWORD).await);
    let asked = me(&browser, Method::PUT, "/email", Some(json!({"email": "olive@new.example"}))).await;
    asked.expect(202);
    let path = format!("/deliveries/{}", id(&owner.get("/deliveries").await.ok()["items"][0]));
    assert_eq!(cancel(&admin, &path).await, (403, "role_above_own".to_owned()));
}

#[actix_web::test]
async fn a_link_is_wiped_when_its_letter_is_sent_given_up_or_cancelled_and_no_sooner() {
    let server = MailServer::start();
    let app = TestApp::start_with(Setup { settings: server.settings(), ..Setup::default() });
    let (owner, tenant) = acme(&app).await;
    let states = || {
        let sql = "SELECT state || CASE WHEN link IS NULL THEN ' wiped' ELSE ' sealed' END AS line FROM deliveries ORDER BY id";
        lines(&mut app.database.superuser(), sql)
    };
    for (address, trouble) in [
        ("sent@acme.example", Trouble::None),
        ("dead@acme.example", Trouble::Says("RCPT", "550 no such user")),
        ("late@acme.example", Trouble::Says("connect", "421 too busy")),
    ] {
        server.set(trouble);
        app.post_letter(tenant, address, "Grace").await;
        app.send_letters().await;
    }
    assert_eq!(states(), ["sent wiped", "dead wiped", "pending sealed"]);
    let late = owner.get("/deliveries?state=pending").await.ok()["items"][0]["id"].clone();
    owner.post(&format!("/deliveries/{}/cancel", late.as_str().unwrap()), &json!({})).await.ok();
    assert_eq!(states(), ["sent wiped", "dead wiped", "cancelled wiped"]);
}

#[actix_web::test]
async fn deliveries_are_listed_newest_first_page_by_page() {
    let app = without_mail();
    let (owner, tenant) = acme(&app).await;
    let mut posted = Vec::new();
    for _ in 0..5 {
        posted.insert(0, app.post_letter(tenant, "ada@acme.example", "Grace").await.to_string());
    }
    let (mut listed, mut path) = (Vec::new(), "/deliveries?limit=2".to_owned());
    loop {
        let page = owner.get(&path).await.ok();
        listed.extend(page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/deliveries?limit=2&cursor={cursor}");
    }
    assert_eq!(listed, posted);
}
