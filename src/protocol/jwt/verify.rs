//! The one verifier of other parties' signatures.
//!
//! The library checks signatures only; times are checked by our clock and everything else by the protocol above.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use serde_json::{Map, Value};

use super::error::JwtError;
use super::key_set::KeySet;
use crate::model::connection::oidc::SigningAlgorithm;
use crate::protocol::json;

/// Longest token that is looked at, in bytes.
pub const MAX_TOKEN: usize = 16 << 10;
/// Longest `kid` that is looked up.
const MAX_KID: usize = 1024;

/// A token whose header was read and whose signature was not yet checked; its claims cannot be reached.
#[derive(Debug)]
pub struct Jws<'a> {
    signed: &'a str,
    payload: &'a str,
    signature: &'a str,
    algorithm: SigningAlgorithm,
    kid: Option<String>,
    typ: Option<String>,
}

/// The claims of a token whose signature was checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Verified {
    /// The header's `typ`, if any.
    pub typ: Option<String>,
    /// The algorithm it was signed with: one of those allowed.
    pub algorithm: SigningAlgorithm,
    /// The claims.
    pub claims: Map<String, Value>,
}

impl<'a> Jws<'a> {
    /// Reads the header of a compact JWS. Keys that the header offers itself (`jwk`, `jku`, `x5u`, `x5c`) are never looked
    /// at (O-21).
    ///
    /// # Errors
    /// [`JwtError`] when the token is too long, encrypted, malformed, demands an extension (O-23), or is not signed with
    /// one of `allowed` (O-18, O-19, O-20).
    pub fn parse(token: &'a str, allowed: &[SigningAlgorithm]) -> Result<Self, JwtError> {
        if token.len() > MAX_TOKEN {
            return Err(JwtError::TooLong(MAX_TOKEN));
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(JwtError::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(JwtError::Malformed)?;
        if payload.contains('.') {
            return Err(if token.matches('.').count() == 4 { JwtError::Encrypted } else { JwtError::Malformed });
        }
        let header = object(header)?;
        if header.contains_key("crit") || header.contains_key("b64") {
            return Err(JwtError::CriticalHeader);
        }
        let algorithm = allowed_algorithm(header.get("alg"), allowed)?;
        let (kid, typ) = (text(&header, "kid")?, text(&header, "typ")?);
        if kid.as_ref().is_some_and(|kid| kid.len() > MAX_KID) {
            return Err(JwtError::UnknownKey); // O-22
        }
        Ok(Self { signed, payload, signature, algorithm, kid, typ })
    }

    /// The key that the token names.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The algorithm the token is signed with: one of those allowed.
    #[must_use]
    pub fn algorithm(&self) -> SigningAlgorithm {
        self.algorithm
    }

    /// Checks the signature against the one fitting key of `keys` and gives the claims.
    ///
    /// # Errors
    /// [`JwtError`] when no single key fits, the signature is wrong, or the claims are not strict JSON.
    pub fn verify(self, keys: &KeySet) -> Result<Verified, JwtError> {
        let key = keys.select(self.kid.as_deref(), self.algorithm)?;
        let algorithm = library_algorithm(self.algorithm);
        let signed = self.signed.as_bytes();
        match jsonwebtoken::crypto::verify(self.signature, signed, key.decoding_key(), algorithm) {
            Ok(true) => Ok(Verified { typ: self.typ, algorithm: self.algorithm, claims: object(self.payload)? }),
            Ok(false) | Err(_) => Err(JwtError::BadSignature),
        }
    }
}

/// A text claim of a token that nobody has verified: good for looking where to find what verifies it, and nothing else.
#[must_use]
pub fn unverified_claim(token: &str, name: &str) -> Option<String> {
    let payload = token.split('.').nth(1).filter(|_| token.len() <= MAX_TOKEN)?;
    object(payload).ok()?.get(name)?.as_str().map(str::to_owned)
}

fn allowed_algorithm(alg: Option<&Value>, allowed: &[SigningAlgorithm]) -> Result<SigningAlgorithm, JwtError> {
    let Some(Value::String(name)) = alg else {
        return Err(JwtError::Malformed);
    };
    // Exact names only: "none", "nOnE" and every symmetric one are not in the enum at all.
    let known = serde_json::from_value::<SigningAlgorithm>(Value::from(name.as_str())).ok();
    known.filter(|algorithm| allowed.contains(algorithm)).ok_or_else(|| JwtError::AlgorithmRefused {
        got: name.chars().filter(|c| c.is_ascii_graphic()).take(16).collect(),
        allowed: allowed.iter().map(|algorithm| format!("{algorithm:?}")).collect::<Vec<_>>().join(", "),
    })
}

fn text(header: &Map<String, Value>, name: &str) -> Result<Option<String>, JwtError> {
    match header.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(JwtError::Malformed),
    }
}

fn object(part: &str) -> Result<Map<String, Value>, JwtError> {
    let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| JwtError::Malformed)?;
    json::parse_object(&bytes).map_err(|_| JwtError::Malformed)
}

/// The library's name of one of our algorithms.
fn library_algorithm(algorithm: SigningAlgorithm) -> Algorithm {
    match algorithm {
        SigningAlgorithm::RS256 => Algorithm::RS256,
        SigningAlgorithm::RS384 => Algorithm::RS384,
        SigningAlgorithm::RS512 => Algorithm::RS512,
        SigningAlgorithm::PS256 => Algorithm::PS256,
        SigningAlgorithm::PS384 => Algorithm::PS384,
        SigningAlgorithm::PS512 => Algorithm::PS512,
        SigningAlgorithm::ES256 => Algorithm::ES256,
        SigningAlgorithm::ES384 => Algorithm::ES384,
        SigningAlgorithm::EdDSA => Algorithm::EdDSA,
    }
}
