//! Session: a browser that is signed in.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::model::audit::LoginMethod;

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
    pub auth_time: Option<DateTime<Utc>>,
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
    pub name_id_hash: Option<Vec<u8>>,
    pub session_index_hash: Option<Vec<u8>>,
}

impl Session {
    /// Whether the session is good at `now`: not ended, not past its absolute end, used within `idle_minutes`.
    #[must_use]
    pub fn is_live(&self, now: DateTime<Utc>, idle_minutes: i64) -> bool {
        self.ended_at.is_none()
            && now < self.expires_at
            && now < self.last_seen_at + chrono::Duration::minutes(idle_minutes)
    }

    /// When whatever an application is given in it is over at the latest. Consent outlives a session, but not one by a
    /// break-glass code: that opens an account for an hour, and nothing else.
    #[must_use]
    pub fn grants_end_by(&self) -> DateTime<Utc> {
        let break_glass = self.amr.iter().any(|method| method == LoginMethod::BreakGlass.as_str());
        if break_glass { self.expires_at } else { DateTime::<Utc>::MAX_UTC }
    }
}

/// What is sealed in `upstream`: what the provider's logout asks for. The forms are told apart by their fields.
#[derive(Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Upstream {
    /// The provider's tokens.
    Oidc(UpstreamTokens),
    /// The provider's names of the person and the session.
    Saml(UpstreamSession),
}

/// A provider's tokens, for its logout and revocation endpoints.
#[derive(Clone, Serialize, Deserialize)]
pub struct UpstreamTokens {
    /// The ID token, sent as `id_token_hint`.
    pub id_token: String,
    /// The refresh token, if there was one.
    pub refresh_token: Option<String>,
    /// The access token.
    pub access_token: Option<String>,
}

/// A session at a SAML provider, named as the provider named it.
#[derive(Clone, Serialize, Deserialize)]
pub struct UpstreamSession {
    /// The NameID.
    pub name_id: String,
    /// Its `Format`.
    pub format: Option<String>,
    /// Its `NameQualifier`.
    pub name_qualifier: Option<String>,
    /// Its `SPNameQualifier`.
    pub sp_name_qualifier: Option<String>,
    /// The `SessionIndex`.
    pub session_index: Option<String>,
}
