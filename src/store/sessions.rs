//! Sessions.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::model::connection::ConnectionStatus;
use crate::model::page::PageRequest;
use crate::model::session::Session;
use crate::model::user::User;
use crate::schema::{connections, grants, sessions, users};
use crate::store::crud;

crud!(sessions, Session);

/// Ends sessions, and takes back what applications were given in them; tells how many sessions. Which ones is said of
/// both tables: a grant outlives the row of a session that expired, so it is never found by way of that.
macro_rules! end_all {
    ($conn:expr, $tenant:expr, ($sessions:expr, $grants:expr), $reason:expr, $now:expr) => {{
        let going = sessions::table.filter(sessions::tenant_id.eq($tenant)).filter(sessions::ended_at.is_null());
        let over = (sessions::ended_at.eq($now), sessions::end_reason.eq($reason));
        let over = (over, sessions::upstream.eq(None::<Vec<u8>>));
        let ended = diesel::update(going.filter($sessions)).set(over).execute($conn)?;
        let good = grants::table.filter(grants::tenant_id.eq($tenant)).filter(grants::revoked_at.is_null());
        let revoked = (grants::revoked_at.eq($now), grants::revoke_reason.eq($reason));
        diesel::update(good.filter($grants)).set(revoked).execute($conn)?;
        QueryResult::Ok(ended)
    }};
}

/// A page of the live sessions of the tenant, or of one user.
///
/// # Errors
/// What the database says.
pub fn live(
    conn: &mut PgConnection,
    tenant: Uuid,
    user: Option<Uuid>,
    now: DateTime<Utc>,
    page: PageRequest,
) -> QueryResult<Vec<Session>> {
    let mut query = sessions::table
        .filter(sessions::tenant_id.eq(tenant))
        .filter(sessions::ended_at.is_null())
        .filter(sessions::expires_at.gt(now))
        .select(Session::as_select())
        .into_boxed();
    if let Some(user) = user {
        query = query.filter(sessions::user_id.eq(user));
    }
    if let Some(after) = page.after {
        query = query.filter(sessions::id.gt(after));
    }
    query.order(sessions::id).limit(page.limit).load(conn)
}

/// The session with this token, and its user.
///
/// # Errors
/// What the database says.
pub fn find_by_token(conn: &mut PgConnection, tenant: Uuid, token_hash: &[u8]) -> QueryResult<Option<(Session, User)>> {
    sessions::table
        .inner_join(users::table.on(users::tenant_id.eq(sessions::tenant_id).and(users::id.eq(sessions::user_id))))
        .filter(sessions::tenant_id.eq(tenant))
        .filter(sessions::token_hash.eq(token_hash))
        .select((Session::as_select(), User::as_select()))
        .first(conn)
        .optional()
}

/// Whether the user came in since `since` by a connection that is active and was not changed afterwards, in a session
/// that goes on.
///
/// # Errors
/// What the database says.
pub fn came_by_connection(
    conn: &mut PgConnection,
    tenant: Uuid,
    user: Uuid,
    since: DateTime<Utc>,
) -> QueryResult<bool> {
    let connection =
        connections::tenant_id.eq(sessions::tenant_id).and(sessions::source_id.eq(connections::id.nullable()));
    let came = sessions::table
        .inner_join(connections::table.on(connection))
        .filter(sessions::tenant_id.eq(tenant))
        .filter(sessions::user_id.eq(user))
        .filter(sessions::ended_at.is_null())
        .filter(sessions::created_at.ge(since))
        .filter(connections::status.eq(ConnectionStatus::Active))
        .filter(connections::updated_at.le(sessions::created_at));
    diesel::select(diesel::dsl::exists(came)).get_result(conn)
}

/// Holds a session against its end until the transaction ends; tells whether it still goes on.
///
/// # Errors
/// What the database says.
pub fn hold(conn: &mut PgConnection, tenant: Uuid, id: Uuid) -> QueryResult<bool> {
    let going = sessions::table.find((tenant, id)).filter(sessions::ended_at.is_null()).select(sessions::id);
    Ok(going.for_share().first::<Uuid>(conn).optional()?.is_some())
}

