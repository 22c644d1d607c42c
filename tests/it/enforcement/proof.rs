//! Who may enforce it: somebody who just came in by a connection as it is now, or an operator.

use chrono::Duration;
use reqwest::Method;
use serde_json::{Value, json};

use super::scene::{OLGA, Scene, TENANT, by_page};
use crate::support::Browser;
use crate::support::admin::Answer;
use crate::support::passwords::{PASSWORD, set, signs_in, try_password};
use crate::support::sign_in::id;

#[actix_web::test]
async fn row_e5_sso_is_enforced_by_an_admin_who_came_in_by_a_connection_just_now() {
    let s = Scene::set().await;
    s.person("ada@acme.example", "admin").await;
    // Nobody came in yet; a service account never does.
    assert_eq!(s.acme.patch("", &json!({"sso": "enforced"})).await.expect(403).code(), "sso_proof_needed");
    s.gives_olga_a_password().await;
    let by_password = s.app.browser();
    signs_in(&try_password(&by_password, OLGA, PASSWORD).await);
    let ada = s.comes_in("ada@acme.example").await;
    // A password is no proof, and neither is somebody else's login.
    assert_eq!(s.set_sso(&by_password, "enforced").await.expect(403).code(), "sso_proof_needed");
    assert_eq!(s.sso().await.0, "optional");

    s.app.clock.advance(Duration::minutes(15) + Duration::seconds(1));
    assert_eq!(s.set_sso(&ada, "enforced").await.expect(403).code(), "sso_proof_needed", "too long ago");
    let ada = s.comes_in("ada@acme.example").await;
    s.app.clock.advance(Duration::minutes(15));
    let told = s.set_sso(&ada, "enforced").await.ok();
    let day = (s.app.clock.now() + Duration::hours(24)).timestamp();
    let by: chrono::DateTime<chrono::Utc> = told["sso_confirm_by"].as_str().unwrap().parse().unwrap();
    assert_eq!((&told["sso"], by.timestamp()), (&json!("enforced"), day));
    let event = s.acme.last_event("tenant.updated").await;
    assert_eq!(event["payload"]["fields"], json!(["sso", "sso_confirm_by"]));
    // Passwords sign nobody in from now on; who is in stays in.
    assert_eq!(try_password(&s.app.browser(), OLGA, PASSWORD).await.code(), "sso_enforced");
    assert_eq!(by_password.get("/v1/tenants/acme/me").await.status, 200);
    // The same again changes nothing, and lengthens nothing.
    s.app.clock.advance(Duration::minutes(1));
    assert_eq!(s.set_sso(&ada, "enforced").await.ok()["sso_confirm_by"], told["sso_confirm_by"]);
    assert_eq!(s.acme.count_events("tenant.updated").await, 1);
}

#[actix_web::test]
async fn row_e5_a_login_counts_as_proof_for_its_users_key_too() {
    let s = Scene::set().await;
    s.gives_olga_a_password().await; // which ends her sessions
    let key = s.acme.post("/api-keys", &json!({"name": "mine", "user_id": id(&s.owner)})).await.created();
    let enforce = async || {
        let request = s.acme.browser.request(Method::PATCH, TENANT).bearer_auth(key["secret"].as_str().unwrap());
        s.acme.send(request.json(&json!({"sso": "enforced"}))).await
    };
    assert_eq!(enforce().await.expect(403).code(), "sso_proof_needed");
    s.comes_in(OLGA).await;
    assert_eq!(enforce().await.ok()["sso"], "enforced");
}

#[actix_web::test]
async fn row_e5_a_login_proves_nothing_when_it_is_over_or_its_connection_is_another_one_now() {
    let s = Scene::set().await;
    s.gives_olga_a_password().await;
    let path = format!("/connections/{}", id(&s.connection));
    let olga = s.app.browser();
    signs_in(&try_password(&olga, OLGA, PASSWORD).await);
    let refused = async |why: &str| {
        let answer = s.set_sso(&olga, "enforced").await;
        assert_eq!((answer.status, answer.code().as_str()), (403, "sso_proof_needed"), "{why}");
    };
    s.comes_in(OLGA).await.post("/t/acme/logout", &[]).await;
    refused("she signed out").await;
    s.comes_in(OLGA).await;
    s.app.clock.advance(Duration::seconds(1));
    s.acme.patch(&path, &json!({"display_name": "Another name"})).await.ok();
    refused("the connection was changed").await;
    s.comes_in(OLGA).await;
    s.acme.post(&format!("{path}/disable"), &json!({})).await.ok();
    refused("it is disabled").await;
    s.acme.post(&format!("{path}/activate"), &json!({})).await.ok();
    s.comes_in(OLGA).await;
    assert_eq!(s.set_sso(&olga, "enforced").await.ok()["sso"], "enforced");
}

#[actix_web::test]
async fn row_e5_operators_enforce_it_without_and_for_good() {
    let s = Scene::set().await;
    s.enforced().await;
    assert_eq!(s.sso().await, (json!("enforced"), Value::Null));
    s.app.clock.advance(Duration::hours(25));
    assert_eq!(s.sso().await.0, "enforced");
    // What an admin enforced lasts when an operator says so too.
    s.acme.patch("", &json!({"sso": "optional"})).await.ok();
    s.set_sso(&s.comes_in(OLGA).await, "enforced").await.ok();
    assert!(s.sso().await.1.is_string());
    s.enforced().await;
    assert_eq!(s.sso().await, (json!("enforced"), Value::Null));
    assert_eq!(s.acme.last_event("tenant.updated").await["payload"]["fields"], json!(["sso_confirm_by"]));
}

