//! Client secrets: shown once, changed with overlap, taken back at once.

use chrono::{DateTime, Duration, Utc};
use reqwest::Method;
use serde_json::{Value, json};

use super::{body, id, public};
use crate::support::TestApp;
use crate::support::admin::Admin;

/// Whether the application is let in with this secret, at its issuer.
pub async fn works(app: &TestApp, application: &Value, secret: &str) -> bool {
    let url = format!("{}/oauth2/introspect", application["issuer"].as_str().unwrap());
    let request = app.browser().request(Method::POST, &url).form(&[("token", "any")]);
    let answer = app.browser().send(request.basic_auth(id(application), Some(secret)), &url).await;
    match answer.status {
        200 => true,
        401 => false,
        other => panic!("{other}: {}", answer.body),
    }
}

fn secret_of(answer: &Value) -> String {
    answer["client_secret"].as_str().unwrap().to_owned()
}

#[actix_web::test]
async fn k_01_a_client_secret_is_shown_once_and_works_until_it_is_taken_back() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let made = acme.post("/applications", &body(0)).await.created();
    let secret = secret_of(&made);
    let random = secret.strip_prefix("dws_").unwrap();
    assert!(random.len() == 43 && random.ends_with(made["secrets"][0]["hint"].as_str().unwrap()), "{secret}");
    assert!(works(&app, &made, &secret).await && !works(&app, &made, random).await);

    let path = format!("/applications/{}", id(&made));
    let patched = acme.patch(&path, &json!({"name": "Other"})).await;
    for answer in [acme.get(&path).await, acme.get("/applications").await, acme.get("/audit-events").await, patched] {
        let text = answer.expect(200).text;
        assert!(!text.contains(random) && !text.contains("hash") && !text.contains("client_secret\":"), "{text}");
    }
    let as_key = Admin::new(app.browser(), &acme.base, secret.clone().into());
    as_key.get("/me").await.expect(401);

    let one = format!("{path}/secrets/{}", id(&made["secrets"][0]));
    acme.send(acme.request(Method::DELETE, &one).header("if-match", "\"1\"")).await.expect(412);
    acme.delete(&one).await.expect(204);
    assert!(!works(&app, &made, &secret).await);
    acme.delete(&one).await.expect(404);
    let told = acme.last_event("application.secret_revoked").await["payload"].clone();
    assert_eq!(told, json!({"id": made["secrets"][0]["id"], "owner_id": made["id"]}));
}

#[actix_web::test]
async fn a_new_secret_takes_over_from_the_old_one_while_both_work() {
    let app = TestApp::start_with_manual_clock();
    let acme = app.tenant("acme").await;
    let made = acme.post("/applications", &body(0)).await.created();
    let path = format!("/applications/{}/secrets", id(&made));
    let answer = acme.post(&path, &json!({"expire_others_in_hours": 2})).await.expect(201);
    let location = answer.headers["location"].to_str().unwrap();
    assert!(location.ends_with(&format!("{path}/{}", id(&answer.json()))), "{location}");
    assert_eq!(answer.etag(), "\"2\"");
    let (old, new) = (secret_of(&made), secret_of(&answer.json()));
    let work = async || [works(&app, &made, &old).await, works(&app, &made, &new).await];
    assert_eq!(work().await, [true, true]);
    let listed = acme.get(&format!("/applications/{}", id(&made))).await.ok()["secrets"].clone();
    let until: DateTime<Utc> = listed[0]["expires_at"].as_str().unwrap().parse().unwrap();
    assert_eq!(until, app.clock.now() + Duration::hours(2));
    assert!(listed[1]["expires_at"].is_null() && listed[1]["id"] == answer.json()["id"], "{listed}");
    app.clock.advance(Duration::hours(2) - Duration::seconds(1));
    assert_eq!(work().await, [true, true]);
    app.clock.advance(Duration::seconds(1));
    assert_eq!(work().await, [false, true]);

    let third = acme.post(&path, &json!({})).await.created();
    let listed = acme.get(&format!("/applications/{}", id(&made))).await.ok()["secrets"].clone();
    assert_eq!(listed.as_array().unwrap().len(), 2, "the expired one is gone: {listed}");
    let until: DateTime<Utc> = listed[0]["expires_at"].as_str().unwrap().parse().unwrap();
    assert_eq!(until, app.clock.now() + Duration::hours(24), "a day by default");
    acme.post(&path, &json!({"expire_others_in_hours": 720})).await.created();
    let listed = acme.get(&format!("/applications/{}", id(&made))).await.ok()["secrets"].clone();
    let still: DateTime<Utc> = listed[0]["expires_at"].as_str().unwrap().parse().unwrap();
    assert_eq!(still, until, "nobody is given longer than they had");
    assert_eq!(listed[1]["id"], third["id"]);
    assert_eq!(acme.count_events("application.secret_created").await, 3);
}

#[actix_web::test]
async fn an_application_has_at_most_five_secrets_and_zero_hours_end_the_others_at_once() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let made = acme.post("/applications", &body(0)).await.created();
    let path = format!("/applications/{}/secrets", id(&made));
    for _ in 0..4 {
        acme.post(&path, &json!({})).await.created();
    }
    assert_eq!(acme.post(&path, &json!({})).await.expect(409).code(), "limit_reached");
    assert!(works(&app, &made, &secret_of(&made)).await, "a refusal changes nothing");
    let only = acme.post(&path, &json!({"expire_others_in_hours": 0})).await.created();
    assert!(works(&app, &made, &secret_of(&only)).await && !works(&app, &made, &secret_of(&made)).await);
    let listed = acme.get(&format!("/applications/{}", id(&made))).await.ok();
    assert_eq!(listed["secrets"].as_array().unwrap().len(), 1);
    assert_eq!(listed["secrets"][0]["id"], only["id"]);
    for (bad, field) in [
        (json!({"expire_others_in_hours": 721}), "expire_others_in_hours"),
        (json!({"expire_others_in_hours": -1}), "expire_others_in_hours"),
        (json!({"secret": "dws_mine"}), "secret"),
    ] {
        assert_eq!(acme.post(&path, &bad).await.expect(422).fields(), [field]);
    }
}

#[actix_web::test]
async fn only_a_method_that_rests_on_a_secret_has_one() {
    let app = TestApp::start();
    let acme = app.tenant("acme").await;
    let made = acme.post("/applications", &public(0)).await.created();
    assert!(made.get("client_secret").is_none() && made["secrets"] == json!([]), "{made}");
    let path = format!("/applications/{}", id(&made));
    let secrets = format!("{path}/secrets");
    assert_eq!(acme.post(&secrets, &json!({})).await.expect(409).code(), "secret_not_used");
    let turned = acme.patch(&path, &json!({"token_endpoint_auth_method": "client_secret_post"})).await.ok();
    assert_eq!(turned["secrets"], json!([]), "the change of method makes none");
    let secret = secret_of(&acme.post(&secrets, &json!({})).await.created());
    assert!(works(&app, &made, &secret).await);
    let turned = acme.patch(&path, &json!({"token_endpoint_auth_method": "none"})).await.ok();
    assert_eq!(turned["secrets"], json!([]));
    acme.patch(&path, &json!({"token_endpoint_auth_method": null})).await.ok();
    assert!(!works(&app, &made, &secret).await, "there and back revives nothing");
}
