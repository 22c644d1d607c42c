//! Sign-ins that must work: the ways to authenticate, the places of claims, the kinds of keys.

use doorward::model::connection::oidc::{
    ClaimsSource, CodeChallengeMethod, EndpointOverrides, OidcSettings, SigningAlgorithm, TokenEndpointAuthMethod,
};
use doorward::protocol::jwt::client_key::ClientKey;
use doorward::protocol::jwt::key_set::KeySet;
use doorward::protocol::jwt::verify::Jws;
use doorward::protocol::oidc::ClientCredential;
use secrecy::ExposeSecret;
use serde_json::json;

use super::rig::{Rig, VERIFIER, refusal_with};
use crate::support::hostile_provider::{HostileProvider, Place};
use crate::support::signing::{TestKey, rsa_pkcs8};

#[actix_web::test]
async fn an_honest_provider_signs_a_person_in() {
    let provider = HostileProvider::start();
    let redeemed = Rig::new().sign_in(&provider, &provider.settings()).await.expect("signed in");
    assert_eq!(redeemed.claims.issuer, provider.issuer);
    assert_eq!(redeemed.claims.subject, "u-1");
    assert!(redeemed.claims.auth_time.is_some());
    let assertion = provider.settings().claim_mapping.apply(&redeemed.claims).expect("mapped");
    assert_eq!(assertion.email.as_deref(), Some("ada@example.com"));
    assert!(assertion.email_verified);
    assert_eq!(redeemed.id_token.expose_secret().matches('.').count(), 2);
    assert!(redeemed.access_token.expose_secret().starts_with("at-"));
    assert_eq!(redeemed.refresh_token.expect("a refresh token").expose_secret(), "rt-1");
}

#[actix_web::test]
async fn row_a8_a_persons_claims_arrive_in_our_words() {
    let provider = HostileProvider::start();
    provider.person(json!({
        "sub": "zoë|1", "mail": "ZOË@Example.COM", "email_verified": "true", "given_name": "Zoë", "family_name": "Ångström",
        "realm_access": {"roles": ["editors"]},
    }));
    let mut settings = provider.settings();
    settings.claim_mapping.email = vec!["email".to_owned(), "mail".to_owned()];
    settings.claim_mapping.groups = vec!["groups".to_owned(), "realm_access.roles".to_owned()];
    let claims = Rig::new().sign_in(&provider, &settings).await.expect("signed in").claims;
    let assertion = settings.claim_mapping.apply(&claims).expect("mapped");
    assert_eq!(assertion.subject, "zoë|1");
    assert_eq!(assertion.email.as_deref(), Some("ZOË@Example.COM"));
    assert!(assertion.email_verified);
    assert_eq!(assertion.name.as_deref(), Some("Zoë Ångström"));
    assert_eq!(assertion.groups.expect("asserted").into_iter().collect::<Vec<_>>(), ["editors"]);
}

#[actix_web::test]
async fn every_allowed_kind_of_key_signs_in() {
    for key in [TestKey::rsa("r"), TestKey::ec("e"), TestKey::ed("o")] {
        let provider = HostileProvider::start();
        let algorithm = key.algorithm;
        provider.id_token(|claims| drop(claims.remove("at_hash"))); // which hash it takes depends on the algorithm
        provider.rotate_key(key);
        let signed_in = Rig::new().sign_in(&provider, &provider.settings()).await;
        assert!(signed_in.is_ok(), "{algorithm:?}: {signed_in:?}");
    }
}

#[actix_web::test]
async fn endpoints_by_hand_need_no_discovery() {
    let provider = HostileProvider::start();
    let mut settings = provider.settings();
    settings.discovery = false;
    let at = |path: &str| Some(format!("{}{path}", provider.issuer));
    settings.endpoints = EndpointOverrides {
        authorization: at("/authorize"),
        token: at("/token"),
        jwks_uri: at("/jwks"),
        ..EndpointOverrides::default()
    };
    Rig::new().sign_in(&provider, &settings).await.expect("signed in");
    assert_eq!(provider.calls(Place::Discovery), 0);
    assert_eq!(provider.calls(Place::Userinfo), 0);
}

#[actix_web::test]
async fn claims_come_from_where_the_settings_say() {
    for (source, name, nick) in [
        (ClaimsSource::IdToken, Some("In the token"), None),
        (ClaimsSource::Userinfo, Some("At userinfo"), Some("Countess")),
        (ClaimsSource::Both, Some("In the token"), Some("Countess")),
    ] {
        let provider = HostileProvider::start();
        provider.id_token(|claims| claims["name"] = json!("In the token"));
        provider.change(Place::Userinfo, |claims| {
            claims["name"] = json!("At userinfo");
            claims.insert("nickname".to_owned(), json!("Countess"));
        });
        let settings = OidcSettings { claims_source: source, ..provider.settings() };
        let claims = Rig::new().sign_in(&provider, &settings).await.expect("signed in").claims.claims;
        let of = |claim: &str| claims.get(claim).and_then(|value| value.as_str());
        assert_eq!((of("name"), of("nickname")), (name, nick));
        assert_eq!(provider.calls(Place::Userinfo), usize::from(source != ClaimsSource::IdToken));
    }
}

