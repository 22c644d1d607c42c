//! What letters say.

use chrono::{DateTime, Duration, Utc};
use doorward::flows::post::post;
use doorward::model::delivery::Language;
use doorward::model::email::EmailAddress;
use doorward::model::letter::Letter;
use reqwest::Method;
use reqwest::header::{HOST, HeaderMap, HeaderValue};
use secrecy::SecretString;
use serde_json::json;
use uuid::Uuid;

use super::acme;
use crate::support::TestApp;
use crate::support::admin::Admin;
use crate::support::browser::Browser;
use crate::support::hostile_provider::HostileProvider;
use crate::support::invitations::invite;
use crate::support::letters::ReadLetter;
use crate::support::passwords::person;
use crate::support::sign_in::{login_url, to_callback};
use crate::support::test_app::Setup;

const ADA: &str = "ada@acme.example";

/// Everything that text of others may try in a letter: lines, headers, SMTP's end of data, markup, templates, links, and
/// characters that hide or turn others.
const HOSTILE: &str = "Mal\r\nBcc: eve@evil.example\r\n.\r\nMAIL FROM:<x>\u{202e}\u{200b}<img src=x> {{7*7}} {tenant} https://evil.example/x";

/// Posts this letter to Ada, and gives it as it came.
async fn arrive(app: &TestApp, tenant: Uuid, language: Language, letter: Letter, link: Option<String>) -> ReadLetter {
    let (ctx, to) = (app.context.clone(), EmailAddress::parse(ADA).unwrap());
    let posted = app.context.db.tenant(tenant, move |conn| {
        post(conn, &ctx, tenant, (&to, language), &letter, link.map(SecretString::from).as_ref())
    });
    let id = posted.await.unwrap();
    let letters = app.letters_to(ADA).await;
    letters.into_iter().find(|l| l.message_id().starts_with(&format!("<{id}@"))).expect("it came")
}

/// Every letter, with this text where others' text stands.
fn every_letter(text: &str) -> Vec<Letter> {
    let at: DateTime<Utc> = "2030-01-02T03:04:05Z".parse().unwrap();
    let (some, connection) = (Some(text.to_owned()), || text.to_owned());
    vec![
        Letter::Invitation { inviter: None, expires_at: at },
        Letter::Invitation { inviter: some.clone(), expires_at: at },
        Letter::VerifyAddress { expires_at: at },
        Letter::ChangeAddress { expires_at: at },
        Letter::AddressChanged { new_address: text.to_owned() },
        Letter::ResetPassword { expires_at: at },
        Letter::CertificateExpires { connection: connection(), days_left: 7, not_after: at },
        Letter::SecretExpires { connection: connection(), days_left: -1, not_after: at },
        Letter::SsoEnforced { by: None, confirm_by: None },
        Letter::SsoEnforced { by: some.clone(), confirm_by: Some(at) },
        Letter::SsoLifted { by: None },
        Letter::SsoLifted { by: some },
        Letter::SsoWentBack {},
        Letter::BreakGlassCodesMade { by: text.to_owned() },
        Letter::BreakGlassUsed { by: text.to_owned(), at },
    ]
}

#[actix_web::test]
async fn m_08_every_letter_says_the_same_in_text_and_html_with_one_link_in_both_languages() {
    let app = TestApp::start();
    let (_, tenant) = acme(&app).await;
    for language in [Language::English, Language::German] {
        for letter in every_letter("Grace & Co") {
            let link = format!("{}/t/acme/invitation?a=1&token={}", app.url, Uuid::now_v7().simple());
            let wanted = letter.has_link().then(|| link.clone());
            let came = arrive(&app, tenant, language, letter.clone(), wanted.clone()).await;
            assert!(!came.text.contains('{') && !came.subject().contains('{'), "{}", came.text);
            assert!(came.subject().contains("acme Inc."), "{}", came.subject());
            match wanted {
                // `link` holds the two parts against each other.
                Some(link) => assert_eq!(came.link(), link),
                None => assert!(!came.text.contains("http") && !came.html.contains("href"), "{}", came.text),
            }
            for paragraph in came.text.split("\n\n").filter(|p| !p.contains("http") && !p.contains("-- ")) {
                let escaped = paragraph.trim().replace('&', "&#38;");
                assert!(came.html.contains(&escaped), "{escaped} is not in {}", came.html);
            }
            let lang = came.html.contains("<html lang=\"de\">");
            assert_eq!(lang, language == Language::German, "{}", came.html);
        }
    }
}

