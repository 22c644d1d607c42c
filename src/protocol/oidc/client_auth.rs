//! How the client proves itself (OpenID Connect Core section 9).

use secrecy::SecretString;

use super::RelyingParty;
use super::error::OidcError;
use crate::model::connection::oidc::TokenEndpointAuthMethod;
use crate::protocol::jwt::client_key::ClientKey;

/// What the connection holds to prove who it is.
#[derive(Debug, Clone)]
pub enum ClientCredential {
    /// Nothing: a public client.
    None,
    /// The secret that the provider gave out.
    Secret(SecretString),
    /// Our own key, whose public half the provider knows.
    Key(ClientKey),
}

/// The proof for one request.
pub(super) enum Proof {
    /// `client_id` in the form.
    Public,
    /// `Authorization: Basic`, both parts form-encoded (RFC 6749 section 2.3.1).
    Basic(SecretString),
    /// `client_id` and `client_secret` in the form.
    Form(SecretString),
    /// `client_id` and a signed `client_assertion` in the form.
    Assertion(String),
}

/// `client_assertion_type` of RFC 7523.
pub(super) const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

impl Proof {
    /// The proof that the settings ask for; without a setting, what fits the credential and the provider.
    ///
    /// # Errors
    /// [`OidcError::Incomplete`] when the credential for the method is missing, [`OidcError::ClientKey`] when it cannot sign.
    pub(super) fn make(party: &RelyingParty<'_>) -> Result<Self, OidcError> {
        use TokenEndpointAuthMethod as Method;
        let method = party.settings.token_endpoint_auth_method.unwrap_or_else(|| default_method(party));
        match (method, party.credential) {
            (Method::None, _) => Ok(Self::Public),
            (Method::ClientSecretBasic, ClientCredential::Secret(secret)) => Ok(Self::Basic(secret.clone())),
            (Method::ClientSecretPost, ClientCredential::Secret(secret)) => Ok(Self::Form(secret.clone())),
            (Method::PrivateKeyJwt, ClientCredential::Key(key)) => key
                .assertion(party.client_id()?, party.endpoints.token.as_str(), party.clock.now())
                .map(Self::Assertion)
                .map_err(|_| OidcError::ClientKey),
            (Method::ClientSecretBasic | Method::ClientSecretPost, _) => Err(OidcError::Incomplete("client secret")),
            (Method::PrivateKeyJwt, _) => Err(OidcError::Incomplete("client key")),
        }
    }
}

/// `client_secret_basic` is what a provider supports that names no methods; `_post` only where basic is not named.
fn default_method(party: &RelyingParty<'_>) -> TokenEndpointAuthMethod {
    let named = |method: &str| party.endpoints.token_auth_methods.iter().any(|name| name == method);
    match party.credential {
        ClientCredential::None => TokenEndpointAuthMethod::None,
        ClientCredential::Key(_) => TokenEndpointAuthMethod::PrivateKeyJwt,
        ClientCredential::Secret(_) if named("client_secret_post") && !named("client_secret_basic") => {
            TokenEndpointAuthMethod::ClientSecretPost
        }
        ClientCredential::Secret(_) => TokenEndpointAuthMethod::ClientSecretBasic,
    }
}
