//! Login attempts.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::model::login_attempt::LoginAttempt;
use crate::schema::login_attempts;

/// Adds an attempt.
///
/// # Errors
/// What the database says.
pub fn insert(conn: &mut PgConnection, tenant: Uuid, attempt: &LoginAttempt) -> QueryResult<usize> {
    debug_assert_eq!(tenant, attempt.tenant_id);
    diesel::insert_into(login_attempts::table).values(attempt).execute(conn)
}

/// The attempt with this id and state, used or not.
///
/// # Errors
/// What the database says.
pub fn find(conn: &mut PgConnection, tenant: Uuid, id: Uuid, state_hash: &[u8]) -> QueryResult<Option<LoginAttempt>> {
    login_attempts::table
        .find((tenant, id))
        .filter(login_attempts::state_hash.eq(state_hash))
        .select(LoginAttempt::as_select())
        .first(conn)
        .optional()
}

/// Takes the attempt: marks it used where it is this connection's, unused and unexpired, and (`browser_hash`) this
/// browser's. One UPDATE, so that of many at once one wins (O-04).
///
/// # Errors
/// What the database says.
pub fn take(
    conn: &mut PgConnection,
    tenant: Uuid,
    attempt: &LoginAttempt,
    browser_hash: &[u8],
    now: DateTime<Utc>,
) -> QueryResult<Option<LoginAttempt>> {
    let live = login_attempts::table
        .find((tenant, attempt.id))
        .filter(login_attempts::connection_id.eq(attempt.connection_id))
        .filter(login_attempts::state_hash.eq(&attempt.state_hash))
        .filter(login_attempts::browser_hash.eq(browser_hash))
        .filter(login_attempts::consumed_at.is_null())
        .filter(login_attempts::expires_at.gt(now));
    diesel::update(live)
        .set((login_attempts::consumed_at.eq(now), login_attempts::parked_response.eq(None::<Vec<u8>>)))
        .returning(LoginAttempt::as_returning())
        .get_result(conn)
        .optional()
}

/// Voids an attempt that came back wrong; tells whether it was still unused (so that one refusal is told once).
///
/// # Errors
/// What the database says.
pub fn void(conn: &mut PgConnection, tenant: Uuid, id: Uuid, now: DateTime<Utc>) -> QueryResult<bool> {
    let unused = login_attempts::table.find((tenant, id)).filter(login_attempts::consumed_at.is_null());
    let voided = diesel::update(unused)
        .set((login_attempts::consumed_at.eq(now), login_attempts::parked_response.eq(None::<Vec<u8>>)))
        .execute(conn)?;
    Ok(voided == 1)
}

/// Keeps a sealed response until the browser fetches it by a same-site GET; the first one stays.
///
/// # Errors
/// What the database says.
pub fn park(conn: &mut PgConnection, tenant: Uuid, id: Uuid, sealed: &[u8], now: DateTime<Utc>) -> QueryResult<usize> {
    let empty = login_attempts::table
        .find((tenant, id))
        .filter(login_attempts::consumed_at.is_null())
        .filter(login_attempts::expires_at.gt(now))
        .filter(login_attempts::parked_response.is_null());
    diesel::update(empty).set(login_attempts::parked_response.eq(sealed)).execute(conn)
}

/// The parked response of an unused attempt.
///
/// # Errors
/// What the database says.
pub fn parked(conn: &mut PgConnection, tenant: Uuid, id: Uuid) -> QueryResult<Option<Vec<u8>>> {
    let unused = login_attempts::table.find((tenant, id)).filter(login_attempts::consumed_at.is_null());
    Ok(unused.select(login_attempts::parked_response).first::<Option<Vec<u8>>>(conn).optional()?.flatten())
}

/// Notes the session that an attempt led to.
///
/// # Errors
/// What the database says.
pub fn set_session(conn: &mut PgConnection, tenant: Uuid, id: Uuid, session: Uuid) -> QueryResult<usize> {
    diesel::update(login_attempts::table.find((tenant, id))).set(login_attempts::session_id.eq(session)).execute(conn)
}

/// Deletes attempts that expired before `before`, at most `limit` (system).
///
/// # Errors
/// What the database says.
pub fn sweep(conn: &mut PgConnection, before: DateTime<Utc>, limit: i64) -> QueryResult<usize> {
    diesel::sql_query(
        "DELETE FROM login_attempts WHERE (tenant_id, id) IN \
         (SELECT tenant_id, id FROM login_attempts WHERE expires_at < $1 LIMIT $2)",
    )
    .bind::<diesel::sql_types::Timestamptz, _>(before)
    .bind::<diesel::sql_types::Int8, _>(limit)
    .execute(conn)
}
