//! SigningKey: what an issuer of ours signs tokens with. A key is published before it signs and for as long as what it
//! signed is good.

use chrono::{DateTime, Duration, Utc};
use diesel::prelude::*;
use serde_json::Value;
use uuid::Uuid;

use crate::model::application::settings::TokenAlgorithm;

/// The longest life of a token that a key signs; a key is published so long after its last signature.
pub const LONGEST_TOKEN: Duration = Duration::days(1);

/// Declares the row of a signing key, with or without a tenant.
macro_rules! signing_key {
    ($(#[$meta:meta])* $name:ident, $table:ident $(, $tenant:ident)?) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Queryable, Selectable, Insertable)]
        #[diesel(table_name = crate::schema::$table)]
        #[expect(missing_docs, reason = "the columns are described in the migration")]
        pub struct $name {
            $(pub $tenant: Uuid,)?
            pub id: Uuid,
            pub algorithm: TokenAlgorithm,
            pub private_key: Vec<u8>,
            pub public_key: Value,
            pub created_at: DateTime<Utc>,
            pub use_from: DateTime<Utc>,
            pub retire_at: Option<DateTime<Utc>>,
        }
    };
}

signing_key!(
    /// A key of a tenant's issuer (the whole row).
    SigningKey, signing_keys, tenant_id
);
signing_key!(
    /// A key of the installation's issuer (the whole row).
    InstallationSigningKey, installation_signing_keys
);

impl SigningKey {
    /// Whether it is published at `now`.
    #[must_use]
    pub fn is_published(&self, now: DateTime<Utc>) -> bool {
        self.retire_at.is_none_or(|end| now < end)
    }
}

/// Of an issuer's keys the one that signs with `algorithm` at `now`: the youngest whose time has come, whatever comes
/// after it. A first key has none before it that could sign until then, so it signs at once.
#[must_use]
pub fn signer(keys: &[SigningKey], algorithm: TokenAlgorithm, now: DateTime<Utc>) -> Option<&SigningKey> {
    let fitting = || keys.iter().filter(|key| key.algorithm == algorithm && key.is_published(now));
    let current = fitting().filter(|key| key.use_from <= now).max_by_key(|key| key.use_from);
    current.or_else(|| fitting().min_by_key(|key| key.use_from))
}

/// The installation's keys are read as those of the nil tenant, so that one key ring serves both.
impl From<InstallationSigningKey> for SigningKey {
    fn from(row: InstallationSigningKey) -> Self {
        let InstallationSigningKey { id, algorithm, private_key, public_key, created_at, use_from, retire_at } = row;
        Self { tenant_id: Uuid::nil(), id, algorithm, private_key, public_key, created_at, use_from, retire_at }
    }
}

impl From<SigningKey> for InstallationSigningKey {
    fn from(row: SigningKey) -> Self {
        let SigningKey { id, algorithm, private_key, public_key, created_at, use_from, retire_at, .. } = row;
        Self { id, algorithm, private_key, public_key, created_at, use_from, retire_at }
    }
}
