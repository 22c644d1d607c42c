//! The member's own page: what it shows, what its forms do, and that nobody else's form does it.

use chrono::Duration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::admin::Admin;
use crate::support::browser::{Browser, Page};
use crate::support::passwords::{ANOTHER, PASSWORD, person, proven_person, signs_in, try_password};
use crate::support::sign_in::{id, parameter};
use crate::support::totp::{asks_for_a_code, code, enrol, me, try_code, wrong_code};

const ALICE: &str = "alice@acme.example";
const PAGE: &str = "/t/acme/account";

async fn start() -> (TestApp, Admin, Value, Browser) {
    let app = TestApp::start_with_manual_clock();
    let acme = app.tenant("acme").await;
    let user = proven_person(&app, &acme, ALICE).await;
    let browser = app.browser();
    signs_in(&try_password(&browser, ALICE, PASSWORD).await);
    (app, acme, user, browser)
}

async fn post(browser: &Browser, form: &str, fields: &[(&str, &str)]) -> Page {
    browser.post(&format!("{PAGE}/{form}"), fields).await
}

/// Done: back to the page.
#[track_caller]
fn done(page: &Page) {
    assert_eq!(page.status, 303, "{}", page.body);
    let back = page.location().unwrap();
    assert_eq!((back.path(), back.query()), (PAGE, Some("saved=true")), "{back}");
}

/// The page again, which says what was wrong.
#[track_caller]
fn told(page: &Page, status: u16, code: &str) {
    assert_eq!((page.status, page.code().as_str()), (status, code), "{}", page.body);
    assert!(page.body.contains(&format!("action=\"{}/profile\"", page.url.join(PAGE).unwrap())), "{}", page.body);
}

#[actix_web::test]
async fn nobody_is_led_to_the_login_page_and_from_there_back() {
    let (app, _, _, browser) = start().await;
    let stranger = app.browser();
    let login = stranger.get(PAGE).await.location().unwrap();
    assert_eq!(login.path(), "/t/acme/login");
    let back = parameter(&login, "return_to");
    assert_eq!(back, format!("{}{PAGE}", app.url));
    let step = stranger.get(login.as_str()).await;
    assert!(step.body.contains(&format!("name=\"return_to\" value=\"{back}\"")), "{}", step.body);
    let form = [("email", ALICE), ("password", PASSWORD), ("return_to", back.as_str())];
    let signed_in = stranger.post("/t/acme/login/password", &form).await;
    signs_in(&signed_in);
    assert_eq!(signed_in.location().unwrap().as_str(), back);
    // W-10: no other page of ours, or like ours, is returned to without being listed.
    for elsewhere in [format!("{back}/x"), format!("{back}?x"), back.replace("acme", "globex")] {
        let form = [("email", ALICE), ("password", PASSWORD), ("return_to", elsewhere.as_str())];
        let page = app.browser().post("/t/acme/login/password", &form).await;
        assert_eq!(page.location().unwrap().as_str(), format!("{}/t/acme", app.url), "{elsewhere}");
    }
    let landing = browser.get("/t/acme").await;
    assert!(landing.body.contains(&format!("href=\"{back}\"")), "{}", landing.body);
}

#[actix_web::test]
async fn a_member_changes_their_names_and_nothing_else_of_themselves() {
    let (_app, acme, user, browser) = start().await;
    let form = [("name", " Alice L. "), ("given_name", "Alice"), ("family_name", "")];
    done(&post(&browser, "profile", &form).await);
    let now = acme.get(&format!("/users/{}", id(&user))).await.ok();
    assert_eq!(
        (&now["name"], &now["given_name"], &now["family_name"]),
        (&json!("Alice L."), &json!("Alice"), &json!(null))
    );
    let event = acme.last_event("user.updated").await;
    assert_eq!(
        (&event["payload"]["fields"], &event["actor"]["user_id"]),
        (&json!(["name", "given_name"]), &user["id"])
    );
    let shown = browser.get(PAGE).await;
    assert!(shown.body.contains("value=\"Alice L.\""), "{}", shown.body);
    let hostile = [("name", "x\u{202e}y"), ("given_name", ""), ("family_name", "")];
    told(&post(&browser, "profile", &hostile).await, 422, "invalid_fields");
    let markup = [("name", "<script>alert(1)</script>"), ("given_name", ""), ("family_name", "")];
    done(&post(&browser, "profile", &markup).await);
    assert!(!browser.get(PAGE).await.body.contains("<script>alert"), "W-21");

    let patched = me(&browser, Method::PATCH, "", Some(json!({"name": "Ada"}))).await;
    assert_eq!(patched.ok()["name"], "Ada");
    for (body, field) in [
        (json!({"email": "boss@acme.example"}), "email"),
        (json!({"email_verified_at": "2030-01-01T00:00:00Z"}), "email_verified_at"),
        (json!({"role": "owner"}), "role"),
        (json!({"external_id": "x"}), "external_id"),
    ] {
        assert_eq!(me(&browser, Method::PATCH, "", Some(body)).await.expect(422).fields(), [field], "L-09, T-04");
    }
}

