//! AddressProof: a link that was mailed to an address. Whoever has it, has the mailbox; it is for one purpose, of one
//! person, once.

use chrono::{DateTime, Duration, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::model::email::EmailAddress;
use crate::model::text_enum::text_enum;

/// How long a link is good, in minutes.
pub const PROOF_MINUTES: i64 = 60;

text_enum! {
    /// What a mailed link is for.
    Purpose {
        /// A sign-in waits for it.
        SignIn = "sign_in",
        /// The account is to have this address.
        ChangeAddress = "change_address",
        /// A new password is to be set.
        ResetPassword = "reset_password",
    }
}

/// A mailed link (the whole row).
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = crate::schema::address_proofs)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct AddressProof {
    pub tenant_id: Uuid,
    pub id: Uuid,
    pub purpose: Purpose,
    pub token_hash: Vec<u8>,
    pub address: String,
    pub address_key: String,
    pub user_id: Option<Uuid>,
    pub user_key: Option<String>,
    pub password_id: Option<Uuid>,
    pub source_id: Option<Uuid>,
    pub issuer: Option<String>,
    pub subject: Option<String>,
    pub waiting: Option<Vec<u8>>,
    pub browser_hash: Option<Vec<u8>>,
    pub return_to: Option<String>,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub proven_at: Option<DateTime<Utc>>,
    pub used_at: Option<DateTime<Utc>>,
}

impl AddressProof {
    /// A link for this purpose that begins to be good now; whose it is, is to be filled in.
    #[must_use]
    pub fn new(tenant_id: Uuid, purpose: Purpose, to: &EmailAddress, token_hash: Vec<u8>, now: DateTime<Utc>) -> Self {
        Self {
            tenant_id,
            id: Uuid::now_v7(),
            purpose,
            token_hash,
            address: to.address.clone(),
            address_key: to.key.clone(),
            user_id: None,
            user_key: None,
            password_id: None,
            source_id: None,
            issuer: None,
            subject: None,
            waiting: None,
            browser_hash: None,
            return_to: None,
            created_at: now,
            expires_at: now + Duration::minutes(PROOF_MINUTES),
            proven_at: None,
            used_at: None,
        }
    }

    /// Whether it is still good at `now`.
    #[must_use]
    pub fn is_live(&self, now: DateTime<Utc>) -> bool {
        self.used_at.is_none() && now < self.expires_at
    }
}
