//! Grant: what a user let an application have. It is born with an authorization code and lives in the tokens that come
//! of it; when it is revoked, none of them is good any more.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::model::application::ClientRef;
use crate::model::scope::Scopes;

/// How long an authorization code is good (RFC 9700 wants minutes at most; this is for one redirect).
pub const CODE_SECONDS: i64 = 60;

/// For how long after its use a refresh token that comes again is taken for a client's parallel request, and merely
/// refused, instead of for theft, in seconds.
pub const REUSE_GRACE_SECONDS: i64 = 10;

/// What a user let an application have (the whole row).
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = crate::schema::grants)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct Grant {
    pub tenant_id: Uuid,
    pub id: Uuid,
    #[diesel(embed)]
    pub client: ClientRef,
    pub user_id: Uuid,
    pub session_id: Uuid,
    pub identity_id: Option<Uuid>,
    pub source_id: Option<Uuid>,
    pub scope: String,
    pub resource: Option<String>,
    pub nonce: Option<String>,
    pub auth_time: Option<DateTime<Utc>>,
    pub acr: Option<String>,
    pub amr: Vec<String>,
    pub redirect_uri: String,
    pub code_hash: Vec<u8>,
    pub code_challenge: String,
    pub code_expires_at: DateTime<Utc>,
    pub code_used_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub revoked_at: Option<DateTime<Utc>>,
    pub revoke_reason: Option<String>,
}

impl Grant {
    /// Its scopes.
    #[must_use]
    pub fn scopes(&self) -> Scopes {
        Scopes::parse(&self.scope)
    }

    /// Whether its tokens are good at `now`, as far as it is up to the grant.
    #[must_use]
    pub fn is_live(&self, now: DateTime<Utc>) -> bool {
        self.revoked_at.is_none() && now < self.expires_at
    }
}

/// A refresh token (the whole row).
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = crate::schema::refresh_tokens)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct RefreshToken {
    pub tenant_id: Uuid,
    pub id: Uuid,
    pub grant_id: Uuid,
    pub token_hash: Vec<u8>,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub used_at: Option<DateTime<Utc>>,
}
