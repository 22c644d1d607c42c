//! LocalCredential: a user's password, for tenants that sign people in by Doorward itself.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

/// A user's password (the whole row). It has no `Debug`, so that the hash is in no log.
#[derive(Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = crate::schema::local_credentials)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct LocalCredential {
    pub tenant_id: Uuid,
    pub user_id: Uuid,
    pub password_hash: String,
    pub must_change: bool,
    pub password_id: Uuid,
    pub changed_at: DateTime<Utc>,
}
