//! The page behind the link: what it shows, what it does not do, and tokens that are worth nothing (L-15, L-16).

use reqwest::Method;
use serde_json::json;

use crate::support::TestApp;
use crate::support::browser::Page;
use crate::support::database::lines;
use crate::support::hostile_provider::HostileProvider;
use crate::support::invitations::{invited, now, press_with, token_of};
use crate::support::passwords::PASSWORD;
use crate::support::sign_in::id;

const A: &str = "alice@acme.example";
const CHOOSE: [(&str, &str); 2] = [("way", "password"), ("password", PASSWORD)];

#[track_caller]
fn refused(page: &Page, status: u16, code: &str) {
    assert_eq!((page.status, page.code().as_str()), (status, code), "{}", page.body);
    assert_eq!(page.set_cookies(), [""; 0], "no cookie");
}

#[actix_web::test]
async fn looking_at_a_link_changes_nothing_however_often_and_says_nothing_to_others() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let (made, link) = invited(&app, &acme, A, json!({})).await;
    let sum = "SELECT md5(string_agg(to_jsonb(t)::text, ',')) AS line FROM invitations t";
    let conn = &mut app.database.superuser();
    let before = lines(conn, sum);
    let events = acme.get("/audit-events?limit=200").await.text;
    for _ in 0..3 {
        let page = app.browser().get(&link).await;
        assert_eq!((page.status, page.text_of("invited").as_deref()), (200, Some(A)), "{}", page.body);
        assert_eq!(page.set_cookies(), [""; 0]);
        assert_eq!(page.headers["cache-control"], "no-store");
        assert_eq!(page.headers["referrer-policy"], "no-referrer");
        assert!(page.body.contains("acme Inc.") && page.body.contains("<button"), "{}", page.body);
    }
    let german = app.browser();
    let request = german.request(Method::GET, &link).header("accept-language", "de");
    assert!(german.send(request, &link).await.body.contains("Einladung zu"));
    assert_eq!(lines(conn, sum), before);
    assert_eq!(acme.get("/audit-events?limit=200").await.text, events);
    assert_eq!(now(&acme, &made).await, made);
}

#[actix_web::test]
async fn the_button_works_from_our_own_page_only() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let (made, link) = invited(&app, &acme, A, json!({})).await;
    let browser = app.browser();
    let token = token_of(&link);
    let fields = [("token", token.as_str()), ("way", "password"), ("password", PASSWORD)];
    let request = browser.request(Method::POST, "/t/acme/invitation").form(&fields);
    let bare = browser.send(request, "/").await;
    let request = browser.request(Method::POST, "/t/acme/invitation").form(&fields);
    let crossed = browser.send(request.header("origin", "https://evil.example"), "/").await;
    assert_eq!((bare.status, crossed.status), (403, 403));
    assert_eq!(now(&acme, &made).await["state"], "pending");
}

#[actix_web::test]
async fn l_15_expired_revoked_and_accepted_links_are_gone_and_say_so_kindly() {
    let app = TestApp::start_with_manual_clock();
    let acme = app.tenant("acme").await;
    let (revoked, by_revoked) = invited(&app, &acme, "revoked@acme.example", json!({})).await;
    acme.delete(&format!("/invitations/{}", id(&revoked))).await.expect(204);
    let (_, by_accepted) = invited(&app, &acme, "accepted@acme.example", json!({})).await;
    let guest = app.browser();
    assert_eq!(press_with(&guest, &by_accepted, &CHOOSE).await.status, 303);
    let again = guest.get(&by_accepted).await;
    assert_eq!((again.status, again.location().unwrap().path()), (303, "/t/acme"), "signed in: that is where it led");
    let (_, by_expired) = invited(&app, &acme, "expired@acme.example", json!({"expires_in_hours": 1})).await;
    app.clock.advance(chrono::Duration::hours(1));
    let users = acme.get("/users").await.text;
    for (link, code) in [
        (&by_revoked, "invitation_revoked"),
        (&by_accepted, "invitation_accepted"),
        (&by_expired, "invitation_expired"),
    ] {
        refused(&app.browser().get(link).await, 410, code);
        refused(&press_with(&app.browser(), link, &CHOOSE).await, 410, code);
        refused(&press_with(&app.browser(), link, &[("way", "sso")]).await, 410, code);
        let page = app.browser().get(link).await;
        assert!(page.body.contains("/t/acme/login"), "there is a way on: {}", page.body);
    }
    assert_eq!(acme.get("/users").await.text, users);
}

