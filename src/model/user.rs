//! User: a person in one tenant.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::model::email::EmailAddress;
use crate::model::profile::Profile;
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
    pub profile_type: Option<String>,
    pub profile_id: Option<String>,
    pub profile_identifiers: Vec<String>,
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
            profile_type: None,
            profile_id: None,
            profile_identifiers: Vec::new(),
        }
    }

    /// Where a letter to this address goes that somebody else wrote: to the address on file, where it is the same one in
    /// another spelling. Not every mail server takes two spellings for one mailbox.
    #[must_use]
    pub fn mailbox(&self, written: &EmailAddress) -> EmailAddress {
        let on_file = self.email.as_deref().and_then(|email| EmailAddress::parse(email).ok());
        on_file.filter(|own| own.key == written.key).unwrap_or_else(|| written.clone())
    }

    /// The record of another system that describes the person.
    #[must_use]
    pub fn profile(&self) -> Option<Profile> {
        let kind = self.profile_type.clone()?;
        Some(Profile { kind, id: self.profile_id.clone(), identifiers: self.profile_identifiers.clone() })
    }

    /// Sets or clears it.
    pub fn set_profile(&mut self, profile: Option<Profile>) {
        (self.profile_type, self.profile_id, self.profile_identifiers) = match profile {
            Some(profile) => (Some(profile.kind), profile.id, profile.identifiers),
            None => (None, None, Vec::new()),
        };
    }
}
