//! Admins invite, look, send again and take back.

use doorward::flows::invite::{PER_INVITER, PER_TENANT};
use doorward::flows::sweep;
use doorward::store::db::DbError;
use doorward::store::rate_limits;
use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::database::lines;
use crate::support::invitations::{invite, invited, link, now, token_of};
use crate::support::mail_server::{MailServer, Trouble};
use crate::support::passwords::PASSWORD;
use crate::support::sign_in::id;
use crate::support::test_app::Setup;

const A: &str = "alice@acme.example";

#[actix_web::test]
async fn an_invitation_is_made_read_listed_and_taken_back() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let group = acme.post("/groups", &json!({"name": "Staff"})).await.created();
    let wanted = json!({"email": "Alice@Acme.Example", "external_id": "crm-1", "name": "Alice", "role": "auditor",
        "given_name": "Alice", "family_name": "Lovelace", "group_ids": [id(&group)], "language": "de",
        "profile": {"type": "Practitioner", "id": "123", "identifiers": ["npi|9"]}, "expires_in_hours": 2});
    let answer = acme.post("/invitations", &wanted).await.expect(201);
    let made = answer.json();
    assert!(answer.headers["location"].to_str().unwrap().ends_with(&format!("/invitations/{}", id(&made))));
    for (field, value) in wanted.as_object().unwrap().iter().filter(|(field, _)| *field != "expires_in_hours") {
        assert_eq!(&made[field], value, "{field} comes back");
    }
    assert_eq!((&made["state"], &made["invited_by"]["kind"]), (&json!("pending"), &json!("service_account")));
    assert_eq!(now(&acme, &made).await, made);
    for (query, found) in
        [("", 1), ("?state=pending", 1), ("?state=expired", 0), ("?email=alice@acme.example", 1), ("?external_id=x", 0)]
    {
        let list = acme.get(&format!("/invitations{query}")).await.ok();
        assert_eq!(list["items"].as_array().unwrap().len(), found, "{query}");
    }
    let path = format!("/invitations/{}", id(&made));
    acme.delete(&path).await.expect(204);
    assert_eq!(now(&acme, &made).await["state"], "revoked");
    assert_eq!(acme.delete(&path).await.expect(409).code(), "invitation_over");
    assert_eq!(acme.post(&format!("{path}/resend"), &json!({})).await.expect(409).code(), "invitation_over");
    for event in ["invitation.created", "invitation.revoked"] {
        assert_eq!(acme.last_event(event).await["payload"]["id"], made["id"]);
    }
}

#[actix_web::test]
async fn a_letter_that_did_not_go_yet_is_taken_back_with_its_link() {
    let server = MailServer::start();
    server.set(Trouble::Says("connect", "421 too busy"));
    let app = TestApp::start_with(Setup { settings: server.settings(), ..Setup::default() });
    let acme = app.tenant("acme").await;
    let state = async |invitation: &Value| {
        app.send_letters().await; // a worker that has it in hand has put it off then
        let path = format!("/deliveries/{}", invitation["delivery_id"].as_str().unwrap());
        acme.get(&path).await.ok()["state"].as_str().unwrap().to_owned()
    };
    let first = invite(&acme, A, json!({})).await;
    assert_eq!(state(&first).await, "pending");
    let path = format!("/invitations/{}", id(&first));
    let second = acme.post(&format!("{path}/resend"), &json!({})).await.ok();
    assert_eq!((state(&first).await.as_str(), state(&second).await.as_str()), ("cancelled", "pending"));
    acme.delete(&path).await.expect(204);
    assert_eq!(state(&second).await, "cancelled");
    assert!(server.taken().is_empty());
}

