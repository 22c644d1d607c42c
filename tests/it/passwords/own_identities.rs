//! What providers call somebody, as they see and unlink it themselves.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::admin::Admin;
use crate::support::browser::Browser;
use crate::support::hostile_provider::HostileProvider;
use crate::support::passwords::{PASSWORD, set, signs_in, try_password};
use crate::support::sign_in::{id, login_url, parameter};
use crate::support::totp::me;

const ADA: &str = "ada@example.com";

/// Somebody who came in by a provider.
async fn start() -> (TestApp, Admin, HostileProvider, Value, Browser) {
    let app = TestApp::start();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let connection = acme.connect(&provider, json!({})).await;
    let browser = app.browser();
    assert_eq!(browser.follow(login_url(&connection)).await.status, 200);
    (app, acme, provider, connection, browser)
}

async fn identities(browser: &Browser) -> Vec<Value> {
    me(browser, Method::GET, "/identities", None).await.ok()["items"].as_array().unwrap().clone()
}

async fn unlink(browser: &Browser, identity: &Value) -> crate::support::admin::Answer {
    me(browser, Method::DELETE, &format!("/identities/{}", id(identity)), None).await
}

#[actix_web::test]
async fn l_14_nobody_takes_their_own_last_way_in_away_whatever_the_organisation_takes() {
    let (app, acme, _provider, connection, browser) = start().await;
    let user = acme.get(&format!("/users?email={ADA}")).await.ok()["items"][0].clone();
    let own = identities(&browser).await;
    assert_eq!(own.len(), 1);
    assert_eq!(unlink(&browser, &own[0]).await.expect(409).code(), "last_way_in");
    let page = browser.post("/t/acme/account/identities", &[("id", id(&own[0]))]).await;
    assert_eq!((page.status, page.code().as_str()), (409, "last_way_in"), "{}", page.body);

    // A password is a way in, but not where the organisation takes none.
    set(&acme, &user, &json!({"password": PASSWORD})).await;
    assert_eq!(browser.get("/v1/tenants/acme/me").await.status, 401, "setting one ended the sessions");
    assert_eq!(browser.follow(login_url(&connection)).await.status, 200);
    app.operator().await.patch("/v1/tenants/acme", &json!({"sso": "enforced"})).await.ok();
    assert_eq!(unlink(&browser, &own[0]).await.expect(409).code(), "last_way_in");
    app.operator().await.patch("/v1/tenants/acme", &json!({"sso": "optional"})).await.ok();
    // An identity of a connection that signs nobody in is no way in either.
    let link = json!({"connection_id": id(&connection), "subject": "another"});
    let path = format!("/users/{}/identities", id(&user));
    let second = acme.post(&path, &link).await.created();
    let other = HostileProvider::start();
    let off = acme.connect(&other, json!({})).await;
    let third = acme.post(&path, &json!({"connection_id": id(&off), "subject": "third"})).await.created();
    acme.post(&format!("/connections/{}/disable", id(&off)), &json!({})).await.ok();
    acme.delete(&format!("/users/{}/password", id(&user))).await.expect(204);
    assert_eq!(browser.follow(login_url(&connection)).await.status, 200);
    unlink(&browser, &second).await.expect(204);
    assert_eq!(unlink(&browser, &own[0]).await.expect(409).code(), "last_way_in", "the third one is switched off");
    acme.post(&format!("/connections/{}/activate", id(&off)), &json!({})).await.ok();
    unlink(&browser, &own[0]).await.expect(204);
    assert_eq!(browser.get("/v1/tenants/acme/me").await.status, 401, "what came in by it is over");
    let left = acme.get(&path).await.ok();
    assert_eq!(left["items"], json!([third]));
    assert_eq!(acme.count_events("identity.unlinked").await, 2);
}

#[actix_web::test]
async fn l_14_a_password_without_an_address_is_no_way_in() {
    let (_app, acme, _provider, _connection, browser) = start().await;
    let own = identities(&browser).await;
    let user = acme.get(&format!("/users?email={ADA}")).await.ok()["items"][0].clone();
    let path = format!("/users/{}", id(&user));
    set(&acme, &user, &json!({"password": PASSWORD})).await;
    acme.patch(&path, &json!({"email": null})).await.ok();
    let identity = format!("{path}/identities/{}", id(&own[0]));
    assert_eq!(acme.delete(&identity).await.expect(409).code(), "last_way_in");
    acme.patch(&path, &json!({"email": ADA})).await.ok();
    acme.delete(&identity).await.expect(204);
}

#[actix_web::test]
async fn l_14_somebody_elses_identity_is_not_there_to_be_unlinked() {
    let (app, acme, _provider, connection, browser) = start().await;
    let other = json!({"email": "bob@acme.example", "identities": [
        {"connection_id": id(&connection), "subject": "bob"}, {"connection_id": id(&connection), "subject": "bob-2"}]});
    let bob = acme.post("/users", &other).await.created();
    let path = format!("/users/{}/identities", id(&bob));
    let theirs = acme.get(&path).await.ok()["items"][0].clone();
    assert_eq!(unlink(&browser, &theirs).await.expect(404).code(), "not_found");
    let page = browser.post("/t/acme/account/identities", &[("id", id(&theirs))]).await;
    assert_eq!(page.status, 404, "{}", page.body);
    assert_eq!(acme.get(&path).await.ok()["items"].as_array().unwrap().len(), 2);
    assert!(app.port > 0);
}

