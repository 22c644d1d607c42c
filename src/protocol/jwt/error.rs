//! Why a token or a key set is refused.

use crate::outbound::OutboundError;

/// A refusal by the verifier or the key cache. Never holds a token or a claim value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JwtError {
    /// Longer than the limit.
    #[error("the token is longer than {0} bytes")]
    TooLong(usize),
    /// Not three base64url parts, or a part is not strict JSON.
    #[error("not a well-formed signed token (compact JWS)")]
    Malformed,
    /// Five parts: encrypted.
    #[error("the token is encrypted (JWE), which is not supported; switch encryption off at the provider")]
    Encrypted,
    /// `alg` is not one of those allowed here.
    #[error("the token is signed with {got:?}, which is not among the allowed algorithms ({allowed})")]
    AlgorithmRefused {
        /// The token's `alg`, shortened and printable.
        got: String,
        /// The allowed ones, joined by commas.
        allowed: String,
    },
    /// `crit` or `b64`.
    #[error("the token demands an extension (crit or b64) that is not supported")]
    CriticalHeader,
    /// `typ` is not what the caller expects.
    #[error("the token is of another type")]
    TypeRefused,
    /// No key with the token's `kid` that fits its algorithm.
    #[error("the provider's key set has no signing key that fits this token")]
    UnknownKey,
    /// No `kid`, and several keys fit.
    #[error("the token names no key (kid) and the provider publishes several that fit")]
    AmbiguousKey,
    /// The signature does not verify.
    #[error("the token's signature is wrong")]
    BadSignature,
    /// A claim has another type than its specification says.
    #[error("the claim {0} is not of the right type or out of range")]
    ClaimMalformed(&'static str),
    /// The key set cannot be fetched and there is no last good one.
    #[error("the provider's keys cannot be fetched: {0}")]
    KeysUnreachable(String),
    /// The key set is refused.
    #[error("the provider's key set is refused: {0}")]
    KeysInvalid(&'static str),
}

impl JwtError {
    /// A stable, machine-readable name.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLong(_) => "jwt_too_long",
            Self::Malformed => "jwt_malformed",
            Self::Encrypted => "jwt_encrypted",
            Self::AlgorithmRefused { .. } => "jwt_algorithm_refused",
            Self::CriticalHeader => "jwt_critical_header",
            Self::TypeRefused => "jwt_type_refused",
            Self::UnknownKey => "jwt_key_unknown",
            Self::AmbiguousKey => "jwt_key_ambiguous",
            Self::BadSignature => "jwt_signature_invalid",
            Self::ClaimMalformed(_) => "jwt_claim_malformed",
            Self::KeysUnreachable(_) => "jwks_unreachable",
            Self::KeysInvalid(_) => "jwks_invalid",
        }
    }
}

impl From<&OutboundError> for JwtError {
    fn from(error: &OutboundError) -> Self {
        Self::KeysUnreachable(error.to_string())
    }
}
