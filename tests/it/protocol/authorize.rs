//! The authorization request and the answer's `iss`.

use std::collections::HashMap;

use doorward::model::connection::oidc::{OidcSettings, ResponseMode};
use doorward::protocol::oidc::authorize::{AuthorizationRequest, Demands, RESERVED_PARAMETERS, build};
use doorward::protocol::oidc::callback::check_issuer;
use doorward::protocol::oidc::discovery::ProviderMetadata;
use doorward::protocol::oidc::{Endpoints, OidcError};
use secrecy::SecretString;

use super::rig::{NONCE, VERIFIER, authorization_url, redirect_uri};

fn settings() -> OidcSettings {
    let (issuer, client_id) = (Some("https://op.example".to_owned()), Some("client".to_owned()));
    OidcSettings { issuer, client_id, ..OidcSettings::default() }
}

fn metadata() -> ProviderMetadata {
    let at = |path: &str| Some(format!("https://op.example{path}"));
    ProviderMetadata {
        authorization_endpoint: at("/authorize?policy=b2c"),
        token_endpoint: at("/token"),
        jwks_uri: at("/jwks"),
        ..ProviderMetadata::default()
    }
}

fn endpoints(settings: &OidcSettings) -> Endpoints {
    Endpoints::resolve(settings, Some(&metadata())).expect("complete")
}

/// The parameters of the authorization URL; a repeated one fails the test.
fn parameters(settings: &OidcSettings) -> HashMap<String, String> {
    let url = authorization_url(settings, &endpoints(settings));
    let all: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let once: HashMap<_, _> = all.iter().cloned().collect();
    assert_eq!(all.len(), once.len(), "{url}");
    once
}