#[actix_web::test]
async fn client_secret_basic_encodes_both_parts_and_is_the_default() {
    let provider = HostileProvider::start();
    let mut settings = provider.settings();
    settings.client_id = Some("a client:1".to_owned());
    let rig = Rig { credential: ClientCredential::Secret("s&=%:ü".into()), ..Rig::new() };
    rig.sign_in(&provider, &settings).await.expect("signed in");
    let sent = provider.last(Place::Token);
    // base64("a+client%3A1:s%26%3D%25%3A%C3%BC")
    assert_eq!(sent.headers["authorization"], "Basic YStjbGllbnQlM0ExOnMlMjYlM0QlMjUlM0ElQzMlQkM=");
    assert!(!sent.form.contains_key("client_secret"));
    assert_eq!(sent.form["code_verifier"], VERIFIER);
    assert_eq!(sent.form["grant_type"], "authorization_code");
}

#[actix_web::test]
async fn client_secret_post_is_used_when_asked_for_or_when_the_provider_knows_nothing_else() {
    for advertised in [true, false] {
        let provider = HostileProvider::start();
        let mut settings = provider.settings();
        if advertised {
            provider.change(Place::Discovery, |document| {
                document.insert("token_endpoint_auth_methods_supported".to_owned(), json!(["client_secret_post"]));
            });
        } else {
            settings.token_endpoint_auth_method = Some(TokenEndpointAuthMethod::ClientSecretPost);
        }
        Rig::new().sign_in(&provider, &settings).await.expect("signed in");
        let sent = provider.last(Place::Token);
        assert_eq!(sent.form["client_secret"], "a secret");
        assert_eq!(sent.form["client_id"], "client");
        assert!(!sent.headers.contains_key("authorization"));
    }
}

#[actix_web::test]
async fn a_public_client_sends_its_id_and_no_secret() {
    let provider = HostileProvider::start();
    let rig = Rig { credential: ClientCredential::None, ..Rig::new() };
    rig.sign_in(&provider, &provider.settings()).await.expect("signed in");
    let sent = provider.last(Place::Token);
    assert_eq!(sent.form["client_id"], "client");
    assert!(!sent.form.contains_key("client_secret") && !sent.headers.contains_key("authorization"));
}

#[actix_web::test]
async fn private_key_jwt_is_signed_by_the_published_key_and_good_for_a_minute() {
    let generated = ClientKey::generate().expect("a key");
    for (der, algorithm) in [(generated, SigningAlgorithm::ES256), (rsa_pkcs8().into(), SigningAlgorithm::RS256)] {
        let provider = HostileProvider::start();
        let key = ClientKey::from_pkcs8(&der).expect("the key again");
        let published = json!({"keys": [key.public_jwk()]}).to_string();
        assert!(!published.contains("\"d\""));
        let rig = Rig { credential: ClientCredential::Key(key), ..Rig::new() };
        rig.sign_in(&provider, &provider.settings()).await.expect("signed in");
        let sent = provider.last(Place::Token);
        assert_eq!(sent.form["client_assertion_type"], "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
        let keys = KeySet::parse(published.as_bytes()).expect("a key set");
        let assertion = Jws::parse(&sent.form["client_assertion"], &[algorithm]).expect("a JWS");
        let claims = assertion.verify(&keys).expect("signed by the published key").claims;
        assert_eq!((&claims["iss"], &claims["sub"]), (&json!("client"), &json!("client")));
        assert_eq!(claims["aud"], json!(format!("{}/token", provider.issuer)));
        let seconds = |name: &str| claims[name].as_i64().expect("a number");
        assert_eq!(seconds("exp") - seconds("iat"), 60);
    }
}

#[test]
fn a_client_key_shows_nothing_of_itself_and_garbage_is_none() {
    let key = ClientKey::from_pkcs8(&ClientKey::generate().expect("a key")).expect("the key again");
    assert!(!format!("{key:?}").contains("EncodingKey"));
    for garbage in [vec![], vec![0; 100], b"-----BEGIN PRIVATE KEY-----".to_vec()] {
        assert!(ClientKey::from_pkcs8(&garbage.into()).is_err());
    }
}

#[actix_web::test]
async fn a_method_without_its_credential_is_told_before_anything_is_sent() {
    let provider = HostileProvider::start();
    let mut settings = provider.settings();
    settings.token_endpoint_auth_method = Some(TokenEndpointAuthMethod::PrivateKeyJwt);
    assert_eq!(refusal_with(&provider, &settings).await, "connection_incomplete");
    assert_eq!(provider.calls(Place::Token), 0);
}

#[actix_web::test]
async fn plain_and_no_pkce_work_where_the_settings_say_so() {
    for method in [CodeChallengeMethod::Plain, CodeChallengeMethod::None] {
        let provider = HostileProvider::start();
        let mut settings = provider.settings();
        settings.code_challenge_method = method;
        Rig::new().sign_in(&provider, &settings).await.expect("signed in");
        let sent = provider.last(Place::Token).form.contains_key("code_verifier");
        assert_eq!(sent, method == CodeChallengeMethod::Plain);
    }
}

#[actix_web::test]
async fn an_issuer_alias_stands_for_the_configured_issuer() {
    let provider = HostileProvider::start();
    provider.id_token(|claims| claims["iss"] = json!("accounts.example"));
    let mut settings = provider.settings();
    settings.issuer_aliases = vec!["accounts.example".to_owned()];
    let redeemed = Rig::new().sign_in(&provider, &settings).await.expect("signed in");
    assert_eq!(redeemed.claims.issuer, provider.issuer);
}
