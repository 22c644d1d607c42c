//! Break-glass code: by it an owner comes in, once, while `sso` is enforced and the provider does not let them in.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

/// A code of an owner, of a set that was made at once (the whole row).
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = crate::schema::break_glass_codes)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct BreakGlassCode {
    pub tenant_id: Uuid,
    pub id: Uuid,
    pub user_id: Uuid,
    pub code_hash: Vec<u8>,
    pub created_at: DateTime<Utc>,
    pub used_at: Option<DateTime<Utc>>,
}
