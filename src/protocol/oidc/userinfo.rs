//! Asking the userinfo endpoint (OpenID Connect Core section 5.3).

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{Request, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use url::Url;

use super::RelyingParty;
use super::error::{Endpoint, OidcError};
use super::issuer;
use crate::outbound::MAX_BODY;
use crate::protocol::json;
use crate::protocol::jwt::JwtError;
use crate::protocol::jwt::claims::{SKEW, audiences, date, text};

/// Fetches the claims of `subject` with its access token: JSON, or a JWT signed like an ID token, by content type (O-36).
///
/// # Errors
/// [`OidcError`] with a `userinfo_..` code; another `sub` than the ID token's is refused (O-34).
pub(super) async fn fetch(
    party: &RelyingParty<'_>,
    endpoint: &Url,
    access_token: &SecretString,
    subject: &str,
) -> Result<Map<String, Value>, OidcError> {
    let bearer = format!("Bearer {}", access_token.expose_secret());
    let mut bearer = HeaderValue::try_from(bearer).map_err(|_| invalid("the access token is not printable"))?;
    bearer.set_sensitive(true);
    let request = Request::get(endpoint.as_str())
        .header(AUTHORIZATION, bearer)
        .header(ACCEPT, "application/json, application/jwt")
        .body(Vec::new())
        .map_err(|_| invalid("its address is not usable"))?;
    let answer = party.lane.send(request, MAX_BODY).await;
    let answer = answer.map_err(|source| OidcError::Unreachable { endpoint: Endpoint::Userinfo, source })?;
    if answer.status() != StatusCode::OK {
        return Err(invalid(&format!("HTTP status {}", answer.status().as_u16())));
    }
    let claims = match media_type(answer.headers().get(CONTENT_TYPE)).as_str() {
        "application/json" => json::parse_object(answer.body()).map_err(|error| invalid(&error.to_string()))?,
        "application/jwt" => signed(party, answer.body()).await?,
        _ => {
            return Err(invalid("its content type is neither application/json nor application/jwt"));
        }
    };
    if claims.get("sub").and_then(Value::as_str) == Some(subject) {
        Ok(claims)
    } else {
        Err(OidcError::UserinfoMismatch("sub"))
    }
}

fn media_type(header: Option<&HeaderValue>) -> String {
    let text = header.and_then(|value| value.to_str().ok()).unwrap_or_default();
    text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// A signed answer: same verifier, keys and algorithms as the ID token; issuer, audience and times count where present.
async fn signed(party: &RelyingParty<'_>, body: &[u8]) -> Result<Map<String, Value>, OidcError> {
    let token = std::str::from_utf8(body).map_err(|_| OidcError::UserinfoInvalid(JwtError::Malformed))?.trim();
    let source = party.jwks_source();
    let verified = party.jwks.verify(party.lane, &source, token, &party.settings.signing_algorithms).await;
    let claims = verified.map_err(OidcError::UserinfoInvalid)?.claims;
    let reads = |claims: &Map<String, Value>| -> Result<(bool, bool, bool), JwtError> {
        let tid = text(claims, "tid")?;
        let issuer = text(claims, "iss")?.is_none_or(|iss| issuer::resolve(party.settings, iss, tid).is_some());
        let audiences = audiences(claims)?;
        let audience = audiences.is_empty() || audiences.contains(&party.client_id().unwrap_or_default());
        let now = party.clock.now().timestamp();
        Ok((issuer, audience, date(claims, "exp")?.is_none_or(|exp| now < exp + SKEW)))
    };
    match reads(&claims).map_err(OidcError::UserinfoInvalid)? {
        (true, true, true) => Ok(claims),
        (false, ..) => Err(OidcError::UserinfoMismatch("iss")),
        (_, false, _) => Err(OidcError::UserinfoMismatch("aud")),
        _ => Err(invalid("expired")),
    }
}

fn invalid(reason: &str) -> OidcError {
    OidcError::BadAnswer { endpoint: Endpoint::Userinfo, reason: reason.to_owned() }
}
