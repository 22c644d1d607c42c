//! Assertions that are good once (system).

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use crate::schema::used_assertions;
use crate::secrets::token;

/// Notes the use of `what`, which is refused by itself from `expires_at` on; tells whether this was the first.
///
/// # Errors
/// What the database says.
pub fn first_use(conn: &mut PgConnection, what: &str, expires_at: DateTime<Utc>) -> QueryResult<bool> {
    let row = (used_assertions::fingerprint.eq(token::hash(what)), used_assertions::expires_at.eq(expires_at));
    Ok(diesel::insert_into(used_assertions::table).values(row).on_conflict_do_nothing().execute(conn)? == 1)
}

/// Whether the use of `what` was noted.
///
/// # Errors
/// What the database says.
pub fn is_used(conn: &mut PgConnection, what: &str) -> QueryResult<bool> {
    let known = used_assertions::table.find(token::hash(what));
    diesel::select(diesel::dsl::exists(known)).get_result(conn)
}

/// Deletes those that would be refused anyway.
///
/// # Errors
/// What the database says.
pub fn sweep(conn: &mut PgConnection, before: DateTime<Utc>) -> QueryResult<usize> {
    diesel::delete(used_assertions::table.filter(used_assertions::expires_at.lt(before))).execute(conn)
}
