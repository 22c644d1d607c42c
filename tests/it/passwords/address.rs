//! People change the address of their own account: the new one is proven, the old one is told.

use doorward::model::letter::Letter;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::admin::{Admin, Answer};
use crate::support::browser::{Browser, Page};
use crate::support::hostile_provider::HostileProvider;
use crate::support::mailbox::{link_to, posted_to, token_of};
use crate::support::passwords::{PASSWORD, app_within_a_window, person, proven_person, signs_in, try_password};
use crate::support::sign_in::{id, login_url, parameter, refused};

const OLD: &str = "alice@acme.example";
const NEW: &str = "alice@new.example";
const EMAIL: &str = "/v1/tenants/acme/me/email";
const CONFIRM: &str = "/t/acme/account/email/confirm";

struct Scene {
    app: TestApp,
    acme: Admin,
    user: Value,
    /// Alice's, signed in.
    browser: Browser,
}

impl Scene {
    async fn set() -> Self {
        let app = app_within_a_window();
        let acme = app.tenant("acme").await;
        let user = proven_person(&app, &acme, OLD).await;
        let browser = app.browser();
        signs_in(&try_password(&browser, OLD, PASSWORD).await);
        Self { app, acme, user, browser }
    }

    async fn now(&self) -> Value {
        self.acme.get(&format!("/users/{}", id(&self.user))).await.ok()
    }
}

/// PUT of the address by the browser's session, as a page of ours would.
async fn put(browser: &Browser, email: &str) -> Answer {
    let request = browser.request(Method::PUT, EMAIL).header("origin", &browser.base);
    let request = request.header("sec-fetch-site", "same-origin").json(&json!({"email": email}));
    let page = browser.send(request, EMAIL).await;
    Answer { status: page.status, headers: page.headers, text: page.body }
}

async fn press(browser: &Browser, link: &str) -> Page {
    browser.post(CONFIRM, &[("token", &token_of(link))]).await
}

#[actix_web::test]
async fn the_new_address_is_proven_and_the_old_one_is_told() {
    let s = Scene::set().await;
    let elsewhere = s.app.browser();
    signs_in(&try_password(&elsewhere, OLD, PASSWORD).await);
    put(&s.browser, NEW).await.expect(202);
    assert_eq!(s.now().await["email"], OLD, "the old one counts until then");
    assert_eq!(s.acme.last_event("user.email_change_requested").await["payload"]["id"], s.user["id"]);
    let letters = posted_to(&s.app, NEW).await;
    assert!(matches!(letters[0].letter, Letter::ChangeAddress { .. }), "{letters:?}");
    assert!(posted_to(&s.app, OLD).await.is_empty());

    let link = link_to(&s.app, NEW).await;
    assert!(link.starts_with(&format!("{}{CONFIRM}?token=", s.app.url)), "{link}");
    for _ in 0..2 {
        let shown = s.browser.get(&link).await; // L-12
        assert!(shown.status == 200 && shown.body.contains(NEW) && shown.body.contains("<button"), "{}", shown.body);
    }
    assert_eq!(s.now().await["email"], OLD);
    let done = press(&s.browser, &link).await;
    assert_eq!(done.status, 200, "{}", done.body);
    let now = s.now().await;
    assert_eq!(now["email"], NEW);
    assert!(now["email_verified_at"].is_string(), "{now}");
    assert_eq!(s.acme.last_event("user.email_changed").await["payload"]["id"], s.user["id"]);
    let told = posted_to(&s.app, OLD).await;
    assert_eq!(told[0].letter, Letter::AddressChanged { new_address: NEW.into() });
    assert_eq!((s.browser.get("/t/acme").await.status, elsewhere.get("/t/acme").await.status), (200, 303));
    signs_in(&try_password(&s.app.browser(), NEW, PASSWORD).await);
    refused(&try_password(&s.app.browser(), OLD, PASSWORD).await, 403, "credentials_wrong");
    refused(&press(&s.browser, &link).await, 410, "link_void");
}

