//! Letters by a real mail server: STARTTLS, TLS, authentication, certificates, addresses and texts beyond ASCII.

use serde_json::{Value, json};

use super::acme;
use crate::support::TestApp;
use crate::support::admin::Admin;
use crate::support::aiosmtpd::Aiosmtpd;
use crate::support::hostile_provider::HostileProvider;
use crate::support::mailbox::token_of;
use crate::support::passwords::{ANOTHER, PASSWORD, person, proven_person, signs_in, try_password};
use crate::support::sign_in::{id, login_url, refused, to_callback};
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

/// A real mail server with STARTTLS, a server of ours that sends by it, and the owner of its tenant.
async fn by_starttls(python: &str) -> (Aiosmtpd, TestApp, Admin) {
    let server = Aiosmtpd::start(python, "starttls");
    let app = server.app();
    let owner = app.tenant("acme").await;
    (server, app, owner)
}

/// The link of the one letter that came to this address, over TLS.
async fn link_to(server: &Aiosmtpd, address: &str) -> String {
    let letters = server.letters_to(address).await;
    assert_eq!(letters.len(), 1, "{letters:#?}\n{}", server.log());
    assert!(server.mail().iter().all(|mail| mail["tls"] == true));
    letters[0].link()
}

#[actix_web::test]
async fn a_sign_in_that_waits_goes_on_by_the_link_that_the_mail_server_got() {
    needs_loopback!("127.0.0.27");
    let (server, app, owner) = by_starttls(&needs!("DOORWARD_TEST_AIOSMTPD")).await;
    let provider = HostileProvider::start();
    let connection = owner.connect(&provider, json!({"provisioning": {"email_trust": "verify_by_mail"}})).await;
    provider.person(json!({"sub": "ada", "email": ADA, "name": "Ada"}));
    let browser = app.browser();
    let callback = to_callback(&browser, login_url(&connection)).await;
    let waits = browser.get(callback.as_str()).await.location().unwrap();
    assert!(waits.path().starts_with("/t/acme/login/verify/"), "{waits}");
    let link = link_to(&server, ADA).await;
    assert!(browser.get(&link).await.body.contains(ADA));
    signs_in(&browser.post("/t/acme/login/verify", &[("token", &token_of(&link))]).await);
    assert_eq!(browser.get("/t/acme").await.text_of("name").as_deref(), Some("Ada"));
}

#[actix_web::test]
async fn a_forgotten_password_is_set_anew_by_the_link_that_the_mail_server_got() {
    needs_loopback!("127.0.0.27");
    let (server, app, owner) = by_starttls(&needs!("DOORWARD_TEST_AIOSMTPD")).await;
    person(&owner, ADA).await;
    let browser = app.browser();
    assert_eq!(browser.post("/t/acme/login/forgot", &[("email", ADA)]).await.status, 200);
    let link = link_to(&server, ADA).await;
    assert!(browser.get(&link).await.body.contains("name=\"password\""));
    let form = [("proof", token_of(&link)), ("password", ANOTHER.to_owned())];
    let form = form.each_ref().map(|(name, value)| (*name, value.as_str()));
    assert_eq!(browser.post("/t/acme/login/reset", &form).await.status, 200);
    signs_in(&try_password(&browser, ADA, ANOTHER).await);
    refused(&try_password(&app.browser(), ADA, PASSWORD).await, 403, "credentials_wrong");
}

#[actix_web::test]
async fn an_address_is_changed_by_the_link_that_the_mail_server_got_and_the_old_one_is_told() {
    needs_loopback!("127.0.0.27");
    let (server, app, owner) = by_starttls(&needs!("DOORWARD_TEST_AIOSMTPD")).await;
    let user = proven_person(&app, &owner, ADA).await;
    let (browser, new) = (app.browser(), "ada@new.example");
    signs_in(&try_password(&browser, ADA, PASSWORD).await);
    assert_eq!(browser.post("/t/acme/account/email", &[("email", new)]).await.status, 200);
    let link = link_to(&server, new).await;
    assert!(browser.get(&link).await.body.contains(new));
    assert_eq!(browser.post("/t/acme/account/email/confirm", &[("token", &token_of(&link))]).await.status, 200);
    assert_eq!(owner.get(&format!("/users/{}", id(&user))).await.ok()["email"], new);
    let told = server.letters_to(ADA).await;
    assert!(
        told[0].text.contains(&format!("The address of your account at acme Inc. is {new} now")),
        "{}",
        told[0].text
    );
}
