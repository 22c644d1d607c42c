//! Break-glass codes: an owner's way in while `sso` is enforced and the provider does not let them in.

use chrono::Duration;
use diesel::connection::SimpleConnection;
use reqwest::Method;
use serde_json::{Value, json};

use super::scene::{CODES, OLGA, Scene, TENANT, by_page, try_code};
use crate::support::database::lines;
use crate::support::passwords::{PASSWORD, signs_in, try_password};
use crate::support::relying_party::{RelyingParty, text};
use crate::support::sign_in::{id, is_signed_in, refused};

#[actix_web::test]
async fn row_e3_break_glass_an_owner_comes_in_by_a_code_once_and_the_owners_are_told() {
    let (s, codes) = Scene::with_codes().await;
    s.person("oscar@acme.example", "owner").await;
    s.person("ada@acme.example", "admin").await;
    assert_eq!(codes.len(), 10);
    let browser = s.app.browser();
    let done = try_code(&browser, "Olga@ACME.example", &codes[3].to_lowercase().replace('-', " ")).await;
    signs_in(&done);
    assert_eq!(done.location().unwrap().path(), "/t/acme");
    let me: Value = serde_json::from_str(&browser.get("/v1/tenants/acme/me").await.body).unwrap();
    assert_eq!((&me["user"]["id"], &me["role"]), (&s.owner["id"], &json!("owner")));

    let event = s.acme.last_event("login.succeeded").await;
    assert_eq!((&event["payload"]["method"], &event["payload"]["user_id"]), (&json!("break_glass"), &s.owner["id"]));
    assert!(event["payload"].get("connection_id").is_none(), "{event}");
    let used = s.letters().into_iter().filter(|line| line.starts_with("break_glass_used")).collect::<Vec<_>>();
    assert_eq!(used, [format!("break_glass_used {OLGA}"), "break_glass_used oscar@acme.example".into()]);
    let amr = lines(&mut s.app.database.superuser(), "SELECT amr::text AS line FROM sessions WHERE source_id IS NULL");
    assert_eq!(amr, ["{break_glass}"], "the session says how it came about");

    refused(&try_code(&s.app.browser(), OLGA, &codes[3]).await, 403, "break_glass_wrong");
    let left = by_page(&browser, Method::GET, CODES, &json!({})).await.ok();
    assert_eq!((&left["total"], &left["unused"]), (&json!(10), &json!(9)));
    assert!(left["last_used_at"].is_string() && left["created_at"].is_string());
    // An hour is enough to let passwords in again.
    s.app.clock.advance(Duration::minutes(50));
    assert_eq!(s.set_sso(&browser, "optional").await.ok()["sso"], "optional");
    s.app.clock.advance(Duration::minutes(10));
    assert_eq!(browser.get("/v1/tenants/acme/me").await.status, 401);
}

#[actix_web::test]
async fn row_e3_break_glass_a_login_ends_where_it_was_wanted() {
    let (s, codes) = Scene::with_codes().await;
    let page = s.app.browser().get("/t/acme/login?choose=true&return_to=https://app.example/x").await;
    assert!(page.body.contains("/t/acme/login/break-glass?return_to=https%3A%2F%2Fapp.example%2Fx"), "{}", page.body);
    for (n, target, ends) in [
        (0, "https://app.example/x", "https://app.example/x"),
        (1, "https://evil.example/", &format!("{}/t/acme", s.app.url)),
    ] {
        let carried = ("return_to", target);
        let field = format!("name=\"return_to\" value=\"{target}\"");
        let form = s.app.browser().get(&format!("/t/acme/login/break-glass?return_to={target}")).await;
        assert_eq!((form.status, form.body.contains(&field)), (200, n == 0), "{}", form.body);
        let wrong = [("email", OLGA), ("code", "x"), carried];
        let again = s.app.browser().post("/t/acme/login/break-glass", &wrong).await;
        assert_eq!((again.status, again.body.contains(&field)), (403, n == 0), "{}", again.body);
        let right = [("email", OLGA), ("code", codes[n].as_str()), carried];
        let done = s.app.browser().post("/t/acme/login/break-glass", &right).await;
        assert_eq!(done.location().unwrap().as_str(), ends);
    }
}

