//! Forgotten passwords: a letter, and a new password by its link.

use diesel::connection::SimpleConnection;
use doorward::model::letter::Letter;
use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::admin::Admin;
use crate::support::browser::{Browser, Page};
use crate::support::database::lines;
use crate::support::hostile_provider::HostileProvider;
use crate::support::mailbox::{link_to, posted_to, token_of};
use crate::support::passwords::{
    ANOTHER, PASSWORD, app_within_a_window, browser_from, person, set, signs_in, try_password,
};
use crate::support::sign_in::{cookie_pair, id, refused};
use crate::{needs_loopback, support};

const ALICE: &str = "alice@acme.example";
const ME: &str = "/v1/tenants/acme/me";
const FORGOT: &str = "/t/acme/login/forgot";

async fn start() -> (TestApp, Admin) {
    let app = app_within_a_window();
    let acme = app.tenant("acme").await;
    (app, acme)
}

async fn forgot(browser: &Browser, address: &str) -> Page {
    browser.post(FORGOT, &[("email", address)]).await
}

/// The letter was sent, or not; nobody is told which.
async fn asked(browser: &Browser, address: &str) {
    let page = forgot(browser, address).await;
    assert_eq!((page.status, page.set_cookies().len()), (200, 0), "{}", page.body);
}

/// Posts the form behind a link.
async fn reset(browser: &Browser, link: &str, password: &str) -> Page {
    browser.post("/t/acme/login/reset", &[("proof", &token_of(link)), ("password", password)]).await
}

#[actix_web::test]
async fn row_e3_local_a_forgotten_password_is_set_anew_by_a_letter() {
    let (app, acme) = start().await;
    let user = person(&acme, ALICE).await;
    let old = app.browser();
    signs_in(&try_password(&old, ALICE, PASSWORD).await);
    let browser = app.browser();
    let step = browser.get(&format!("/t/acme/login?step=password&login_hint={ALICE}")).await;
    assert!(step.body.contains(&format!("{FORGOT}?login_hint=alice%40acme.example")), "{}", step.body);
    let form = browser.get(&format!("{FORGOT}?login_hint=alice%40acme.example")).await;
    assert!(form.body.contains(&format!("value=\"{ALICE}\"")), "{}", form.body);
    asked(&browser, "Alice@ACME.example").await;
    assert!(posted_to(&app, "Alice@ACME.example").await.is_empty(), "it goes to the address that she has");
    let letters = posted_to(&app, ALICE).await;
    assert!(
        matches!(letters[..], [support::mailbox::Posted { letter: Letter::ResetPassword { .. }, .. }]),
        "{letters:?}"
    );
    let link = letters[0].link.clone().unwrap();
    assert!(link.starts_with(&format!("{}/t/acme/login/reset?token=", app.url)), "{link}");
    assert_eq!(acme.last_event("user.password_reset_requested").await["payload"]["id"], user["id"]);

    let shown = browser.get(&link).await;
    assert!(shown.status == 200 && shown.body.contains("name=\"password\""), "{}", shown.body);
    signs_in(&try_password(&app.browser(), ALICE, PASSWORD).await);
    let unfit = reset(&browser, &link, "short").await;
    assert!(unfit.status == 422 && unfit.body.contains("role=\"alert\""), "{}", unfit.body);
    let done = reset(&browser, &link, ANOTHER).await;
    assert_eq!((done.status, done.set_cookies().len()), (200, 0), "nobody is signed in by it: {}", done.body);
    assert_eq!(acme.last_event("user.password_reset").await["payload"]["id"], user["id"]);
    assert_eq!(old.get(ME).await.status, 401, "every session is over");
    refused(&try_password(&app.browser(), ALICE, PASSWORD).await, 403, "credentials_wrong");
    signs_in(&try_password(&browser, ALICE, ANOTHER).await);
    refused(&browser.get(&link).await, 410, "link_void");
    let user = acme.get(&format!("/users/{}", id(&user))).await.ok();
    assert!(user["email_verified_at"].is_string(), "the link has proven the address: {user}");
}

