//! User: a person in one tenant.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::model::role::{AccountStatus, Role};

/// A person in one tenant (the whole row).
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = crate::schema::users, treat_none_as_null = true)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct User {
    pub tenant_id: Uuid,
    pub id: Uuid,
    pub email: Option<String>,
    pub email_key: Option<String>,
    pub email_verified_at: Option<DateTime<Utc>>,
    pub name: Option<String>,
    pub given_name: Option<String>,
    pub family_name: Option<String>,
    pub picture: Option<String>,
    pub external_id: Option<String>,
    pub role: Role,
    pub status: AccountStatus,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub last_login_at: Option<DateTime<Utc>>,
}

impl User {
    /// A new, empty, active member, to be filled in.
    #[must_use]
    pub fn new(tenant_id: Uuid, now: DateTime<Utc>) -> Self {
        Self {
            tenant_id,
            id: Uuid::now_v7(),
            email: None,
            email_key: None,
            email_verified_at: None,
            name: None,
            given_name: None,
            family_name: None,
            picture: None,
            external_id: None,
            role: Role::Member,
            status: AccountStatus::Active,
            version: 1,
            created_at: now,
            updated_at: now,
            last_login_at: None,
        }
    }
}