#[actix_web::test]
async fn row_e5_it_is_turned_off_where_an_owner_has_a_password_or_by_an_operator() {
    let s = Scene::set().await;
    let refused = async |by: &Browser| {
        assert_eq!(s.set_sso(by, "off").await.expect(409).code(), "no_owner_with_password");
        assert_eq!(s.sso().await.0, "optional");
    };
    let olga = s.comes_in(OLGA).await;
    refused(&olga).await;
    assert_eq!(s.acme.patch("", &json!({"sso": "off"})).await.expect(409).code(), "no_owner_with_password");
    // An admin's will not do, and neither will one of an owner who is suspended.
    for (email, role, status) in [("ada@acme.example", "admin", "active"), ("gone@acme.example", "owner", "suspended")]
    {
        let user = s.person(email, role).await;
        set(&s.acme, &user, &json!({"password": PASSWORD})).await;
        s.acme.patch(&format!("/users/{}", id(&user)), &json!({"status": status})).await.ok();
        refused(&olga).await;
    }
    for sso in ["off", "optional"] {
        s.operator.patch(TENANT, &json!({"sso": sso})).await.ok();
    }
    s.gives_olga_a_password().await;
    let olga = s.comes_in(OLGA).await;
    for _ in 0..2 {
        assert_eq!(s.set_sso(&olga, "off").await.ok()["sso"], "off");
    }
    // Nor does she lose it then, while she is the only one who has one.
    s.person("oscar@acme.example", "owner").await;
    let olgas = format!("/users/{}", id(&s.owner));
    let lost = |answer: Answer| assert_eq!(answer.expect(409).code(), "no_owner_with_password");
    for change in [json!({"email": null}), json!({"role": "admin"}), json!({"status": "suspended"})] {
        lost(s.acme.patch(&olgas, &change).await);
    }
    lost(s.acme.delete(&format!("{olgas}/password")).await);
    lost(s.acme.delete(&olgas).await);
    s.acme.patch(&olgas, &json!({"name": "Olga"})).await.ok();
    signs_in(&try_password(&s.app.browser(), OLGA, PASSWORD).await);
}

#[actix_web::test]
async fn row_e5_enforcing_it_is_announced_to_owners_and_admins_and_to_nobody_else() {
    let s = Scene::set().await;
    s.person("ada@acme.example", "admin").await;
    s.person("auditor@acme.example", "auditor").await;
    s.person("member@acme.example", "member").await;
    let gone = s.person("gone@acme.example", "admin").await;
    s.acme.patch(&format!("/users/{}", id(&gone)), &json!({"status": "suspended"})).await.ok();
    s.acme.post("/users", &json!({"external_id": "without-address", "role": "admin"})).await.created();
    let other = s.app.tenant("globex").await;
    other.post("/users", &json!({"email": "owner@globex.example", "role": "owner"})).await.created();
    s.set_sso(&s.comes_in(OLGA).await, "enforced").await.ok();
    assert_eq!(s.letters(), ["sso_enforced ada@acme.example", &format!("sso_enforced {OLGA}")]);
    // What changes nothing tells nobody.
    s.acme.patch("", &json!({"name": "Another name"})).await.ok();
    s.enforced().await;
    assert_eq!(s.letters().len(), 2);
}

#[actix_web::test]
async fn row_e5_the_last_active_connection_stays_while_it_is_enforced() {
    let s = Scene::set().await;
    let second = s.acme.connect(&s.provider, json!({})).await;
    let draft = s.acme.post("/connections", &json!({"display_name": "Draft"})).await.created();
    s.enforced().await;
    let paths = [&s.connection, &second].map(|connection| format!("/connections/{}", id(connection)));
    // Both at once: one of them stays.
    let off = paths.each_ref().map(|path| format!("{path}/disable"));
    let nothing = json!({});
    let (a, b) = tokio::join!(s.acme.post(&off[0], &nothing), s.acme.post(&off[1], &nothing));
    let mut seen = [a.status, b.status];
    seen.sort_unstable();
    assert_eq!(seen, [200, 409], "{} {}", a.text, b.text);
    let (gone, left) = if a.status == 200 { (&paths[0], &paths[1]) } else { (&paths[1], &paths[0]) };
    assert_eq!(s.acme.delete(left).await.expect(409).code(), "last_connection");
    s.acme.delete(gone).await.expect(204);
    s.acme.delete(&format!("/connections/{}", id(&draft))).await.expect(204);
    s.acme.patch("", &json!({"sso": "optional"})).await.ok();
    s.acme.delete(left).await.expect(204);
}

#[actix_web::test]
async fn row_e5_members_and_auditors_enforce_nothing() {
    let s = Scene::set().await;
    for role in ["member", "auditor"] {
        let email = format!("{role}@acme.example");
        s.person(&email, role).await;
        let browser = s.comes_in(&email).await;
        let answer = by_page(&browser, Method::PATCH, TENANT, &json!({"sso": "enforced"})).await;
        assert_eq!(answer.expect(403).code(), "role_too_low");
    }
}
