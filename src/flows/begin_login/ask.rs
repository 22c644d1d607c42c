//! What the provider is asked, in its protocol, and what the attempt has to remember of it.

use chrono::{DateTime, Duration, Utc};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::context::provider::OpenIdProvider;
use crate::context::saml_provider::SamlProvider;
use crate::flows::Error;
use crate::flows::onward::{Onward, carry};
use crate::model::authorization::AuthorizationParams;
use crate::model::connection::oidc::CodeChallengeMethod;
use crate::model::login_attempt::AttemptSecrets;
use crate::protocol::oidc::authorize::{self, AuthorizationRequest, Demands};
use crate::protocol::saml::message::new_id;
use crate::protocol::saml::request::AuthnRequest;
use crate::secrets::token;

/// What every protocol needs to ask.
pub(super) struct Question<'a> {
    /// Comes back as `state` or `RelayState`.
    pub state: &'a str,
    /// The address that was typed on the login page.
    pub login_hint: Option<&'a str>,
    /// The application's request behind the login, if there is one.
    pub behind: Option<&'a AuthorizationParams>,
    /// Whoever has a session at the provider is asked all the same.
    pub anew: bool,
    /// Now.
    pub now: DateTime<Utc>,
}

/// By an authorization request of OpenID Connect.
///
/// # Errors
/// [`Error::Provider`] when the settings lack something.
pub(super) fn oidc(
    party: &OpenIdProvider,
    question: &Question<'_>,
    redirect_uri: &Url,
) -> Result<(Onward, AttemptSecrets), Error> {
    let (nonce, verifier) = (token::random(), SecretString::from(token::random()));
    let mut demands = question.behind.map(demands).unwrap_or_default();
    demands.login |= question.anew;
    let request = AuthorizationRequest {
        redirect_uri,
        state: question.state,
        nonce: &nonce,
        code_verifier: &verifier,
        login_hint: question.login_hint,
        demands,
    };
    let onward = Onward::Redirect(authorize::build(&party.settings, &party.endpoints, &request)?);
    let uses_pkce = party.settings.code_challenge_method != CodeChallengeMethod::None;
    let pkce_verifier = uses_pkce.then(|| verifier.expose_secret().to_owned());
    Ok((onward, AttemptSecrets::Oidc { nonce, pkce_verifier }))
}

/// What the request wants of the login, read from where it waits: what stands in the browser's address may be edited.
fn demands(params: &AuthorizationParams) -> Demands<'_> {
    Demands {
        login: params.prompt_login,
        select_account: params.prompt_select_account,
        max_age: params.max_age,
        acr_values: params.acr_values.as_deref(),
    }
}

/// By a SAML `AuthnRequest`. There is no word in it for an address or for the choice of an account.
///
/// # Errors
/// [`Error::Internal`] when signing fails.
pub(super) fn saml(party: &SamlProvider, question: &Question<'_>) -> Result<(Onward, AttemptSecrets), Error> {
    let settings = &party.settings;
    let max_age = question.behind.and_then(|params| params.max_age);
    let anew = settings.force_authn || question.anew || question.behind.is_some_and(|params| params.prompt_login);
    let id = new_id(); // C-27
    let request = AuthnRequest {
        id: &id,
        issue_instant: question.now,
        destination: &party.sso.url,
        issuer: &party.own.entity_id,
        acs_url: &party.own.acs_url,
        name_id_format: settings.name_id_format.as_deref(),
        // SAML cannot say how old a login may be: without this, a provider's older session would be refused for ever.
        force_authn: anew || max_age.is_some(),
        is_passive: false,
        authn_contexts: &settings.requested_authn_contexts,
    };
    let key = settings.sign_requests.then_some(&*party.signing_key);
    let onward = carry(&request.message(), &party.sso.url, party.sso.binding, Some(question.state), key)?;
    // C-20: a provider that asked nobody is found out by its own clock.
    let oldest = max_age.map(|age| question.now - Duration::seconds(age.into()));
    let authenticated_since = if anew { Some(question.now) } else { oldest };
    Ok((onward, AttemptSecrets::Saml { request_id: id, authenticated_since }))
}
