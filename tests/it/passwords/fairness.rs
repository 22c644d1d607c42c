//! What one tenant asks for takes no place from another, and "not now" is nobody's failure.

use serde_json::json;

use crate::support::mailbox::{link_to, token_of};
use crate::support::passwords::{ANOTHER, PASSWORD, app_within_a_window, change_own, person, signs_in, try_password};
use crate::support::sign_in::id;

const ALICE: &str = "alice@acme.example";

#[actix_web::test]
async fn d_09_a_tenant_that_hashes_without_end_locks_out_nobody_elsewhere() {
    let app = app_within_a_window();
    let (acme, hostile) = (app.tenant("acme").await, app.tenant("globex").await);
    person(&acme, ALICE).await;
    let victim = person(&hostile, "bob@globex.example").await;
    let tenant = hostile.get("/v1/tenants/globex").await.ok()["id"].as_str().unwrap().parse().unwrap();
    let places: Vec<_> = std::iter::from_fn(|| app.context.hasher.admit(tenant).ok()).collect();
    assert!(!places.is_empty());
    let path = format!("/users/{}/password", id(&victim));
    let busy = hostile.put_json(&path, &json!({"password": ANOTHER})).await.expect(503);
    assert_eq!(busy.code(), "service_unavailable");
    signs_in(&try_password(&app.browser(), ALICE, PASSWORD).await);
}

#[actix_web::test]
async fn d_09_a_new_password_is_judged_only_where_a_place_is_free() {
    let app = app_within_a_window();
    let acme = app.tenant("acme").await;
    let alice = person(&acme, ALICE).await;
    let browser = app.browser();
    signs_in(&try_password(&browser, ALICE, PASSWORD).await);
    browser.post("/t/acme/login/forgot", &[("email", ALICE)]).await;
    let token = token_of(&link_to(&app, ALICE).await);
    let tenant = acme.get("/v1/tenants/acme").await.ok()["id"].as_str().unwrap().parse().unwrap();
    let path = format!("/users/{}/password", id(&alice));
    let everywhere = async || {
        let own = change_own(&browser, PASSWORD, "guessable1").await.status;
        let set = acme.put_json(&path, &json!({"password": "guessable1"})).await.status;
        let form = [("proof", token.as_str()), ("password", "guessable1")];
        [own, set, browser.post("/t/acme/login/reset", &form).await.status]
    };
    let places: Vec<_> = std::iter::from_fn(|| app.context.hasher.admit(tenant).ok()).collect();
    assert_eq!(everywhere().await, [503; 3]);
    drop(places);
    assert_eq!(everywhere().await, [422; 3]);
}

#[actix_web::test]
async fn k_08_a_change_of_the_own_password_that_was_not_tried_is_no_failure_and_a_wrong_one_is() {
    let app = app_within_a_window();
    let acme = app.tenant("acme").await;
    person(&acme, ALICE).await;
    let browser = app.browser();
    signs_in(&try_password(&browser, ALICE, PASSWORD).await);
    let tenant = acme.get("/v1/tenants/acme").await.ok()["id"].as_str().unwrap().parse().unwrap();
    let places: Vec<_> = std::iter::from_fn(|| app.context.hasher.admit(tenant).ok()).collect();
    for _ in 0..12 {
        change_own(&browser, PASSWORD, ANOTHER).await.expect(503);
    }
    drop(places);
    // What is taken back is a success: of ten failures each one counts, also with the right password before it.
    change_own(&browser, PASSWORD, ANOTHER).await.expect(204);
    change_own(&browser, ANOTHER, PASSWORD).await.expect(204);
    for _ in 0..5 {
        change_own(&browser, PASSWORD, PASSWORD).await.expect(422);
        assert_eq!(change_own(&browser, "a wrong password", ANOTHER).await.expect(403).code(), "credentials_wrong");
    }
    assert_eq!(change_own(&browser, PASSWORD, ANOTHER).await.expect(429).code(), "rate_limited");
}