#[actix_web::test]
async fn a_reset_that_was_asked_for_on_the_way_to_an_application_leads_back_there() {
    let (app, acme) = start().await;
    person(&acme, ALICE).await;
    let request = uuid::Uuid::now_v7().to_string();
    let browser = app.browser();
    let form = browser.get(&format!("{FORGOT}?request={request}")).await;
    let carried = format!("name=\"request\" value=\"{request}\"");
    assert!(form.body.contains(&carried), "{}", form.body);
    browser.post(FORGOT, &[("email", ALICE), ("request", &request)]).await;
    let done = reset(&app.browser(), &link_to(&app, ALICE).await, ANOTHER).await;
    assert!(done.body.contains(&format!("/t/acme/login?request={request}")), "{}", done.body);
    // W-10: a target that is not listed is not carried.
    let form = browser.get(&format!("{FORGOT}?return_to=https://evil.example/")).await;
    assert!(!form.body.contains("evil"), "{}", form.body);
    browser.post(FORGOT, &[("email", ALICE), ("return_to", "https://evil.example/")]).await;
    let done = reset(&app.browser(), &link_to(&app, ALICE).await, PASSWORD).await;
    assert!(done.status == 200 && !done.body.contains("evil"), "{}", done.body);
}

#[actix_web::test]
async fn who_has_no_password_sets_one_where_the_tenant_has_passwords_and_the_domain_signs_in_nowhere_else() {
    let (app, acme) = start().await;
    let browser = app.browser();
    acme.post("/users", &json!({"email": ALICE})).await.created();
    asked(&browser, ALICE).await;
    assert_eq!(reset(&browser, &link_to(&app, ALICE).await, PASSWORD).await.status, 200);
    signs_in(&try_password(&browser, ALICE, PASSWORD).await);
    // L-23: where the domain names a connection, that is the way.
    let provider = HostileProvider::start();
    let connection = acme.connect(&provider, json!({})).await;
    let domain = json!({"domain": "sso.example", "connection_id": connection["id"]});
    let domain = acme.post("/domains", &domain).await.created();
    let attest = format!("/v1/tenants/acme/domains/{}/attest", id(&domain));
    app.operator().await.post(&attest, &json!({})).await.ok();
    acme.post("/users", &json!({"email": "bob@sso.example"})).await.created();
    asked(&browser, "bob@sso.example").await;
    assert!(posted_to(&app, "bob@sso.example").await.is_empty());
    person(&acme, "carol@sso.example").await;
    asked(&browser, "carol@sso.example").await;
    assert_eq!(posted_to(&app, "carol@sso.example").await.len(), 1, "an admin gave her a password");
}

#[actix_web::test]
async fn l_23_a_forgotten_password_is_no_way_around_the_provider_for_who_never_had_one() {
    let (app, acme) = start().await;
    let provider = HostileProvider::start();
    let connection = acme.connect(&provider, json!({})).await;
    let identity = json!({"connection_id": connection["id"], "subject": "alice"});
    let body = json!({"email": ALICE, "identities": [identity]});
    let browser = app.browser();
    acme.post("/users", &body).await.created();
    acme.post("/users", &json!({"email": "bob@acme.example"})).await.created();
    for address in [ALICE, "bob@acme.example"] {
        asked(&browser, address).await;
        assert!(posted_to(&app, address).await.is_empty(), "{address}: nobody here has a password");
    }
    person(&acme, "carol@acme.example").await;
    for address in [ALICE, "bob@acme.example"] {
        asked(&browser, address).await;
    }
    assert!(posted_to(&app, ALICE).await.is_empty(), "she signs in by her provider");
    assert_eq!(posted_to(&app, "bob@acme.example").await.len(), 1, "he could not sign in otherwise");
    // Where no connection signs anybody in, she may.
    acme.post(&format!("/connections/{}/disable", id(&connection)), &json!({})).await.ok();
    asked(&browser, ALICE).await;
    assert_eq!(posted_to(&app, ALICE).await.len(), 1);
}

