//! Invitations.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::model::invitation::{Invitation, InvitationState};
use crate::model::page::PageRequest;
use crate::schema::invitations;
use crate::store::crud;

crud!(invitations, Invitation);

/// What a list of invitations can be narrowed by.
#[derive(Debug, Clone, Default)]
pub struct InvitationFilter {
    /// Only those that are so far.
    pub state: Option<InvitationState>,
    /// Exactly this address (its key).
    pub email_key: Option<String>,
    /// Exactly this external id.
    pub external_id: Option<String>,
}

/// A page of the tenant's invitations that pass the filter at `now`.
///
/// # Errors
/// What the database says.
pub fn search(
    conn: &mut PgConnection,
    tenant: Uuid,
    filter: &InvitationFilter,
    now: DateTime<Utc>,
    page: PageRequest,
) -> QueryResult<Vec<Invitation>> {
    let mut query =
        invitations::table.filter(invitations::tenant_id.eq(tenant)).select(Invitation::as_select()).into_boxed();
    let (pending, expired) = (InvitationState::Pending, InvitationState::Expired);
    query = match filter.state {
        None => query,
        Some(InvitationState::Pending) => {
            query.filter(invitations::state.eq(pending)).filter(invitations::expires_at.gt(now))
        }
        Some(InvitationState::Expired) => {
            let over = invitations::state.eq(pending).and(invitations::expires_at.le(now));
            query.filter(invitations::state.eq(expired).or(over))
        }
        Some(state) => query.filter(invitations::state.eq(state)),
    };
    if let Some(key) = &filter.email_key {
        query = query.filter(invitations::email_key.eq(key));
    }
    if let Some(external_id) = &filter.external_id {
        query = query.filter(invitations::external_id.eq(external_id));
    }
    if let Some(after) = page.after {
        query = query.filter(invitations::id.gt(after));
    }
    query.order(invitations::id).limit(page.limit).load(conn)
}

/// How many invitations of the tenant wait at `now`.
///
/// # Errors
/// What the database says.
pub fn count_pending(conn: &mut PgConnection, tenant: Uuid, now: DateTime<Utc>) -> QueryResult<i64> {
    let pending = invitations::table
        .filter(invitations::tenant_id.eq(tenant))
        .filter(invitations::state.eq(InvitationState::Pending))
        .filter(invitations::expires_at.gt(now));
    pending.count().get_result(conn)
}

/// The invitation whose token has this hash.
///
/// # Errors
/// What the database says.
pub fn find_by_token(conn: &mut PgConnection, tenant: Uuid, hash: &[u8]) -> QueryResult<Option<Invitation>> {
    invitations::table
        .filter(invitations::tenant_id.eq(tenant))
        .filter(invitations::token_hash.eq(hash))
        .select(Invitation::as_select())
        .first(conn)
        .optional()
}

/// The same, held until the transaction ends: of many who accept it at once one comes first (L-19).
///
/// # Errors
/// What the database says.
pub fn lock_by_token(conn: &mut PgConnection, tenant: Uuid, hash: &[u8]) -> QueryResult<Option<Invitation>> {
    invitations::table
        .filter(invitations::tenant_id.eq(tenant))
        .filter(invitations::token_hash.eq(hash))
        .select(Invitation::as_select())
        .for_update()
        .first(conn)
        .optional()
}

/// The invitation with this id, held until the transaction ends.
///
/// # Errors
/// What the database says.
pub fn lock(conn: &mut PgConnection, tenant: Uuid, id: Uuid) -> QueryResult<Option<Invitation>> {
    invitations::table.find((tenant, id)).select(Invitation::as_select()).for_update().first(conn).optional()
}

/// The invitation of this address that waits.
///
/// # Errors
/// What the database says.
pub fn pending_by_email(
    conn: &mut PgConnection,
    tenant: Uuid,
    email_key: &str,
    now: DateTime<Utc>,
) -> QueryResult<Option<Invitation>> {
    invitations::table
        .filter(invitations::tenant_id.eq(tenant))
        .filter(invitations::email_key.eq(email_key))
        .filter(invitations::state.eq(InvitationState::Pending))
        .filter(invitations::expires_at.gt(now))
        .select(Invitation::as_select())
        .first(conn)
        .optional()
}

