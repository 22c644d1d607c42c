//! FederatedIdentity: the link from what a source calls a person to the user; IdentitySource: its parent.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::model::text_enum::text_enum;

text_enum! {
    /// Which kind of source vouches.
    SourceKind {
        /// A Connection.
        Connection = "connection",
        /// A TrustedIssuer.
        TrustedIssuer = "trusted_issuer",
    }
}

/// The link row (tenant, source, issuer, subject) -> user.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = crate::schema::federated_identities)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct FederatedIdentity {
    pub tenant_id: Uuid,
    pub id: Uuid,
    pub source_id: Uuid,
    pub issuer: String,
    pub subject: String,
    pub user_id: Uuid,
    pub email: Option<String>,
    pub created_at: DateTime<Utc>,
    pub last_seen_at: Option<DateTime<Utc>>,
}
