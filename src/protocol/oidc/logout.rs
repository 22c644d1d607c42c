//! Signing out at the provider (RP-Initiated Logout 1.0) and revoking its tokens (RFC 7009).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{Request, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use url::{Url, form_urlencoded};

use super::RelyingParty;
use super::client_auth::{ASSERTION_TYPE, Proof};
use super::endpoints::Endpoints;
use super::error::{Endpoint, OidcError};
use crate::model::connection::oidc::OidcSettings;

/// Largest answer of a revocation endpoint that is read.
const MAX_ANSWER: usize = 16 << 10;

/// What goes along when the browser is sent to sign out at the provider.
pub struct EndSession<'a> {
    /// The ID token of the session.
    pub id_token_hint: Option<&'a SecretString>,
    /// Where the provider sends the browser afterwards; registered there.
    pub post_logout_redirect_uri: &'a Url,
    /// Comes back unchanged.
    pub state: &'a str,
}

/// The end-session URL, or `None` when the provider has none or the settings switch it off.
#[must_use]
pub fn end_session_url(settings: &OidcSettings, endpoints: &Endpoints, request: &EndSession<'_>) -> Option<Url> {
    let mut url = endpoints.end_session.clone().filter(|_| settings.rp_initiated_logout)?;
    {
        let mut query = url.query_pairs_mut();
        if let Some(hint) = request.id_token_hint {
            query.append_pair("id_token_hint", hint.expose_secret());
        }
        if let Some(client_id) = &settings.client_id {
            query.append_pair("client_id", client_id);
        }
        query.append_pair("post_logout_redirect_uri", request.post_logout_redirect_uri.as_str());
        query.append_pair("state", request.state);
    }
    Some(url)
}

/// Which kind of token is revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// An access token.
    Access,
    /// A refresh token.
    Refresh,
}

/// Revokes one token. Does nothing when the provider has no revocation endpoint.
///
/// # Errors
/// [`OidcError`] when the provider cannot be reached or does not answer 200.
pub async fn revoke(party: &RelyingParty<'_>, token: &SecretString, kind: TokenKind) -> Result<(), OidcError> {
    let Some(endpoint) = &party.endpoints.revocation else {
        return Ok(());
    };
    let request = revocation_request(party, endpoint, token, kind)?;
    let answer = party.lane.send(request, MAX_ANSWER).await;
    let answer = answer.map_err(|source| OidcError::Unreachable { endpoint: Endpoint::Revocation, source })?;
    match answer.status() {
        StatusCode::OK => Ok(()),
        status => Err(refused(&format!("HTTP status {}", status.as_u16()))),
    }
}

fn revocation_request(
    party: &RelyingParty<'_>,
    endpoint: &Url,
    token: &SecretString,
    kind: TokenKind,
) -> Result<Request<Vec<u8>>, OidcError> {
    let hint = match kind {
        TokenKind::Access => "access_token",
        TokenKind::Refresh => "refresh_token",
    };
    let client_id = party.client_id()?;
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("token", token.expose_secret()).append_pair("token_type_hint", hint);
    let mut request = Request::post(endpoint.as_str())
        .header(ACCEPT, "application/json")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    match Proof::make(party)? {
        Proof::Basic(secret) => request = request.header(AUTHORIZATION, basic(client_id, &secret)?),
        Proof::Public => drop(form.append_pair("client_id", client_id)),
        Proof::Form(secret) => {
            form.append_pair("client_id", client_id).append_pair("client_secret", secret.expose_secret());
        }
        Proof::Assertion(assertion) => {
            form.append_pair("client_id", client_id).append_pair("client_assertion_type", ASSERTION_TYPE);
            form.append_pair("client_assertion", &assertion);
        }
    }
    request.body(form.finish().into_bytes()).map_err(|_| refused("its address is not usable"))
}

/// RFC 6749 section 2.3.1: both parts are form-encoded before they become user and password.
fn basic(client_id: &str, secret: &SecretString) -> Result<HeaderValue, OidcError> {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", encode(client_id), encode(secret.expose_secret()));
    let value = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(pair)));
    let mut value = value.map_err(|_| OidcError::Incomplete("usable client secret"))?;
    value.set_sensitive(true);
    Ok(value)
}

fn refused(reason: &str) -> OidcError {
    OidcError::BadAnswer { endpoint: Endpoint::Revocation, reason: reason.to_owned() }
}