#[test]
fn the_request_carries_what_the_specification_asks_for() {
    let sent = parameters(&settings());
    let expected = [
        ("policy", "b2c"),
        ("response_type", "code"),
        ("client_id", "client"),
        ("redirect_uri", redirect_uri().as_str()),
        ("scope", "openid profile email"),
        ("state", "the state"),
        ("nonce", NONCE),
        ("code_challenge_method", "S256"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    for (name, value) in expected {
        assert_eq!(sent.get(&name), Some(&value), "{name}");
    }
    assert_eq!(sent.len(), 9);
}

#[test]
fn o_11_s256_is_sent_whatever_the_metadata_says() {
    for supported in [None, Some(vec![]), Some(vec!["plain".to_owned()])] {
        let metadata = ProviderMetadata { code_challenge_methods_supported: supported, ..metadata() };
        let endpoints = Endpoints::resolve(&settings(), Some(&metadata)).expect("complete");
        let url = authorization_url(&settings(), &endpoints);
        let sent: HashMap<_, _> = url.query_pairs().into_owned().collect();
        assert_eq!(sent["code_challenge_method"], "S256");
        assert_ne!(sent["code_challenge"], VERIFIER);
        assert_eq!(sent["code_challenge"].len(), 43);
    }
}

#[test]
fn settings_become_parameters() {
    let settings = OidcSettings {
        response_mode: ResponseMode::FormPost,
        prompt: Some("select_account".to_owned()),
        max_age: Some(600),
        acr_values: vec!["mfa".to_owned(), "phr".to_owned()],
        additional_scopes: vec!["groups".to_owned(), "email".to_owned()],
        ..settings()
    };
    let sent = parameters(&settings);
    for (name, value) in [
        ("response_mode", "form_post"),
        ("prompt", "select_account"),
        ("max_age", "600"),
        ("acr_values", "mfa phr"),
        ("scope", "openid profile email groups"),
    ] {
        assert_eq!(sent[name], value);
    }
}

#[test]
fn a_typed_address_is_forwarded_only_where_the_settings_say_so() {
    for forward in [true, false] {
        let settings = OidcSettings { forward_login_hint: forward, ..settings() };
        let request = AuthorizationRequest {
            redirect_uri: &redirect_uri(),
            state: "s",
            nonce: "n",
            code_verifier: &SecretString::from(VERIFIER),
            login_hint: Some("ada@x.example"),
            demands: Demands::default(),
        };
        let url = build(&settings, &endpoints(&settings), &request).expect("a URL");
        assert_eq!(url.query_pairs().any(|(name, value)| name == "login_hint" && value == "ada@x.example"), forward);
    }
}

#[test]
fn an_applications_wishes_tighten_the_settings_and_never_replace_them() {
    let sent = |settings: &OidcSettings, demands: Demands<'_>| -> HashMap<String, String> {
        let request = AuthorizationRequest {
            redirect_uri: &redirect_uri(),
            state: "s",
            nonce: "n",
            code_verifier: &SecretString::from(VERIFIER),
            login_hint: None,
            demands,
        };
        let url = build(settings, &endpoints(settings), &request).expect("a URL");
        url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
    };
    let wished = Demands { login: true, select_account: true, max_age: Some(60), acr_values: Some("gold silver") };
    let plain = sent(&settings(), wished);
    assert_eq!((plain["prompt"].as_str(), plain["max_age"].as_str()), ("login select_account", "60"));
    assert_eq!(plain["acr_values"], "gold silver");
    let strict =
        OidcSettings { prompt: Some("login".into()), max_age: Some(30), acr_values: vec!["phr".into()], ..settings() };
    let strict = sent(&strict, wished);
    assert_eq!((strict["prompt"].as_str(), strict["max_age"].as_str()), ("login select_account", "30"));
    assert_eq!(strict["acr_values"], "phr", "what the connection insists on is what is checked");
    assert!(!sent(&settings(), Demands::default()).contains_key("prompt"));
}

#[test]
fn extra_parameters_add_but_never_override() {
    let mut settings = settings();
    settings.authorization_parameters.insert("hd".to_owned(), "x.example".to_owned());
    for name in RESERVED_PARAMETERS {
        settings.authorization_parameters.insert(name.to_owned(), "evil".to_owned());
    }
    let sent = parameters(&settings);
    assert_eq!(sent["hd"], "x.example");
    assert!(!sent.values().any(|value| value == "evil"));
}

#[test]
fn a_verifier_of_the_wrong_length_is_an_error_and_no_panic() {
    let request = AuthorizationRequest {
        redirect_uri: &redirect_uri(),
        state: "s",
        nonce: "n",
        code_verifier: &SecretString::from("short"),
        login_hint: None,
        demands: Demands::default(),
    };
    assert!(matches!(build(&settings(), &endpoints(&settings()), &request), Err(OidcError::Incomplete(_))));
}

#[test]
fn o_12_an_answer_of_another_issuer_is_refused() {
    let settings = settings();
    let endpoints = endpoints(&settings);
    assert!(check_issuer(&settings, &endpoints, Some("https://op.example")).is_ok());
    for other in ["https://evil.example", "https://op.example/", "", "HTTPS://OP.EXAMPLE"] {
        let refused = check_issuer(&settings, &endpoints, Some(other)).expect_err(other);
        assert_eq!(refused.code(), "response_issuer_mismatch");
    }
}

#[test]
fn o_13_a_promised_iss_that_is_missing_is_refused() {
    let settings = settings();
    let promised = Endpoints { response_has_issuer: true, ..endpoints(&settings) };
    assert!(check_issuer(&settings, &promised, None).is_err());
    assert!(check_issuer(&settings, &endpoints(&settings), None).is_ok());
}

#[test]
fn a_provider_of_many_directories_answers_for_an_allowed_one() {
    let settings = OidcSettings {
        issuer: Some("https://login.example/{tenantid}/v2.0".to_owned()),
        allowed_tenant_ids: vec!["t1".to_owned()],
        ..settings()
    };
    let endpoints = endpoints(&settings);
    assert!(check_issuer(&settings, &endpoints, Some("https://login.example/t1/v2.0")).is_ok());
    assert!(check_issuer(&settings, &endpoints, Some("https://login.example/t2/v2.0")).is_err());
}
