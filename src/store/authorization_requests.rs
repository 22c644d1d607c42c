//! Authorization requests that wait for their user.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::model::authorization::AuthorizationRequest;
use crate::schema::authorization_requests as requests;

/// Adds one.
///
/// # Errors
/// What the database says.
pub fn insert(conn: &mut PgConnection, tenant: Uuid, row: &AuthorizationRequest) -> QueryResult<usize> {
    debug_assert_eq!(tenant, row.tenant_id);
    diesel::insert_into(requests::table).values(row).execute(conn)
}

/// The request with this id, if it still waits at `now`.
///
/// # Errors
/// What the database says.
pub fn find(
    conn: &mut PgConnection,
    tenant: Uuid,
    id: Uuid,
    now: DateTime<Utc>,
) -> QueryResult<Option<AuthorizationRequest>> {
    let waiting = requests::table.find((tenant, id)).filter(requests::expires_at.gt(now));
    waiting.select(AuthorizationRequest::as_select()).first(conn).optional()
}

/// Lets one wait until `until`, when its person has to read a letter first; one that is over stays so.
///
/// # Errors
/// What the database says.
pub fn prolong(conn: &mut PgConnection, tenant: Uuid, id: Uuid, until: DateTime<Utc>) -> QueryResult<usize> {
    let waiting = requests::table.find((tenant, id)).filter(requests::expires_at.lt(until));
    diesel::update(waiting).set(requests::expires_at.eq(until)).execute(conn)
}

/// Deletes one that is answered; tells whether it still waited, so that it is answered once.
///
/// # Errors
/// What the database says.
pub fn take(conn: &mut PgConnection, tenant: Uuid, id: Uuid) -> QueryResult<bool> {
    Ok(diesel::delete(requests::table.find((tenant, id))).execute(conn)? == 1)
}

/// Deletes those that were over before `before`, at most `limit` (system).
///
/// # Errors
/// What the database says.
pub fn sweep(conn: &mut PgConnection, before: DateTime<Utc>, limit: i64) -> QueryResult<usize> {
    diesel::sql_query(
        "DELETE FROM authorization_requests WHERE (tenant_id, id) IN \
         (SELECT tenant_id, id FROM authorization_requests WHERE expires_at < $1 LIMIT $2)",
    )
    .bind::<diesel::sql_types::Timestamptz, _>(before)
    .bind::<diesel::sql_types::Int8, _>(limit)
    .execute(conn)
}