/// Notes a use.
///
/// # Errors
/// What the database says.
pub fn touch(conn: &mut PgConnection, tenant: Uuid, id: Uuid, now: DateTime<Utc>) -> QueryResult<usize> {
    diesel::update(sessions::table.find((tenant, id)).filter(sessions::last_seen_at.lt(now)))
        .set(sessions::last_seen_at.eq(now))
        .execute(conn)
}

/// Ends one session; tells whether it was still going.
///
/// # Errors
/// What the database says.
pub fn end(conn: &mut PgConnection, tenant: Uuid, id: Uuid, reason: &str, now: DateTime<Utc>) -> QueryResult<bool> {
    Ok(end_all!(conn, tenant, (sessions::id.eq(id), grants::session_id.eq(id)), reason, now)? == 1)
}

/// Ends every session of a user; tells how many.
///
/// # Errors
/// What the database says.
pub fn end_of_user(
    conn: &mut PgConnection,
    tenant: Uuid,
    user: Uuid,
    reason: &str,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    end_all!(conn, tenant, (sessions::user_id.eq(user), grants::user_id.eq(user)), reason, now)
}

/// Ends every session of a user but one; tells how many.
///
/// # Errors
/// What the database says.
pub fn end_others(
    conn: &mut PgConnection,
    tenant: Uuid,
    (user, kept): (Uuid, Uuid),
    reason: &str,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let others = sessions::user_id.eq(user).and(sessions::id.ne(kept));
    let given_there = grants::user_id.eq(user).and(grants::session_id.ne(kept));
    end_all!(conn, tenant, (others, given_there), reason, now)
}

/// Ends every session that came in by a source; tells how many.
///
/// # Errors
/// What the database says.
pub fn end_of_source(
    conn: &mut PgConnection,
    tenant: Uuid,
    source: Uuid,
    reason: &str,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    end_all!(conn, tenant, (sessions::source_id.eq(source), grants::source_id.eq(source)), reason, now)
}

/// Ends the sessions that a SAML provider means by a NameID and, where there are any, SessionIndexes: those of this source
/// and no other (C-46). A session without index is meant whatever is named. Tells which, and whose.
///
/// # Errors
/// What the database says.
pub fn end_at_provider(
    conn: &mut PgConnection,
    tenant: Uuid,
    (source, name): (Uuid, &[u8]),
    indexes: &[Vec<u8>],
    now: DateTime<Utc>,
) -> QueryResult<Vec<(Uuid, Uuid)>> {
    let mut meant = sessions::table
        .filter(sessions::tenant_id.eq(tenant))
        .filter(sessions::source_id.eq(source))
        .filter(sessions::name_id_hash.eq(name))
        .filter(sessions::ended_at.is_null())
        .filter(sessions::expires_at.gt(now))
        .select((sessions::id, sessions::user_id))
        .into_boxed();
    if !indexes.is_empty() {
        let named = sessions::session_index_hash.eq_any(indexes.to_vec());
        meant = meant.filter(sessions::session_index_hash.is_null().or(named));
    }
    let mut ended = Vec::new();
    for (id, user) in meant.load::<(Uuid, Uuid)>(conn)? {
        // Another request may be ending it just now; it is told once.
        if end(conn, tenant, id, "provider_logout", now)? {
            ended.push((id, user));
        }
    }
    Ok(ended)
}

/// Deletes sessions that were over before `before`, at most `limit` (system).
///
/// # Errors
/// What the database says.
pub fn sweep(conn: &mut PgConnection, before: DateTime<Utc>, limit: i64) -> QueryResult<usize> {
    diesel::sql_query(
        "DELETE FROM sessions WHERE (tenant_id, id) IN \
         (SELECT tenant_id, id FROM sessions WHERE expires_at < $1 LIMIT $2)",
    )
    .bind::<diesel::sql_types::Timestamptz, _>(before)
    .bind::<diesel::sql_types::Int8, _>(limit)
    .execute(conn)
}
