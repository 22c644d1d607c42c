//! The provider's metadata (OpenID Connect Discovery 1.0 section 4).

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::{Endpoint, OidcError, printable};
use super::issuer;
use crate::outbound::{Lane, MAX_BODY};
use crate::protocol::json;

/// What is read of a discovery document; everything else in it is ignored. Serialises, so that the last good one can be
/// kept.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ProviderMetadata {
    /// The issuer the document speaks for.
    pub issuer: String,
    /// Authorization endpoint.
    pub authorization_endpoint: Option<String>,
    /// Token endpoint.
    pub token_endpoint: Option<String>,
    /// Userinfo endpoint.
    pub userinfo_endpoint: Option<String>,
    /// Where the keys are.
    pub jwks_uri: Option<String>,
    /// Token revocation endpoint (RFC 8414).
    pub revocation_endpoint: Option<String>,
    /// End-session endpoint (RP-Initiated Logout 1.0).
    pub end_session_endpoint: Option<String>,
    /// Client authentication methods; absent means `client_secret_basic`.
    pub token_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// PKCE methods, shown to admins; not relied upon, because Entra supports S256 and does not say so.
    pub code_challenge_methods_supported: Option<Vec<String>>,
    /// ID-token algorithms, shown to admins; the connection's own list counts.
    pub id_token_signing_alg_values_supported: Option<Vec<String>>,
    /// Scopes, shown to admins.
    pub scopes_supported: Option<Vec<String>>,
    /// Whether authorization responses carry `iss` (RFC 9207).
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
}

/// Fetches the metadata of `issuer` and checks it: it speaks for exactly this issuer (O-40), and every endpoint may be
/// asked (O-41). Entra's `{tenantid}` stays literal in both.
///
/// # Errors
/// [`OidcError`] with a `discovery_..` or `endpoint_refused` code.
pub async fn discover(lane: &Lane, issuer: &str) -> Result<ProviderMetadata, OidcError> {
    if issuer.contains(['?', '#']) {
        return Err(OidcError::Incomplete("usable issuer")); // Discovery section 3: no query, no fragment
    }
    let place = issuer::discoverable(issuer);
    let url = format!("{}/.well-known/openid-configuration", place.strip_suffix('/').unwrap_or(&place));
    lane.check_url("issuer", &url)?;
    let answer = lane
        .get(&url, "application/json", MAX_BODY)
        .await
        .map_err(|source| OidcError::Unreachable { endpoint: Endpoint::Discovery, source })?;
    if answer.status() != StatusCode::OK {
        return Err(invalid(format!("HTTP status {} at {url}", answer.status().as_u16())));
    }
    let metadata = read(answer.body())?;
    if metadata.issuer != issuer {
        return Err(OidcError::IssuerMismatch { expected: issuer.to_owned(), got: printable(&metadata.issuer) });
    }
    metadata.check_endpoints(lane)?;
    Ok(metadata)
}

fn read(body: &[u8]) -> Result<ProviderMetadata, OidcError> {
    let members = json::parse_object(body).map_err(|error| invalid(error.to_string()))?;
    serde_json::from_value(Value::Object(members)).map_err(|error| invalid(printable(&error.to_string())))
}

fn invalid(reason: String) -> OidcError {
    OidcError::BadAnswer { endpoint: Endpoint::Discovery, reason }
}

impl ProviderMetadata {
    fn check_endpoints(&self, lane: &Lane) -> Result<(), OidcError> {
        let endpoints = [
            ("authorization_endpoint", &self.authorization_endpoint),
            ("token_endpoint", &self.token_endpoint),
            ("userinfo_endpoint", &self.userinfo_endpoint),
            ("jwks_uri", &self.jwks_uri),
            ("revocation_endpoint", &self.revocation_endpoint),
            ("end_session_endpoint", &self.end_session_endpoint),
        ];
        for (field, endpoint) in endpoints {
            if let Some(endpoint) = endpoint {
                lane.check_url(field, endpoint)?;
            }
        }
        Ok(())
    }
}
