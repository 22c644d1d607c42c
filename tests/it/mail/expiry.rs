//! What expires is told to those who look after it, in time and once.

use chrono::Duration;
use doorward::flows::expiring_certificates;
use serde_json::json;

use super::acme;
use crate::support::TestApp;
use crate::support::saml::key::IDP;
use crate::support::saml::metadata::provider;
use crate::support::sign_in::id;

#[actix_web::test]
async fn a_client_secret_that_expires_is_told_at_each_threshold_once_to_the_technical_contacts() {
    let app = TestApp::start_with_manual_clock();
    let (owner, tenant) = acme(&app).await;
    owner.patch("", &json!({"technical_contacts": ["it@acme.example", "ops@acme.example"]})).await.ok();
    owner.post("/users", &json!({"email": "olga@acme.example", "role": "owner"})).await.created();
    let ends = app.clock.now() + Duration::days(61);
    let draft = json!({"display_name": "Okta", "client_secret": "hush", "client_secret_expires_at": ends});
    let draft = owner.post("/connections", &draft).await.created();
    let connection = id(&draft).parse().unwrap();
    for (days, told) in [(61, 0), (60, 1), (59, 1), (30, 2), (8, 2), (7, 3), (1, 4), (0, 4), (-3, 4)] {
        app.clock.advance(ends - Duration::days(days) - app.clock.now());
        for _ in 0..2 {
            expiring_certificates::tell(&app.context, tenant, connection).await.unwrap();
        }
        for contact in ["it@acme.example", "ops@acme.example"] {
            let letters = app.letters_to(contact).await;
            assert_eq!(letters.len(), told, "{days} days left");
            assert!(
                letters.iter().all(|l| l.text.contains("connection Okta of acme Inc.") && !l.text.contains("hush"))
            );
        }
        assert_eq!(owner.count_events("connection.secret_expires").await, told, "{days}");
    }
    assert!(app.letters_to("olga@acme.example").await.is_empty(), "there are contacts");
    let event = owner.last_event("connection.secret_expires").await["payload"].clone();
    assert_eq!((&event["connection_id"], &event["days_left"]), (&draft["id"], &json!(1)));

    // Another secret, another round.
    let ends = app.clock.now() + Duration::days(20);
    let patch = json!({"client_secret": "hush again", "client_secret_expires_at": ends});
    owner.patch(&format!("/connections/{connection}"), &patch).await.ok();
    expiring_certificates::tell(&app.context, tenant, connection).await.unwrap();
    let letters = app.letters_to("it@acme.example").await;
    assert_eq!(letters.len(), 5);
    assert!(letters[4].text.contains("days left: 20"), "{}", letters[4].text);
}

#[actix_web::test]
async fn without_technical_contacts_a_certificate_that_expires_is_told_to_the_owners() {
    let app = TestApp::start_with_manual_clock();
    let (owner, tenant) = acme(&app).await;
    owner.post("/users", &json!({"email": "olga@acme.example", "role": "owner"})).await.created();
    owner.post("/users", &json!({"email": "mia@acme.example", "role": "member"})).await.created();
    let metadata = provider("https://idp.example/", "", &[&IDP.certificate()]);
    let draft = json!({"display_name": "ADFS", "protocol": "saml", "metadata_xml": metadata});
    let draft = owner.post("/connections", &draft).await.created();
    let connection = id(&draft).parse().unwrap();
    let not_after =
        draft["certificates"][0]["not_after"].as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    app.clock.advance(not_after - Duration::days(5) - app.clock.now());
    expiring_certificates::tell(&app.context, tenant, connection).await.unwrap();
    let letters = app.letters_to("olga@acme.example").await;
    assert!(!letters.is_empty() && letters[0].text.contains("connection ADFS of acme Inc."), "{letters:?}");
    assert!(app.letters_to("mia@acme.example").await.is_empty());
}
