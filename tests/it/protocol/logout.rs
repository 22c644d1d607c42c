//! Signing out at the provider.

use std::collections::HashMap;

use doorward::model::connection::oidc::OidcSettings;
use doorward::protocol::oidc::ClientCredential;
use doorward::protocol::oidc::logout::{EndSession, TokenKind, end_session_url, revoke};
use secrecy::SecretString;
use serde_json::json;

use super::rig::{Rig, redirect_uri};
use crate::support::hostile_provider::{Answer, HostileProvider, Place};

#[actix_web::test]
async fn the_end_session_url_names_the_session_the_client_and_the_way_back() {
    let (provider, rig) = (HostileProvider::start(), Rig::new());
    let settings = provider.settings();
    let endpoints = rig.endpoints(&settings).await.expect("endpoints");
    let hint = SecretString::from("the.id.token");
    let request = EndSession { id_token_hint: Some(&hint), post_logout_redirect_uri: &redirect_uri(), state: "s 1" };
    let url = end_session_url(&settings, &endpoints, &request).expect("a URL");
    assert!(url.as_str().starts_with(&format!("{}/logout?", provider.issuer)));
    let sent: HashMap<_, _> = url.query_pairs().into_owned().collect();
    let expected = [
        ("id_token_hint", "the.id.token"),
        ("client_id", "client"),
        ("post_logout_redirect_uri", redirect_uri().as_str()),
        ("state", "s 1"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(sent, HashMap::from(expected));
    let off = OidcSettings { rp_initiated_logout: false, ..settings };
    assert_eq!(end_session_url(&off, &endpoints, &request), None);
}

#[actix_web::test]
async fn a_token_is_revoked_with_the_clients_authentication() {
    let provider = HostileProvider::start();
    let settings = provider.settings();
    let token = SecretString::from("rt-1");
    for credential in [ClientCredential::Secret("a secret".into()), ClientCredential::None] {
        let rig = Rig { credential, ..Rig::new() };
        let endpoints = rig.endpoints(&settings).await.expect("endpoints");
        revoke(&rig.party(&settings, &endpoints), &token, TokenKind::Refresh).await.expect("revoked");
        let sent = provider.last(Place::Revocation);
        assert_eq!((sent.form["token"].as_str(), sent.form["token_type_hint"].as_str()), ("rt-1", "refresh_token"));
        let public = matches!(rig.credential, ClientCredential::None);
        assert_eq!(sent.form.contains_key("client_id"), public);
        // base64("client:a+secret")
        assert_eq!(
            sent.headers.get("authorization").map(String::as_str),
            (!public).then_some("Basic Y2xpZW50OmErc2VjcmV0")
        );
    }
}

#[actix_web::test]
async fn a_refused_revocation_is_an_error_and_a_missing_endpoint_is_not() {
    let (provider, rig) = (HostileProvider::start(), Rig::new());
    let settings = provider.settings();
    provider.answer(Place::Revocation, Answer::json(json!({"error": "unsupported_token_type"})).status(400));
    let mut endpoints = rig.endpoints(&settings).await.expect("endpoints");
    let token = SecretString::from("at-1");
    let refused = revoke(&rig.party(&settings, &endpoints), &token, TokenKind::Access).await.expect_err("refused");
    assert_eq!(refused.code(), "revocation_refused");
    endpoints.revocation = None;
    assert!(revoke(&rig.party(&settings, &endpoints), &token, TokenKind::Access).await.is_ok());
}
