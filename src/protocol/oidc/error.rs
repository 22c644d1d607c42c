//! Why a sign-in, a discovery or a logout at a provider failed: a stable code and a sentence for the admin.
//!
//! Texts show what was expected and what came, never a code, a token or a secret.

use std::fmt;

use crate::outbound::{OutboundError, UrlRefused};
use crate::protocol::jwt::JwtError;

/// Which of the provider's addresses was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// `/.well-known/openid-configuration`.
    Discovery,
    /// Token endpoint.
    Token,
    /// Userinfo endpoint.
    Userinfo,
    /// Token revocation endpoint.
    Revocation,
}

impl Endpoint {
    fn unreachable_code(self) -> &'static str {
        match self {
            Self::Discovery => "discovery_unreachable",
            Self::Token => "token_endpoint_unreachable",
            Self::Userinfo => "userinfo_unreachable",
            Self::Revocation => "revocation_unreachable",
        }
    }

    fn invalid_code(self) -> &'static str {
        match self {
            Self::Discovery => "discovery_invalid",
            Self::Token => "token_response_invalid",
            Self::Userinfo => "userinfo_invalid",
            Self::Revocation => "revocation_refused",
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Discovery => "the discovery document",
            Self::Token => "the token endpoint",
            Self::Userinfo => "the userinfo endpoint",
            Self::Revocation => "the revocation endpoint",
        })
    }
}

