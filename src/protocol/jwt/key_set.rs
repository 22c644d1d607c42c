//! A provider's JSON Web Key Set (RFC 7517), reduced to the keys that may verify a signature.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use serde_json::{Map, Value};

use super::error::JwtError;
use super::weak_rsa::has_roca_fingerprint;
use crate::model::connection::oidc::SigningAlgorithm;
use crate::protocol::json;

/// Most keys that a set may have (F-15).
const MAX_KEYS: usize = 100;

/// What a key can verify.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Rsa,
    P256,
    P384,
    Ed25519,
}

impl Kind {
    fn fits(self, algorithm: SigningAlgorithm) -> bool {
        use SigningAlgorithm::{ES256, ES384, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512};
        match algorithm {
            RS256 | RS384 | RS512 | PS256 | PS384 | PS512 => self == Self::Rsa,
            ES256 => self == Self::P256,
            ES384 => self == Self::P384,
            EdDSA => self == Self::Ed25519,
        }
    }
}

/// One key that may verify a signature.
#[derive(Debug, Clone)]
pub struct VerificationKey {
    kid: Option<String>,
    kind: Kind,
    /// The key's own `alg`; when present, the only one it is used for.
    only: Option<SigningAlgorithm>,
    key: DecodingKey,
}

impl VerificationKey {
    fn fits(&self, algorithm: SigningAlgorithm) -> bool {
        self.kind.fits(algorithm) && self.only.is_none_or(|only| only == algorithm)
    }

    pub(super) fn decoding_key(&self) -> &DecodingKey {
        &self.key
    }
}

/// The usable keys of a provider.
#[derive(Debug, Clone)]
pub struct KeySet(Vec<VerificationKey>);

impl KeySet {
    /// Reads a JWK Set document. Keys that are symmetric, carry private parts, are meant for encryption, are too weak or
    /// too large, or are of an unknown kind are left out (F-15).
    ///
    /// # Errors
    /// [`JwtError::KeysInvalid`] when it is not strict JSON, has more than 100 keys, repeats a `kid` among the usable
    /// keys, or has no usable key.
    pub fn parse(document: &[u8]) -> Result<Self, JwtError> {
        let document = json::parse_object(document).map_err(|_| JwtError::KeysInvalid("not a JSON Web Key Set"))?;
        let Some(Value::Array(entries)) = document.get("keys") else {
            return Err(JwtError::KeysInvalid("not a JSON Web Key Set"));
        };
        if entries.len() > MAX_KEYS {
            return Err(JwtError::KeysInvalid("more than 100 keys"));
        }
        let keys: Vec<_> = entries.iter().filter_map(Value::as_object).filter_map(read_key).collect();
        let mut kids: Vec<_> = keys.iter().filter_map(|key| key.kid.as_deref()).collect();
        kids.sort_unstable();
        if kids.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(JwtError::KeysInvalid("two keys share one kid"));
        }
        if keys.is_empty() {
            return Err(JwtError::KeysInvalid(
                "no key that can verify a signature (RSA 2048 to 8192, P-256, P-384, Ed25519)",
            ));
        }
        Ok(Self(keys))
    }

    /// The key for a token signed with `algorithm` that names `kid`, or names none.
    ///
    /// # Errors
    /// [`JwtError::UnknownKey`]; [`JwtError::AmbiguousKey`] when no `kid` is named and several keys fit (O-24).
    pub fn select(&self, kid: Option<&str>, algorithm: SigningAlgorithm) -> Result<&VerificationKey, JwtError> {
        let named = |key: &&VerificationKey| kid.is_none() || key.kid.as_deref() == kid;
        let mut fitting = self.0.iter().filter(named).filter(|key| key.fits(algorithm));
        match (fitting.next(), fitting.next()) {
            (Some(key), None) => Ok(key),
            (Some(_), Some(_)) => Err(JwtError::AmbiguousKey),
            (None, _) => Err(JwtError::UnknownKey),
        }
    }
}

/// A usable key, or `None` when the entry is one to leave out.
fn read_key(entry: &Map<String, Value>) -> Option<VerificationKey> {
    // "d" is the private part of RSA, EC and OKP keys, "k" the secret of a symmetric one.
    if entry.contains_key("d") || entry.contains_key("k") {
        return None;
    }
    let member = |name: &str| entry.get(name).and_then(Value::as_str);
    if !matches!(member("use"), None | Some("sig")) || !may_verify(entry.get("key_ops")) {
        return None;
    }
    let only = match entry.get("alg") {
        None => None,
        Some(name) => Some(serde_json::from_value::<SigningAlgorithm>(name.clone()).ok()?),
    };
    let part = |name: &str| URL_SAFE_NO_PAD.decode(member(name)?).ok();
    let point = |size: usize| {
        let (x, y) = (part("x")?, part("y")?);
        (x.len() == size && y.len() == size).then(|| DecodingKey::from_ec_der(&[&[4], &x[..], &y[..]].concat()))
    };
    let (kind, key) = match (member("kty")?, member("crv")) {
        ("RSA", _) => (Kind::Rsa, rsa_key(&part("n")?, &part("e")?)?),
        ("EC", Some("P-256")) => (Kind::P256, point(32)?),
        ("EC", Some("P-384")) => (Kind::P384, point(48)?),
        ("OKP", Some("Ed25519")) => {
            let x = part("x")?;
            (Kind::Ed25519, (x.len() == 32).then(|| DecodingKey::from_ed_der(&x))?)
        }
        _ => return None,
    };
    let kid = match entry.get("kid") {
        None => None,
        Some(kid) => Some(kid.as_str()?.to_owned()),
    };
    Some(VerificationKey { kid, kind, only, key })
}

fn may_verify(operations: Option<&Value>) -> bool {
    match operations {
        None => true,
        Some(Value::Array(operations)) => operations.iter().any(|operation| operation == "verify"),
        Some(_) => false,
    }
}

/// 2048 to 8192 bits, an odd exponent from 3 to 2^32, not of the ROCA kind.
fn rsa_key(modulus: &[u8], exponent: &[u8]) -> Option<DecodingKey> {
    let trim = |number: &[u8]| number.iter().skip_while(|byte| **byte == 0).copied().collect::<Vec<u8>>();
    let (n, e) = (trim(modulus), trim(exponent));
    let bits = n.len() * 8 - n.first()?.leading_zeros() as usize;
    let odd = e.last()? & 1 == 1;
    let usable = (2048..=8192).contains(&bits) && odd && e.len() <= 4 && e != [1] && !has_roca_fingerprint(&n);
    usable.then(|| DecodingKey::from_rsa_raw_components(&n, &e))
}
