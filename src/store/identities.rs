//! Identity sources and federated identities.

use chrono::{DateTime, Utc};
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::select;
use uuid::Uuid;

use crate::model::connection::ConnectionStatus;
use crate::model::identity::{FederatedIdentity, SourceKind};
use crate::model::page::PageRequest;
use crate::model::role::Role;
use crate::model::user::User;
use crate::schema::{connections, federated_identities, identity_sources, users};

/// Adds the parent row of a connection or trusted issuer.
///
/// # Errors
/// What the database says.
pub fn insert_source(conn: &mut PgConnection, tenant: Uuid, id: Uuid, kind: SourceKind) -> QueryResult<usize> {
    diesel::insert_into(identity_sources::table)
        .values((
            identity_sources::tenant_id.eq(tenant),
            identity_sources::id.eq(id),
            identity_sources::kind.eq(kind.as_str()),
        ))
        .execute(conn)
}

/// Deletes a source and with it its child, its identities, their sessions and grants, and its mappings.
///
/// # Errors
/// What the database says.
pub fn delete_source(conn: &mut PgConnection, tenant: Uuid, id: Uuid) -> QueryResult<usize> {
    diesel::delete(identity_sources::table.find((tenant, id))).execute(conn)
}

/// The identity with this key and its user.
///
/// # Errors
/// What the database says.
pub fn find_with_user(
    conn: &mut PgConnection,
    tenant: Uuid,
    source: Uuid,
    issuer: &str,
    subject: &str,
) -> QueryResult<Option<(FederatedIdentity, User)>> {
    federated_identities::table
        .inner_join(
            users::table.on(users::tenant_id
                .eq(federated_identities::tenant_id)
                .and(users::id.eq(federated_identities::user_id))),
        )
        .filter(federated_identities::tenant_id.eq(tenant))
        .filter(federated_identities::source_id.eq(source))
        .filter(federated_identities::issuer.eq(issuer))
        .filter(federated_identities::subject.eq(subject))
        .select((FederatedIdentity::as_select(), User::as_select()))
        .first(conn)
        .optional()
}

/// A page of a user's identities.
///
/// # Errors
/// What the database says.
pub fn of_user(
    conn: &mut PgConnection,
    tenant: Uuid,
    user: Uuid,
    page: PageRequest,
) -> QueryResult<Vec<FederatedIdentity>> {
    let mut query = federated_identities::table
        .filter(federated_identities::tenant_id.eq(tenant))
        .filter(federated_identities::user_id.eq(user))
        .select(FederatedIdentity::as_select())
        .into_boxed();
    if let Some(after) = page.after {
        query = query.filter(federated_identities::id.gt(after));
    }
    query.order(federated_identities::id).limit(page.limit).load(conn)
}

/// Whether a user has any identity.
///
/// # Errors
/// What the database says.
pub fn any_of_user(conn: &mut PgConnection, tenant: Uuid, user: Uuid) -> QueryResult<bool> {
    let of_user = federated_identities::table
        .filter(federated_identities::tenant_id.eq(tenant))
        .filter(federated_identities::user_id.eq(user));
    select(exists(of_user)).get_result(conn)
}

/// Whether a user has an identity of an active connection.
///
/// # Errors
/// What the database says.
pub fn any_active_of_user(conn: &mut PgConnection, tenant: Uuid, user: Uuid) -> QueryResult<bool> {
    let active = connections::table
        .filter(connections::tenant_id.eq(tenant))
        .filter(connections::status.eq(ConnectionStatus::Active))
        .select(connections::id);
    let of_user = federated_identities::table
        .filter(federated_identities::tenant_id.eq(tenant))
        .filter(federated_identities::user_id.eq(user))
        .filter(federated_identities::source_id.eq_any(active));
    select(exists(of_user)).get_result(conn)
}

/// Adds an identity unless its key is taken; tells how many were added (0 or 1).
///
/// # Errors
/// What the database says.
pub fn insert_if_new(conn: &mut PgConnection, tenant: Uuid, identity: &FederatedIdentity) -> QueryResult<usize> {
    debug_assert_eq!(tenant, identity.tenant_id);
    diesel::insert_into(federated_identities::table).values(identity).on_conflict_do_nothing().execute(conn)
}

/// Notes a login and the address it came with.
///
/// # Errors
/// What the database says.
pub fn touch(
    conn: &mut PgConnection,
    tenant: Uuid,
    id: Uuid,
    email: Option<&str>,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::update(federated_identities::table.find((tenant, id)))
        .set((federated_identities::last_seen_at.eq(now), federated_identities::email.eq(email)))
        .execute(conn)
}

/// Deletes an identity of a user, and with it the sessions and grants that came of it; tells how many there were (0 or 1).
///
/// # Errors
/// What the database says.
pub fn delete(conn: &mut PgConnection, tenant: Uuid, user: Uuid, id: Uuid) -> QueryResult<usize> {
    let row = federated_identities::table.find((tenant, id)).filter(federated_identities::user_id.eq(user));
    diesel::delete(row).execute(conn)
}

/// Deletes every identity of a user but this one, likewise; tells how many there were.
///
/// # Errors
/// What the database says.
pub fn delete_others(conn: &mut PgConnection, tenant: Uuid, user: Uuid, kept: Option<Uuid>) -> QueryResult<usize> {
    let of_user = federated_identities::tenant_id.eq(tenant).and(federated_identities::user_id.eq(user));
    let others = federated_identities::id.ne(kept.unwrap_or_else(Uuid::nil));
    diesel::delete(federated_identities::table.filter(of_user).filter(others)).execute(conn)
}

/// The roles of those who are linked through a source, each once.
///
/// # Errors
/// What the database says.
pub fn roles_of_source(conn: &mut PgConnection, tenant: Uuid, source: Uuid) -> QueryResult<Vec<Role>> {
    let linked = federated_identities::table
        .filter(federated_identities::tenant_id.eq(tenant))
        .filter(federated_identities::source_id.eq(source))
        .select(federated_identities::user_id);
    users::table
        .filter(users::tenant_id.eq(tenant))
        .filter(users::id.eq_any(linked))
        .select(users::role)
        .distinct()
        .load(conn)
}

/// Deletes every identity of a source, and with them the sessions and grants that came of them; tells how many there were.
///
/// # Errors
/// What the database says.
pub fn delete_of_source(conn: &mut PgConnection, tenant: Uuid, source: Uuid) -> QueryResult<usize> {
    diesel::delete(
        federated_identities::table
            .filter(federated_identities::tenant_id.eq(tenant))
            .filter(federated_identities::source_id.eq(source)),
    )
    .execute(conn)
}
