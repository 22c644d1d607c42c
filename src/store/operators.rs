//! Operator keys (system).

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::model::operator::OperatorKey;
use crate::schema::operator_keys;

/// Adds a key.
///
/// # Errors
/// What the database says.
pub fn insert(conn: &mut PgConnection, key: &OperatorKey) -> QueryResult<usize> {
    diesel::insert_into(operator_keys::table).values(key).execute(conn)
}

/// The key with this hash, when it works at `now`.
///
/// # Errors
/// What the database says.
pub fn find_live(conn: &mut PgConnection, secret_hash: &[u8], now: DateTime<Utc>) -> QueryResult<Option<OperatorKey>> {
    operator_keys::table
        .filter(operator_keys::secret_hash.eq(secret_hash))
        .filter(operator_keys::revoked_at.is_null())
        .filter(operator_keys::expires_at.is_null().or(operator_keys::expires_at.gt(now)))
        .select(OperatorKey::as_select())
        .first(conn)
        .optional()
}

/// Notes a use.
///
/// # Errors
/// What the database says.
pub fn touch(conn: &mut PgConnection, id: Uuid, now: DateTime<Utc>) -> QueryResult<usize> {
    diesel::update(operator_keys::table.find(id)).set(operator_keys::last_used_at.eq(now)).execute(conn)
}

/// Every key, newest last.
///
/// # Errors
/// What the database says.
pub fn list(conn: &mut PgConnection) -> QueryResult<Vec<OperatorKey>> {
    operator_keys::table.select(OperatorKey::as_select()).order(operator_keys::id).load(conn)
}

/// Revokes a key; tells whether it was still good.
///
/// # Errors
/// What the database says.
pub fn revoke(conn: &mut PgConnection, id: Uuid, now: DateTime<Utc>) -> QueryResult<bool> {
    let good = operator_keys::table.find(id).filter(operator_keys::revoked_at.is_null());
    Ok(diesel::update(good).set(operator_keys::revoked_at.eq(now)).execute(conn)? == 1)
}
