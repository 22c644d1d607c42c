//! Operators: who runs the installation. They have keys and an audit trail of their own, outside every tenant.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

/// A bearer secret of an operator (the whole row).
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = crate::schema::operator_keys)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct OperatorKey {
    pub id: Uuid,
    pub name: String,
    pub secret_hash: Vec<u8>,
    pub hint: String,
    pub expires_at: Option<DateTime<Utc>>,
    pub revoked_at: Option<DateTime<Utc>>,
    pub last_used_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
}
