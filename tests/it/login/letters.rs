//! Sign-ins that wait for a letter to prove the address (`email_trust = verify_by_mail`, row A4).

mod again;
mod links;

use doorward::flows::limits::LETTERS_PER_MAILBOX;
use doorward::model::delivery::Language;
use doorward::model::letter::Letter;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::browser::{Browser, Page};
use crate::support::hostile_provider::HostileProvider;
use crate::support::mailbox::{link_to, posted_to, token_of};
use crate::support::passwords::{PASSWORD, set, try_password};
use crate::support::sign_in::{cookie_pair, id, is_signed_in, login_url, refused, to_callback};
use crate::support::test_app::Setup;
use crate::support::{TestApp, admin::Admin};

const ADA: &str = "ada@acme.example";
const ME: &str = "/v1/tenants/acme/me";

struct Scene {
    app: TestApp,
    acme: Admin,
    provider: HostileProvider,
    connection: Value,
}

impl Scene {
    async fn set() -> Self {
        Self::on(TestApp::start_with_manual_clock()).await
    }

    async fn on(app: TestApp) -> Self {
        let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
        provider.goes_by(&app.clock);
        let by_mail = json!({"provisioning": {"email_trust": "verify_by_mail"}});
        let connection = acme.connect(&provider, by_mail).await;
        Self { app, acme, provider, connection }
    }

    /// A login as this subject with this address; the browser stands at the page that waits, or where else it led.
    async fn begin(&self, browser: &Browser, sub: &str, email: &str) -> Page {
        self.provider.person(json!({"sub": sub, "email": email, "email_verified": true, "name": sub}));
        let callback = to_callback(browser, login_url(&self.connection)).await;
        browser.get(callback.as_str()).await
    }

    /// The same, which has to wait: the path of the page that says so.
    async fn waits(&self, browser: &Browser, sub: &str, email: &str) -> String {
        let page = self.begin(browser, sub, email).await;
        assert!(cookie_pair(&page, "dw_s_").is_none(), "nobody is signed in: {:?}", page.set_cookies());
        assert!(cookie_pair(&page, "dw_v_").is_some(), "{:?} {}", page.set_cookies(), page.body);
        let path = page.location().unwrap().path().to_owned();
        assert!(path.starts_with("/t/acme/login/verify/"), "{path}");
        let shown = browser.get(&path).await;
        assert_eq!((shown.status, shown.text_of("address").as_deref()), (200, Some(email)), "{}", shown.body);
        path
    }

    async fn users(&self) -> Vec<Value> {
        self.acme.get("/users").await.ok()["items"].as_array().unwrap().clone()
    }

    async fn identities(&self, user: &Value) -> usize {
        let path = format!("/users/{}/identities", id(user));
        self.acme.get(&path).await.ok()["items"].as_array().unwrap().len()
    }

    async fn sessions(&self) -> usize {
        self.acme.get("/sessions").await.ok()["items"].as_array().unwrap().len()
    }
}

/// Presses the button behind a link.
async fn press(browser: &Browser, link: &str) -> Page {
    browser.post(link.split('?').next().unwrap(), &[("token", &token_of(link))]).await
}