#[actix_web::test]
async fn m_01_text_of_others_adds_no_header_and_no_recipient() {
    let app = TestApp::start();
    let (owner, tenant) = acme(&app).await;
    let plain = arrive(&app, tenant, Language::English, every_letter("Grace").remove(1), None).await;
    let names = |letter: &ReadLetter| letter.headers.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    for letter in every_letter(HOSTILE) {
        let came = arrive(&app, tenant, Language::English, letter, None).await;
        assert_eq!(names(&came), names(&plain), "{}", came.raw);
        assert_eq!(came.header("to"), ADA);
        assert!(!came.text.contains("\nBcc") && !came.text.contains("\n.\n"), "{}", came.text);
    }
    // Where such a text would come from: refused at the door.
    let named = owner.patch("", &json!({"name": "Acme\r\nBcc: eve@evil.example"})).await;
    assert_eq!(named.expect(422).fields(), ["name"]);
    let named = owner.patch("", &json!({"support_email": "help@acme.example\r\nBcc: eve@evil.example"})).await;
    assert_eq!(named.expect(422).fields(), ["support_email"]);
}

#[actix_web::test]
async fn m_04_markup_and_links_in_names_are_inert_in_letters() {
    let app = TestApp::start();
    let (owner, tenant) = acme(&app).await;
    owner.patch("", &json!({"name": "<b>Acme</b> https://evil.example/x www.evil.example"})).await.ok();
    for letter in every_letter(HOSTILE) {
        let came = arrive(&app, tenant, Language::English, letter.clone(), None).await;
        for part in [&came.html, &came.text, &came.subject()] {
            assert!(!part.contains("https://evil") && !part.contains("www.evil.example"), "{part}");
        }
        assert!(!came.html.contains("<b>") && !came.html.contains("<img"), "{}", came.html);
        assert!(!came.html.contains("href"), "no link at all: {}", came.html);
    }
    for bad in ["http://cdn.example/logo.png", "javascript:alert(1)", "https://cdn.example/\"onerror=\"x", "data:x"] {
        assert_eq!(owner.patch("", &json!({"logo_url": bad})).await.expect(422).fields(), ["logo_url"], "{bad}");
    }
}

#[actix_web::test]
async fn m_04_an_honest_name_stands_in_sender_and_subject_as_it_is_and_one_that_poses_does_not() {
    let app = TestApp::start();
    let (owner, tenant) = acme(&app).await;
    for (name, shown, in_body) in [
        ("Booking.com B.V.", "Booking.com B.V.", "Booking. com B. V."),
        ("security@bank.example", "security@bank. example", "security@bank. example"),
        ("https://bank.example", "https: bank. example", "https: bank. example"),
    ] {
        owner.patch("", &json!({"name": name})).await.ok();
        let came = arrive(&app, tenant, Language::English, every_letter("Grace").remove(0), None).await;
        assert!(came.header("from").contains(shown), "{}", came.header("from"));
        assert_eq!(came.subject(), format!("Invitation to {shown}"));
        assert!(came.text.contains(&format!("You are invited to join {in_body}")), "{}", came.text);
    }
}

#[actix_web::test]
async fn m_06_a_template_in_a_name_is_only_text_in_letters() {
    let app = TestApp::start();
    let (_, tenant) = acme(&app).await;
    let letter = Letter::Invitation { inviter: Some("{{7*7}} {tenant} {% raw %}".into()), expires_at: app.clock.now() };
    let came = arrive(&app, tenant, Language::English, letter, None).await;
    assert!(came.text.contains("{{7*7}} {tenant} {% raw %} invites you to join acme Inc."), "{}", came.text);
    assert!(came.html.contains("{{7*7}} {tenant} {% raw %} invites you"), "{}", came.html);
}

#[actix_web::test]
async fn m_07_what_hides_or_turns_letters_does_not_come_into_a_letter() {
    let app = TestApp::start();
    let (_, tenant) = acme(&app).await;
    for letter in every_letter("A\u{202e}b\u{200b}c\u{2066}d") {
        let came = arrive(&app, tenant, Language::German, letter, None).await;
        for part in [&came.html, &came.text, &came.subject()] {
            assert!(!part.chars().any(|c| matches!(c, '\u{202e}' | '\u{200b}' | '\u{2066}')), "{part:?}");
        }
    }
}

