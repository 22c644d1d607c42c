//! The command line: what a person or a script types.

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::embedded::Home;
use crate::support::admin::Admin;
use crate::support::command::Settings;
use crate::support::database::{TestDatabase, lines};
use crate::support::invitations::press_with;
use crate::support::passwords::{PASSWORD, signs_in};
use crate::support::test_app::SEALING_KEY;

#[test]
fn config_check_tells_every_fault_at_once_and_no_secret() {
    let said = Settings::default()
        .set("DOORWARD_PUBLIC_URL", "http://sso.example")
        .set("DOORWARD_LISTEN", "somewhere")
        .set("DOORWARD_SESSION_MAX_HOURS", "0")
        .set("DOORWARD_TRUSTED_PROXIES", "10.0.0.0/99")
        .set("DOORWARD_NO_SUCH_THING", "1")
        .set("DOORWARD_SEALING_KEYS", "k1:do-not-show-me")
        .set("DOORWARD_SEALING_KEYS_FILE", "/nowhere")
        .failure(&["config", "check"]);
    for key in ["public_url", "listen", "session_max_hours", "trusted_proxies", "no_such_thing", "sealing_keys"] {
        assert!(said.contains(&format!("\n  {key}: ")), "{key} is missing: {said}");
    }
    assert!(!said.contains("do-not-show-me"), "{said}");
}

#[test]
fn config_check_of_a_good_configuration_says_the_public_url() {
    let said = Settings::default()
        .set("DOORWARD_PUBLIC_URL", "https://sso.example")
        .set("DATABASE_URL", "postgres://nobody@127.0.0.1/nothing")
        .set("DOORWARD_SEALING_KEYS", SEALING_KEY)
        .set("DOORWARD_SMTP_HOST", "mail.example")
        .set("DOORWARD_MAIL_FROM", "sso@example.com")
        .success(&["config", "check"]);
    assert!(said.contains("https://sso.example"), "{said}");
}

#[test]
fn a_configuration_file_that_is_not_toml_is_refused_with_file_line_and_reason() {
    let home = Home::new();
    let file = home.data("doorward.toml");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, "log_level = 'info'\nlisten = = \"hush\"\n").unwrap();
    let path = file.to_str().unwrap();
    for command in [&["config", "check"][..], &["serve"], &["demo"]] {
        let said =
            Settings::default().set("DOORWARD_LISTEN", "nonsense").failure(&[command, &["--config", path]].concat());
        assert!(said.contains(&format!("config: {path}: line 2, column 10: ")), "{said}");
        assert!(!said.contains("hush"), "{said}");
    }
}

#[test]
fn config_check_refuses_what_serve_refuses_all_of_it_together() {
    let settings = Settings::default()
        .set("DATABASE_URL", "mysql://u:do-not-show-me@127.0.0.1/x")
        .set("DOORWARD_OUTBOUND_ALLOW", "http://localhost, idp.example:x")
        .set("DOORWARD_LISTEN", "127.0.0.1:9")
        .set("DOORWARD_ADMIN_LISTEN", "127.0.0.1:9")
        .set("DOORWARD_LOG_LEVEL", "nfo");
    let keys = |name: &str, value: &str| settings.clone().set(name, value);
    for (settings, about_keys) in [
        (settings.clone(), "sealing_keys: is missing"),
        (keys("DOORWARD_SEALING_KEYS", "k1:abc"), "sealing_keys: must be lines"),
        (keys("DOORWARD_SEALING_KEYS_FILE", "/nope"), "sealing_keys_file: /nope cannot be read"),
    ] {
        let checked = settings.failure(&["config", "check"]);
        for fault in [
            about_keys,
            "database_url: must look like postgres://user:password@host:port/database",
            "outbound_allow: \"http://localhost\" is neither",
            "outbound_allow: \"idp.example:x\" is neither",
            "say host or host:port, without a scheme",
            "admin_listen: must be another address or port than listen",
            "log_level: \"nfo\": must be a level (error, warn",
        ] {
            assert!(checked.contains(fault), "{fault}: {checked}");
        }
        assert!(!checked.contains("do-not-show-me"), "{checked}");
        assert_eq!(settings.failure(&["serve"]), checked, "serve says the same");
    }
}

#[test]
fn a_database_that_does_not_answer_is_told_with_its_place_and_the_reason_and_no_password() {
    let settings = Settings::with_database("postgres://u:do-not-show-me@127.0.0.1:1/doorward");
    for command in ["migrate", "serve"] {
        let said = settings.failure(&[command]);
        assert!(said.contains("127.0.0.1:1/doorward") && said.contains("Connection refused"), "{said}");
        assert!(!said.contains("do-not-show-me"), "{said}");
    }
}

#[test]
fn migrate_makes_the_schema_and_a_second_time_does_nothing() {
    let database = TestDatabase::bare();
    let settings = Settings::with_database(database.url.expose_secret());
    for _ in 0..2 {
        assert!(settings.success(&["migrate"]).contains("up to date"));
    }
    settings.success(&["tenant", "create", "acme"]);
}

#[actix_web::test]
async fn created_tenants_and_keys_work_at_once() {
    let database = TestDatabase::new();
    let settings = Settings::with_database(database.url.expose_secret());
    let serving = settings.serve();
    let made = settings.success(&["tenant", "create", "acme", "--name", "Acme Inc.", "--external-id", "c-7"]);
    let tenant: Value = serde_json::from_str(&made).unwrap();
    assert_eq!(tenant["name"], "Acme Inc.");
    assert_eq!(serving.browser().get(tenant["login_url"].as_str().unwrap()).await.status, 200);

    let operator = SecretString::from(settings.success(&["key", "create", "root"]));
    let operator = Admin::new(serving.browser(), "", operator);
    let seen = operator.get("/v1/tenants/acme").await.ok();
    assert_eq!((&seen["id"], &seen["external_id"]), (&tenant["id"], &Value::from("c-7")));
    let owner = serving.owner("acme");
    assert_eq!(owner.get("/users").await.ok()["items"], serde_json::json!([]));
    assert_eq!(owner.get("/v1/tenants").await.status, 404, "what operators have is not there for a tenant's key");
}