#[actix_web::test]
async fn row_a4_verify_by_mail_a_sign_in_waits_and_goes_on_in_the_browser_that_began_it() {
    let s = Scene::set().await;
    let browser = s.app.browser();
    s.provider.person(json!({"sub": "ada", "email": ADA, "name": "Ada"}));
    let wanted = format!("{}?return_to=https://app.example/a?b=c", login_url(&s.connection));
    let callback = to_callback(&browser, &wanted).await;
    let page = browser.get(callback.as_str()).await;
    assert!(page.location().unwrap().path().starts_with("/t/acme/login/verify/"));
    assert!(s.users().await.is_empty(), "nobody is created before the address is proven");
    assert_eq!((s.sessions().await, browser.get(ME).await.status), (0, 401));
    let event = s.acme.last_event("login.waits").await;
    assert_eq!(
        (&event["payload"]["method"], &event["payload"]["connection_id"]),
        (&json!("oidc"), &s.connection["id"])
    );

    let letters = posted_to(&s.app, ADA).await;
    assert_eq!(letters.len(), 1);
    assert!(matches!(letters[0].letter, Letter::VerifyAddress { .. }), "{letters:?}");
    let link = letters[0].link.clone().unwrap();
    assert!(link.starts_with(&format!("{}/t/acme/login/verify?token=", s.app.url)), "{link}");
    let shown = browser.get(&link).await;
    assert!(shown.body.contains("<button") && shown.body.contains(ADA), "{}", shown.body);
    let done = press(&browser, &link).await;
    assert!(is_signed_in(&done), "{}", done.body);
    assert_eq!(done.location().unwrap().as_str(), "https://app.example/a?b=c", "it keeps its destination");
    assert!(done.set_cookies().iter().any(|line| line.starts_with("dw_v_") && line.contains("Max-Age=0")));

    let user = s.users().await.remove(0);
    assert_eq!((&user["email"], &user["name"]), (&json!(ADA), &json!("Ada")));
    assert!(user["email_verified_at"].is_string(), "{user}");
    assert_eq!(s.acme.last_event("login.succeeded").await["payload"]["outcome"], "created");
    // Known from now on: no letter at the next login.
    let again = s.begin(&s.app.browser(), "ada", ADA).await;
    assert!(is_signed_in(&again), "{}", again.body);
    assert_eq!(posted_to(&s.app, ADA).await.len(), 1);
}

#[actix_web::test]
async fn row_a4_verify_by_mail_another_browser_proves_the_address_and_is_not_signed_in() {
    let s = Scene::set().await;
    let (laptop, phone) = (s.app.browser(), s.app.browser());
    let waiting = s.waits(&laptop, "ada", ADA).await;
    let early = laptop.post(&waiting, &[]).await;
    assert_eq!(early.status, 409, "nobody has opened it yet: {}", early.body);
    assert!(early.text_of("notice").is_some() && s.users().await.is_empty());

    let link = link_to(&s.app, ADA).await;
    let shown = phone.get(&link).await;
    assert!(shown.body.contains("another browser"), "it says that somebody else is signed in by it: {}", shown.body);
    for _ in 0..2 {
        let confirmed = press(&phone, &link).await;
        assert_eq!((confirmed.status, confirmed.set_cookies().len()), (200, 0), "{}", confirmed.body);
    }
    assert_eq!((phone.get(ME).await.status, s.users().await.len()), (401, 0));
    assert_eq!(s.acme.count_events("address.confirmed").await, 1, "twice is once");

    assert_eq!(s.app.browser().post(&waiting, &[]).await.status, 404, "for the browser that waits alone");
    assert!(is_signed_in(&laptop.post(&waiting, &[]).await));
    assert_eq!((laptop.get(ME).await.status, s.users().await.len()), (200, 1));
    assert_eq!(laptop.post(&waiting, &[]).await.status, 404, "the cookie went with it");
    refused(&press(&phone, &link).await, 410, "link_void");
}

#[actix_web::test]
async fn row_a4_verify_by_mail_whoever_proved_the_address_elsewhere_may_begin_anew_anywhere() {
    let s = Scene::set().await;
    s.waits(&s.app.browser(), "ada", ADA).await;
    let link = link_to(&s.app, ADA).await;
    assert_eq!(press(&s.app.browser(), &link).await.status, 200);
    let page = s.begin(&s.app.browser(), "ada", ADA).await;
    assert!(is_signed_in(&page), "{}", page.body);
    assert_eq!(posted_to(&s.app, ADA).await.len(), 1);
}

#[actix_web::test]
async fn row_a4_verify_by_mail_a_sign_in_of_an_application_goes_on_to_it() {
    let s = Scene::set().await;
    let browser = s.app.browser();
    let request = Uuid::now_v7();
    s.provider.person(json!({"sub": "ada", "email": ADA, "name": "Ada"}));
    let callback = to_callback(&browser, &format!("{}?request={request}", login_url(&s.connection))).await;
    browser.get(callback.as_str()).await;
    let done = press(&browser, &link_to(&s.app, ADA).await).await;
    let ends = format!("{}/t/acme/oauth2/continue/{request}", s.app.url);
    assert!(is_signed_in(&done));
    assert_eq!(done.location().unwrap().as_str(), ends);
}

