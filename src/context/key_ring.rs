//! KeyRing: the signing keys of one of our issuers, ready to use.

use chrono::{DateTime, Utc};
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
    /// Of each row: what signs, and what verifies that.
    keys: Vec<(KeyPair, KeySet)>,
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
            let pair = KeyPair::from_pkcs8(&der).map_err(|_| SealError::DoesNotOpen)?;
            let published = json!({ "keys": [pair.public_jwk()] }).to_string();
            Ok((pair, KeySet::parse(published.as_bytes()).map_err(|_| SealError::DoesNotOpen)?))
        };
        let keys = rows.iter().map(open).collect::<Result<Vec<_>, SealError>>()?;
        Ok(Self { rows, keys })
    }

    /// The key that signs with `algorithm` at `now`.
    #[must_use]
    pub fn signer(&self, algorithm: TokenAlgorithm, now: DateTime<Utc>) -> Option<&KeyPair> {
        let current = signer(&self.rows, algorithm, now)?;
        self.rows.iter().zip(&self.keys).find(|(row, _)| row.id == current.id).map(|(_, (pair, _))| pair)
    }

    /// Verifies a token that we are said to have signed, with the key that it names and that is published at `now`; every
    /// token of ours names one.
    ///
    /// # Errors
    /// [`JwtError`]; [`JwtError::UnknownKey`] when there is no such key here.
    pub fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<Verified, JwtError> {
        let token = Jws::parse(token, &OWN_ALGORITHMS)?;
        let kid = token.kid().ok_or(JwtError::UnknownKey)?;
        let named = |(row, (pair, _)): &(&SigningKey, &(KeyPair, KeySet))| pair.kid() == kid && row.is_published(now);
        let (_, (_, public)) = self.rows.iter().zip(&self.keys).find(named).ok_or(JwtError::UnknownKey)?;
        token.verify(public)
    }
}

#[cfg(test)]
mod tests {
    use chrono::Duration;
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn p_13_a_key_verifies_for_as_long_as_it_is_published_however_long_the_ring_is_kept() {
        let sealer = Sealer::from_text(&"t1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".into()).unwrap();
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let key = |retire_at| {
            let der = KeyPair::generate(TokenAlgorithm::ES256).unwrap();
            let mut row = SigningKey {
                tenant_id: uuid::Uuid::now_v7(),
                id: uuid::Uuid::now_v7(),
                algorithm: TokenAlgorithm::ES256,
                private_key: Vec::new(),
                public_key: json!({}),
                created_at: now,
                use_from: now,
                retire_at,
            };
            row.private_key = sealer.seal(private_key_place(&row), der.expose_secret());
            (row, KeyPair::from_pkcs8(&der).unwrap().sign("at+jwt", &json!({})).unwrap())
        };
        let ((old, by_old), (new, by_new)) = (key(Some(now + Duration::hours(1))), key(None));
        let ring = KeyRing::load(vec![old, new], &sealer, now).unwrap();
        let (good, over) = (now + Duration::minutes(59), now + Duration::hours(1));
        assert!(ring.verify(&by_old, good).is_ok() && ring.verify(&by_new, over).is_ok());
        assert_eq!(ring.verify(&by_old, over), Err(JwtError::UnknownKey));
    }
}