#[actix_web::test]
async fn what_cannot_be_invited_is_told_by_field() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let nobody = uuid::Uuid::now_v7();
    for (body, field) in [
        (json!({}), "email"),
        (json!({"email": "no address"}), "email"),
        (json!({"email": "a@acme.example\r\nBcc: b@evil.example"}), "email"),
        (json!({"email": A, "name": "x\r\ny"}), "name"),
        (json!({"email": A, "name": "x".repeat(101)}), "name"),
        (json!({"email": A, "group_ids": [nobody]}), "group_ids"),
        (json!({"email": A, "connection_id": nobody}), "connection_id"),
        (json!({"email": A, "expires_in_hours": 0}), "expires_in_hours"),
        (json!({"email": A, "expires_in_hours": 721}), "expires_in_hours"),
        (json!({"email": A, "role": "king"}), "role"),
        (json!({"email": A, "token": "mine"}), "token"),
        (json!({"email": A, "state": "accepted"}), "state"),
        (json!({"external_id": "s-1", "role": "admin"}), "role"),
        (json!({"email": A, "profile": {"type": ""}}), "profile.type"),
    ] {
        assert_eq!(acme.post("/invitations", &body).await.expect(422).fields(), [field], "{body}");
    }
    assert_eq!(acme.get("/invitations").await.ok()["items"], json!([]));
}

#[actix_web::test]
async fn one_invitation_waits_for_a_person_and_an_old_one_is_not_in_the_way() {
    let app = TestApp::start_with_manual_clock();
    let acme = app.tenant("acme").await;
    let first = invite(&acme, A, json!({"external_id": "s-1"})).await;
    for again in [json!({"email": "ALICE@acme.example"}), json!({"external_id": "s-1"})] {
        assert_eq!(acme.post("/invitations", &again).await.expect(409).code(), "invitation_taken");
    }
    app.clock.advance(chrono::Duration::hours(169));
    assert_eq!(now(&acme, &first).await["state"], "expired");
    let second = invite(&acme, A, json!({"external_id": "s-1"})).await;
    let list = acme.get("/invitations?state=expired").await.ok();
    assert_eq!(list["items"][0]["id"], first["id"]);
    // While another one waits, the old one cannot be sent again.
    let resent = acme.post(&format!("/invitations/{}/resend", id(&first)), &json!({})).await;
    assert_eq!(resent.expect(409).code(), "invitation_taken");
    acme.delete(&format!("/invitations/{}", id(&second))).await.expect(204);
    let resent = acme.post(&format!("/invitations/{}/resend", id(&first)), &json!({})).await.ok();
    assert_eq!(resent["state"], "pending");
    // Nor is one in the way whose own time is over too, though nothing has said so yet.
    app.clock.advance(chrono::Duration::hours(169));
    let third = invite(&acme, A, json!({"external_id": "s-1"})).await;
    app.clock.advance(chrono::Duration::hours(169));
    let resent = acme.post(&format!("/invitations/{}/resend", id(&first)), &json!({})).await.ok();
    assert_eq!((&resent["state"], &now(&acme, &third).await["state"]), (&json!("pending"), &json!("expired")));
    // An external id that is somebody's already invites nobody else.
    acme.post("/users", &json!({"external_id": "s-9"})).await.created();
    assert_eq!(acme.post("/invitations", &json!({"external_id": "s-9"})).await.expect(409).code(), "external_id_taken");
}

#[actix_web::test]
async fn many_are_invited_at_once_and_each_is_told_by_itself() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let admin = app.key(&app.operator().await, "acme", "admin").await;
    invite(&acme, "there@acme.example", json!({})).await;
    let rows = json!({"invitations": [
        {"email": "a@acme.example"}, {"email": "nonsense"}, {"email": "there@acme.example"},
        {"email": "b@acme.example", "role": "owner"}, {"email": "c@acme.example", "name": "x\u{202e}y"}, {"external_id": "s-1"},
    ]});
    let told = admin.post("/invitations/import", &rows).await.ok();
    let told: Vec<&str> = told["invitations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["error"]["code"].as_str().or(row["invitation"]["state"].as_str()).unwrap())
        .collect();
    assert_eq!(told, ["pending", "invalid_fields", "invitation_taken", "role_above_own", "invalid_fields", "pending"]);
    assert_eq!(acme.get("/invitations").await.ok()["items"].as_array().unwrap().len(), 3);
    let too_many = json!({"invitations": vec![json!({"email": A}); 501]});
    assert_eq!(admin.post("/invitations/import", &too_many).await.expect(422).fields(), ["invitations"]);
}