#[actix_web::test]
async fn row_a4_verify_by_mail_letters_are_in_the_browsers_language() {
    let s = Scene::set().await;
    s.provider.person(json!({"sub": "ada", "email": ADA, "name": "Ada"}));
    let browser = s.app.browser();
    let callback = to_callback(&browser, login_url(&s.connection)).await;
    let request = browser.request(Method::GET, callback.as_str()).header("accept-language", "de-AT, en;q=0.5");
    assert_eq!(browser.send(request, callback.as_str()).await.status, 303);
    assert_eq!(posted_to(&s.app, ADA).await[0].language, Language::German);
}

#[actix_web::test]
async fn l_01_verify_by_mail_an_asserted_address_takes_over_nobody_without_the_mailbox() {
    let s = Scene::set().await;
    s.acme.post("/users", &json!({"email": "boss@acme.example", "role": "owner"})).await.created();
    let mallory = s.app.browser();
    let waiting = s.waits(&mallory, "mallory", "boss@acme.example").await;
    assert_eq!(mallory.post(&waiting, &[]).await.status, 409);
    let user = s.users().await.remove(0);
    assert_eq!((s.identities(&user).await, s.sessions().await), (0, 0));
    assert!(user["email_verified_at"].is_null());
    // Not even with the letter: an owner is linked by a verified domain, or by hand.
    let page = press(&mallory, &link_to(&s.app, "boss@acme.example").await).await;
    refused(&page, 403, "link_requires_verification");
    assert_eq!(s.identities(&user).await, 0);
    let event = s.acme.last_event("login.refused").await;
    assert_eq!(page.text_of("event").as_deref(), event["id"].as_str());
    refused(&press(&mallory, &link_to(&s.app, "boss@acme.example").await).await, 410, "link_void");
    assert_eq!(s.acme.count_events("login.refused").await, 1, "one row for one link");
}

#[actix_web::test]
async fn l_06_the_old_address_is_told_when_the_provider_says_another_one() {
    let s = Scene::set().await;
    let browser = s.app.browser();
    s.waits(&browser, "ada", ADA).await;
    assert!(is_signed_in(&press(&browser, &link_to(&s.app, ADA).await).await));
    let user = s.users().await.remove(0);
    // The new one is to be proven too.
    s.waits(&browser, "ada", "lovelace@acme.example").await;
    assert_eq!(s.users().await[0]["email"], ADA);
    assert!(is_signed_in(&press(&browser, &link_to(&s.app, "lovelace@acme.example").await).await));
    let now = s.users().await.remove(0);
    assert_eq!((&now["email"], &now["id"]), (&json!("lovelace@acme.example"), &user["id"]));
    let told = posted_to(&s.app, ADA).await.pop().unwrap();
    assert_eq!(told.letter, Letter::AddressChanged { new_address: "lovelace@acme.example".into() });
    assert!(told.link.is_none());
    // Another spelling is no other address.
    let before = posted_to(&s.app, "lovelace@acme.example").await.len();
    assert!(is_signed_in(&s.begin(&browser, "ada", "Lovelace@acme.example").await));
    assert_eq!(posted_to(&s.app, "lovelace@acme.example").await.len(), before);
}

#[actix_web::test]
async fn l_04_verify_by_mail_the_letter_goes_to_the_address_on_file_and_not_to_one_written_like_it() {
    let s = Scene::set().await;
    s.acme.post("/users", &json!({"email": ADA})).await.created();
    let browser = s.app.browser();
    s.waits(&browser, "ada", "Ada@ACME.example").await;
    assert!(posted_to(&s.app, "Ada@ACME.example").await.is_empty());
    assert!(is_signed_in(&press(&browser, &link_to(&s.app, ADA).await).await));
    assert_eq!(s.users().await.len(), 1);
}