#[actix_web::test]
async fn l_23_where_sso_is_enforced_there_are_no_passwords_to_reset() {
    let (app, acme) = start().await;
    person(&acme, ALICE).await;
    let browser = app.browser();
    asked(&browser, ALICE).await;
    let link = link_to(&app, ALICE).await;
    app.operator().await.patch("/v1/tenants/acme", &json!({"sso": "enforced"})).await.ok();
    refused(&browser.get(FORGOT).await, 403, "sso_enforced");
    refused(&forgot(&browser, ALICE).await, 403, "sso_enforced");
    refused(&browser.get(&link).await, 403, "sso_enforced");
    refused(&reset(&browser, &link, ANOTHER).await, 403, "sso_enforced");
    assert_eq!(posted_to(&app, ALICE).await.len(), 1);
}

/// What a stranger sees.
fn seen(page: &Page) -> (u16, Vec<String>, String) {
    let mut names: Vec<_> = page.headers.keys().map(|name| name.as_str().to_owned()).collect();
    names.sort();
    (page.status, names, page.body.clone())
}

/// Whom a letter is asked for, and whether there is one to have.
async fn everybody(acme: &Admin) -> Vec<(&'static str, bool)> {
    person(acme, "known@acme.example").await;
    let suspended = person(acme, "suspended@acme.example").await;
    acme.patch(&format!("/users/{}", id(&suspended)), &json!({"status": "suspended"})).await.ok();
    acme.post("/users", &json!({"email": "without@acme.example"})).await.created();
    vec![
        ("known@acme.example", true),
        ("without@acme.example", true),
        ("suspended@acme.example", false),
        ("nobody@acme.example", false),
        ("no address", false),
        ("x\0@acme.example", false),
        ("", false),
    ]
}

#[actix_web::test]
async fn l_22_a_forgotten_password_is_answered_alike_for_everybody() {
    let (app, acme) = start().await;
    let browser = app.browser();
    let mut answers = Vec::new();
    for (address, letter) in everybody(&acme).await {
        answers.push(seen(&forgot(&browser, address).await));
        assert_eq!(posted_to(&app, address).await.len(), usize::from(letter), "{address:?}");
    }
    assert_eq!(answers[0].0, 200);
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:#?}");
}

#[actix_web::test]
async fn k_11_a_forgotten_password_costs_the_same_rows_whoever_it_is_about() {
    let (app, acme) = start().await;
    let everybody = everybody(&acme).await;
    // Sequences go on counting when what counted is rolled back.
    let tables = ["address_proofs", "deliveries", "audit_events"];
    for table in tables {
        let count = format!(
            "CREATE SEQUENCE written_{table}; \
             CREATE FUNCTION count_{table}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS \
             'BEGIN PERFORM nextval(''written_{table}''); RETURN NEW; END'; \
             CREATE TRIGGER count BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION count_{table}();"
        );
        app.database.superuser().batch_execute(&count).unwrap();
    }
    let written = || {
        let count =
            |table: &str| format!("SELECT '{table} ' || last_value || is_called::text AS line FROM written_{table}");
        tables.map(|table| lines(&mut app.database.superuser(), &count(table)).remove(0))
    };
    let browser = app.browser();
    for (n, (address, _)) in everybody.iter().enumerate() {
        asked(&browser, address).await;
        assert_eq!(written(), tables.map(|table| format!("{table} {}true", n + 1)), "{address:?}");
    }
    let kept =
        |table: &str| lines(&mut app.database.superuser(), &format!("SELECT count(*)::text AS line FROM {table}"));
    assert_eq!((kept("address_proofs"), kept("deliveries")), (vec!["2".to_owned()], vec!["2".to_owned()]));
    assert_eq!(acme.count_events("user.password_reset_requested").await, 2);
}

