//! Invitation: somebody is asked to join the tenant, and what they will be there.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::model::audit::Actor;
use crate::model::delivery::Language;
use crate::model::json::Json;
use crate::model::profile::Profile;
use crate::model::role::Role;
use crate::model::text_enum::text_enum;

text_enum! {
    /// How far an invitation is.
    InvitationState {
        /// It can be accepted.
        Pending = "pending",
        /// Somebody accepted it.
        Accepted = "accepted",
        /// An admin took it back.
        Revoked = "revoked",
        /// Nobody accepted it in time.
        Expired = "expired",
    }
}

/// An invitation (the whole row). Of its token there is only the hash.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = crate::schema::invitations)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct Invitation {
    pub tenant_id: Uuid,
    pub id: Uuid,
    pub state: InvitationState,
    pub token_hash: Option<Vec<u8>>,
    pub token_shown: bool,
    pub email: Option<String>,
    pub email_key: Option<String>,
    pub external_id: Option<String>,
    pub name: Option<String>,
    pub given_name: Option<String>,
    pub family_name: Option<String>,
    pub profile: Json<Option<Profile>>,
    pub role: Role,
    pub group_ids: Vec<Uuid>,
    pub connection_id: Option<Uuid>,
    pub language: Language,
    pub invited_by: Json<Actor>,
    pub valid_hours: i32,
    pub delivery_id: Option<Uuid>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub accepted_by: Option<Uuid>,
}

impl Invitation {
    /// How far it is at `now`: the sweeper need not have come by.
    #[must_use]
    pub fn state_at(&self, now: DateTime<Utc>) -> InvitationState {
        match self.state {
            InvitationState::Pending if self.expires_at <= now => InvitationState::Expired,
            state => state,
        }
    }

    /// Whether an address's key is the invited one.
    #[must_use]
    pub fn is_for(&self, email_key: Option<&str>) -> bool {
        self.email_key.is_some() && self.email_key.as_deref() == email_key
    }

    /// Whether who brings its token reads the mail of the invited address: it was told nowhere else.
    #[must_use]
    pub fn proves_address(&self) -> bool {
        self.email_key.is_some() && !self.token_shown
    }
}
