//! The connection's own key for `private_key_jwt` (RFC 7523, OpenID Connect Core section 9).

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Duration, Utc};
use jsonwebtoken::jwk::{Jwk, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use serde_json::json;
use uuid::Uuid;

/// How long an assertion is good for.
const LIFETIME: Duration = Duration::seconds(60);

/// A key pair that signs client assertions: P-256 with ES256, or RSA with RS256 for providers that know nothing else.
/// Cheap to clone.
#[derive(Clone)]
pub struct ClientKey(Arc<Parts>);

struct Parts {
    algorithm: Algorithm,
    key: EncodingKey,
    public: Jwk,
    kid: String,
}

/// Shows the key id only.
impl fmt::Debug for ClientKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ClientKey").field("kid", &self.0.kid).finish_non_exhaustive()
    }
}

/// The key could not be made, read or used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the connection's client key cannot be used")]
pub struct ClientKeyError;

impl ClientKey {
    /// Makes a P-256 key pair and gives it as PKCS#8 DER, to be sealed and kept.
    ///
    /// # Errors
    /// [`ClientKeyError`] when the operating system gives no randomness.
    pub fn generate() -> Result<SecretSlice<u8>, ClientKeyError> {
        let random = SystemRandom::new();
        let der =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).map_err(|_| ClientKeyError)?;
        Ok(der.as_ref().to_vec().into())
    }

    /// Reads what [`ClientKey::generate`] gave, or an RSA key of at least 2048 bits.
    ///
    /// # Errors
    /// [`ClientKeyError`] when it is neither in PKCS#8 DER.
    pub fn from_pkcs8(der: &SecretSlice<u8>) -> Result<Self, ClientKeyError> {
        let (algorithm, key) = read_key(der.expose_secret())?;
        let mut public = Jwk::from_encoding_key(&key, algorithm).map_err(|_| ClientKeyError)?;
        let kid = public.thumbprint(ThumbprintHash::SHA256).map_err(|_| ClientKeyError)?;
        public.common.key_id = Some(kid.clone());
        public.common.public_key_use = Some(PublicKeyUse::Signature);
        Ok(Self(Arc::new(Parts { algorithm, key, public, kid })))
    }

    /// The public key with `kid` (its RFC 7638 thumbprint), `use` and `alg`, for our published key set.
    #[must_use]
    pub fn public_jwk(&self) -> &Jwk {
        &self.0.public
    }

    /// A fresh client assertion: `iss` and `sub` are the client, good for 60 seconds, with an unguessable `jti`.
    ///
    /// # Errors
    /// [`ClientKeyError`] when signing fails.
    pub fn assertion(&self, client_id: &str, audience: &str, now: DateTime<Utc>) -> Result<String, ClientKeyError> {
        let mut header = Header::new(self.0.algorithm);
        header.kid = Some(self.0.kid.clone());
        let claims = json!({
            "iss": client_id,
            "sub": client_id,
            "aud": audience,
            "jti": Uuid::new_v4(),
            "iat": now.timestamp(),
            "exp": (now + LIFETIME).timestamp(),
        });
        jsonwebtoken::encode(&header, &claims, &self.0.key).map_err(|_| ClientKeyError)
    }
}

fn read_key(der: &[u8]) -> Result<(Algorithm, EncodingKey), ClientKeyError> {
    if EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der).is_ok() {
        return Ok((Algorithm::ES256, EncodingKey::from_ec_der(der)));
    }
    RsaKeyPair::from_pkcs8(der).map_err(|_| ClientKeyError)?;
    // The library takes RSA keys in PKCS#8 only as PEM.
    let lines = SecretString::from(STANDARD.encode(der));
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.expose_secret());
    let pem = SecretString::from(pem);
    let key = EncodingKey::from_rsa_pem(pem.expose_secret().as_bytes()).map_err(|_| ClientKeyError)?;
    Ok((Algorithm::RS256, key))
}