#[actix_web::test]
async fn k_08_a_provider_that_changes_addresses_all_day_floods_no_mailbox() {
    let app = TestApp::start();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let connection = acme.connect(&provider, json!({})).await;
    let browser = app.browser();
    let victim = ["victim@elsewhere.example", "Victim@elsewhere.example", "victim@Elsewhere.example"];
    // Letters of another kind, which strangers cause, keep none of these away.
    let tenant = acme.get("").await.ok()["id"].as_str().unwrap().parse().unwrap();
    for n in 0..2 * LETTERS_PER_MAILBOX {
        app.post_letter(tenant, victim[0], &format!("Grace {n}")).await;
    }
    for n in 0..28 {
        let email = if n % 2 == 0 { victim[n % 3].into() } else { format!("n{n}@evil.example") };
        provider.person(json!({"sub": "u", "email": email, "email_verified": true}));
        let page = browser.follow(login_url(&connection)).await;
        assert_eq!(page.text_of("email"), Some(email), "{}", page.body);
    }
    let mut told = 0;
    for spelling in victim {
        let posted = posted_to(&app, spelling).await;
        told += posted.iter().filter(|one| matches!(one.letter, Letter::AddressChanged { .. })).count();
    }
    assert_eq!(told, usize::try_from(LETTERS_PER_MAILBOX).unwrap());
}

#[actix_web::test]
async fn l_08_verify_by_mail_who_first_proves_an_address_finds_nobody_elses_way_in() {
    let s = Scene::set().await;
    let user = s.acme.post("/users", &json!({"email": ADA})).await.created();
    set(&s.acme, &user, &json!({"password": PASSWORD})).await;
    let (path, trojan) = (format!("/users/{}/identities", id(&user)), HostileProvider::start());
    let other = s.acme.connect(&trojan, json!({})).await;
    for (connection, subject) in [(&other, "trojan"), (&s.connection, "ada")] {
        s.acme.post(&path, &json!({"connection_id": connection["id"], "subject": subject})).await.created();
    }
    let browser = s.app.browser();
    s.waits(&browser, "ada", ADA).await;
    assert!(is_signed_in(&press(&browser, &link_to(&s.app, ADA).await).await));
    assert_eq!(s.identities(&user).await, 1, "nor an identity that somebody linked before");
    refused(&try_password(&s.app.browser(), ADA, PASSWORD).await, 403, "credentials_wrong");
    let warnings = s.acme.last_event("login.succeeded").await["payload"]["warnings"].clone();
    assert_eq!(warnings, json!(["earlier_credentials_removed"]));
}

#[actix_web::test]
async fn l_12_opening_a_link_changes_nothing() {
    let s = Scene::set().await;
    let browser = s.app.browser();
    s.waits(&browser, "ada", ADA).await;
    let link = link_to(&s.app, ADA).await;
    for scanner in [&browser, &s.app.browser()] {
        for _ in 0..3 {
            let page = scanner.get(&link).await;
            assert_eq!((page.status, page.set_cookies().len()), (200, 0));
            assert_eq!(page.headers["referrer-policy"], "no-referrer");
            assert_eq!(page.headers["cache-control"], "no-store");
        }
    }
    let head = browser.send(browser.request(Method::HEAD, &link), &link).await;
    assert_eq!((head.status, s.users().await.len()), (405, 0));
    assert_eq!(s.acme.count_events("address.confirmed").await, 0);
    // Nor does a post from elsewhere.
    let path = "/t/acme/login/verify";
    let request = browser.request(Method::POST, path).header("origin", "https://evil.example");
    let request = request.header("sec-fetch-site", "cross-site").form(&[("token", token_of(&link))]);
    assert_eq!(browser.send(request, path).await.status, 403);
    assert!(is_signed_in(&press(&browser, &link).await));
}

#[actix_web::test]
async fn l_22_the_page_that_waits_is_the_same_whoever_has_the_address() {
    let s = Scene::set().await;
    let suspended = s.acme.post("/users", &json!({"email": "suspended@acme.example"})).await.created();
    s.acme.patch(&format!("/users/{}", id(&suspended)), &json!({"status": "suspended"})).await.ok();
    s.acme.post("/users", &json!({"email": "known@acme.example"})).await.created();
    let mut seen = Vec::new();
    for address in ["known@acme.example", "suspended@acme.example", "nobody@acme.example"] {
        let browser = s.app.browser();
        let path = s.waits(&browser, "mallory", address).await;
        let page = browser.get(&path).await;
        seen.push((page.status, page.body.replace(address, "-").replace(path.rsplit('/').next().unwrap(), "-")));
    }
    assert!(seen.windows(2).all(|pair| pair[0] == pair[1]), "{seen:#?}");
    let browser = s.app.browser();
    s.waits(&browser, "sue", "suspended@acme.example").await;
    refused(&press(&browser, &link_to(&s.app, "suspended@acme.example").await).await, 403, "user_suspended");
}

