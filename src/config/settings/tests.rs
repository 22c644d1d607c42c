//! How settings are read.

use super::*;
use figment::providers::{Format, Toml};

fn read(toml: &str) -> Result<Config, ConfigError> {
    Config::read(&Figment::from(Toml::string(toml)), Surroundings::default())
}

#[test]
fn every_fault_is_told_at_once_and_no_secret_with_it() {
    let ConfigError(faults) = read(
        "listen = 'x'\npublic_url = 'http://sso.example'\ntrusted_proxies = 'nonsense'\ndatabase_pool_size = 0\nsealing_keys = ['hush']\nshoe_size = 9",
    )
    .unwrap_err();
    let keys: Vec<&str> = faults.iter().map(|f| f.key.as_str()).collect();
    for key in ["listen", "public_url", "trusted_proxies", "database_pool_size", "shoe_size"] {
        assert!(keys.contains(&key), "{key} missing in {keys:?}");
    }
    assert!(!format!("{faults:?}").contains("hush"));
}

#[test]
fn a_file_that_is_not_toml_is_told_with_its_place_and_without_its_text() {
    let ConfigError(faults) = read("log_level = 'info'\nsealing_keys = \"k1:hush\nlisten = '0.0.0.0'").unwrap_err();
    let said = &faults[0].message;
    assert!(faults.len() == 1 && faults[0].key == "config" && said.starts_with("line 2, column "), "{faults:?}");
    assert!(!said.contains("hush") && !said.ends_with(": "), "{said}");
}

#[test]
fn values_of_the_wrong_kind_are_told_in_plain_words() {
    let wrong = "database_pool_size = 'x'\nlog_format = 'xml'\nembedded = 'maybe'\nlisten = true\noutbound_allow = 1\ndrain_seconds = -1";
    let said: Vec<_> = read(wrong).unwrap_err().0.into_iter().map(|f| format!("{} {}", f.key, f.message)).collect();
    for rule in [
        "database_pool_size must be a whole number between 1 and 100",
        "log_format must be text or json",
        "embedded must be true or false",
        "listen must be text",
        "outbound_allow must be a list of texts, or one text with commas",
        "drain_seconds must be a whole number between 0 and 300",
    ] {
        assert!(said.iter().any(|s| s == rule), "{rule}: {said:?}");
    }
    assert_eq!(said.len(), 6, "each once: {said:?}");
}

#[test]
fn metrics_have_an_address_of_their_own() {
    let both = |listen: &str, admin: &str| read(&format!("listen = '{listen}'\nadmin_listen = '{admin}'"));
    for (listen, admin) in [("127.0.0.1:9", "127.0.0.1:9"), ("0.0.0.0:9", "127.0.0.1:9"), ("127.0.0.1:9", "[::]:9")] {
        assert_eq!(both(listen, admin).unwrap_err().0[0].key, "admin_listen", "{listen} {admin}");
    }
    assert!(both("127.0.0.1:9", "127.0.0.1:10").is_ok() && both("127.0.0.1:0", "127.0.0.1:0").is_ok());
}

#[test]
fn a_database_url_of_another_kind_is_told_without_its_password() {
    for key in ["database_url", "migration_url"] {
        let ConfigError(faults) = read(&format!("{key} = 'mysql://u:hush@db/x'")).unwrap_err();
        assert!(faults[0].key == key && faults[0].message.contains("postgres://user:password@host"), "{faults:?}");
        assert!(!faults[0].message.contains("hush"), "{faults:?}");
    }
}

#[test]
fn a_forgotten_database_url_is_not_a_silent_empty_database() {
    assert!(read("public_url = 'https://sso.example'").unwrap_err().0.iter().any(|f| f.key == "database_url"));
    assert!(
        read("public_url = 'https://sso.example'\nembedded = true\nsmtp_host = 'm'\nmail_from = 'a@b.example'").is_ok()
    );
    assert!(read("").is_ok());
}

#[test]
fn lists_are_arrays_or_text_with_commas() {
    assert_eq!(read("outbound_allow = ['a', 'b']").unwrap().outbound_allow, ["a", "b"]);
    assert_eq!(read("outbound_allow = 'a, b'").unwrap().outbound_allow, ["a", "b"]);
    assert_eq!(read("listen = '0.0.0.0'").unwrap().listen.port(), 8080);
}

#[test]
fn letters_need_a_mail_server_unless_everything_is_on_this_machine() {
    let faults = |toml: &str| read(toml).map_or_else(|e| e.0.into_iter().map(|f| f.key).collect(), |_| Vec::new());
    let public = "public_url = 'https://sso.example'\nembedded = true\n";
    assert_eq!(faults(public), ["smtp_host"]);
    assert_eq!(faults(&format!("{public}mail_folder = '/tmp/x'")), ["smtp_host"], "files are no letters there");
    assert_eq!(faults(&format!("{public}smtp_host = 'm'")), ["mail_from"]);
    assert_eq!(faults("mail_folder = '/tmp/x'"), [""; 0]);
    let server = "smtp_host = 'm'\nmail_from = 'a@b.example'\n";
    assert_eq!(faults(&format!("{server}mail_folder = '/tmp/x'")), ["mail_folder"], "one of them");
    assert_eq!(faults(&format!("{server}smtp_username = 'u'")), ["smtp_password"]);
    assert_eq!(faults(&format!("{server}smtp_password = 'hush'")), ["smtp_username"]);
    for plain in ["none", "starttls_optional"] {
        let toml = format!("{server}smtp_username = 'u'\nsmtp_password = 'hush'\nsmtp_tls = '{plain}'");
        assert_eq!(faults(&toml), ["smtp_tls"], "a password in the clear");
    }
    assert_eq!(
        faults(&format!("{server}smtp_tls = 'ssl'\nsmtp_port = 0\nsmtp_timeout_seconds = 999")),
        ["smtp_tls", "smtp_port", "smtp_timeout_seconds"]
    );
    let port = |toml: &str| read(&format!("{server}{toml}")).unwrap().mail.smtp.unwrap().port;
    assert_eq!((port(""), port("smtp_tls = 'tls'"), port("smtp_port = 2525")), (587, 465, 2525));
}