#[actix_web::test]
async fn l_13_an_account_offers_no_way_to_link_an_identity_and_a_login_into_it_is_asked_anew() {
    let (app, _, provider, connection, browser) = start().await;
    let page = browser.get("/t/acme/account").await;
    assert!(page.status == 200 && !page.body.contains(login_url(&connection)), "{}", page.body);
    // Who wants to change something there is asked by the provider who they are, however lately they signed in there.
    let back = format!("{}/t/acme/account?again=true", app.url);
    let begun = browser.get(&format!("{}?return_to={back}", login_url(&connection))).await.location().unwrap();
    assert_eq!((parameter(&begun, "prompt").as_str(), parameter(&begun, "max_age").as_str()), ("login", "0"));
    for way in
        [login_url(&connection).to_owned(), format!("{}?return_to={}/t/acme/account", login_url(&connection), app.url)]
    {
        let begun = browser.get(&way).await.location().unwrap();
        assert!(begun.query_pairs().all(|(name, _)| name != "prompt" && name != "max_age"), "{begun}");
    }
    // Somebody else's login in this browser is their own session, and adds nothing to the one before.
    provider.person(json!({"sub": "mallory", "email": "mallory@evil.example", "email_verified": true}));
    browser.follow(login_url(&connection)).await;
    let own = identities(&browser).await;
    assert_eq!(own.iter().map(|i| i["subject"].as_str().unwrap()).collect::<Vec<_>>(), ["mallory"]);
}

#[actix_web::test]
async fn a_provider_that_asks_nobody_anew_is_not_asked_in_a_circle() {
    let app = TestApp::start_with_manual_clock();
    let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
    let connection = acme.connect(&provider, json!({})).await;
    let long_ago = (app.clock.now() - chrono::Duration::hours(2)).timestamp();
    provider.id_token(move |claims| drop(claims.insert("auth_time".into(), json!(long_ago))));
    let browser = app.browser();
    assert_eq!(browser.follow(login_url(&connection)).await.status, 200);
    let user = acme.get(&format!("/users?email={ADA}")).await.ok()["items"][0].clone();
    let link = json!({"connection_id": id(&connection), "subject": "another"});
    acme.post(&format!("/users/{}/identities", id(&user)), &link).await.created();
    let other = identities(&browser).await.into_iter().find(|i| i["subject"] == "another").unwrap();
    assert_eq!(unlink(&browser, &other).await.expect(403).code(), "reauthentication_refused");
    let page = browser.post("/t/acme/account/identities", &[("id", id(&other))]).await;
    assert_eq!((page.status, page.code().as_str()), (403, "reauthentication_refused"), "{}", page.body);
    // A login that the provider vouches for as new is enough.
    let now = app.clock.now().timestamp();
    provider.id_token(move |claims| drop(claims.insert("auth_time".into(), json!(now))));
    assert_eq!(browser.follow(login_url(&connection)).await.status, 200);
    unlink(&browser, &other).await.expect(204);
}

#[actix_web::test]
async fn l_13_a_provider_that_does_not_say_when_it_asked_who_it_is_is_not_believed() {
    let (app, acme, provider, connection, _) = start().await;
    let user = acme.get(&format!("/users?email={ADA}")).await.ok()["items"][0].clone();
    let link = json!({"connection_id": id(&connection), "subject": "another"});
    let other = acme.post(&format!("/users/{}/identities", id(&user)), &link).await.created();
    provider.id_token(|claims| drop(claims.remove("auth_time")));
    let browser = app.browser();
    assert_eq!(browser.follow(login_url(&connection)).await.status, 200);
    // Nobody knows whether it asked: it was not obliged to say so.
    assert_eq!(unlink(&browser, &other).await.expect(403).code(), "reauthentication_needed");
    assert!(!browser.get("/t/acme/account").await.body.contains("reauthentication_refused"));
    let login = browser.post("/t/acme/account/identities", &[("id", id(&other))]).await.location().unwrap();
    let back = parameter(&login, "return_to");
    assert_eq!((login.path(), back.as_str()), ("/t/acme/login", &*format!("{}/t/acme/account?again=true", app.url)));
    // Where it does not say it when obliged to either, the page says why nothing can be changed.
    let again = format!("{}?return_to={back}", login_url(&connection));
    let page = browser.follow(&again).await;
    assert_eq!((page.url.as_str(), page.code().as_str()), (back.as_str(), "reauthentication_refused"), "{}", page.body);
    assert_eq!(unlink(&browser, &other).await.expect(403).code(), "reauthentication_needed");
    provider.id_token(|_| ());
    let page = browser.follow(&again).await;
    assert!(page.url.as_str() == back && !page.body.contains("reauthentication_refused"), "{}", page.body);
    unlink(&browser, &other).await.expect(204);
}

#[actix_web::test]
async fn a_person_with_a_password_and_an_identity_has_both_on_the_page() {
    let (app, acme, _provider, connection, browser) = start().await;
    let user = acme.get(&format!("/users?email={ADA}")).await.ok()["items"][0].clone();
    let page = browser.get("/t/acme/account").await;
    assert!(page.body.contains(connection["display_name"].as_str().unwrap()), "{}", page.body);
    assert!(!page.body.contains("name=\"current_password\"") && !page.body.contains("id=\"codes\""), "{}", page.body);
    set(&acme, &user, &json!({"password": PASSWORD})).await;
    let other = app.browser();
    signs_in(&try_password(&other, ADA, PASSWORD).await);
    let page = other.get("/t/acme/account").await;
    assert!(page.body.contains("name=\"current_password\"") && page.body.contains("id=\"codes\""), "{}", page.body);
}
