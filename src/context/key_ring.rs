//! KeyRing: the signing keys of one of our issuers, ready to use.

use chrono::{DateTime, Utc};
use jsonwebtoken::jwk::Jwk;
use serde_json::json;

use crate::model::application::settings::TokenAlgorithm;
use crate::model::connection::oidc::SigningAlgorithm;
use crate::model::signing_key::{SigningKey, signer};
use crate::protocol::jwt::JwtError;
use crate::protocol::jwt::key_pair::KeyPair;
use crate::protocol::jwt::key_set::KeySet;
use crate::protocol::jwt::verify::{Jws, Verified};
use crate::secrets::sealed::{Place, SealError, Sealer};

/// What our own tokens may be signed with.
const OWN_ALGORITHMS: [SigningAlgorithm; 3] =
    [SigningAlgorithm::ES256, SigningAlgorithm::RS256, SigningAlgorithm::EdDSA];

/// The signing keys of one issuer, as they were when they were loaded.
#[derive(Debug)]
pub struct KeyRing {
    rows: Vec<SigningKey>,
    pairs: Vec<KeyPair>,
    verifying: Option<KeySet>,
}

/// Where a signing key is sealed; the installation's have the nil tenant.
#[must_use]
pub fn private_key_place(key: &SigningKey) -> Place {
    let table = if key.tenant_id.is_nil() { "installation_signing_keys" } else { "signing_keys" };
    Place { tenant: key.tenant_id, table, row: key.id, column: "private_key" }
}

impl KeyRing {
    /// Opens the keys that are published at `now`.
    ///
    /// # Errors
    /// [`SealError`] when one does not open.
    pub fn load(rows: Vec<SigningKey>, sealer: &Sealer, now: DateTime<Utc>) -> Result<Self, SealError> {
        let rows: Vec<SigningKey> = rows.into_iter().filter(|row| row.is_published(now)).collect();
        let open = |row: &SigningKey| {
            let der = sealer.open(private_key_place(row), &row.private_key)?;
            KeyPair::from_pkcs8(&der).map_err(|_| SealError::DoesNotOpen)
        };
        let pairs = rows.iter().map(open).collect::<Result<Vec<_>, SealError>>()?;
        let public: Vec<&Jwk> = pairs.iter().map(KeyPair::public_jwk).collect();
        let verifying = KeySet::parse(json!({ "keys": public }).to_string().as_bytes()).ok();
        Ok(Self { rows, pairs, verifying })
    }

    /// The key that signs with `algorithm` at `now`.
    #[must_use]
    pub fn signer(&self, algorithm: TokenAlgorithm, now: DateTime<Utc>) -> Option<&KeyPair> {
        let current = signer(&self.rows, algorithm, now)?;
        self.rows.iter().zip(&self.pairs).find(|(row, _)| row.id == current.id).map(|(_, pair)| pair)
    }

    /// The public keys, for the published key set (RFC 7517).
    #[must_use]
    pub fn public(&self) -> Vec<&Jwk> {
        self.pairs.iter().map(KeyPair::public_jwk).collect()
    }

    /// Verifies a token that we are said to have signed.
    ///
    /// # Errors
    /// [`JwtError`]; [`JwtError::UnknownKey`] when no key of this ring fits.
    pub fn verify(&self, token: &str) -> Result<Verified, JwtError> {
        let token = Jws::parse(token, &OWN_ALGORITHMS)?;
        token.verify(self.verifying.as_ref().ok_or(JwtError::UnknownKey)?)
    }
}