#[actix_web::test]
async fn row_e3_break_glass_of_fifty_who_come_with_one_code_at_once_one_comes_in() {
    let (s, codes) = Scene::with_codes().await;
    let other = s.app.second_instance();
    let before = s.sessions().await;
    let tries: Vec<_> = (0..50)
        .map(|n| {
            let (browser, code) = (s.app.browser().via([s.app.port, other.port][n % 2]), codes[0].clone());
            actix_web::rt::spawn(async move { try_code(&browser, OLGA, &code).await })
        })
        .collect();
    let mut welcomed = 0;
    for one in tries {
        let page = one.await.unwrap();
        welcomed += usize::from(is_signed_in(&page));
        assert!(matches!(page.status, 303 | 403 | 429), "{}: {}", page.status, page.body);
    }
    assert_eq!((welcomed, s.sessions().await), (1, before + 1));
    assert_eq!(
        lines(
            &mut s.app.database.superuser(),
            "SELECT count(*)::text AS line FROM break_glass_codes WHERE used_at IS NOT NULL"
        ),
        ["1"]
    );
}

#[actix_web::test]
async fn row_e3_break_glass_codes_are_an_active_owners_and_open_a_tenant_that_works() {
    let (s, codes) = Scene::with_codes().await;
    s.person("oscar@acme.example", "owner").await;
    let path = format!("/users/{}", id(&s.owner));
    let no = async |code: &str| refused(&try_code(&s.app.browser(), OLGA, code).await, 403, "break_glass_wrong");
    s.acme.patch(&path, &json!({"status": "suspended"})).await.ok();
    no(&codes[0]).await;
    s.acme.patch(&path, &json!({"status": "active"})).await.ok();
    s.operator.patch("/v1/tenants/acme", &json!({"status": "suspended"})).await.ok();
    refused(&try_code(&s.app.browser(), OLGA, &codes[0]).await, 403, "tenant_suspended");
    s.operator.patch("/v1/tenants/acme", &json!({"status": "active"})).await.ok();
    signs_in(&try_code(&s.app.browser(), OLGA, &codes[0]).await);
    // Who is made an admin has none any more, also as an owner again.
    s.acme.patch(&path, &json!({"role": "admin"})).await.ok();
    no(&codes[1]).await;
    s.acme.patch(&path, &json!({"role": "owner"})).await.ok();
    no(&codes[1]).await;
    // And a code is nobody else's: of another owner, or of the same address elsewhere.
    let oscars = s.codes(&s.comes_in("oscar@acme.example").await).await;
    no(&oscars[0]).await;
    let globex = s.app.tenant("globex").await;
    globex.post("/users", &json!({"email": "oscar@acme.example", "role": "owner"})).await.created();
    s.operator.patch("/v1/tenants/globex", &json!({"sso": "enforced"})).await.ok();
    let form = [("email", "oscar@acme.example"), ("code", oscars[0].as_str())];
    refused(&s.app.browser().post("/t/globex/login/break-glass", &form).await, 403, "break_glass_wrong");
    signs_in(&try_code(&s.app.browser(), "oscar@acme.example", &oscars[0]).await);
}

#[actix_web::test]
async fn row_e3_break_glass_what_is_over_when_the_code_is_looked_at_is_seen() {
    let (s, codes) = Scene::with_codes().await;
    s.person("oscar@acme.example", "owner").await;
    let demoted = format!("UPDATE users SET role = 'admin' WHERE email_key = '{OLGA}'");
    let browser = s.app.browser();
    let page = s.app.database.overtaken(&demoted, try_code(&browser, OLGA, &codes[0])).await;
    refused(&page, 403, "break_glass_wrong");
    assert_eq!(
        lines(
            &mut s.app.database.superuser(),
            "SELECT count(*)::text AS line FROM break_glass_codes WHERE used_at IS NOT NULL"
        ),
        ["0"]
    );
}

