//! KeyRing: the signing keys of one of our issuers, ready to use.

use chrono::{DateTime, Utc};
use jsonwebtoken::jwk::Jwk;
use serde_json::json;

use crate::model::application::settings::TokenAlgorithm;
use crate::model::connection::oidc::SigningAlgorithm;
use crate::model::signing_key::SigningKey;
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
    keys: Vec<(SigningKey, KeyPair)>,
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
        let open = |row: SigningKey| {
            let der = sealer.open(private_key_place(&row), &row.private_key)?;
            let pair = KeyPair::from_pkcs8(&der).map_err(|_| SealError::DoesNotOpen)?;
            Ok((row, pair))
        };
        let keys = rows.into_iter().filter(|row| row.is_published(now)).map(open);
        let keys = keys.collect::<Result<Vec<_>, SealError>>()?;
        let public: Vec<&Jwk> = keys.iter().map(|(_, pair)| pair.public_jwk()).collect();
        let verifying = KeySet::parse(json!({ "keys": public }).to_string().as_bytes()).ok();
        Ok(Self { keys, verifying })
    }

    /// The key that signs with `algorithm` at `now`: the youngest whose time has come. A first key has none before it
    /// that could sign until then, so it signs at once.
    #[must_use]
    pub fn signer(&self, algorithm: TokenAlgorithm, now: DateTime<Utc>) -> Option<&KeyPair> {
        let fitting = || self.keys.iter().filter(|(row, _)| row.algorithm == algorithm && row.is_published(now));
        let current = fitting().filter(|(row, _)| row.use_from <= now).max_by_key(|(row, _)| row.use_from);
        current.or_else(|| fitting().min_by_key(|(row, _)| row.use_from)).map(|(_, pair)| pair)
    }

    /// The public keys, for the published key set (RFC 7517).
    #[must_use]
    pub fn public(&self) -> Vec<&Jwk> {
        self.keys.iter().map(|(_, pair)| pair.public_jwk()).collect()
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