#[actix_web::test]
async fn l_29_a_sign_in_that_waits_goes_on_by_the_rules_that_it_was_verified_by_or_not_at_all() {
    let s = Scene::set().await;
    let path = format!("/connections/{}", id(&s.connection));
    for change in ["disable", "patch", "suspend"] {
        let browser = s.app.browser();
        s.waits(&browser, change, &format!("{change}@acme.example")).await;
        let link = link_to(&s.app, &format!("{change}@acme.example")).await;
        let code = match change {
            "disable" => {
                s.acme.post(&format!("{path}/disable"), &json!({})).await.ok();
                "connection_not_active"
            }
            "patch" => {
                s.acme.patch(&path, &json!({"provisioning": {"create_users": false}})).await.ok();
                "connection_not_active"
            }
            _ => {
                s.app.operator().await.patch("/v1/tenants/acme", &json!({"status": "suspended"})).await.ok();
                "tenant_suspended"
            }
        };
        refused(&press(&browser, &link).await, 403, code);
        if change == "disable" {
            s.acme.post(&format!("{path}/activate"), &json!({})).await.ok();
        }
    }
    s.app.operator().await.patch("/v1/tenants/acme", &json!({"status": "active"})).await.ok();
    assert_eq!((s.users().await.len(), s.sessions().await), (0, 0));
}

#[actix_web::test]
async fn k_08_letters_are_bounded_for_a_person_and_for_a_mailbox_over_two_instances() {
    let s = Scene::on(crate::support::passwords::app_within_a_window()).await;
    let other = s.app.second_instance();
    let browser = s.app.browser();
    for n in 0..5 {
        let at = if n % 2 == 0 { browser.clone() } else { browser.via(other.port) };
        s.waits(&at, "ada", ADA).await;
    }
    for port in [s.app.port, other.port] {
        let page = s.begin(&browser.via(port), "ada", ADA).await;
        refused(&page, 429, "rate_limited");
        assert!(page.headers["retry-after"].to_str().unwrap().parse::<u32>().unwrap() <= 900);
    }
    assert_eq!(posted_to(&s.app, ADA).await.len(), 5);
    // The letters that went out are good, and somebody else is not held up.
    s.waits(&browser, "bob", "bob@acme.example").await;
    assert!(is_signed_in(&press(&browser, &link_to(&s.app, "bob@acme.example").await).await));
    assert!(is_signed_in(&press(&browser, &link_to(&s.app, ADA).await).await), "the newest letter is this browser's");
    for n in 0..5 {
        s.waits(&s.app.browser(), &format!("mallory{n}"), "eve@acme.example").await;
        s.waits(&s.app.browser(), &format!("mallory{n}"), "eve@acme.example").await;
    }
    refused(&s.begin(&s.app.browser(), "another", "eve@acme.example").await, 429, "rate_limited");
    assert_eq!(posted_to(&s.app, "eve@acme.example").await.len(), 10);
}

#[actix_web::test]
async fn w_02_the_cookie_of_a_sign_in_that_waits_is_bound_to_the_host_and_kept_from_scripts() {
    let settings = json!({"public_url": "https://sso.example"});
    let s = Scene::on(TestApp::start_with(Setup { settings, ..Setup::default() })).await;
    s.provider.person(json!({"sub": "ada", "email": ADA, "name": "Ada"}));
    let browser = s.app.browser();
    let begun = browser.get(login_url(&s.connection)).await;
    let attempt = cookie_pair(&begun, "__Host-dw_a_").unwrap();
    let callback = browser.get(begun.location().unwrap().as_str()).await.location().unwrap();
    let request = browser.request(Method::GET, callback.as_str()).header("cookie", attempt);
    let lines = browser.send(request, callback.as_str()).await.set_cookies();
    let line = lines.iter().find(|line| line.starts_with("__Host-dw_v_")).unwrap_or_else(|| panic!("{lines:?}"));
    for attribute in ["HttpOnly", "Secure", "SameSite=Lax", "Path=/", "Max-Age=3600"] {
        assert!(line.contains(attribute), "{line}");
    }
}
