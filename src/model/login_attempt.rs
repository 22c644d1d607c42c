//! LoginAttempt: a login that was begun; bound to a browser, used once.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How long an attempt lives, in minutes (O-05).
pub const ATTEMPT_MINUTES: i64 = 10;

/// A login that was begun (the whole row).
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = crate::schema::login_attempts)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct LoginAttempt {
    pub tenant_id: Uuid,
    pub id: Uuid,
    pub connection_id: Uuid,
    pub state_hash: Vec<u8>,
    pub browser_hash: Vec<u8>,
    pub secrets: Vec<u8>,
    pub return_to: Option<String>,
    pub parked_response: Option<Vec<u8>>,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub consumed_at: Option<DateTime<Utc>>,
    pub session_id: Option<Uuid>,
    pub invitation_hash: Option<Vec<u8>>,
}

/// What is sealed in `secrets`. The forms are told apart by their fields.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
pub enum AttemptSecrets {
    /// Of a login by OpenID Connect.
    Oidc {
        /// The `nonce` that the ID token must carry.
        nonce: String,
        /// The PKCE verifier, when the connection uses PKCE.
        pkce_verifier: Option<String>,
    },
    /// Of a login by SAML.
    Saml {
        /// The id of our request, which the response must name.
        request_id: String,
        /// The person must have authenticated since then.
        authenticated_since: Option<DateTime<Utc>>,
    },
}