#[actix_web::test]
async fn row_e3_break_glass_codes_open_nothing_while_sso_is_not_enforced() {
    let s = Scene::set().await;
    let codes = s.codes(&s.comes_in(OLGA).await).await;
    let closed = async || {
        refused(&try_code(&s.app.browser(), OLGA, &codes[0]).await, 403, "break_glass_closed");
        let form = s.app.browser().get("/t/acme/login/break-glass").await;
        assert_eq!((form.status, form.location().unwrap().path()), (303, "/t/acme/login"));
        assert!(!s.app.browser().get("/t/acme/login").await.body.contains("break-glass"));
    };
    for sso in ["optional", "off"] {
        s.operator.patch(TENANT, &json!({"sso": sso})).await.ok();
        closed().await;
    }
    s.acme.patch("", &json!({"sso": "optional"})).await.ok();
    s.set_sso(&s.comes_in(OLGA).await, "enforced").await.ok();
    signs_in(&try_code(&s.app.browser(), OLGA, &codes[1]).await);
    assert!(s.sso().await.1.is_string(), "which confirms nothing: it is no login by a connection");
    s.app.clock.advance(Duration::hours(24));
    closed().await;
}

#[actix_web::test]
async fn k_07_codes_are_made_by_an_owner_in_person_who_came_in_just_now() {
    let s = Scene::set().await;
    s.person("ada@acme.example", "admin").await;
    let make = async |browser: &crate::support::Browser| by_page(browser, Method::POST, CODES, &json!({})).await;
    assert_eq!(make(&s.comes_in("ada@acme.example").await).await.expect(403).code(), "role_too_low");
    for method in [Method::POST, Method::DELETE] {
        let request = s.acme.request(method, "/me/break-glass-codes");
        assert_eq!(s.acme.send(request).await.expect(403).code(), "session_needed", "a service account's key");
    }
    let key = s.acme.post("/api-keys", &json!({"name": "mine", "user_id": id(&s.owner)})).await.created();
    let request = s.acme.browser.request(Method::POST, CODES).bearer_auth(key["secret"].as_str().unwrap());
    assert_eq!(s.acme.send(request).await.expect(403).code(), "session_needed", "an owner's own key");
    let olga = s.comes_in(OLGA).await;
    s.app.clock.advance(Duration::minutes(10) + Duration::seconds(1));
    assert_eq!(make(&olga).await.expect(403).code(), "reauthentication_needed");
    let cross_site = olga.request(Method::POST, CODES).header("sec-fetch-site", "cross-site");
    assert_eq!(olga.send(cross_site, CODES).await.status, 403);
    assert_eq!(by_page(&olga, Method::GET, CODES, &json!({})).await.ok(), json!({"total": 0, "unused": 0}));
    assert_eq!(s.acme.count_events("break_glass.codes_made").await, 0);
}

#[actix_web::test]
async fn row_e3_break_glass_a_new_set_takes_the_place_of_the_old_one_and_may_be_withdrawn() {
    let (s, old) = Scene::with_codes().await;
    s.person("oscar@acme.example", "owner").await;
    let olga = s.comes_in(OLGA).await;
    let new = s.codes(&olga).await;
    refused(&try_code(&s.app.browser(), OLGA, &old[0]).await, 403, "break_glass_wrong");
    signs_in(&try_code(&s.app.browser(), OLGA, &new[0]).await);
    let event = s.acme.last_event("break_glass.codes_made").await;
    assert_eq!(event["payload"], json!({"user_id": s.owner["id"], "count": 10}));
    let told = s.letters().into_iter().filter(|line| line.starts_with("break_glass_codes_made")).count();
    assert_eq!(told, 3, "Olga twice, Oscar once");
    by_page(&olga, Method::DELETE, CODES, &json!({})).await.expect(204);
    refused(&try_code(&s.app.browser(), OLGA, &new[1]).await, 403, "break_glass_wrong");
    assert_eq!(by_page(&olga, Method::DELETE, CODES, &json!({})).await.expect(404).code(), "not_found");
    let event = s.acme.last_event("break_glass.codes_withdrawn").await;
    assert_eq!(event["payload"], json!({"user_id": s.owner["id"], "count": 10}));
}