#[actix_web::test]
async fn an_old_address_that_nobody_proved_is_told_nothing() {
    let s = Scene::set().await;
    person(&s.acme, "mistyped@acme.example").await;
    let browser = s.app.browser();
    signs_in(&try_password(&browser, "mistyped@acme.example", PASSWORD).await);
    put(&browser, NEW).await.expect(202);
    assert_eq!(press(&browser, &link_to(&s.app, NEW).await).await.status, 200);
    assert!(posted_to(&s.app, "mistyped@acme.example").await.is_empty());
    put(&browser, "newer@acme.example").await.expect(202);
    assert_eq!(press(&browser, &link_to(&s.app, "newer@acme.example").await).await.status, 200);
    let told = posted_to(&s.app, NEW).await;
    assert!(told.iter().any(|posted| matches!(posted.letter, Letter::AddressChanged { .. })), "{told:?}");
}

#[actix_web::test]
async fn the_page_asks_and_says_where_the_letter_went() {
    let s = Scene::set().await;
    let form = s.browser.get("/t/acme/account/email").await;
    assert_eq!(form.text_of("address").as_deref(), Some(OLD), "{}", form.body);
    let sent = s.browser.post("/t/acme/account/email", &[("email", NEW)]).await;
    assert_eq!(sent.status, 200, "{}", sent.body);
    assert_eq!(press(&s.browser, &link_to(&s.app, NEW).await).await.status, 200);
    assert_eq!(s.now().await["email"], NEW);
    for (path, method) in [("", "GET"), ("", "POST"), ("/confirm", "POST")] {
        let stranger = s.app.browser();
        let path = format!("/t/acme/account/email{path}");
        let page = match method {
            "GET" => stranger.get(&path).await,
            _ if path.ends_with("confirm") => stranger.post(&path, &[("token", "x")]).await,
            _ => stranger.post(&path, &[("email", NEW)]).await,
        };
        assert_eq!((page.status, page.location().unwrap().path()), (303, "/t/acme/login"), "{method} {path}");
    }
    let unfit = s.browser.post("/t/acme/account/email", &[("email", "no address")]).await;
    assert_eq!((unfit.status, unfit.code().as_str()), (422, "invalid_fields"), "{}", unfit.body);
    assert!(unfit.body.contains("value=\"no address\""), "what was typed is still there: {}", unfit.body);
    for path in ["/t/acme/account/email/confirm", "/t/acme/login/verify", "/t/acme/login/reset"] {
        let cut = s.browser.get(&format!("{path}?utm_source=mail")).await; // a mail program that loses the rest
        refused(&cut, 404, "not_found");
    }
}

#[actix_web::test]
async fn l_10_a_link_for_another_address_is_of_its_user_and_void_after_a_change() {
    let s = Scene::set().await;
    person(&s.acme, "bob@acme.example").await;
    let bob = s.app.browser();
    signs_in(&try_password(&bob, "bob@acme.example", PASSWORD).await);
    put(&s.browser, NEW).await.expect(202);
    let link = link_to(&s.app, NEW).await;
    refused(&bob.get(&link).await, 404, "not_found");
    refused(&press(&bob, &link).await, 404, "not_found");
    let asks = s.app.browser().get(&link).await;
    assert!(asks.status == 200 && !asks.body.contains(NEW), "a stranger is told to sign in: {}", asks.body);
    for path in ["/t/acme/login/verify", "/t/acme/login/reset"] {
        refused(&s.browser.get(&format!("{path}?token={}", token_of(&link))).await, 404, "not_found");
    }
    // Another address by now, of the user's or by an admin.
    let path = format!("/users/{}", id(&s.user));
    s.acme.patch(&path, &json!({"email": "third@acme.example"})).await.ok();
    refused(&press(&s.browser, &link).await, 410, "link_void");
    s.acme.patch(&path, &json!({"email": OLD})).await.ok();
    refused(&press(&s.browser, &link).await, 410, "link_void");
    // Of two that wait the first one counts; and each for an hour.
    put(&s.browser, "one@new.example").await.expect(202);
    put(&s.browser, "two@new.example").await.expect(202);
    assert_eq!(press(&s.browser, &link_to(&s.app, "one@new.example").await).await.status, 200);
    refused(&press(&s.browser, &link_to(&s.app, "two@new.example").await).await, 410, "link_void");
    put(&s.browser, NEW).await.expect(202);
    s.app.clock.advance(chrono::Duration::minutes(60));
    refused(&press(&s.browser, &link_to(&s.app, NEW).await).await, 410, "link_void");
    assert_eq!(s.now().await["email"], "one@new.example");
}

