//! ServiceAccount: a caller that is not a person.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::model::role::{AccountStatus, Role};

/// A non-person with API keys (the whole row).
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = crate::schema::service_accounts)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct ServiceAccount {
    pub tenant_id: Uuid,
    pub id: Uuid,
    pub name: String,
    pub name_key: String,
    pub role: Role,
    pub status: AccountStatus,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}