#[actix_web::test]
async fn a_tenants_owner_is_invited_by_the_link_that_is_printed_and_mailed() {
    let database = TestDatabase::new();
    let settings = Settings::with_database(database.url.expose_secret());
    let serving = settings.serve();
    let said = settings.failure(&["tenant", "create", "acme", "--owner-email", "nobody"]);
    assert!(said.contains("--owner-email is not an e-mail address"), "{said}");
    let made = settings.success(&["tenant", "create", "acme", "--owner-email", "olive@acme.example"]);
    let tenant: Value = serde_json::from_str(&made).unwrap();
    let link = tenant["owner_invitation"]["url"].as_str().unwrap().to_owned();
    let letters = "SELECT recipient || ' ' || kind AS line FROM deliveries";
    assert_eq!(lines(&mut database.superuser(), letters), ["olive@acme.example invitation"]);

    let browser = serving.browser();
    assert_eq!(browser.get(&link).await.text_of("invited").as_deref(), Some("olive@acme.example"));
    let chosen = [("way", "password"), ("password", PASSWORD)];
    signs_in(&press_with(&browser, &link, &chosen).await);
    let me: Value = serde_json::from_str(&browser.get("/v1/tenants/acme/me").await.body).unwrap();
    assert_eq!(me["role"], "owner");
    // Whoever ran the command has seen the link: it proves nothing about the address.
    assert_eq!(me["user"]["email_verified_at"], Value::Null);
}

#[actix_web::test]
async fn created_applications_are_there_with_the_secret_that_was_printed() {
    let database = TestDatabase::new();
    let settings = Settings::with_database(database.url.expose_secret());
    settings.success(&["tenant", "create", "acme"]);
    let create = |more: &[&str]| -> Value {
        let args = [&["application", "create", "--redirect-uri", "https://app.example/callback"], more].concat();
        serde_json::from_str(&settings.success(&args)).unwrap()
    };
    let notes = create(&["--tenant", "acme", "--name", "notes"]);
    let native = create(&["--tenant", "acme", "--name", "native", "--public", "--redirect-uri", "com.example.app:/cb"]);
    let all = create(&["--name", "notes"]);
    let serving = settings.serve();
    let operator = Admin::new(serving.browser(), "", settings.success(&["key", "create", "root"]).into());
    let list = operator.get("/v1/tenants/acme/applications").await.ok()["items"].clone();
    assert_eq!((&list[0]["id"], &list[1]["id"]), (&notes["client_id"], &native["client_id"]));
    assert!(notes["client_secret"].as_str().unwrap().ends_with(list[0]["secrets"][0]["hint"].as_str().unwrap()));
    assert_eq!(list[1]["redirect_uris"], serde_json::json!(["https://app.example/callback", "com.example.app:/cb"]));
    assert!(native.get("client_secret").is_none() && list[1]["secrets"] == serde_json::json!([]), "{native}");
    assert!(notes["issuer"].as_str().unwrap().ends_with("/t/acme"), "{notes}");
    let all = operator.get(&format!("/v1/applications/{}", all["client_id"].as_str().unwrap())).await.ok();
    assert_eq!(all["name"], "notes");
    let said = settings.failure(&["application", "create", "--name", "x", "--redirect-uri", "http://app.example/"]);
    assert!(said.contains("redirect_uris[0]"), "{said}");
}

#[test]
fn a_tenant_that_exists_and_a_tenant_that_does_not_are_told() {
    let database = TestDatabase::new();
    let settings = Settings::with_database(database.url.expose_secret());
    settings.success(&["tenant", "create", "acme"]);
    let twice = settings.failure(&["tenant", "create", "acme"]);
    assert!(twice.contains("is not given out again"), "{twice}");
    let nobody = settings.failure(&["key", "create", "x", "--tenant", "nobody"]);
    assert!(nobody.contains("there is no tenant nobody"), "{nobody}");
}

#[test]
fn serve_with_a_database_and_without_a_sealing_key_refuses_and_says_how_to_make_one() {
    let database = TestDatabase::new();
    let settings = Settings::with_database(database.url.expose_secret()).unset("DOORWARD_SEALING_KEYS");
    let said = settings.failure(&["serve"]);
    assert!(said.contains("DOORWARD_SEALING_KEYS") && said.contains("openssl rand -base64 32"), "{said}");
}

#[test]
fn serve_with_a_wrong_sealing_key_refuses_and_says_which_one() {
    let database = TestDatabase::new();
    let right = Settings::with_database(database.url.expose_secret());
    right.success(&["tenant", "create", "acme"]);
    let zeros = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let wrong = right.clone().set("DOORWARD_SEALING_KEYS", &format!("t1:{zeros}"));
    let said = wrong.failure(&["serve"]);
    assert!(said.contains("`t1` is not the one that this database was sealed with"), "{said}");
    assert!(!said.contains(zeros), "{said}");
    let another = right.set("DOORWARD_SEALING_KEYS", &format!("k9:{zeros}"));
    let said = another.failure(&["serve"]);
    assert!(said.contains("`t1`, which is not configured"), "{said}");
}