#[actix_web::test]
async fn l_10_of_many_confirmations_at_once_one_succeeds_and_a_taken_address_stays_its_owners() {
    let s = Scene::set().await;
    put(&s.browser, NEW).await.expect(202);
    let link = link_to(&s.app, NEW).await;
    let presses: Vec<_> = (0..10)
        .map(|_| {
            let (browser, link) = (s.browser.clone(), link.clone());
            actix_web::rt::spawn(async move { press(&browser, &link).await.status })
        })
        .collect();
    let mut seen = Vec::new();
    for one in presses {
        seen.push(one.await.unwrap());
    }
    assert_eq!(seen.iter().filter(|status| **status == 200).count(), 1, "{seen:?}");
    assert_eq!(posted_to(&s.app, OLD).await.len(), 1, "told once");
    s.acme.post("/users", &json!({"email": "bob@acme.example"})).await.created();
    put(&s.browser, "bob@acme.example").await.expect(202);
    refused(&press(&s.browser, &link_to(&s.app, "bob@acme.example").await).await, 409, "email_taken");
    assert_eq!(s.now().await["email"], NEW);
}

#[actix_web::test]
async fn k_07_an_address_is_changed_in_person_and_soon_after_the_login() {
    let s = Scene::set().await;
    let key = json!({"name": "own", "user_id": s.user["id"]});
    let key = s.acme.post("/api-keys", &key).await.created()["secret"].as_str().unwrap().to_owned();
    let by_key = Admin::new(s.app.browser(), "/v1/tenants/acme", key.into());
    assert_eq!(by_key.put_json("/me/email", &json!({"email": NEW})).await.expect(403).code(), "session_needed");
    for bad in ["", "no address", "a@b", "x\r\n@acme.example", &format!("{}@acme.example", "a".repeat(250))] {
        assert_eq!(put(&s.browser, bad).await.expect(422).fields(), ["email"], "{bad:?}");
    }
    assert_eq!(
        s.browser.send(s.browser.request(Method::PUT, EMAIL).json(&json!({"email": NEW})), EMAIL).await.status,
        403
    );
    s.app.clock.advance(chrono::Duration::minutes(11));
    assert_eq!(put(&s.browser, NEW).await.expect(403).code(), "reauthentication_needed");
    let page = s.browser.post("/t/acme/account/email", &[("email", NEW)]).await;
    let login = page.location().unwrap();
    assert_eq!((page.status, login.path()), (303, "/t/acme/login"));
    assert!(parameter(&login, "return_to").ends_with("/t/acme/account?again=true"), "{login}");
    signs_in(&try_password(&s.browser, OLD, PASSWORD).await);
    put(&s.browser, NEW).await.expect(202);
    assert_eq!(posted_to(&s.app, NEW).await.len(), 1);
    assert_eq!(press(&s.browser, &link_to(&s.app, NEW).await).await.status, 200);
    assert_eq!(put(&s.browser, NEW).await.expect(409).code(), "email_unchanged");
}

#[actix_web::test]
async fn l_06_an_address_that_a_provider_says_is_changed_there() {
    let s = Scene::set().await;
    let provider = HostileProvider::start();
    provider.goes_by(&s.app.clock);
    let connection = s.acme.connect(&provider, json!({})).await;
    provider.person(json!({"sub": "carol", "email": "carol@acme.example", "email_verified": true, "name": "Carol"}));
    let carol = s.app.browser();
    assert_eq!(carol.follow(login_url(&connection)).await.status, 200);
    assert_eq!(put(&carol, NEW).await.expect(409).code(), "email_from_provider");
    assert!(posted_to(&s.app, NEW).await.is_empty());
}

#[actix_web::test]
async fn k_08_letters_to_new_addresses_are_bounded() {
    let s = Scene::set().await;
    for _ in 0..5 {
        put(&s.browser, NEW).await.expect(202);
    }
    let answer = put(&s.browser, NEW).await.expect(429);
    assert!(answer.headers.contains_key("retry-after"));
    assert_eq!(posted_to(&s.app, NEW).await.len(), 5);
}
