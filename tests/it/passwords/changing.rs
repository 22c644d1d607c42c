//! Setting and changing passwords: by an admin, by the person, at the first login, by the command line.

use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::command::{Settings, text};
use crate::support::database::TestDatabase;
use crate::support::passwords::{
    ANOTHER, PASSWORD, app_within_a_window, change_own, person, proof, set, signs_in, try_password,
};
use crate::support::relying_party::RelyingParty;
use crate::support::sign_in::{id, refused};

const ALICE: &str = "alice@acme.example";

#[actix_web::test]
async fn an_admin_sets_and_takes_away_a_password_and_sessions_end_with_it() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let user = person(&acme, ALICE).await;
    let path = format!("/users/{}/password", id(&user));
    let browser = app.browser();
    signs_in(&try_password(&browser, ALICE, PASSWORD).await);
    set(&acme, &user, &json!({"password": ANOTHER})).await;
    assert_eq!(browser.get("/v1/tenants/acme/me").await.status, 401);
    refused(&try_password(&browser, ALICE, PASSWORD).await, 403, "credentials_wrong");
    signs_in(&try_password(&browser, ALICE, ANOTHER).await);

    acme.delete(&path).await.expect(204);
    assert_eq!(browser.get("/v1/tenants/acme/me").await.status, 401);
    refused(&try_password(&browser, ALICE, ANOTHER).await, 403, "credentials_wrong");
    assert_eq!(acme.delete(&path).await.expect(404).code(), "not_found");
    let set = acme.last_event("user.password_set").await;
    assert_eq!((&set["payload"]["id"], &set["payload"]["must_change"]), (&user["id"], &json!(false)));
    assert_eq!(acme.last_event("user.password_removed").await["payload"]["id"], user["id"]);
    assert_eq!(acme.count_events("user.password_set").await, 2);
}

#[actix_web::test]
async fn t_05_nobody_sets_the_password_of_somebody_above_them() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let admin = app.key(&app.operator().await, "acme", "admin").await;
    let body = json!({"email": "owner@acme.example", "role": "owner"});
    let owner = acme.post("/users", &body).await.created();
    let path = format!("/users/{}/password", id(&owner));
    let answer = admin.put_json(&path, &json!({"password": PASSWORD})).await.expect(403);
    assert_eq!(answer.code(), "role_above_own");
    set(&acme, &owner, &json!({"password": PASSWORD})).await;
    assert_eq!(admin.delete(&path).await.expect(403).code(), "role_above_own");
}

#[actix_web::test]
async fn a_new_password_keeps_the_rules_wherever_it_is_set() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let user = person(&acme, "alice.lovelace@acme.example").await;
    let path = format!("/users/{}/password", id(&user));
    for bad in ["", "too short", &"x".repeat(257), "alice.lovelace", "Alice Lovelace", "with\u{7}a bell in it"] {
        let answer = acme.put_json(&path, &json!({"password": bad})).await.expect(422);
        assert_eq!(answer.fields(), ["password"], "{bad:?}");
        assert!(bad.is_empty() || !answer.text.contains(bad), "K-01: {}", answer.text);
    }
    let nobody = acme.post("/users", &json!({"external_id": "e-1"})).await.created();
    let answer = acme.put_json(&format!("/users/{}/password", id(&nobody)), &json!({"password": PASSWORD})).await;
    assert_eq!(answer.expect(409).code(), "email_needed");
    let browser = app.browser();
    signs_in(&try_password(&browser, "alice.lovelace@acme.example", PASSWORD).await);
    for bad in ["too short", "Alice Lovelace", PASSWORD] {
        assert_eq!(change_own(&browser, PASSWORD, bad).await.expect(422).fields(), ["new_password"], "{bad}");
    }
}

#[actix_web::test]
async fn a_person_changes_their_own_password_and_their_other_sessions_end() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let user = person(&acme, ALICE).await;
    let (here, elsewhere) = (app.browser(), app.browser());
    signs_in(&try_password(&here, ALICE, PASSWORD).await);
    signs_in(&try_password(&elsewhere, ALICE, PASSWORD).await);
    let client = RelyingParty::register(&acme, json!({})).await;
    let (kept, ended) = (client.tokens(&here, &[]).await, client.tokens(&elsewhere, &[]).await);
    assert_eq!(change_own(&here, ANOTHER, ANOTHER).await.expect(403).code(), "credentials_wrong");
    change_own(&here, PASSWORD, ANOTHER).await.expect(204);
    client.refresh(ended["refresh_token"].as_str().unwrap()).await.expect(400);
    client.refresh(kept["refresh_token"].as_str().unwrap()).await.ok();
    assert_eq!(here.get("/v1/tenants/acme/me").await.status, 200, "this one goes on");
    assert_eq!(elsewhere.get("/v1/tenants/acme/me").await.status, 401);
    refused(&try_password(&app.browser(), ALICE, PASSWORD).await, 403, "credentials_wrong");
    signs_in(&try_password(&app.browser(), ALICE, ANOTHER).await);
    let event = acme.last_event("user.password_changed").await;
    assert_eq!((&event["payload"]["id"], &event["actor"]["user_id"]), (&user["id"], &user["id"]));
}