/// The invitation of this external id that waits.
///
/// # Errors
/// What the database says.
pub fn pending_by_external_id(
    conn: &mut PgConnection,
    tenant: Uuid,
    external_id: &str,
    now: DateTime<Utc>,
) -> QueryResult<Option<Invitation>> {
    invitations::table
        .filter(invitations::tenant_id.eq(tenant))
        .filter(invitations::external_id.eq(external_id))
        .filter(invitations::state.eq(InvitationState::Pending))
        .filter(invitations::expires_at.gt(now))
        .select(Invitation::as_select())
        .first(conn)
        .optional()
}

/// Takes those out of the way whose time is over, of this address and of this external id.
///
/// # Errors
/// What the database says.
pub fn expire(
    conn: &mut PgConnection,
    tenant: Uuid,
    (email_key, external_id): (Option<&str>, Option<&str>),
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let over = invitations::table
        .filter(invitations::tenant_id.eq(tenant))
        .filter(invitations::state.eq(InvitationState::Pending))
        .filter(invitations::expires_at.le(now))
        .filter(invitations::email_key.eq(email_key).or(invitations::external_id.eq(external_id)));
    diesel::update(over).set(invitations::state.eq(InvitationState::Expired)).execute(conn)
}

/// Sends it anew: what the row says about token, letter, sender and time replaces what was, unless it was accepted or
/// revoked; tells how many were (0 or 1).
///
/// # Errors
/// What the database says, a unique violation among it.
pub fn renew(conn: &mut PgConnection, tenant: Uuid, row: &Invitation) -> QueryResult<usize> {
    debug_assert_eq!(tenant, row.tenant_id);
    let open = invitations::table
        .find((tenant, row.id))
        .filter(invitations::state.eq_any([InvitationState::Pending, InvitationState::Expired]));
    diesel::update(open)
        .set((
            invitations::state.eq(InvitationState::Pending),
            invitations::token_hash.eq(&row.token_hash),
            invitations::token_shown.eq(row.token_shown),
            invitations::delivery_id.eq(row.delivery_id),
            invitations::invited_by.eq(&row.invited_by),
            invitations::expires_at.eq(row.expires_at),
            invitations::updated_at.eq(row.updated_at),
        ))
        .execute(conn)
}

/// Takes it: marks it accepted by this user where it still waits; one UPDATE, so that it is accepted once or revoked,
/// never both (L-19, R-24). Tells whether it was.
///
/// # Errors
/// What the database says.
pub fn take(conn: &mut PgConnection, tenant: Uuid, id: Uuid, user: Uuid, now: DateTime<Utc>) -> QueryResult<bool> {
    let open = invitations::table
        .find((tenant, id))
        .filter(invitations::state.eq(InvitationState::Pending))
        .filter(invitations::expires_at.gt(now));
    let taken = diesel::update(open)
        .set((
            invitations::state.eq(InvitationState::Accepted),
            invitations::accepted_by.eq(user),
            invitations::updated_at.eq(now),
        ))
        .execute(conn)?;
    Ok(taken == 1)
}

/// Revokes it where nobody has accepted it; tells whether it was.
///
/// # Errors
/// What the database says.
pub fn revoke(conn: &mut PgConnection, tenant: Uuid, id: Uuid, now: DateTime<Utc>) -> QueryResult<bool> {
    let open = invitations::table
        .find((tenant, id))
        .filter(invitations::state.eq_any([InvitationState::Pending, InvitationState::Expired]));
    let revoked = diesel::update(open)
        .set((invitations::state.eq(InvitationState::Revoked), invitations::updated_at.eq(now)))
        .execute(conn)?;
    Ok(revoked == 1)
}

/// Deletes invitations that were over before `before`, at most `limit` (system).
///
/// # Errors
/// What the database says.
pub fn sweep(conn: &mut PgConnection, before: DateTime<Utc>, limit: i64) -> QueryResult<usize> {
    diesel::sql_query(
        "DELETE FROM invitations WHERE (tenant_id, id) IN \
         (SELECT tenant_id, id FROM invitations WHERE expires_at < $1 LIMIT $2)",
    )
    .bind::<diesel::sql_types::Timestamptz, _>(before)
    .bind::<diesel::sql_types::Int8, _>(limit)
    .execute(conn)
}
