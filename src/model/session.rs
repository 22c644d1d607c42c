//! Session: a browser that is signed in.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A signed-in browser (the whole row).
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = crate::schema::sessions)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct Session {
    pub tenant_id: Uuid,
    pub id: Uuid,
    pub token_hash: Vec<u8>,
    pub user_id: Uuid,
    pub identity_id: Option<Uuid>,
    pub source_id: Option<Uuid>,
    pub auth_time: DateTime<Utc>,
    pub created_at: DateTime<Utc>,
    pub last_seen_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
    pub end_reason: Option<String>,
    pub ip: Option<String>,
    pub user_agent: Option<String>,
    pub upstream: Option<Vec<u8>>,
    pub acr: Option<String>,
    pub amr: Vec<String>,
}

impl Session {
    /// Whether the session is good at `now`: not ended, not past its absolute end, used within `idle_minutes`.
    #[must_use]
    pub fn is_live(&self, now: DateTime<Utc>, idle_minutes: i64) -> bool {
        self.ended_at.is_none()
            && now < self.expires_at
            && now < self.last_seen_at + chrono::Duration::minutes(idle_minutes)
    }
}

/// What is sealed in `upstream`: the provider's tokens, for its logout and revocation endpoints.
#[derive(Serialize, Deserialize)]
pub struct UpstreamTokens {
    /// The ID token, sent as `id_token_hint`.
    pub id_token: String,
    /// The refresh token, if there was one.
    pub refresh_token: Option<String>,
    /// The access token.
    pub access_token: Option<String>,
}
