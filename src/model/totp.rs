//! TotpSecret: the second step of a user's login by password.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

/// How long a secret waits for its first right code, in minutes.
pub const PENDING_MINUTES: i64 = 15;

/// A secret that one-time codes are made of (the whole row). It has no `Debug`, like every row with a secret.
#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = crate::schema::totp_secrets)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct TotpSecret {
    pub tenant_id: Uuid,
    pub id: Uuid,
    pub user_id: Uuid,
    pub secret: Vec<u8>,
    pub created_at: DateTime<Utc>,
    pub confirmed_at: Option<DateTime<Utc>>,
    pub last_step: Option<i64>,
}