#[actix_web::test]
async fn a_member_sees_and_ends_their_own_sessions() {
    let (app, acme, user, here) = start().await;
    person(&acme, "bob@acme.example").await;
    let bob = app.browser();
    signs_in(&try_password(&bob, "bob@acme.example", PASSWORD).await);
    let (first, second) = (app.browser(), app.browser());
    for browser in [&first, &second] {
        signs_in(&try_password(browser, ALICE, PASSWORD).await);
    }
    let shown = here.get(PAGE).await;
    assert_eq!(shown.body.matches("name=\"id\"").count(), 2, "those elsewhere can be ended: {}", shown.body);
    let named = shown.body.split("name=\"id\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    done(&post(&here, "sessions", &[("id", named)]).await);
    let left = [first.get("/v1/tenants/acme/me").await.status, second.get("/v1/tenants/acme/me").await.status];
    assert!(left == [401, 200] || left == [200, 401], "{left:?}");

    done(&post(&here, "sessions", &[]).await);
    assert_eq!(here.get("/v1/tenants/acme/me").await.status, 200);
    for browser in [&first, &second] {
        assert_eq!(browser.get("/v1/tenants/acme/me").await.status, 401);
    }
    let event = acme.last_event("session.others_ended").await;
    assert_eq!((&event["payload"]["user_id"], &event["payload"]["count"]), (&user["id"], &json!(1)));
    // Somebody else's is not there.
    assert_eq!(bob.get("/v1/tenants/acme/me").await.status, 200);
    let sessions = acme.get("/sessions").await.ok()["items"].as_array().unwrap().clone();
    let bobs = sessions.iter().find(|session| session["user_id"] != user["id"]).unwrap();
    assert_eq!(post(&here, "sessions", &[("id", id(bobs))]).await.status, 404);
    assert_eq!(bob.get("/v1/tenants/acme/me").await.status, 200);
}

#[actix_web::test]
async fn the_password_is_changed_on_the_page_and_what_is_wrong_is_said_in_the_persons_language() {
    let (app, acme, _, browser) = start().await;
    let change = async |current: &str, new: &str| {
        post(&browser, "password", &[("current_password", current), ("new_password", new)]).await
    };
    told(&change(ANOTHER, "a third one that fits").await, 403, "credentials_wrong");
    for (unfit, said) in [
        ("short", "This password is too short."),
        ("password1234", "This is a common password, or much like one: others would guess it."),
        ("aaaaaaaaaaaaaaa", "This password repeats the same characters: others would guess it."),
        (PASSWORD, "This is the password until now."),
    ] {
        let page = change(PASSWORD, unfit).await;
        told(&page, 422, "invalid_fields");
        assert!(page.body.contains(said), "{unfit}: {}", page.body);
    }
    let fields = [("current_password", PASSWORD), ("new_password", "short")];
    let path = format!("{PAGE}/password");
    let request = browser.request(Method::POST, &path).header("origin", &app.url).header("accept-language", "de");
    let page = browser.send(request.form(&fields), &path).await;
    assert!(page.body.contains("Dieses Passwort ist zu kurz."), "{}", page.body);
    done(&change(PASSWORD, ANOTHER).await);
    assert_eq!(acme.count_events("user.password_changed").await, 1);
    assert!(browser.get(&format!("{PAGE}?saved=true")).await.body.contains("Your change was saved."));
    assert!(!browser.get(PAGE).await.body.contains("Your change was saved."));
    signs_in(&try_password(&app.browser(), ALICE, ANOTHER).await);
}

#[actix_web::test]
async fn an_app_is_set_up_on_the_page_by_a_picture_or_by_hand_and_taken_away() {
    let (app, _, _, browser) = start().await;
    let page = post(&browser, "totp", &[]).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let secret = page.text_of("secret").unwrap();
    assert!(page.body.contains("<svg class=\"qr\"") && page.body.contains("href=\"otpauth://totp/"), "{}", page.body);
    assert!(!page.body.contains("<script") && !page.body.contains("style="), "W-16");

    let wrong = post(&browser, "totp/confirm", &[("code", &wrong_code(&secret, app.clock.now()))]).await;
    assert_eq!((wrong.status, wrong.code().as_str()), (403, "code_wrong"));
    assert!(!wrong.body.contains(&secret), "it is shown once");
    let kept = post(&browser, "totp/confirm", &[("code", &code(&secret, app.clock.now()))]).await;
    let list = kept.body.split("id=\"codes\"").nth(1).unwrap().split("</ol>").next().unwrap();
    let codes: Vec<&str> = list.split("<code>").skip(1).map(|part| part.split('<').next().unwrap()).collect();
    assert_eq!(codes.len(), 10, "{}", kept.body);
    assert_eq!(browser.get(PAGE).await.text_of("left").as_deref(), Some("10"));
    app.clock.advance(Duration::seconds(60));
    let half = app.browser();
    asks_for_a_code(&try_password(&half, ALICE, PASSWORD).await);
    signs_in(&try_code(&half, codes[0]).await);
    assert_eq!(half.get(PAGE).await.text_of("left").as_deref(), Some("9"));

    let new = post(&half, "recovery-codes", &[]).await;
    assert!(new.status == 200 && !new.body.contains(codes[1]), "{}", new.body);
    done(&post(&half, "totp/remove", &[]).await);
    signs_in(&try_password(&app.browser(), ALICE, PASSWORD).await);
}

#[actix_web::test]
async fn with_an_old_login_the_page_asks_to_sign_in_again_and_leads_back() {
    let (app, _, _, browser) = start().await;
    let (secret, _) = enrol(&browser, app.clock.now()).await;
    app.clock.advance(Duration::minutes(11));
    for form in ["totp", "totp/remove", "recovery-codes", "identities"] {
        let fields: &[(&str, &str)] = &[];
        let login = post(&browser, form, fields).await;
        let login = login.location().unwrap_or_else(|| panic!("{form}: {} {}", login.status, login.body));
        assert_eq!(
            (login.path(), parameter(&login, "return_to")),
            ("/t/acme/login", format!("{}{PAGE}?again=true", app.url))
        );
        let why = browser.get(login.as_str()).await;
        assert!(why.body.contains("this needs a login that is not older than ten minutes"), "{}", why.body);
    }
    let fields = [("current_password", PASSWORD), ("new_password", ANOTHER)];
    assert_eq!(post(&browser, "password", &fields).await.location().unwrap().path(), "/t/acme/login");
    // What is no way in is changed without it.
    done(&post(&browser, "profile", &[("name", "A"), ("given_name", ""), ("family_name", "")]).await);
    done(&post(&browser, "sessions", &[]).await);
    let back = format!("{}{PAGE}?again=true", app.url);
    let again = [("email", ALICE), ("password", PASSWORD), ("return_to", back.as_str())];
    asks_for_a_code(&browser.post("/t/acme/login/password", &again).await);
    let typed = code(&secret, app.clock.now());
    let page = browser.post("/t/acme/login/code", &[("code", typed.as_str()), ("return_to", back.as_str())]).await;
    signs_in(&page);
    assert_eq!(page.location().unwrap().as_str(), back);
    done(&post(&browser, "password", &fields).await);
}

#[actix_web::test]
async fn w_08_no_form_of_the_account_is_taken_from_another_site_or_without_a_session() {
    let (app, acme, _, browser) = start().await;
    let forms = [
        "profile",
        "password",
        "sessions",
        "identities",
        "totp",
        "totp/confirm",
        "totp/remove",
        "recovery-codes",
        "break-glass",
        "break-glass/withdraw",
    ];
    for form in forms {
        let path = format!("{PAGE}/{form}");
        for (site, origin) in [("cross-site", "https://evil.example"), ("same-site", "null"), ("none", "null")] {
            let request = browser.request(Method::POST, &path).header("origin", origin).header("sec-fetch-site", site);
            let page = browser.send(request.form(&[("name", "taken")]), &path).await;
            assert!(page.status == 403 && page.body.contains("cross_site"), "{form}: {} {}", page.status, page.body);
        }
        let stranger = app.browser().post(&path, &[("name", "taken")]).await;
        assert_eq!(stranger.location().unwrap().path(), "/t/acme/login", "{form}");
    }
    for event in ["user.updated", "user.totp_begun", "session.others_ended", "identity.unlinked"] {
        assert_eq!(acme.count_events(event).await, 0, "{event}");
    }
    // T-13: a suspended organisation's members have no page.
    app.operator().await.patch("/v1/tenants/acme", &json!({"status": "suspended"})).await.ok();
    assert_eq!(browser.get(PAGE).await.location().unwrap().path(), "/t/acme/login");
}
