//! Users.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::model::page::PageRequest;
use crate::model::role::{AccountStatus, Role};
use crate::model::user::User;
use crate::schema::{address_proofs, users};
use crate::store::crud;

crud!(users, User, versioned);

/// How many are told of something by letter, at most.
const MAX_TOLD: i64 = 100;

/// What a list of users can be narrowed by.
#[derive(Debug, Clone, Default)]
pub struct UserFilter {
    /// Exactly this address (its key).
    pub email_key: Option<String>,
    /// Exactly this external id.
    pub external_id: Option<String>,
}

/// A page of the tenant's users that pass the filter.
///
/// # Errors
/// What the database says.
pub fn search(conn: &mut PgConnection, tenant: Uuid, filter: &UserFilter, page: PageRequest) -> QueryResult<Vec<User>> {
    let mut query = users::table.filter(users::tenant_id.eq(tenant)).select(User::as_select()).into_boxed();
    if let Some(key) = &filter.email_key {
        query = query.filter(users::email_key.eq(key));
    }
    if let Some(external_id) = &filter.external_id {
        query = query.filter(users::external_id.eq(external_id));
    }
    if let Some(after) = page.after {
        query = query.filter(users::id.gt(after));
    }
    query.order(users::id).limit(page.limit).load(conn)
}

/// The user with this address key.
///
/// # Errors
/// What the database says.
pub fn find_by_email_key(conn: &mut PgConnection, tenant: Uuid, key: &str) -> QueryResult<Option<User>> {
    users::table
        .filter(users::tenant_id.eq(tenant))
        .filter(users::email_key.eq(key))
        .select(User::as_select())
        .first(conn)
        .optional()
}

/// The roles of those whom a letter to the address with this key may be for: who has it, and who asked to have it.
///
/// # Errors
/// What the database says.
pub fn roles_at(conn: &mut PgConnection, tenant: Uuid, key: &str) -> QueryResult<Vec<Role>> {
    let asked = address_proofs::table
        .filter(address_proofs::tenant_id.eq(tenant))
        .filter(address_proofs::address_key.eq(key))
        .select(address_proofs::user_id);
    users::table
        .filter(users::tenant_id.eq(tenant))
        .filter(users::email_key.eq(key).or(users::id.nullable().eq_any(asked).assume_not_null()))
        .select(users::role)
        .load(conn)
}

/// The user with this external id.
///
/// # Errors
/// What the database says.
pub fn find_by_external_id(conn: &mut PgConnection, tenant: Uuid, external_id: &str) -> QueryResult<Option<User>> {
    users::table
        .filter(users::tenant_id.eq(tenant))
        .filter(users::external_id.eq(external_id))
        .select(User::as_select())
        .first(conn)
        .optional()
}

/// Adds a user unless the tenant has one with the same address or external id; tells how many were added (0 or 1).
///
/// # Errors
/// What the database says.
pub fn insert_if_new(conn: &mut PgConnection, tenant: Uuid, user: &User) -> QueryResult<usize> {
    debug_assert_eq!(tenant, user.tenant_id);
    diesel::insert_into(users::table).values(user).on_conflict_do_nothing().execute(conn)
}

/// The tenant's active owners, with a lock on that question until the transaction ends: of two removals at once the
/// second one sees what the first one left (T-06). The rows themselves are not locked, so that two changes which hold
/// one owner each never wait for each other.
///
/// # Errors
/// What the database says.
pub fn active_owners(conn: &mut PgConnection, tenant: Uuid) -> QueryResult<Vec<Uuid>> {
    diesel::sql_query("SELECT pg_advisory_xact_lock(hashtextextended('owners/' || $1::text, 0))")
        .bind::<diesel::sql_types::Uuid, _>(tenant)
        .execute(conn)?;
    users::table
        .filter(users::tenant_id.eq(tenant))
        .filter(users::role.eq(Role::Owner))
        .filter(users::status.eq(AccountStatus::Active))
        .select(users::id)
        .order(users::id)
        .load(conn)
}

/// The addresses of the tenant's active users of these roles, owners first; at most a hundred.
///
/// # Errors
/// What the database says.
pub fn addresses_of(conn: &mut PgConnection, tenant: Uuid, roles: &[Role]) -> QueryResult<Vec<String>> {
    let found = users::table
        .filter(users::tenant_id.eq(tenant))
        .filter(users::role.eq_any(roles))
        .filter(users::status.eq(AccountStatus::Active))
        .filter(users::email.is_not_null())
        .select(users::email.assume_not_null())
        .order((users::role.eq(Role::Owner).desc(), users::id))
        .limit(MAX_TOLD);
    found.load(conn)
}

/// Notes a login of an active user; tells whether there is one (0 or 1).
///
/// # Errors
/// What the database says.
pub fn touch_login(conn: &mut PgConnection, tenant: Uuid, id: Uuid, now: DateTime<Utc>) -> QueryResult<usize> {
    diesel::update(users::table.find((tenant, id)).filter(users::status.eq(AccountStatus::Active)))
        .set(users::last_login_at.eq(now))
        .execute(conn)
}
