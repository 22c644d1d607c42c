//! The connection's own key for `private_key_jwt` (RFC 7523, OpenID Connect Core section 9).

use chrono::{DateTime, Duration, Utc};
use jsonwebtoken::jwk::Jwk;
use secrecy::SecretSlice;
use serde_json::json;
use uuid::Uuid;

use super::key_pair::{KeyPair, KeyPairError};
use crate::model::application::settings::TokenAlgorithm;

/// How long an assertion is good for.
const LIFETIME: Duration = Duration::seconds(60);

/// A key pair that signs client assertions: P-256 with ES256, or RSA with RS256 for providers that know nothing else.
/// Cheap to clone.
#[derive(Clone, Debug)]
pub struct ClientKey(KeyPair);

impl ClientKey {
    /// Makes a P-256 key pair and gives it as PKCS#8 DER, to be sealed and kept.
    ///
    /// # Errors
    /// [`KeyPairError`] when the operating system gives no randomness.
    pub fn generate() -> Result<SecretSlice<u8>, KeyPairError> {
        KeyPair::generate(TokenAlgorithm::ES256)
    }

    /// Reads what [`ClientKey::generate`] gave, or an RSA key of at least 2048 bits.
    ///
    /// # Errors
    /// [`KeyPairError`] when it is neither in PKCS#8 DER.
    pub fn from_pkcs8(der: &SecretSlice<u8>) -> Result<Self, KeyPairError> {
        KeyPair::from_pkcs8(der).map(Self)
    }

    /// The public key with `kid` (its RFC 7638 thumbprint), `use` and `alg`, for our published key set.
    #[must_use]
    pub fn public_jwk(&self) -> &Jwk {
        self.0.public_jwk()
    }

    /// A fresh client assertion: `iss` and `sub` are the client, good for 60 seconds, with an unguessable `jti`.
    ///
    /// # Errors
    /// [`KeyPairError`] when signing fails.
    pub fn assertion(&self, client_id: &str, audience: &str, now: DateTime<Utc>) -> Result<String, KeyPairError> {
        let claims = json!({
            "iss": client_id,
            "sub": client_id,
            "aud": audience,
            "jti": Uuid::new_v4(),
            "iat": now.timestamp(),
            "exp": (now + LIFETIME).timestamp(),
        });
        self.0.sign("JWT", &claims)
    }
}