#[actix_web::test]
async fn l_15_a_link_of_another_tenant_is_no_link() {
    let app = TestApp::start();
    let (acme, globex) = (app.tenant("acme").await, app.tenant("globex").await);
    let (made, link) = invited(&app, &acme, A, json!({})).await;
    let moved = link.replace("/t/acme/", "/t/globex/");
    let never = moved.replace(&token_of(&link), &"A".repeat(43));
    let (there, absent) = (app.browser().get(&moved).await, app.browser().get(&never).await);
    refused(&there, 404, "invitation_unknown");
    assert_eq!(there.body, absent.body, "the same bytes as one that never was");
    let token = token_of(&link);
    let fields = [("token", token.as_str()), ("way", "password"), ("password", PASSWORD)];
    refused(&app.browser().post("/t/globex/invitation", &fields).await, 404, "invitation_unknown");
    assert_eq!(globex.get("/users").await.ok()["items"], json!([]));
    assert_eq!(now(&acme, &made).await["state"], "pending");
}

#[actix_web::test]
async fn l_16_a_forged_or_edited_token_is_none_and_nothing_in_the_link_can_be_edited() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let (made, link) = invited(&app, &acme, A, json!({})).await;
    let token = token_of(&link);
    let mut edited = token.clone().into_bytes();
    edited[20] = if edited[20] == b'A' { b'B' } else { b'A' };
    let edited = String::from_utf8(edited).unwrap();
    let forged = [
        edited.as_str(),
        &token[..42],
        &format!("{token}A"),
        &format!("{token}{}", "A".repeat(1000)),
        &token.to_lowercase(),
        "",
        id(&made),
        "eyJhbGciOiJub25lIn0.eyJyb2xlIjoib3duZXIifQ.",
        "%00",
        "ü",
    ];
    for token in forged {
        let page = app.browser().get(&format!("/t/acme/invitation?token={token}")).await;
        refused(&page, 404, "invitation_unknown");
    }
    // Other fields are refused, in the query too, where nothing but the token counts.
    for more in [("role", "owner"), ("email", "eve@acme.example"), ("tenant", "globex")] {
        let fields = [("token", token.as_str()), ("way", "password"), ("password", PASSWORD), more];
        assert_eq!(app.browser().post("/t/acme/invitation", &fields).await.status, 422, "{more:?}");
    }
    press_with(&app.browser(), &format!("{link}&role=owner"), &CHOOSE).await;
    let page = press_with(&app.browser(), &link, &CHOOSE).await;
    assert_eq!(page.status, 303, "{}", page.body);
    let user = acme.get("/users").await.ok()["items"][0].clone();
    assert_eq!((&user["email"], &user["role"]), (&json!(A), &json!("member")));
}

#[actix_web::test]
async fn k_08_guessing_links_is_limited_by_address_across_instances() {
    let app = TestApp::start_with_manual_clock(); // a minute does not end meanwhile
    app.tenant("acme").await;
    let other = app.second_instance();
    let mut statuses = Vec::new();
    for n in 0..130 {
        let browser = if n % 2 == 0 { app.browser() } else { other.browser() };
        statuses.push(browser.get(&format!("/t/acme/invitation?token={}", "A".repeat(43))).await.status);
    }
    assert_eq!(statuses[..100], [404; 100]);
    assert_eq!(statuses[100..], [429; 30]);
}

#[actix_web::test]
async fn a_suspended_tenant_takes_nobody_in_by_invitation() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let (_, link) = invited(&app, &acme, A, json!({})).await;
    app.operator().await.patch("/v1/tenants/acme", &json!({"status": "suspended"})).await.ok();
    refused(&app.browser().get(&link).await, 403, "tenant_suspended");
    refused(&press_with(&app.browser(), &link, &CHOOSE).await, 403, "tenant_suspended");
}

#[actix_web::test]
async fn m_04_names_of_tenants_are_inert_on_the_invitations_page() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    acme.patch("", &json!({"name": "<img src=x onerror=alert(1)>{{7*7}}"})).await.ok();
    let provider = HostileProvider::start();
    let connection = acme.connect(&provider, json!({})).await;
    let name = json!({"display_name": "<script>alert(1)</script>"});
    acme.patch(&format!("/connections/{}", id(&connection)), &name).await.ok();
    let (_, link) = invited(&app, &acme, A, json!({})).await;
    let page = app.browser().get(&link).await;
    assert!(!page.body.contains("<img") && !page.body.contains("<script>"), "{}", page.body);
    assert!(page.body.contains("{{7*7}}"), "{}", page.body);
}
