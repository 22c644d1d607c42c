//! Letters by a real mail server: STARTTLS, TLS, authentication, certificates, addresses and texts beyond ASCII.

use serde_json::{Value, json};

use super::acme;
use crate::support::TestApp;
use crate::support::aiosmtpd::Aiosmtpd;
use crate::support::test_app::Setup;
use crate::{needs, needs_loopback};

const ADA: &str = "ada@acme.example";

fn with(settings: Value) -> TestApp {
    TestApp::start_with(Setup { settings, ..Setup::default() })
}

/// Posts a letter, tries to send it, and gives the delivery as the API tells it.
async fn sent(app: &TestApp, to: &str) -> Value {
    let (owner, tenant) = acme(app).await;
    let id = app.post_letter(tenant, to, "Zoë Ünal").await;
    app.send_letters().await;
    owner.get(&format!("/deliveries/{id}")).await.ok()
}

#[actix_web::test]
async fn letters_go_by_starttls_or_tls_with_name_and_password() {
    needs_loopback!("127.0.0.27");
    let python = needs!("DOORWARD_TEST_AIOSMTPD");
    for (at_server, ours) in [("starttls", "starttls"), ("implicit", "tls")] {
        let server = Aiosmtpd::start(&python, at_server);
        let app = with(server.settings(ours, json!({})));
        let told = sent(&app, ADA).await;
        assert_eq!(told["state"], "sent", "{ours}: {told} {}", server.log());
        let mail = server.mail();
        assert_eq!((mail.len(), &mail[0]["tls"], &mail[0]["user"]), (1, &json!(true), &json!("doorward")), "{ours}");
        assert_eq!((&mail[0]["from"], &mail[0]["to"]), (&json!("sso@doorward.example"), &json!([ADA])));
        let letter = server.letters_to(ADA).await.remove(0);
        assert!(letter.text.contains("Zoë Ünal invites you to join acme Inc."), "{}", letter.text);
        assert!(letter.link().starts_with(&app.url), "{}", letter.link());
    }
}

#[actix_web::test]
async fn without_the_servers_authority_a_right_password_or_starttls_no_letter_goes_and_none_dies() {
    needs_loopback!("127.0.0.27");
    let python = needs!("DOORWARD_TEST_AIOSMTPD");
    let server = Aiosmtpd::start(&python, "starttls");
    let plain = Aiosmtpd::start(&python, "none");
    let mut strange = server.settings("starttls", json!({}));
    strange.as_object_mut().unwrap().remove("smtp_ca_file");
    let mut nobody = server.settings("starttls", json!({}));
    nobody.as_object_mut().unwrap().retain(|name, _| !matches!(name.as_str(), "smtp_username" | "smtp_password"));
    let wrong = [
        ("certificate", strange),
        ("password", server.settings("starttls", json!({"smtp_password": "wrong"}))),
        ("nobody", nobody),
        ("in the clear", server.settings("none", json!({}))),
        ("no STARTTLS", plain.settings("starttls", json!({}))),
        ("no TLS", plain.settings("tls", json!({}))),
    ];
    for (what, settings) in wrong {
        let told = sent(&with(settings), ADA).await;
        assert_eq!((&told["state"], told["attempts"].as_i64() >= Some(1)), (&json!("pending"), true), "{what}: {told}");
        let error = told["last_error"].as_str().unwrap();
        assert!(!error.contains("wrong") && !error.contains("a password of"), "{what}: {error}");
    }
    assert!(server.mail().is_empty() && plain.mail().is_empty());
}

#[actix_web::test]
async fn starttls_is_used_where_it_is_offered_and_wanted() {
    needs_loopback!("127.0.0.27");
    let python = needs!("DOORWARD_TEST_AIOSMTPD");
    for (at_server, ours, tls) in
        [("offered", "starttls_optional", true), ("none", "starttls_optional", false), ("offered", "none", false)]
    {
        let server = Aiosmtpd::start(&python, at_server);
        let told = sent(&with(server.settings(ours, json!({}))), ADA).await;
        assert_eq!(told["state"], "sent", "{at_server} {ours}: {told} {}", server.log());
        assert_eq!(server.mail()[0]["tls"], tls, "{at_server} {ours}");
    }
}

#[actix_web::test]
async fn addresses_beyond_ascii_arrive_with_their_domain_as_servers_know_it() {
    needs_loopback!("127.0.0.27");
    let python = needs!("DOORWARD_TEST_AIOSMTPD");
    let server = Aiosmtpd::start(&python, "none");
    let told = sent(&with(server.settings("none", json!({}))), "jürgen@bücher.example").await;
    assert_eq!(told["state"], "sent", "{told} {}", server.log());
    assert_eq!(server.mail()[0]["to"], json!(["jürgen@xn--bcher-kva.example"]));
}