#[actix_web::test]
async fn l_08_a_reset_that_first_proves_the_address_ends_what_was_set_up_before() {
    let (app, acme) = start().await;
    let user = person(&acme, ALICE).await;
    let attacker = app.browser();
    signs_in(&try_password(&attacker, ALICE, PASSWORD).await);
    let key = json!({"name": "theirs", "user_id": user["id"]});
    let key = acme.post("/api-keys", &key).await.created()["secret"].as_str().unwrap().to_owned();
    let by_key = async || {
        let browser = app.browser();
        browser.send(browser.request(reqwest::Method::GET, ME).bearer_auth(&key), ME).await.status
    };
    assert_eq!(by_key().await, 200);
    asked(&app.browser(), ALICE).await;
    assert_eq!(reset(&app.browser(), &link_to(&app, ALICE).await, ANOTHER).await.status, 200);
    assert_eq!((attacker.get(ME).await.status, by_key().await), (401, 401));
}

#[actix_web::test]
async fn l_10_a_reset_link_is_void_once_the_address_or_the_password_is_another_one() {
    let (app, acme) = start().await;
    let user = person(&acme, ALICE).await;
    let path = format!("/users/{}", id(&user));
    let browser = app.browser();
    let patch = |body: Value| {
        let (acme, path) = (acme.clone(), path.clone());
        async move { drop(acme.patch(&path, &body).await.ok()) }
    };
    for change in ["address", "password", "suspended", "late"] {
        asked(&browser, ALICE).await;
        let link = link_to(&app, ALICE).await;
        match change {
            "address" => patch(json!({"email": "other@acme.example"})).await,
            "password" => set(&acme, &user, &json!({"password": PASSWORD})).await,
            "suspended" => patch(json!({"status": "suspended"})).await,
            _ => app.clock.advance(chrono::Duration::minutes(60)),
        }
        refused(&browser.get(&link).await, 410, "link_void");
        refused(&reset(&browser, &link, ANOTHER).await, 410, "link_void");
        patch(json!({"email": ALICE, "status": "active"})).await;
        if change == "address" {
            refused(&browser.get(&link).await, 410, "link_void"); // there and back again
        }
        app.clock.advance(chrono::Duration::minutes(15));
    }
    signs_in(&try_password(&browser, ALICE, PASSWORD).await);
    assert_eq!(acme.count_events("user.password_reset").await, 0);
}

#[actix_web::test]
async fn l_29_no_step_of_a_reset_is_skipped_and_of_many_at_once_one_succeeds() {
    let (app, acme) = start().await;
    app.tenant("globex").await;
    person(&acme, ALICE).await;
    let browser = app.browser();
    // No password without a link, and none by a link for something else, of another tenant, or made up.
    for (path, token) in [("/t/acme/login/reset", "guessed"), ("/t/acme/login/reset", "")] {
        refused(&browser.post(path, &[("proof", token), ("password", ANOTHER)]).await, 404, "not_found");
    }
    asked(&browser, ALICE).await;
    let link = link_to(&app, ALICE).await;
    let token = token_of(&link);
    let form = [("proof", token.as_str()), ("password", ANOTHER)];
    refused(&browser.post("/t/globex/login/reset", &form).await, 404, "not_found");
    refused(&browser.post("/t/acme/login/verify", &[("token", &token)]).await, 404, "not_found");
    assert_eq!(browser.post("/t/acme/login/new-password", &form).await.status, 403);
    for scanner in [&browser, &app.browser()] {
        assert_eq!(scanner.get(&link).await.status, 200);
    }
    signs_in(&try_password(&app.browser(), ALICE, PASSWORD).await);
    // Two letters, many forms: one password.
    asked(&browser, ALICE).await;
    let second = link_to(&app, ALICE).await;
    assert_ne!(second, link);
    let tries: Vec<_> = (0..4)
        .flat_map(|n| [(n, link.clone()), (n, second.clone())])
        .map(|(n, link)| {
            let browser = app.browser();
            actix_web::rt::spawn(async move { reset(&browser, &link, &format!("{ANOTHER} {n}")).await.status })
        })
        .collect();
    let mut seen = Vec::new();
    for one in tries {
        seen.push(one.await.unwrap());
    }
    assert_eq!(seen.iter().filter(|status| **status == 200).count(), 1, "{seen:?}");
    assert_eq!(seen.iter().filter(|status| **status == 410).count(), 7, "{seen:?}");
    assert_eq!(acme.count_events("user.password_reset").await, 1);
}