#[actix_web::test]
async fn row_b4_an_invitation_by_external_id_alone_sends_no_letter() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let body = json!({"external_id": "s-1", "name": "Alice Lovelace"});
    let made = acme.post("/invitations", &body).await.created();
    assert_eq!((&made["delivery_id"], &made["email"]), (&Value::Null, &Value::Null));
    let conn = &mut app.database.superuser();
    assert_eq!(lines(conn, "SELECT id::text AS line FROM deliveries"), [""; 0]);
    // Sending it again gives it time, and still no letter.
    let path = format!("/invitations/{}/resend", id(&made));
    assert_eq!(acme.post(&path, &json!({})).await.ok()["delivery_id"], Value::Null);
    assert_eq!(lines(conn, "SELECT id::text AS line FROM deliveries"), [""; 0]);
}

#[actix_web::test]
async fn l_16_the_token_is_256_bits_kept_as_a_hash_and_shown_by_nothing() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let (made, link) = invited(&app, &acme, A, json!({"role": "admin"})).await;
    let token = token_of(&link);
    assert_eq!(token.len(), 43);
    assert!(link.starts_with(&format!("{}/t/acme/invitation?token=", app.url)), "{link}");
    let told = [
        made.to_string(),
        now(&acme, &made).await.to_string(),
        acme.get("/invitations").await.text,
        acme.get("/audit-events?limit=200").await.text,
    ];
    assert!(told.iter().all(|text| !text.contains(&token)));
    let dump = "SELECT to_jsonb(t)::text AS line FROM invitations t UNION ALL SELECT to_jsonb(t)::text FROM deliveries t \
                UNION ALL SELECT to_jsonb(t)::text FROM audit_events t";
    let dump = lines(&mut app.database.superuser(), dump).join("\n");
    assert!(dump.contains("token_hash") && !dump.contains(&token));
}

#[actix_web::test]
async fn l_18_nobody_invites_touches_or_resends_above_their_own_role() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let admin = app.key(&app.operator().await, "acme", "admin").await;
    let refused = admin.post("/invitations", &json!({"email": A, "role": "owner"})).await.expect(403);
    assert_eq!(refused.code(), "role_above_own");
    let made = invite(&acme, A, json!({"role": "owner"})).await;
    let path = format!("/invitations/{}", id(&made));
    assert_eq!(admin.delete(&path).await.expect(403).code(), "role_above_own");
    assert_eq!(admin.post(&format!("{path}/resend"), &json!({})).await.expect(403).code(), "role_above_own");
    assert_eq!(now(&acme, &made).await["updated_at"], made["updated_at"]);
    for role in ["member", "auditor"] {
        let low = app.key(&app.operator().await, "acme", role).await;
        assert_eq!(low.post("/invitations", &json!({"email": A})).await.expect(403).code(), "role_too_low");
    }
}

/// A server whose clock stands at the beginning of an hour.
fn app_within_an_hour() -> TestApp {
    let app = TestApp::start_with_manual_clock();
    let into = app.clock.now().timestamp().rem_euclid(3600);
    app.clock.advance(chrono::Duration::seconds(3600 - into + 1));
    app
}

#[actix_web::test]
async fn what_is_over_is_deleted_ninety_days_later() {
    let app = TestApp::start_with_manual_clock();
    let acme = app.tenant("acme").await;
    let short = invite(&acme, A, json!({"expires_in_hours": 1})).await;
    let long = invite(&acme, "bob@acme.example", json!({"expires_in_hours": 720})).await;
    app.clock.advance(chrono::Duration::days(90));
    sweep::sweep(&app.context).await.unwrap();
    assert_eq!(now(&acme, &short).await["state"], "expired", "not yet");
    app.clock.advance(chrono::Duration::hours(2));
    sweep::sweep(&app.context).await.unwrap();
    acme.get(&format!("/invitations/{}", id(&short))).await.expect(404);
    assert_eq!(now(&acme, &long).await["state"], "expired");
}