#[actix_web::test]
async fn k_07_a_key_makes_no_password_and_k_08_a_session_guesses_none() {
    let app = app_within_a_window();
    let acme = app.tenant("acme").await;
    let user = person(&acme, ALICE).await;
    let key = acme.post("/api-keys", &json!({"name": "mine", "user_id": user["id"]})).await.created();
    let body = json!({"current_password": PASSWORD, "new_password": ANOTHER});
    let request = acme.browser.request(reqwest::Method::PUT, "/v1/tenants/acme/me/password");
    let answer = acme.send(request.bearer_auth(key["secret"].as_str().unwrap()).json(&body)).await;
    assert_eq!(answer.expect(403).code(), "session_needed");

    let browser = app.browser();
    signs_in(&try_password(&browser, ALICE, PASSWORD).await);
    for _ in 0..10 {
        assert_eq!(change_own(&browser, "not the password", ANOTHER).await.status, 403);
    }
    let answer = change_own(&browser, PASSWORD, ANOTHER).await.expect(429);
    assert_eq!(answer.code(), "rate_limited");
    assert!(answer.headers.contains_key("retry-after"));
}

#[actix_web::test]
async fn l_29_a_password_that_must_be_changed_leads_to_a_new_one_and_then_in() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let user = person(&acme, ALICE).await;
    set(&acme, &user, &json!({"password": PASSWORD, "must_change": true})).await;
    let browser = app.browser();
    let carried = ("return_to", "https://app.example/x");
    let form = [("email", ALICE), ("password", PASSWORD), carried];
    let page = browser.post("/t/acme/login/password", &form).await;
    assert!(page.status == 200 && page.set_cookies().is_empty(), "{}: {:?}", page.status, page.set_cookies());
    assert_eq!(acme.get("/sessions").await.ok()["items"], json!([]), "nobody is signed in yet");
    let proof = proof(&page);
    assert!(page.body.contains("name=\"return_to\" value=\"https://app.example/x\""), "{}", page.body);

    let choose = async |password: &str| {
        browser.post("/t/acme/login/new-password", &[("proof", &proof), ("password", password), carried]).await
    };
    for unfit in ["short", PASSWORD, ALICE] {
        let page = choose(unfit).await;
        assert_eq!(page.status, 422, "{unfit}");
        assert_eq!(crate::support::passwords::proof(&page), proof, "it may be tried again");
        assert!(page.set_cookies().is_empty());
    }
    let done = choose(ANOTHER).await;
    signs_in(&done);
    assert_eq!(done.location().unwrap().as_str(), "https://app.example/x");
    assert_eq!(acme.last_event("user.password_changed").await["payload"]["id"], user["id"]);
    // The proof was good once, and the password is changed for good.
    refused(&choose("yet another password").await, 403, "password_change_expired");
    refused(&try_password(&app.browser(), ALICE, PASSWORD).await, 403, "credentials_wrong");
    signs_in(&try_password(&app.browser(), ALICE, ANOTHER).await);
}

#[actix_web::test]
async fn l_29_of_many_new_passwords_by_one_proof_at_once_one_is_set() {
    let app = TestApp::start();
    let other = app.second_instance();
    let acme = app.tenant("acme").await;
    let user = person(&acme, ALICE).await;
    set(&acme, &user, &json!({"password": PASSWORD, "must_change": true})).await;
    let proof = proof(&try_password(&app.browser(), ALICE, PASSWORD).await);
    let tries: Vec<_> = (0..10)
        .map(|n| {
            let (browser, proof) = (app.browser().via([app.port, other.port][n % 2]), proof.clone());
            let password = format!("new password number {n}");
            actix_web::rt::spawn(async move {
                let form = [("proof", proof.as_str()), ("password", password.as_str())];
                browser.post("/t/acme/login/new-password", &form).await.status
            })
        })
        .collect();
    let mut seen = Vec::new();
    for one in tries {
        seen.push(one.await.unwrap());
    }
    assert_eq!(seen.iter().filter(|status| **status == 303).count(), 1, "{seen:?}");
    assert_eq!(seen.iter().filter(|status| **status == 403).count(), 9, "{seen:?}");
    assert_eq!(acme.get("/sessions").await.ok()["items"].as_array().unwrap().len(), 1);
    assert_eq!(acme.count_events("user.password_changed").await, 1);
}