#[actix_web::test]
async fn m_09_letters_ask_for_no_answer_and_name_where_help_is() {
    let app = TestApp::start();
    let (owner, tenant) = acme(&app).await;
    let came = arrive(&app, tenant, Language::English, every_letter("Grace").remove(0), None).await;
    assert!(
        came.text.contains("Answers are not read.") && came.html.contains("Answers are not read."),
        "{}",
        came.text
    );
    assert!(came.headers.iter().all(|(name, _)| !name.eq_ignore_ascii_case("reply-to")), "{:?}", came.headers);
    let logo = "https://cdn.acme.example/logo.png";
    owner.patch("", &json!({"support_email": "help@acme.example", "logo_url": logo})).await.ok();
    let came = arrive(&app, tenant, Language::English, every_letter("Grace").remove(0), None).await;
    assert_eq!(came.header("auto-submitted"), "auto-generated");
    assert_eq!(came.header("reply-to"), "help@acme.example");
    assert!(came.text.contains("Questions? Write to help@acme.example."), "{}", came.text);
    assert!(!came.text.contains("not read") && !came.html.contains("not read"), "answers are: {}", came.text);
    assert!(came.html.contains(&format!("<img src=\"{logo}\"")), "{}", came.html);
    assert!(came.header("from").contains("acme Inc."), "{}", came.header("from"));
}

#[actix_web::test]
async fn m_10_the_secret_stands_in_the_link_and_nowhere_else() {
    let app = TestApp::start();
    let (_, tenant) = acme(&app).await;
    for letter in every_letter("Grace").into_iter().filter(Letter::has_link) {
        let token = Uuid::now_v7().simple().to_string();
        let link = format!("{}/t/acme/invitation?token={token}", app.url);
        let came = arrive(&app, tenant, Language::English, letter, Some(link)).await;
        assert!(came.headers.iter().all(|(_, value)| !value.contains(&token)), "{:?}", came.headers);
        assert_eq!(came.text.matches(&token).count(), 1, "{}", came.text);
        assert_eq!(came.html.matches(&token).count(), 2, "button and address: {}", came.html);
        assert!(!came.html.contains("<img"), "nothing is fetched: {}", came.html);
        let begins = came.text.split(&token).next().unwrap().len();
        assert!(begins > 100, "no preview shows it: {}", came.text);
    }
}

#[actix_web::test]
async fn m_05_links_are_made_of_the_public_url_whatever_a_request_says_of_its_host() {
    // What a trusted proxy says is believed of the address, and of nothing else.
    let settings = json!({"trusted_proxies": ["127.0.0.0/8"]});
    let app = TestApp::start_with(Setup { settings, ..Setup::default() });
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let by_mail = json!({"provisioning": {"email_trust": "verify_by_mail"}});
    let connection = acme.connect(&provider, by_mail).await;
    person(&acme, "alice@acme.example").await;

    let mut evil = HeaderMap::new();
    for (name, value) in [
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-port", "666"),
        ("x-original-host", "evil.example"),
        ("forwarded", "for=192.0.2.1;host=evil.example;proto=https"),
    ] {
        evil.insert(name, HeaderValue::from_static(value));
    }
    let browser = Browser::with(&app.url, app.port, |client| client.default_headers(evil));
    let admin = Admin::new(browser.clone(), &acme.base, acme.key.clone());
    invite(&admin, "ivan@acme.example", json!({})).await;
    assert_eq!(browser.post("/t/acme/login/forgot", &[("email", "alice@acme.example")]).await.status, 200);
    provider.person(json!({"sub": "ada", "email": ADA, "name": "Ada"}));
    let callback = to_callback(&browser, login_url(&connection)).await;
    assert_eq!(browser.get(callback.as_str()).await.status, 303);
    for (address, path) in [
        ("ivan@acme.example", "/t/acme/invitation"),
        ("alice@acme.example", "/t/acme/login/reset"),
        (ADA, "/t/acme/login/verify"),
    ] {
        let came = app.letter_to(address).await;
        assert!(came.link().starts_with(&format!("{}{path}?token=", app.url)), "{}", came.link());
        assert!(!came.raw.contains("evil") && !came.text.contains("evil"), "{}", came.text);
    }
    // Under another Host nothing is answered, so nothing is posted either.
    let forgot = browser.request(Method::POST, "/t/acme/login/forgot").header(HOST, "evil.example");
    let answer = browser.send(forgot.form(&[("email", "alice@acme.example")]), "/").await;
    assert_eq!((answer.status, app.letters_to("alice@acme.example").await.len()), (421, 1), "{}", answer.body);
}

#[actix_web::test]
async fn a_letter_tells_until_when_its_link_is_good_and_when_it_was_written() {
    let app = TestApp::start_with_manual_clock();
    let (_, tenant) = acme(&app).await;
    let expires_at = app.clock.now() + Duration::days(7);
    let letter = Letter::Invitation { inviter: None, expires_at };
    let came = arrive(&app, tenant, Language::German, letter, None).await;
    assert!(came.text.contains(&expires_at.format("%d.%m.%Y, %H:%M UTC").to_string()), "{}", came.text);
    let date = DateTime::parse_from_rfc2822(&came.header("date")).unwrap();
    assert!((app.clock.now() - date.to_utc()).num_seconds().abs() < 2, "{date}");
}