#[actix_web::test]
async fn l_20_one_address_gets_five_letters_an_hour_of_a_tenant_and_twenty_of_all() {
    let app = app_within_an_hour();
    let acme = app.tenant("acme").await;
    let made = invite(&acme, A, json!({})).await;
    let path = format!("/invitations/{}/resend", id(&made));
    for _ in 0..4 {
        acme.post(&path, &json!({})).await.ok();
    }
    let refused = acme.post(&path, &json!({})).await.expect(429);
    assert_eq!(refused.code(), "rate_limited");
    let wait: u32 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=3600).contains(&wait), "{wait}");
    // Neither another admin nor another spelling helps, nor taking it back.
    acme.delete(&format!("/invitations/{}", id(&made))).await.expect(204);
    let other = app.key(&app.operator().await, "acme", "admin").await;
    other.post("/invitations", &json!({"email": "ALICE@Acme.example"})).await.expect(429);
    invite(&acme, "bob@acme.example", json!({})).await; // somebody else gets theirs
    // What is refused for another reason sent no letter and does not count.
    for _ in 0..10 {
        let taken = acme.post("/invitations", &json!({"email": "bob@acme.example"})).await;
        assert_eq!(taken.expect(409).code(), "invitation_taken");
    }
    for n in 0..3 {
        let tenant = app.tenant(&format!("t{n}")).await;
        let made = tenant.post("/invitations", &json!({"email": A})).await.created();
        for _ in 0..4 {
            tenant.post(&format!("/invitations/{}/resend", id(&made)), &json!({})).await.ok();
        }
    }
    let last = app.tenant("last").await;
    last.post("/invitations", &json!({"email": A})).await.expect(429);
    app.clock.advance(chrono::Duration::hours(1));
    last.post("/invitations", &json!({"email": A})).await.created();
}

/// So many letters went out before.
async fn sent_before(app: &TestApp, what: String, count: u32) {
    let now = app.clock.now();
    let counted = app.context.db.system(move |conn| {
        for _ in 0..count {
            rate_limits::hit(conn, &format!("invite/{what}"), 3600, now)?;
        }
        Ok::<_, DbError>(())
    });
    counted.await.unwrap();
}

#[actix_web::test]
async fn l_20_an_inviter_and_a_tenant_have_so_many_letters_an_hour() {
    let app = app_within_an_hour();
    let acme = app.tenant("acme").await;
    let second = app.key(&app.operator().await, "acme", "admin").await;
    let tenant = id(&acme.get("").await.ok()).to_owned();
    let me = acme.get("/me").await.ok()["actor"]["service_account_id"].as_str().unwrap().to_owned();
    let batch = |name: &str, count: usize| {
        let rows: Vec<_> = (0..count).map(|n| json!({"email": format!("{name}{n}@acme.example")})).collect();
        json!({ "invitations": rows })
    };
    let limited = |told: Value| {
        let rows = told["invitations"].as_array().unwrap().clone();
        rows.iter().map(|row| row["error"]["code"] == "rate_limited").collect::<Vec<_>>()
    };
    sent_before(&app, format!("inviter/{tenant}/{me}"), PER_INVITER - 2).await;
    let told = acme.post("/invitations/import", &batch("a", 3)).await.ok();
    assert_eq!(limited(told), [false, false, true], "so many by one who invites");
    acme.post("/invitations", &json!({"email": "a9@acme.example"})).await.expect(429);
    // Somebody else may, until the tenant as a whole may not.
    sent_before(&app, format!("tenant/{tenant}"), PER_TENANT - 3).await;
    let told = second.post("/invitations/import", &batch("b", 2)).await.ok();
    assert_eq!(limited(told), [false, true]);
    app.tenant("globex").await.post("/invitations", &json!({"email": "b0@acme.example"})).await.created();
}

#[actix_web::test]
async fn l_15_a_letter_that_is_sent_again_makes_the_one_before_worthless() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let (made, old) = invited(&app, &acme, A, json!({})).await;
    let resent = acme.post(&format!("/invitations/{}/resend", id(&made)), &json!({})).await.ok();
    let new = link(&app, &acme, &resent).await;
    assert_ne!(old, new);
    let page = app.browser().get(&old).await;
    assert_eq!((page.status, page.code().as_str()), (404, "invitation_unknown"), "{}", page.body);
    let fields = [("token", token_of(&old)), ("way", "password".to_owned()), ("password", PASSWORD.to_owned())];
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(app.browser().post("/t/acme/invitation", &fields).await.status, 404);
    assert_eq!(app.browser().get(&new).await.status, 200);
}
