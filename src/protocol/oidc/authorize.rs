//! The authorization request (OpenID Connect Core section 3.1.2.1, RFC 7636).

use openidconnect::core::{CoreClient, CoreResponseType};
use openidconnect::{
    AuthUrl, AuthenticationFlow, ClientId, CsrfToken, IssuerUrl, JsonWebKeySet, Nonce, PkceCodeChallenge,
    PkceCodeVerifier, RedirectUrl, Scope,
};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::endpoints::Endpoints;
use super::error::OidcError;
use crate::model::connection::oidc::{CodeChallengeMethod, OidcSettings, ResponseMode};

/// Parameters that only Doorward sets; `authorization_parameters` can neither replace nor repeat them.
pub const RESERVED_PARAMETERS: [&str; 17] = [
    "acr_values",
    "client_id",
    "client_secret",
    "code_challenge",
    "code_challenge_method",
    "id_token_hint",
    "login_hint",
    "max_age",
    "nonce",
    "prompt",
    "redirect_uri",
    "request",
    "request_uri",
    "response_mode",
    "response_type",
    "scope",
    "state",
];

/// What is particular to one sign-in; the caller makes it, keeps it and brings it back to
/// [`super::redeem::redeem`].
pub struct AuthorizationRequest<'a> {
    /// Where the provider sends the browser back to.
    pub redirect_uri: &'a Url,
    /// Unguessable; finds the attempt again.
    pub state: &'a str,
    /// Unguessable; must come back in the ID token.
    pub nonce: &'a str,
    /// 43 to 128 unreserved characters (RFC 7636 section 4.1); unused when PKCE is switched off.
    pub code_verifier: &'a SecretString,
    /// The address typed on the login page.
    pub login_hint: Option<&'a str>,
    /// What the application behind this sign-in wants of it.
    pub demands: Demands<'a>,
}

/// What an application wants of a sign-in. The connection's own settings are never weakened by it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Demands<'a> {
    /// The provider shall ask the person to prove who they are, whatever session it has.
    pub login: bool,
    /// The provider shall let the person choose an account.
    pub select_account: bool,
    /// The oldest login that will do, in seconds.
    pub max_age: Option<u32>,
    /// Wished authentication contexts, separated by blanks; the connection's own win.
    pub acr_values: Option<&'a str>,
}

/// Builds the URL that the browser is sent to.
///
/// # Errors
/// [`OidcError::Incomplete`] when the settings lack the client id.
pub fn build(
    settings: &OidcSettings,
    endpoints: &Endpoints,
    request: &AuthorizationRequest<'_>,
) -> Result<Url, OidcError> {
    let client_id = ClientId::new(super::client_id(settings)?.to_owned());
    let issuer = IssuerUrl::new(endpoints.issuer.clone()).map_err(|_| OidcError::Incomplete("usable issuer"))?;
    let client = CoreClient::new(client_id, issuer, JsonWebKeySet::default())
        .set_auth_uri(AuthUrl::from_url(endpoints.authorization.clone()))
        .set_redirect_uri(RedirectUrl::from_url(request.redirect_uri.clone()));
    let (state, nonce) = (CsrfToken::new(request.state.to_owned()), Nonce::new(request.nonce.to_owned()));
    let flow = AuthenticationFlow::<CoreResponseType>::AuthorizationCode;
    let mut url = client.authorize_url(flow, || state, || nonce);
    for scope in settings.all_scopes().into_iter().filter(|scope| *scope != "openid") {
        url = url.add_scope(Scope::new(scope.to_owned()));
    }
    url = match settings.code_challenge_method {
        CodeChallengeMethod::None => url,
        // O-10, O-11: sent whatever the provider's metadata claims to support.
        CodeChallengeMethod::S256 => url.set_pkce_challenge(s256(request.code_verifier)?),
        CodeChallengeMethod::Plain => url
            .add_extra_param("code_challenge", request.code_verifier.expose_secret().to_owned())
            .add_extra_param("code_challenge_method", "plain"),
    };
    for (name, value) in optional_parameters(settings, request) {
        url = url.add_extra_param(name, value);
    }
    Ok(url.url().0)
}

/// The library panics on a verifier of the wrong length, so that is asked first.
fn s256(verifier: &SecretString) -> Result<PkceCodeChallenge, OidcError> {
    let verifier = verifier.expose_secret();
    if !(43..=128).contains(&verifier.len()) {
        return Err(OidcError::Incomplete("usable code verifier"));
    }
    Ok(PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(verifier.to_owned())))
}

fn optional_parameters(settings: &OidcSettings, request: &AuthorizationRequest<'_>) -> Vec<(String, String)> {
    let demands = request.demands;
    let form_post = (settings.response_mode == ResponseMode::FormPost).then(|| "form_post".to_owned());
    let acr = (!settings.acr_values.is_empty()).then(|| settings.acr_values.join(" "));
    let hint = request.login_hint.filter(|_| settings.forward_login_hint).map(str::to_owned);
    let max_age = settings.max_age.into_iter().chain(demands.max_age).min();
    let ours = [
        ("response_mode", form_post),
        ("prompt", prompt(settings.prompt.as_deref(), demands)),
        ("max_age", max_age.map(|seconds| seconds.to_string())),
        ("acr_values", acr.or_else(|| demands.acr_values.map(str::to_owned))),
        ("login_hint", hint),
    ];
    let theirs = settings.authorization_parameters.iter();
    let theirs = theirs.filter(|(name, _)| !RESERVED_PARAMETERS.contains(&name.as_str()));
    let ours = ours.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    ours.chain(theirs.map(|(name, value)| (name.clone(), value.clone()))).collect()
}

/// The connection's words and those of the application, none twice.
fn prompt(configured: Option<&str>, demands: Demands<'_>) -> Option<String> {
    let mut words: Vec<&str> = configured.unwrap_or_default().split_whitespace().collect();
    for (wanted, word) in [(demands.login, "login"), (demands.select_account, "select_account")] {
        if wanted && !words.contains(&word) {
            words.push(word);
        }
    }
    (!words.is_empty()).then(|| words.join(" "))
}