/// Everything that can go wrong with an OpenID provider.
#[derive(Debug, thiserror::Error)]
pub enum OidcError {
    /// A setting that this step needs is missing.
    #[error("the connection has no {0}")]
    Incomplete(&'static str),
    /// No answer, or one that the HTTP client refused.
    #[error("{endpoint} gave no usable answer: {source}")]
    Unreachable {
        /// Who was asked.
        endpoint: Endpoint,
        /// Why there is no answer.
        source: OutboundError,
    },
    /// An answer that does not follow the specification.
    #[error("{endpoint} gave an invalid answer: {reason}")]
    BadAnswer {
        /// Who was asked.
        endpoint: Endpoint,
        /// What is wrong with it.
        reason: String,
    },
    /// The discovery document speaks for another issuer (O-40).
    #[error("the issuer is set to {expected:?}, but the discovery document there says {got:?}")]
    IssuerMismatch {
        /// As configured.
        expected: String,
        /// As the document says.
        got: String,
    },
    /// An endpoint of the discovery document may not be used (O-41).
    #[error("{0}")]
    EndpointRefused(#[from] UrlRefused),
    /// `iss` of the authorization response is missing or another (O-12, O-13).
    #[error("the authorization response comes from {got:?}, expected {expected:?}")]
    ResponseIssuer {
        /// As configured.
        expected: String,
        /// As it came, if it came.
        got: Option<String>,
    },
    /// The token endpoint said no.
    #[error("the token endpoint refused: {error} {description}")]
    TokenRefused {
        /// The OAuth error code.
        error: String,
        /// The provider's explanation, shortened and printable.
        description: String,
    },
    /// The token response has no `id_token`, or it is not a string (O-17).
    #[error("the token response has no ID token; is the openid scope granted?")]
    IdTokenMissing,
    /// The ID token's form, key or signature is refused.
    #[error("ID token: {0}")]
    IdTokenInvalid(#[from] JwtError),
    /// What the ID token says is refused.
    #[error("ID token: {0}")]
    IdTokenRefused(IdTokenFault),
    /// The signed userinfo's form, key, signature or claims are refused.
    #[error("userinfo: {0}")]
    UserinfoInvalid(JwtError),
    /// Userinfo speaks about another subject, issuer or audience (O-34).
    #[error("userinfo: {0} differs from the ID token's or the connection's")]
    UserinfoMismatch(&'static str),
    /// Our own client assertion could not be signed.
    #[error("the connection's client key cannot be used")]
    ClientKey,
}

impl OidcError {
    /// A stable, machine-readable reason.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Incomplete(_) => "connection_incomplete",
            Self::Unreachable { endpoint, source } if source.is_answer() => endpoint.invalid_code(),
            Self::Unreachable { endpoint, .. } => endpoint.unreachable_code(),
            Self::BadAnswer { endpoint, .. } => endpoint.invalid_code(),
            Self::IssuerMismatch { .. } => "discovery_issuer_mismatch",
            Self::EndpointRefused(_) => "endpoint_refused",
            Self::ResponseIssuer { .. } => "response_issuer_mismatch",
            Self::TokenRefused { .. } => "token_endpoint_refused",
            Self::IdTokenMissing => "id_token_missing",
            Self::IdTokenInvalid(error) => id_token_code(error),
            Self::IdTokenRefused(fault) => fault.code(),
            Self::UserinfoInvalid(JwtError::Encrypted) => "userinfo_encrypted",
            Self::UserinfoInvalid(error @ (JwtError::KeysUnreachable(_) | JwtError::KeysInvalid(_))) => error.code(),
            Self::UserinfoInvalid(_) => "userinfo_signature_refused",
            Self::UserinfoMismatch(_) => "userinfo_mismatch",
            Self::ClientKey => "client_key_unusable",
        }
    }
}

fn id_token_code(error: &JwtError) -> &'static str {
    match error {
        JwtError::AlgorithmRefused { .. } => "id_token_algorithm_refused",
        JwtError::UnknownKey | JwtError::AmbiguousKey => "id_token_key_unknown",
        JwtError::BadSignature => "id_token_signature_invalid",
        JwtError::KeysUnreachable(_) | JwtError::KeysInvalid(_) => error.code(),
        JwtError::ClaimMalformed(_) => "id_token_claim_malformed",
        JwtError::Encrypted => "id_token_encrypted",
        JwtError::TooLong(_) | JwtError::Malformed | JwtError::CriticalHeader | JwtError::TypeRefused => {
            "id_token_malformed"
        }
    }
}

/// Which rule of OpenID Connect Core section 3.1.3.7 an ID token broke.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdTokenFault {
    /// `iss` (rule 2).
    #[error("issued by {got:?}, expected {expected:?}")]
    Issuer {
        /// As configured.
        expected: String,
        /// As the token says.
        got: String,
    },
    /// `tid` is not among the allowed tenant ids.
    #[error("the provider's tenant {0:?} is not among allowed_tenant_ids")]
    TenantNotAllowed(String),
    /// `aud` lacks our client id (rule 3).
    #[error("made for another client (aud)")]
    Audience,
    /// `azp` is another client, or missing beside further audiences (rules 4 and 5).
    #[error("authorized party (azp) is not this client")]
    AuthorizedParty,
    /// `exp` (rule 9).
    #[error("expired")]
    Expired,
    /// `nbf` or `iat` in the future.
    #[error("not yet valid; check both clocks")]
    NotYetValid,
    /// `iat` too long ago (rule 10).
    #[error("issued more than a day ago")]
    TooOld,
    /// A required claim is missing.
    #[error("has no {0}")]
    Missing(&'static str),
    /// `nonce` (rule 11).
    #[error("nonce is missing or not the one of this sign-in")]
    Nonce,
    /// `at_hash` (3.1.3.8).
    #[error("at_hash does not fit the access token")]
    AccessTokenHash,
    /// `auth_time` (rule 13).
    #[error("the person authenticated longer ago than max_age allows")]
    AuthenticationTooOld,
    /// `acr` (rule 12).
    #[error("the authentication context (acr) is not one of acr_values")]
    AuthenticationContext,
    /// `sub` is empty, too long, or has control characters or surrounding spaces.
    #[error("sub is not usable as an identifier")]
    Subject,
}

impl IdTokenFault {
    fn code(&self) -> &'static str {
        match self {
            Self::Issuer { .. } => "id_token_issuer_mismatch",
            Self::TenantNotAllowed(_) => "id_token_tenant_not_allowed",
            Self::Audience => "id_token_audience_mismatch",
            Self::AuthorizedParty => "id_token_azp_mismatch",
            Self::Expired => "id_token_expired",
            Self::NotYetValid => "id_token_not_yet_valid",
            Self::TooOld => "id_token_too_old",
            Self::Missing(_) => "id_token_claim_missing",
            Self::Nonce => "id_token_nonce_mismatch",
            Self::AccessTokenHash => "id_token_at_hash_mismatch",
            Self::AuthenticationTooOld => "id_token_auth_too_old",
            Self::AuthenticationContext => "id_token_acr_mismatch",
            Self::Subject => "id_token_subject_invalid",
        }
    }
}

/// What a provider wrote, fit for a log line or a page: printable, at most 200 characters.
pub(super) fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}
