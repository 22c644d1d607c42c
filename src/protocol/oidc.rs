//! Signing in at an OpenID Connect provider, as its relying party (OpenID Connect Core 1.0, code flow only).
//!
//! 1. [`discovery`]: the provider's metadata, and with the settings' overrides the [`Endpoints`];
//! 2. [`authorize`]: the URL that the browser is sent to;
//! 3. [`callback`]: what the browser brings back (RFC 9207);
//! 4. [`redeem`]: code -> tokens -> our verifier -> ID-token rules (`id_token`) -> `userinfo` -> `merge`;
//! 5. [`logout`]: end-session URL and token revocation.
//!
//! Nothing here is kept: metadata, state, nonce and PKCE verifier come from the caller and go back to it.

pub mod authorize;
pub mod callback;
mod client_auth;
pub mod discovery;
mod endpoints;
mod error;
mod id_token;
pub mod issuer;
pub mod logout;
mod merge;
pub mod redeem;
mod token_response;
mod userinfo;

use uuid::Uuid;

use crate::clock::Clock;
use crate::model::connection::oidc::OidcSettings;
use crate::outbound::Lane;
use crate::protocol::jwt::jwks::{JwksCache, JwksSource};

pub use client_auth::ClientCredential;
pub use endpoints::Endpoints;
pub use error::{Endpoint, IdTokenFault, OidcError};

/// One connection, ready to talk to its provider.
pub struct RelyingParty<'a> {
    /// The HTTP client in the connection's bulkhead.
    pub lane: &'a Lane,
    /// The providers' keys.
    pub jwks: &'a JwksCache,
    /// The time.
    pub clock: &'a Clock,
    /// What keys are cached under: the tenant's id.
    pub scope: Uuid,
    /// The connection's settings.
    pub settings: &'a OidcSettings,
    /// Where the provider is.
    pub endpoints: &'a Endpoints,
    /// How we prove who we are.
    pub credential: &'a ClientCredential,
}

impl RelyingParty<'_> {
    fn client_id(&self) -> Result<&str, OidcError> {
        client_id(self.settings)
    }

    fn jwks_source(&self) -> JwksSource {
        JwksSource {
            scope: self.scope,
            issuer: self.endpoints.issuer.clone(),
            jwks_uri: self.endpoints.jwks_uri.to_string(),
        }
    }
}

fn client_id(settings: &OidcSettings) -> Result<&str, OidcError> {
    settings.client_id.as_deref().ok_or(OidcError::Incomplete("client_id"))
}