#[actix_web::test]
async fn k_08_letters_for_a_forgotten_password_are_bounded_and_lock_nobody_out() {
    needs_loopback!("127.0.0.2", "127.0.0.3");
    let (app, acme) = start().await;
    person(&acme, ALICE).await;
    let other = app.second_instance();
    let browser = app.browser();
    for n in 0..5 {
        asked(&if n % 2 == 0 { browser.clone() } else { browser.via(other.port) }, ALICE).await;
    }
    for port in [app.port, other.port] {
        let page = forgot(&browser.via(port), "Alice@acme.example").await;
        refused(&page, 429, "rate_limited");
        assert!(page.headers["retry-after"].to_str().unwrap().parse::<u32>().unwrap() <= 900);
    }
    // Strangers from elsewhere fill the mailbox's share, and are told nothing of it.
    for _ in 0..5 {
        asked(&browser_from(&browser, app.port, 2), ALICE).await;
    }
    assert_eq!(posted_to(&app, ALICE).await.len(), 10);
    asked(&browser_from(&browser, app.port, 3), ALICE).await;
    asked(&browser_from(&browser, app.port, 3), "nobody@acme.example").await;
    assert_eq!(posted_to(&app, ALICE).await.len(), 10, "the mailbox is not flooded");
    // The owner's password works all the while, and so does every letter that came.
    signs_in(&try_password(&browser, ALICE, PASSWORD).await);
    let first = posted_to(&app, ALICE).await.remove(0).link.unwrap();
    assert_eq!(reset(&browser, &first, ANOTHER).await.status, 200);
    signs_in(&try_password(&browser, ALICE, ANOTHER).await);
}

#[actix_web::test]
async fn k_08_one_address_asks_for_thirty_letters_and_no_more() {
    let (app, _) = start().await;
    let browser = app.browser();
    for n in 0..30 {
        asked(&browser, &format!("nobody{n}@acme.example")).await;
    }
    refused(&forgot(&browser, ALICE).await, 429, "rate_limited");
}

#[actix_web::test]
async fn w_08_the_forms_of_a_reset_are_not_taken_from_another_site() {
    let (app, acme) = start().await;
    person(&acme, ALICE).await;
    asked(&app.browser(), ALICE).await;
    let token = token_of(&link_to(&app, ALICE).await);
    for (path, form) in [
        (FORGOT, vec![("email", ALICE)]),
        ("/t/acme/login/reset", vec![("proof", token.as_str()), ("password", ANOTHER)]),
    ] {
        let browser = app.browser();
        let request = browser.request(reqwest::Method::POST, path).header("origin", "https://evil.example");
        let page = browser.send(request.header("sec-fetch-site", "cross-site").form(&form), path).await;
        assert_eq!(page.status, 403, "{path}");
        assert!(page.body.contains("cross_site") && cookie_pair(&page, "dw_s_").is_none(), "{}", page.body);
    }
    assert_eq!(posted_to(&app, ALICE).await.len(), 1);
    signs_in(&try_password(&app.browser(), ALICE, PASSWORD).await);
}