#[actix_web::test]
async fn k_02_break_glass_codes_are_kept_as_hashes_and_told_nowhere_again() {
    let (s, codes) = Scene::with_codes().await;
    let browser = s.app.browser();
    signs_in(&try_code(&browser, OLGA, &codes[0]).await);
    refused(&try_code(&browser, OLGA, &codes[0]).await, 403, "break_glass_wrong");
    let mut conn = s.app.database.superuser();
    let tables = lines(&mut conn, "SELECT tablename::text AS line FROM pg_tables WHERE schemaname = 'public'");
    for code in &codes {
        let plain = code.replace('-', "");
        for table in &tables {
            let found = format!(
                "SELECT count(*)::text AS line FROM {table} t WHERE upper(t::text) LIKE '%{code}%' OR upper(t::text) LIKE '%{plain}%'"
            );
            assert_eq!(lines(&mut conn, &found), ["0"], "{table}");
        }
        assert!(!by_page(&browser, Method::GET, CODES, &json!({})).await.text.contains(code.as_str()));
    }
}

#[actix_web::test]
async fn l_08_who_first_proves_an_address_finds_nobody_elses_codes() {
    let s = Scene::set().await;
    s.acme.post("/users", &json!({"email": "new@acme.example"})).await.created();
    let mut conn = s.app.database.superuser();
    conn.batch_execute(
        "INSERT INTO break_glass_codes SELECT tenant_id, gen_random_uuid(), id, 'x', now(), NULL FROM users \
         WHERE email_key = 'new@acme.example'",
    )
    .unwrap();
    s.comes_in("new@acme.example").await;
    assert_eq!(lines(&mut conn, "SELECT count(*)::text AS line FROM break_glass_codes"), ["0"]);
}

#[actix_web::test]
async fn l_23_row_e5_under_enforced_sso_no_other_way_signs_in_and_what_was_given_goes_on() {
    let s = Scene::set().await;
    s.gives_olga_a_password().await;
    signs_in(&try_password(&s.app.browser(), OLGA, PASSWORD).await);
    let olga = s.comes_in(OLGA).await;
    let change = json!({"scopes": ["openid", "offline_access", "doorward.read"]});
    let client = RelyingParty::register(&s.acme, change).await;
    let (api, scope) = (format!("{}/v1", s.app.url), "openid offline_access doorward.read");
    let tokens = client.tokens(&olga, &[("resource", &api), ("scope", scope)]).await;
    let key = s.acme.post("/api-keys", &json!({"name": "hers", "user_id": id(&s.owner)})).await.created();
    s.enforced().await;
    refused(&try_password(&s.app.browser(), OLGA, PASSWORD).await, 403, "sso_enforced");
    let proof = [("proof", "x"), ("password", PASSWORD)];
    refused(&s.app.browser().post("/t/acme/login/new-password", &proof).await, 403, "sso_enforced");
    let sent = s.app.browser().post("/t/acme/login", &[("email", OLGA)]).await.location().unwrap();
    assert!(sent.path().ends_with(id(&s.connection)), "{sent}");
    // Keys of users and service accounts, tokens and sessions.
    s.acme.get("/users").await.ok();
    for bearer in [text(&key, "secret"), text(&tokens, "access_token")] {
        let request = s.acme.browser.request(Method::GET, "/v1/tenants/acme/me").bearer_auth(bearer);
        assert_eq!(s.acme.send(request).await.ok()["user"]["id"], s.owner["id"]);
    }
    client.refresh(text(&tokens, "refresh_token")).await.ok();
    assert_eq!(olga.get("/v1/tenants/acme/me").await.status, 200);
}

#[actix_web::test]
async fn row_e3_break_glass_what_an_application_is_given_ends_with_the_hour() {
    let (s, codes) = Scene::with_codes().await;
    let client = RelyingParty::register(&s.acme, json!({"scopes": ["openid", "offline_access"]})).await;
    let browser = s.app.browser();
    signs_in(&try_code(&browser, OLGA, &codes[0]).await);
    let tokens = client.tokens(&browser, &[("scope", "openid offline_access")]).await;
    s.app.clock.advance(Duration::minutes(59));
    let tokens = client.refresh(text(&tokens, "refresh_token")).await.ok();
    s.app.clock.advance(Duration::minutes(1));
    let over = client.refresh(text(&tokens, "refresh_token")).await;
    assert_eq!(over.expect(400).json()["error"], "invalid_grant");
    assert_eq!(client.introspect(text(&tokens, "access_token")).await["active"], json!(false));
}
