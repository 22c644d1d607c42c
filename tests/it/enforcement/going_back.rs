//! An enforcement that nobody confirms goes back after a day, at every instance and without anybody's doing.

use chrono::Duration;
use doorward::flows::enforce_sso::go_back_due;
use serde_json::{Value, json};

use super::scene::{OLGA, Scene, TENANT};
use crate::support::database::lines;
use crate::support::passwords::{PASSWORD, signs_in, try_password};
use crate::support::sign_in::login_url;

/// Olga enforced it, and has a password.
async fn enforced_by_olga() -> Scene {
    let s = Scene::set().await;
    enforce(&s).await;
    s
}

async fn enforce(s: &Scene) {
    s.gives_olga_a_password().await;
    s.set_sso(&s.comes_in(OLGA).await, "enforced").await.ok();
}

fn day() -> Duration {
    Duration::hours(24)
}

#[actix_web::test]
async fn row_e5_what_nobody_confirms_goes_back_at_every_instance_to_the_second() {
    let s = Scene::set().await;
    // Before: what a worker looks for when it starts is not there yet.
    let other = s.app.second_instance();
    enforce(&s).await;
    let ports = [s.app.port, other.port];
    let tries = async |port: u16| try_password(&s.app.browser().via(port), OLGA, PASSWORD).await;
    s.app.clock.advance(day() - Duration::seconds(1));
    for port in ports {
        assert_eq!(tries(port).await.code(), "sso_enforced", "and each of them has the tenant in memory now");
    }
    s.app.clock.advance(Duration::seconds(1));
    for port in ports {
        signs_in(&tries(port).await);
    }
    assert_eq!(s.sso().await, (json!("optional"), Value::Null));
    assert_eq!(s.app.browser().get("/t/acme/login").await.status, 200, "no longer straight to the provider");
    s.comes_in(OLGA).await; // which still signs in
    let stored = lines(&mut s.app.database.superuser(), "SELECT sso AS line FROM tenants");
    assert_eq!(stored, ["enforced"], "nobody has written it down yet");
}

#[actix_web::test]
async fn row_e5_it_goes_back_to_what_it_was() {
    let s = Scene::set().await;
    s.gives_olga_a_password().await;
    let olga = s.comes_in(OLGA).await;
    s.set_sso(&olga, "off").await.ok();
    s.set_sso(&olga, "enforced").await.ok();
    s.app.clock.advance(day());
    assert_eq!(s.sso().await, (json!("off"), Value::Null));
    assert_eq!(s.app.browser().get(login_url(&s.connection)).await.code(), "sso_off");
}

#[actix_web::test]
async fn row_e5_the_next_login_of_an_owner_or_admin_by_a_connection_makes_it_last() {
    let s = enforced_by_olga().await;
    s.person("ada@acme.example", "admin").await;
    s.person("member@acme.example", "member").await;
    s.comes_in("member@acme.example").await;
    assert!(s.sso().await.1.is_string(), "a member could not undo it");
    let before = s.acme.get("").await.etag();
    s.app.clock.advance(day() - Duration::seconds(1));
    s.comes_in("ada@acme.example").await;
    let tenant = s.acme.get("").await.expect(200);
    assert_ne!(tenant.etag(), before);
    let event = s.acme.last_event("tenant.sso_confirmed").await;
    let login = s.acme.last_event("login.succeeded").await;
    for field in ["user_id", "session_id"] {
        assert_eq!(event["payload"][field], login["payload"][field]);
    }
    s.app.clock.advance(day());
    assert_eq!(s.sso().await, (json!("enforced"), Value::Null));
    s.comes_in(OLGA).await;
    assert_eq!(s.acme.count_events("tenant.sso_confirmed").await, 1, "once");
    assert_eq!(go_back_due(&s.app.context).await.unwrap(), 0);
}

#[actix_web::test]
async fn row_e5_a_login_that_comes_too_late_or_is_refused_confirms_nothing() {
    let s = enforced_by_olga().await;
    s.provider.person(json!({"sub": "stranger", "email": OLGA, "email_verified": false}));
    let refused = s.app.browser().follow(login_url(&s.connection)).await;
    assert_eq!(refused.status, 403, "{}", refused.body);
    assert!(s.sso().await.1.is_string());
    s.app.clock.advance(day());
    s.comes_in(OLGA).await;
    assert_eq!(s.sso().await, (json!("optional"), Value::Null));
    assert_eq!(s.acme.count_events("tenant.sso_confirmed").await, 0);
}

