//! A key pair of our own that signs: client assertions of connections, and the tokens of our own issuers.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::jwk::{Jwk, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use serde::Serialize;

use crate::model::application::settings::TokenAlgorithm;

/// A key pair that signs. Cheap to clone.
#[derive(Clone)]
pub struct KeyPair(Arc<Parts>);

struct Parts {
    algorithm: Algorithm,
    key: EncodingKey,
    public: Jwk,
    kid: String,
}

/// Shows the key id only.
impl fmt::Debug for KeyPair {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("KeyPair").field("kid", &self.0.kid).finish_non_exhaustive()
    }
}

/// The key could not be made, read or used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a signing key cannot be used")]
pub struct KeyPairError;

impl KeyPair {
    /// Makes a key pair (P-256, RSA of 2048 bits, Ed25519) and gives it as PKCS#8 DER, to be sealed and kept. An RSA key
    /// takes a good part of a second.
    ///
    /// # Errors
    /// [`KeyPairError`] when the operating system gives no randomness.
    pub fn generate(algorithm: TokenAlgorithm) -> Result<SecretSlice<u8>, KeyPairError> {
        let der = match algorithm {
            TokenAlgorithm::ES256 => {
                let random = SystemRandom::new();
                let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random);
                made.map_err(|_| KeyPairError)?.as_ref().to_vec()
            }
            TokenAlgorithm::RS256 => {
                let made = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| KeyPairError)?;
                made.as_der().map_err(|_| KeyPairError)?.as_ref().to_vec()
            }
            TokenAlgorithm::EdDSA => {
                let made = Ed25519KeyPair::generate().map_err(|_| KeyPairError)?;
                made.to_pkcs8v1().map_err(|_| KeyPairError)?.as_ref().to_vec()
            }
        };
        Ok(der.into())
    }

    /// Reads what [`KeyPair::generate`] gave, or an RSA key of at least 2048 bits.
    ///
    /// # Errors
    /// [`KeyPairError`] when it is none of them in PKCS#8 DER.
    pub fn from_pkcs8(der: &SecretSlice<u8>) -> Result<Self, KeyPairError> {
        let (algorithm, key) = read_key(der.expose_secret())?;
        let mut public = Jwk::from_encoding_key(&key, algorithm).map_err(|_| KeyPairError)?;
        let kid = public.thumbprint(ThumbprintHash::SHA256).map_err(|_| KeyPairError)?;
        public.common.key_id = Some(kid.clone());
        public.common.public_key_use = Some(PublicKeyUse::Signature);
        Ok(Self(Arc::new(Parts { algorithm, key, public, kid })))
    }

    /// The public key with `kid` (its RFC 7638 thumbprint), `use` and `alg`, for a published key set.
    #[must_use]
    pub fn public_jwk(&self) -> &Jwk {
        &self.0.public
    }

    /// Its id: the RFC 7638 thumbprint.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.0.kid
    }

    /// A compact JWS of `claims` whose header says `typ` and `kid`.
    ///
    /// # Errors
    /// [`KeyPairError`] when signing fails.
    pub fn sign(&self, typ: &str, claims: &impl Serialize) -> Result<String, KeyPairError> {
        let mut header = Header::new(self.0.algorithm);
        header.typ = Some(typ.to_owned());
        header.kid = Some(self.0.kid.clone());
        jsonwebtoken::encode(&header, claims, &self.0.key).map_err(|_| KeyPairError)
    }
}

fn read_key(der: &[u8]) -> Result<(Algorithm, EncodingKey), KeyPairError> {
    if EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der).is_ok() {
        return Ok((Algorithm::ES256, EncodingKey::from_ec_der(der)));
    }
    if Ed25519KeyPair::from_pkcs8(der).is_ok() {
        return Ok((Algorithm::EdDSA, EncodingKey::from_ed_der(der)));
    }
    RsaKeyPair::from_pkcs8(der).map_err(|_| KeyPairError)?;
    // The library takes RSA keys in PKCS#8 only as PEM.
    let lines = SecretString::from(STANDARD.encode(der));
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.expose_secret());
    let pem = SecretString::from(pem);
    let key = EncodingKey::from_rsa_pem(pem.expose_secret().as_bytes()).map_err(|_| KeyPairError)?;
    Ok((Algorithm::RS256, key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::connection::oidc::SigningAlgorithm;
    use crate::protocol::jwt::key_set::KeySet;
    use crate::protocol::jwt::verify::Jws;
    use serde_json::json;

    #[test]
    fn p_13_each_algorithm_signs_what_its_published_key_verifies_and_publishes_no_private_part() {
        let all = [
            (TokenAlgorithm::ES256, SigningAlgorithm::ES256),
            (TokenAlgorithm::RS256, SigningAlgorithm::RS256),
            (TokenAlgorithm::EdDSA, SigningAlgorithm::EdDSA),
        ];
        for (algorithm, verifying) in all {
            let pair = KeyPair::from_pkcs8(&KeyPair::generate(algorithm).unwrap()).unwrap();
            let jwk = serde_json::to_value(pair.public_jwk()).unwrap();
            assert!(["d", "p", "q", "dp", "dq", "qi", "k"].iter().all(|private| jwk.get(private).is_none()), "{jwk}");
            assert_eq!(jwk["alg"], algorithm.as_str());
            let keys = KeySet::parse(json!({"keys": [jwk]}).to_string().as_bytes()).unwrap();
            let token = pair.sign("at+jwt", &json!({"sub": "a"})).unwrap();
            let verified = Jws::parse(&token, &[verifying]).unwrap().verify(&keys).unwrap();
            assert_eq!((verified.typ.as_deref(), &verified.claims["sub"]), (Some("at+jwt"), &json!("a")));
        }
    }
}
