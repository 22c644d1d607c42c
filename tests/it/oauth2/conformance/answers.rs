//! What the provider says: its document, its tokens, its userinfo; and ways of a client to say who it is.

use reqwest::Method;
use serde_json::{Value, json};

use super::Scene;
use crate::support::hostile_provider::HostileProvider;
use crate::support::relying_party::{REDIRECT_URI, RelyingParty, VERIFIER, claims, header, text};
use crate::support::signing::TestKey;

#[actix_web::test]
async fn the_discovery_document_says_what_there_is() {
    let scene = Scene::set(json!({})).await;
    let issuer = &scene.client.issuer;
    let page = scene.ada.get(&format!("{issuer}/.well-known/openid-configuration")).await;
    let document: Value = serde_json::from_str(&page.body).unwrap();
    assert_eq!(document["issuer"], *issuer);
    for name in ["authorization", "token", "userinfo", "end_session", "revocation", "introspection"] {
        let endpoint = text(&document, &format!("{name}_endpoint"));
        assert!(endpoint.starts_with(&format!("{issuer}/oauth2/")), "{endpoint}");
    }
    let has = |name: &str, value: &str| document[name].as_array().unwrap().contains(&json!(value));
    assert!(has("response_types_supported", "code") && has("subject_types_supported", "public"));
    assert!(has("id_token_signing_alg_values_supported", "RS256") && has("scopes_supported", "openid"));
    assert!(has("code_challenge_methods_supported", "S256") && has("grant_types_supported", "refresh_token"));
    assert!(has("token_endpoint_auth_methods_supported", "client_secret_basic") && has("claims_supported", "sub"));
    assert_eq!(document["authorization_response_iss_parameter_supported"], true);
    assert_eq!(document["request_parameter_supported"], false);
    assert_eq!(document["request_uri_parameter_supported"], false, "absent would mean yes");
}

#[actix_web::test]
async fn id_tokens_are_signed_with_what_the_application_says_and_never_with_nothing() {
    let scene = Scene::set(json!({})).await;
    let (client, path) = (&scene.client, format!("/applications/{}", scene.client.client_id));
    for algorithm in ["ES256", "RS256", "EdDSA"] {
        scene.acme.patch(&path, &json!({"signing_algorithm": algorithm})).await.ok();
        let tokens = client.tokens(&scene.ada, &[]).await;
        let header = header(text(&tokens, "id_token"));
        assert_eq!(header["alg"], algorithm);
        let keys = client.send(client.machine.request(Method::GET, &client.at("jwks.json"))).await.ok();
        assert!(keys["keys"].as_array().unwrap().iter().any(|key| key["kid"] == header["kid"]), "{header:?} {keys}");
    }
    scene.acme.patch(&path, &json!({"signing_algorithm": "none"})).await.expect(422);
}

#[actix_web::test]
async fn userinfo_answers_get_and_post_with_the_token_in_the_header() {
    let scene = Scene::set(json!({})).await;
    let tokens = scene.client.tokens(&scene.ada, &[]).await;
    let token = text(&tokens, "access_token");
    let by_get = scene.client.userinfo(token).await.ok();
    assert_eq!(by_get["sub"], claims(text(&tokens, "id_token"))["sub"]);
    let userinfo = |method| scene.client.machine.request(method, &scene.client.at("userinfo"));
    assert_eq!(scene.client.send(userinfo(Method::POST).bearer_auth(token)).await.ok(), by_get);
    // A body may be refused, a query must be.
    scene.client.send(userinfo(Method::POST).form(&[("access_token", token)])).await.expect(401);
    scene.client.send(userinfo(Method::GET).query(&[("access_token", token)])).await.expect(401);
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
        let tokens = scene.client.tokens(&scene.ada, &[("scope", asked)]).await;
        assert_eq!(tokens["scope"], granted);
        let userinfo = scene.client.userinfo(text(&tokens, "access_token")).await.ok();
        assert!(told.iter().all(|name| !userinfo[name].is_null()), "{asked}: {userinfo}");
        assert!(userinfo.get("address").is_none() && userinfo.get("phone_number").is_none(), "{userinfo}");
        assert_eq!(userinfo.get("email").is_some(), asked.contains("email"), "{asked}: {userinfo}");
        assert_eq!(userinfo.get("name").is_some(), asked.contains("profile"), "{asked}: {userinfo}");
    }
}

#[actix_web::test]
async fn a_secret_in_the_body_is_taken_where_the_application_says_so() {
    let scene = Scene::set(json!({"token_endpoint_auth_method": "client_secret_post"})).await;
    let code = scene.client.code(&scene.ada, &[]).await;
    let secret = scene.client.client_secret.clone().unwrap();
    let mut fields = redemption(&code).to_vec();
    fields.extend([("client_id", scene.client.client_id.as_str()), ("client_secret", &secret)]);
    let request = scene.client.machine.request(Method::POST, &scene.client.at("token"));
    assert_eq!(scene.client.send(request.form(&fields)).await.ok()["token_type"], "Bearer");
}

#[actix_web::test]
async fn an_assertion_for_the_issuer_is_taken_and_so_is_one_by_a_key_that_came_later() {
    let keys = HostileProvider::start();
    let jwks_uri = format!("{}/jwks", keys.issuer);
    let scene = Scene::set(json!({"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": jwks_uri})).await;
    let code = scene.client.code(&scene.ada, &[]).await;
    let tokens = asserted(&scene.client, &keys.key(), &redemption(&code)).await;
    let later = TestKey::ec("a-key-that-came-later");
    keys.rotate_key(later.clone());
    let renewal = [("grant_type", "refresh_token"), ("refresh_token", text(&tokens, "refresh_token"))];
    assert!(asserted(&scene.client, &later, &renewal).await["access_token"].is_string());
}

fn redemption(code: &str) -> [(&str, &str); 4] {
    let proof = [("redirect_uri", REDIRECT_URI), ("code_verifier", VERIFIER)];
    [("grant_type", "authorization_code"), ("code", code), proof[0], proof[1]]
}

/// The token endpoint's answer to a request with an assertion by this key.
async fn asserted(client: &RelyingParty, key: &TestKey, fields: &[(&str, &str)]) -> Value {
    let now = doorward::clock::Clock::default().now().timestamp();
    let assertion = json!({"iss": client.client_id, "sub": client.client_id, "aud": client.issuer, "iat": now,
        "exp": now + 60, "jti": uuid::Uuid::now_v7()});
    let assertion = key.sign(&key.header(), &assertion);
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    let mut all = fields.to_vec();
    all.extend([("client_assertion_type", kind), ("client_assertion", assertion.as_str())]);
    client.send(client.machine.request(Method::POST, &client.at("token")).form(&all)).await.ok()
}