#[actix_web::test]
async fn row_e5_that_it_went_back_is_written_down_once_and_told() {
    let s = Scene::set().await;
    // Before: what a worker looks for when it starts is not there yet.
    let other = s.app.second_instance();
    enforce(&s).await;
    assert_eq!(go_back_due(&s.app.context).await.unwrap(), 0, "not yet");
    s.app.clock.advance(day());
    let (a, b) = tokio::join!(go_back_due(&s.app.context), go_back_due(&other.context));
    assert_eq!(a.unwrap() + b.unwrap(), 1);
    assert_eq!(s.acme.count_events("tenant.sso_went_back").await, 1);
    let event = s.acme.last_event("tenant.sso_went_back").await;
    assert_eq!((&event["payload"]["to"], &event["actor"]["kind"]), (&json!("optional"), &json!("system")));
    assert_eq!(s.letters(), [format!("sso_enforced {OLGA}"), format!("sso_went_back {OLGA}")]);
    let waiting = "SELECT count(*)::text AS line FROM tenants WHERE sso = 'enforced' OR sso_confirm_by IS NOT NULL";
    assert_eq!(lines(&mut s.app.database.superuser(), waiting), ["0"]);
    assert_eq!(s.sso().await, (json!("optional"), Value::Null));
}

#[actix_web::test]
async fn row_e5_whoever_lifts_it_is_told_to_owners_and_admins() {
    let s = enforced_by_olga().await;
    s.person("ada@acme.example", "admin").await;
    s.person("member@acme.example", "member").await;
    let olga = s.comes_in(OLGA).await; // which confirms it
    let lifted = || s.letters().into_iter().filter(|line| line.starts_with("sso_lifted")).collect::<Vec<_>>();
    let told = |times| ["ada@acme.example", OLGA].map(|to| vec![format!("sso_lifted {to}"); times]).concat();
    s.set_sso(&olga, "optional").await.ok();
    assert_eq!(lifted(), told(1));
    let letters = s.app.letters_to("ada@acme.example").await;
    let letter = letters.last().unwrap();
    assert!(letter.subject().contains("passwords sign people in again"), "{}", letter.subject());
    assert!(letter.text.contains(&format!("Name of {}", OLGA.replace('.', ". "))), "{}", letter.text);
    // Where nothing was enforced, nothing is lifted.
    for sso in ["off", "optional"] {
        s.set_sso(&olga, sso).await.ok();
    }
    assert_eq!(lifted(), told(1));
    s.enforced().await;
    s.operator.patch(TENANT, &json!({"sso": "off"})).await.ok();
    assert_eq!(lifted(), told(2));
}

#[actix_web::test]
async fn row_e5_after_it_went_back_it_is_enforced_anew_or_not_at_all() {
    let s = enforced_by_olga().await;
    s.app.clock.advance(day());
    // Whether or not that was written down: it counts no longer, so it takes another proof.
    assert_eq!(s.acme.patch("", &json!({"sso": "enforced"})).await.expect(403).code(), "sso_proof_needed");
    let olga = s.comes_in(OLGA).await;
    assert!(s.set_sso(&olga, "enforced").await.ok()["sso_confirm_by"].is_string());
    assert_eq!(s.acme.count_events("tenant.sso_went_back").await, 1, "what went before is told first");
    let went_back = s.letters().into_iter().filter(|line| line.starts_with("sso_went_back")).count();
    assert_eq!(went_back, 1, "by letter too");
    // An admin who takes it back ends the wait.
    s.set_sso(&olga, "optional").await.ok();
    s.app.clock.advance(day());
    assert_eq!(go_back_due(&s.app.context).await.unwrap(), 0);
    assert_eq!(s.sso().await, (json!("optional"), Value::Null));
}

#[actix_web::test]
async fn row_e5_a_change_of_the_tenant_meanwhile_undoes_no_confirmation() {
    let s = enforced_by_olga().await;
    let confirmed = "UPDATE tenants SET sso_before = NULL, sso_confirm_by = NULL, version = version + 1";
    let renamed = s.app.database.overtaken(confirmed, s.acme.patch("", &json!({"name": "Renamed"}))).await.ok();
    assert_eq!((&renamed["name"], &renamed["sso_confirm_by"]), (&json!("Renamed"), &Value::Null));
    s.app.clock.advance(day());
    assert_eq!(s.sso().await.0, "enforced");
}
