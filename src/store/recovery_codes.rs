//! Recovery codes of users.

use diesel::prelude::*;
use uuid::Uuid;

use crate::schema::recovery_codes;

/// Gives the user this set of codes; the one before is good no more.
///
/// # Errors
/// What the database says.
pub fn replace(conn: &mut PgConnection, tenant: Uuid, user: Uuid, hashes: &[Vec<u8>]) -> QueryResult<usize> {
    delete_of_user(conn, tenant, user)?;
    let row = |hash: &Vec<u8>| {
        (
            recovery_codes::tenant_id.eq(tenant),
            recovery_codes::user_id.eq(user),
            recovery_codes::code_hash.eq(hash.clone()),
        )
    };
    diesel::insert_into(recovery_codes::table).values(hashes.iter().map(row).collect::<Vec<_>>()).execute(conn)
}

/// Uses a code up; tells whether it was one. Of two at once one gets it.
///
/// # Errors
/// What the database says.
pub fn take(conn: &mut PgConnection, tenant: Uuid, user: Uuid, hash: &[u8]) -> QueryResult<bool> {
    Ok(diesel::delete(recovery_codes::table.find((tenant, user, hash))).execute(conn)? == 1)
}

/// How many codes the user has left.
///
/// # Errors
/// What the database says.
pub fn count(conn: &mut PgConnection, tenant: Uuid, user: Uuid) -> QueryResult<i64> {
    recovery_codes::table
        .filter(recovery_codes::tenant_id.eq(tenant))
        .filter(recovery_codes::user_id.eq(user))
        .count()
        .get_result(conn)
}

/// Takes the user's codes away; tells how many there were.
///
/// # Errors
/// What the database says.
pub fn delete_of_user(conn: &mut PgConnection, tenant: Uuid, user: Uuid) -> QueryResult<usize> {
    let all =
        recovery_codes::table.filter(recovery_codes::tenant_id.eq(tenant)).filter(recovery_codes::user_id.eq(user));
    diesel::delete(all).execute(conn)
}
