//! Grants and their refresh tokens.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::model::grant::{Grant, RefreshToken};
use crate::model::session::Session;
use crate::schema::{grants, refresh_tokens};

/// Adds a grant.
///
/// # Errors
/// What the database says.
pub fn insert(conn: &mut PgConnection, tenant: Uuid, grant: &Grant) -> QueryResult<usize> {
    debug_assert_eq!(tenant, grant.tenant_id);
    diesel::insert_into(grants::table).values(grant).execute(conn)
}

/// The grant with this id.
///
/// # Errors
/// What the database says.
pub fn find(conn: &mut PgConnection, tenant: Uuid, id: Uuid) -> QueryResult<Option<Grant>> {
    grants::table.find((tenant, id)).select(Grant::as_select()).first(conn).optional()
}

/// The grant with this code, held until the transaction ends: of several who redeem it one is first.
///
/// # Errors
/// What the database says.
pub fn lock_by_code(conn: &mut PgConnection, tenant: Uuid, code_hash: &[u8]) -> QueryResult<Option<Grant>> {
    let found = grants::table.filter(grants::tenant_id.eq(tenant)).filter(grants::code_hash.eq(code_hash));
    found.select(Grant::as_select()).for_update().first(conn).optional()
}

/// The grant of this refresh token and the token, the grant held until the transaction ends.
///
/// # Errors
/// What the database says.
pub fn lock_by_refresh_token(
    conn: &mut PgConnection,
    tenant: Uuid,
    token_hash: &[u8],
) -> QueryResult<Option<(Grant, RefreshToken)>> {
    let Some(token) = find_refresh_token(conn, tenant, token_hash)? else { return Ok(None) };
    let grant = grants::table.find((tenant, token.grant_id)).select(Grant::as_select()).for_update();
    let Some(grant) = grant.first(conn).optional()? else { return Ok(None) };
    // Read again under the lock: another request may have used it meanwhile.
    Ok(find_refresh_token(conn, tenant, token_hash)?.map(|token| (grant, token)))
}

/// The refresh token with this hash.
///
/// # Errors
/// What the database says.
pub fn find_refresh_token(
    conn: &mut PgConnection,
    tenant: Uuid,
    token_hash: &[u8],
) -> QueryResult<Option<RefreshToken>> {
    let found = refresh_tokens::table.filter(refresh_tokens::tenant_id.eq(tenant));
    let found = found.filter(refresh_tokens::token_hash.eq(token_hash));
    found.select(RefreshToken::as_select()).first(conn).optional()
}

/// Notes that the code was redeemed.
///
/// # Errors
/// What the database says.
pub fn use_code(conn: &mut PgConnection, tenant: Uuid, id: Uuid, now: DateTime<Utc>) -> QueryResult<usize> {
    diesel::update(grants::table.find((tenant, id))).set(grants::code_used_at.eq(now)).execute(conn)
}

/// Adds a refresh token.
///
/// # Errors
/// What the database says.
pub fn insert_refresh_token(conn: &mut PgConnection, tenant: Uuid, token: &RefreshToken) -> QueryResult<usize> {
    debug_assert_eq!(tenant, token.tenant_id);
    diesel::insert_into(refresh_tokens::table).values(token).execute(conn)
}

/// Notes that a refresh token was used.
///
/// # Errors
/// What the database says.
pub fn use_refresh_token(conn: &mut PgConnection, tenant: Uuid, id: Uuid, now: DateTime<Utc>) -> QueryResult<usize> {
    diesel::update(refresh_tokens::table.find((tenant, id))).set(refresh_tokens::used_at.eq(now)).execute(conn)
}

/// Takes a grant back; tells whether it was good until then.
///
/// # Errors
/// What the database says.
pub fn revoke(conn: &mut PgConnection, tenant: Uuid, id: Uuid, reason: &str, now: DateTime<Utc>) -> QueryResult<bool> {
    let good = grants::table.find((tenant, id)).filter(grants::revoked_at.is_null());
    let revoked = diesel::update(good).set((grants::revoked_at.eq(now), grants::revoke_reason.eq(reason)));
    Ok(revoked.execute(conn)? == 1)
}

/// Gives what a user let applications have in one session over to the next one of the same user: from now on it stands
/// and falls with that.
///
/// # Errors
/// What the database says.
pub fn hand_over(conn: &mut PgConnection, tenant: Uuid, old: Uuid, new: &Session) -> QueryResult<usize> {
    let of_old = grants::table
        .filter(grants::tenant_id.eq(tenant))
        .filter(grants::session_id.eq(old))
        .filter(grants::user_id.eq(new.user_id));
    let now_of =
        (grants::session_id.eq(new.id), grants::identity_id.eq(new.identity_id), grants::source_id.eq(new.source_id));
    diesel::update(of_old).set(now_of).execute(conn)
}

/// Deletes grants that were over before `before`, at most `limit` (system).
///
/// # Errors
/// What the database says.
pub fn sweep(conn: &mut PgConnection, before: DateTime<Utc>, limit: i64) -> QueryResult<usize> {
    diesel::sql_query(
        "DELETE FROM grants WHERE (tenant_id, id) IN \
         (SELECT tenant_id, id FROM grants WHERE expires_at < $1 LIMIT $2)",
    )
    .bind::<diesel::sql_types::Timestamptz, _>(before)
    .bind::<diesel::sql_types::Int8, _>(limit)
    .execute(conn)
}