#[actix_web::test]
async fn l_29_a_proof_of_the_old_password_expires_and_is_good_in_its_own_tenant_for_its_own_password_only() {
    let app = TestApp::start_with_manual_clock();
    let (acme, globex) = (app.tenant("acme").await, app.tenant("globex").await);
    person(&globex, ALICE).await;
    let user = person(&acme, ALICE).await;
    let asked = async || {
        set(&acme, &user, &json!({"password": PASSWORD, "must_change": true})).await;
        proof(&try_password(&app.browser(), ALICE, PASSWORD).await)
    };
    let choose = async |tenant: &str, proof: &str| {
        let form = [("proof", proof), ("password", ANOTHER)];
        app.browser().post(&format!("/t/{tenant}/login/new-password"), &form).await
    };
    let good = asked().await;
    for bad in ["", "x", &good[1..]] {
        refused(&choose("acme", bad).await, 403, "password_change_expired");
    }
    refused(&choose("globex", &good).await, 403, "password_change_expired");
    app.clock.advance(chrono::Duration::minutes(11));
    refused(&choose("acme", &good).await, 403, "password_change_expired");
    let replaced = asked().await;
    set(&acme, &user, &json!({"password": PASSWORD})).await;
    refused(&choose("acme", &replaced).await, 403, "password_change_expired");
    // Taken away and set anew, it is another password, also when it reads the same.
    let taken_away = asked().await;
    acme.delete(&format!("/users/{}/password", id(&user))).await.expect(204);
    set(&acme, &user, &json!({"password": PASSWORD, "must_change": true})).await;
    refused(&choose("acme", &taken_away).await, 403, "password_change_expired");
    let suspended = asked().await;
    acme.patch(&format!("/users/{}", id(&user)), &json!({"status": "suspended"})).await.ok();
    refused(&choose("acme", &suspended).await, 403, "password_change_expired");
    assert_eq!(acme.get("/sessions").await.ok()["items"], json!([]));
}

#[actix_web::test]
async fn row_e3_local_the_command_line_makes_people_and_sets_their_passwords() {
    let database = TestDatabase::new();
    let settings = Settings::with_database(database.url.expose_secret());
    let serving = settings.serve();
    let acme = serving.tenant("acme");
    let create = ["user", "create", "--tenant", "acme", "--email", ALICE, "--name", "Alice", "--role", "auditor"];
    let made: Value = serde_json::from_str(&settings.success(&create)).unwrap();
    assert_eq!((&made["email"], &made["role"]), (&json!(ALICE), &json!("auditor")));

    let set = ["user", "set-password", "--tenant", "acme", "--email", "Alice@ACME.example", "--must-change"];
    let ended = settings.run_with(&set, &format!("{PASSWORD}\n"));
    assert!(ended.status.success(), "{}", text(&ended.stderr));
    assert!(!text(&ended.stdout).contains(PASSWORD) && !text(&ended.stderr).contains(PASSWORD));
    let page = try_password(&serving.browser(), ALICE, PASSWORD).await;
    let form = [("proof", proof(&page)), ("password", ANOTHER.to_owned())];
    let form = form.each_ref().map(|(name, value)| (*name, value.as_str()));
    let browser = serving.browser();
    signs_in(&browser.post("/t/acme/login/new-password", &form).await);
    let me: Value = serde_json::from_str(&browser.get("/v1/tenants/acme/me").await.body).unwrap();
    assert_eq!((&me["user"]["id"], &me["role"]), (&made["id"], &json!("auditor")));

    // Nothing is made up silently, and a bad password is said.
    for (arguments, input, told) in [
        (["--tenant", "acme", "--email", "nobody@acme.example"], PASSWORD, "acme has no user nobody@acme.example"),
        (["--tenant", "nobody", "--email", ALICE], PASSWORD, "there is no tenant nobody"),
        (["--tenant", "acme", "--email", ALICE], "short", "at least 10 characters"),
        (["--tenant", "acme", "--email", ALICE], "", "at least 10 characters"),
    ] {
        let ended = settings.run_with(&[["user", "set-password"].as_slice(), &arguments].concat(), input);
        assert_eq!(ended.status.code(), Some(1));
        assert!(text(&ended.stderr).contains(told), "{}", text(&ended.stderr));
    }
    assert_eq!(acme.count_events("user.password_set").await, 1);
}
