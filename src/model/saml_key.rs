//! SamlKey: a key pair of our own at one SAML connection. Published before it is used and for a while after, so that a
//! provider never meets a key that it does not know.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::model::text_enum::text_enum;

text_enum! {
    /// What a key is for.
    KeyUsage {
        /// We sign requests and logout messages with it.
        Signing = "signing",
        /// The provider encrypts assertions for it.
        Encryption = "encryption",
    }
}

text_enum! {
    /// Where a key stands in its life. Of each use there is at most one of each.
    KeyStatus {
        /// Published, and not yet used.
        Next = "next",
        /// In use.
        Current = "current",
        /// Out of use; published for providers that have not heard of the current one.
        Previous = "previous",
    }
}

/// A key pair of our own (the whole row). Its `Debug` shows no secret: the private key is sealed.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = crate::schema::saml_keys)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct SamlKey {
    pub tenant_id: Uuid,
    pub id: Uuid,
    pub connection_id: Uuid,
    pub usage: KeyUsage,
    pub status: KeyStatus,
    pub private_key: Vec<u8>,
    pub certificate: String,
    pub created_at: DateTime<Utc>,
}
