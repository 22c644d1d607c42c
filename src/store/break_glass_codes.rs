//! Break-glass codes of owners.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::model::break_glass_code::BreakGlassCode;
use crate::model::role::{AccountStatus, Role};
use crate::schema::{break_glass_codes, users};

/// The user's codes, used ones too.
///
/// # Errors
/// What the database says.
pub fn of_user(conn: &mut PgConnection, tenant: Uuid, user: Uuid) -> QueryResult<Vec<BreakGlassCode>> {
    break_glass_codes::table
        .filter(break_glass_codes::tenant_id.eq(tenant))
        .filter(break_glass_codes::user_id.eq(user))
        .select(BreakGlassCode::as_select())
        .order(break_glass_codes::id)
        .load(conn)
}

/// The unused code with this hash of the active owner with this address key: its id and whose it is. One query, whoever
/// the address belongs to (K-11).
///
/// # Errors
/// What the database says.
pub fn find_good(
    conn: &mut PgConnection,
    tenant: Uuid,
    (email_key, code_hash): (&str, &[u8]),
) -> QueryResult<Option<(Uuid, Uuid)>> {
    let owner = users::tenant_id.eq(break_glass_codes::tenant_id).and(users::id.eq(break_glass_codes::user_id));
    break_glass_codes::table
        .inner_join(users::table.on(owner))
        .filter(break_glass_codes::tenant_id.eq(tenant))
        .filter(break_glass_codes::code_hash.eq(code_hash))
        .filter(break_glass_codes::used_at.is_null())
        .filter(users::email_key.eq(email_key))
        .filter(users::role.eq(Role::Owner))
        .filter(users::status.eq(AccountStatus::Active))
        .select((break_glass_codes::id, break_glass_codes::user_id))
        .first(conn)
        .optional()
}

/// Uses a code up; tells whether it was good until now.
///
/// # Errors
/// What the database says.
pub fn take(conn: &mut PgConnection, tenant: Uuid, id: Uuid, now: DateTime<Utc>) -> QueryResult<bool> {
    let unused = break_glass_codes::table.find((tenant, id)).filter(break_glass_codes::used_at.is_null());
    Ok(diesel::update(unused).set(break_glass_codes::used_at.eq(now)).execute(conn)? == 1)
}

/// Adds a set of codes.
///
/// # Errors
/// What the database says.
pub fn insert(conn: &mut PgConnection, tenant: Uuid, rows: &[BreakGlassCode]) -> QueryResult<usize> {
    debug_assert!(rows.iter().all(|row| row.tenant_id == tenant));
    diesel::insert_into(break_glass_codes::table).values(rows).execute(conn)
}

/// Deletes the codes of a user, used ones too; tells how many there were.
///
/// # Errors
/// What the database says.
pub fn delete_of_user(conn: &mut PgConnection, tenant: Uuid, user: Uuid) -> QueryResult<usize> {
    let of_user = break_glass_codes::table
        .filter(break_glass_codes::tenant_id.eq(tenant))
        .filter(break_glass_codes::user_id.eq(user));
    diesel::delete(of_user).execute(conn)
}
