//! What the provider says: its document, its tokens, its userinfo.

use reqwest::Method;
use serde_json::{Value, json};

use super::Scene;
use crate::support::hostile_provider::HostileProvider;
use crate::support::relying_party::{RelyingParty, claims, part};
use crate::support::signing::TestKey;

#[actix_web::test]
async fn the_discovery_document_says_what_there_is() {
    let scene = Scene::set(json!({})).await;
    let document = scene.party.discovery().await;
    assert_eq!(document["issuer"], scene.party.issuer);
    for name in ["authorization", "token", "userinfo", "end_session", "revocation", "introspection"] {
        let endpoint = document[format!("{name}_endpoint")].as_str().unwrap_or_else(|| panic!("{name}"));
        assert!(endpoint.starts_with(&format!("{}/oauth2/", scene.party.issuer)), "{endpoint}");
    }
    let has = |name: &str, value: &str| document[name].as_array().unwrap().contains(&json!(value));
    assert!(has("response_types_supported", "code") && has("subject_types_supported", "public"));
    assert!(has("id_token_signing_alg_values_supported", "RS256") && has("scopes_supported", "openid"));
    assert!(has("code_challenge_methods_supported", "S256") && has("grant_types_supported", "refresh_token"));
    assert!(has("token_endpoint_auth_methods_supported", "client_secret_basic") && has("claims_supported", "sub"));
    assert_eq!(document["authorization_response_iss_parameter_supported"], true);
    assert_eq!(document["claims_parameter_supported"].as_bool().unwrap_or(false), false);
    assert_eq!(document["request_uri_parameter_supported"], false, "absent would mean yes");
}

#[actix_web::test]
async fn id_tokens_are_signed_with_what_the_application_says_and_no_other() {
    let scene = Scene::set(json!({})).await;
    for algorithm in ["ES256", "RS256", "EdDSA"] {
        let party = RelyingParty::register(&scene.acme, json!({"signing_algorithm": algorithm})).await;
        let tokens = party.sign_in(&scene.ada, &[]).await;
        assert_eq!(part(&tokens["id_token"], 0)["alg"], algorithm);
        let kid = part(&tokens["id_token"], 0)["kid"].clone();
        let keys: Value = party.send(party.at(Method::GET, "jwks.json")).await.ok();
        assert!(keys["keys"].as_array().unwrap().iter().any(|key| key["kid"] == kid), "{kid} in {keys}");
    }
    let unsigned = json!({"name": "No", "redirect_uris": ["https://app.example/"], "signing_algorithm": "none"});
    scene.acme.post("/applications", &unsigned).await.expect(422);
}

#[actix_web::test]
async fn userinfo_answers_get_and_post_with_the_token_in_the_header() {
    let scene = Scene::set(json!({})).await;
    let tokens = scene.party.sign_in(&scene.ada, &[]).await;
    let token = tokens["access_token"].as_str().unwrap();
    let by_get = scene.party.userinfo(&tokens["access_token"]).await.ok();
    assert_eq!(by_get["sub"], claims(&tokens["id_token"])["sub"]);
    let post = scene.party.at(Method::POST, "userinfo");
    assert_eq!(scene.party.send(post.bearer_auth(token)).await.ok(), by_get);
    // In the body it may be refused; in the query it must be.
    let post = scene.party.at(Method::POST, "userinfo").form(&[("access_token", token)]);
    let by_body = scene.party.send(post).await;
    assert!(by_body.status == 401 || by_body.json() == by_get, "{}: {}", by_body.status, by_body.text);
    let query = scene.party.at(Method::GET, "userinfo").query(&[("access_token", token)]);
    assert_eq!(scene.party.send(query).await.status, 401);
}

#[actix_web::test]
async fn each_scope_brings_its_claims_and_what_is_unknown_is_left_out() {
    let scene = Scene::set(json!({})).await;
    let wanted = [
        ("openid profile", vec!["name", "given_name", "family_name"], "openid profile"),
        ("openid email", vec!["email", "email_verified"], "openid email"),
        ("openid address", vec![], "openid"),
        ("openid phone", vec![], "openid"),
        ("openid address phone email profile", vec!["email", "name"], "openid email profile"),
    ];
    for (asked, told, granted) in wanted {
        let tokens = scene.party.sign_in(&scene.ada, &[("scope", asked)]).await;
        assert_eq!(tokens["scope"], granted);
        let userinfo = scene.party.userinfo(&tokens["access_token"]).await.ok();
        assert!(told.iter().all(|name| !userinfo[name].is_null()), "{asked}: {userinfo}");
        assert!(userinfo.get("address").is_none() && userinfo.get("phone_number").is_none(), "{userinfo}");
        assert_eq!(userinfo.get("email").is_some(), asked.contains("email"), "{asked}: {userinfo}");
        assert_eq!(userinfo.get("name").is_some(), asked.contains("profile"), "{asked}: {userinfo}");
    }
}

#[actix_web::test]
async fn a_secret_in_the_body_is_taken_where_the_application_says_so() {
    let scene = Scene::set(json!({"token_endpoint_auth_method": "client_secret_post"})).await;
    let code = scene.party.ask(&scene.ada, &[]).await.ok().unwrap()["code"].clone();
    let request = scene.party.at(Method::POST, "token").form(&[
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", crate::support::relying_party::REDIRECT_URI),
        ("code_verifier", crate::support::relying_party::VERIFIER),
        ("client_id", &scene.party.client_id),
        ("client_secret", &scene.party.secret),
    ]);
    assert_eq!(scene.party.send(request).await.ok()["token_type"], "Bearer");
}

#[actix_web::test]
async fn an_assertion_for_the_issuer_is_taken_and_so_is_one_by_a_key_that_came_later() {
    let keys = HostileProvider::start();
    let method = json!({"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": format!("{}/jwks", keys.issuer)});
    let scene = Scene::set(method).await;
    let code = scene.party.ask(&scene.ada, &[]).await.ok().unwrap()["code"].clone();
    let redemption = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", crate::support::relying_party::REDIRECT_URI),
        ("code_verifier", crate::support::relying_party::VERIFIER),
    ];
    let tokens = asserted(&scene.party, &keys.key(), &redemption).await;
    let later = TestKey::ec("a-key-that-came-later");
    keys.rotate_key(later.clone());
    let renewal = [("grant_type", "refresh_token"), ("refresh_token", tokens["refresh_token"].as_str().unwrap())];
    assert!(asserted(&scene.party, &later, &renewal).await["access_token"].is_string());
}

/// The token endpoint's answer to a request with an assertion by this key.
async fn asserted(party: &RelyingParty, key: &TestKey, fields: &[(&str, &str)]) -> Value {
    let now = doorward::clock::Clock::default().now().timestamp();
    let assertion = json!({"iss": party.client_id, "sub": party.client_id, "aud": party.issuer, "iat": now,
        "exp": now + 60, "jti": uuid::Uuid::now_v7()});
    let assertion = key.sign(&key.header(), &assertion);
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    let mut all = fields.to_vec();
    all.extend([("client_assertion_type", kind), ("client_assertion", assertion.as_str())]);
    party.send(party.at(Method::POST, "token").form(&all)).await.ok()
}
