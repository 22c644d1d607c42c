//! Who asks at the token endpoint proves it in the one way that was registered, or gets the same answer as nobody.

use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

use super::scene::{Scene, refused, within_five_seconds};
use crate::support::admin::Answer;
use crate::support::relying_party::{REDIRECT_URI, RelyingParty, VERIFIER};

/// `client_assertion_type` of a JWT.
pub const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A redemption of this code, with these fields beside.
pub async fn redeem_with(client: &RelyingParty, code: &str, more: &[(&str, &str)]) -> Answer {
    let usual = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", REDIRECT_URI)];
    let fields: Vec<_> = usual.into_iter().chain([("code_verifier", VERIFIER)]).chain(more.iter().copied()).collect();
    client.send(client.machine.request(Method::POST, &client.at("token")).form(&fields)).await
}

/// Nobody: 401 with a challenge, and not a word on why.
#[track_caller]
pub fn is_nobody(answer: &Answer) {
    refused(answer, 401, "invalid_client");
    assert_eq!(answer.json()["error_description"], "the client is unknown or did not prove who it is");
    assert!(answer.headers["www-authenticate"].to_str().unwrap().starts_with("Basic "), "{:?}", answer.headers);
}

#[actix_web::test]
async fn p_11_an_application_with_a_secret_is_nobody_without_it() {
    let scene = Scene::set(json!({})).await;
    let (client, id) = (&scene.client, scene.client.client_id.as_str());
    let other = RelyingParty::register(&scene.acme, json!({})).await;
    let (secret, theirs) = (client.client_secret.clone().unwrap(), other.client_secret.clone().unwrap());
    let random = Uuid::now_v7().to_string();
    let code = client.code(&scene.ada, &[]).await;
    let attempts: [&[(&str, &str)]; 8] = [
        &[],
        &[("client_id", id)],
        &[("client_id", id), ("client_secret", "")],
        &[("client_id", id), ("client_secret", &theirs)],
        &[("client_id", id), ("client_secret", &secret[1..])],
        &[("client_id", &random), ("client_secret", &secret)],
        &[("client_secret", &secret)],
        &[("client_id", id), ("client_assertion_type", JWT_BEARER), ("client_assertion", &secret)],
    ];
    for attempt in attempts {
        is_nobody(&redeem_with(client, &code, attempt).await);
    }
    // In the URL it is no secret any more, and is not looked at.
    let url = format!("{}?client_id={id}&client_secret={secret}", client.at("token"));
    let usual = [("grant_type", "authorization_code"), ("code", code.as_str()), ("redirect_uri", REDIRECT_URI)];
    let fields: Vec<_> = usual.into_iter().chain([("code_verifier", VERIFIER)]).collect();
    is_nobody(&client.send(client.machine.request(Method::POST, &url).form(&fields)).await);
    let twice = client.machine.request(Method::POST, &client.at("token")).basic_auth(id, Some(&secret));
    let fields: Vec<_> = fields.into_iter().chain([("client_secret", secret.as_str())]).collect();
    refused(&client.send(twice.form(&fields)).await, 400, "invalid_request");
    client.redeem(&code).await.ok();
}

#[actix_web::test]
async fn p_11_a_secret_taken_back_at_one_instance_is_none_at_the_other_within_five_seconds() {
    let scene = Scene::set(json!({})).await;
    let b = scene.app.second_instance();
    let (at_b, path) = (scene.client.via(b.port), format!("/applications/{}/secrets", scene.client.client_id));
    assert_eq!(at_b.introspect("x").await["active"], false);
    let next = scene.acme.post(&path, &json!({"expire_others_in_hours": 0})).await.created();
    let gone = async || at_b.form("introspect", &[("token", "x")]).await.status == 401;
    within_five_seconds("the old secret", gone).await;
    let next = RelyingParty { client_secret: next["client_secret"].as_str().map(str::to_owned), ..at_b };
    assert_eq!(next.introspect("x").await["active"], false);
}
