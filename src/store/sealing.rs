//! Sealed values across tenants (system): the known texts that prove the sealing keys, and what rotation re-seals.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bytea, Uuid as SqlUuid};
use uuid::Uuid;

use crate::schema::sealing_checks;

/// Every sealed column: table, column.
pub const SEALED_COLUMNS: &[(&str, &str)] = &[
    ("connections", "client_secret"),
    ("connections", "client_key"),
    ("address_proofs", "waiting"),
    ("login_attempts", "secrets"),
    ("login_attempts", "parked_response"),
    ("sessions", "upstream"),
    ("totp_secrets", "secret"),
    ("saml_keys", "private_key"),
    ("deliveries", "link"),
    ("signing_keys", "private_key"),
    ("installation_signing_keys", "private_key"),
];

/// A sealed value and where it lives.
#[derive(Debug, QueryableByName)]
pub struct SealedValue {
    /// The tenant.
    #[diesel(sql_type = SqlUuid)]
    pub tenant_id: Uuid,
    /// The row.
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    /// The sealed bytes.
    #[diesel(sql_type = Bytea)]
    pub value: Vec<u8>,
}

/// The known texts: key id and sealed bytes.
///
/// # Errors
/// What the database says.
pub fn checks(conn: &mut PgConnection) -> QueryResult<Vec<(String, Vec<u8>)>> {
    sealing_checks::table.select((sealing_checks::key_id, sealing_checks::sealed)).load(conn)
}

/// Adds a known text, unless there is one for this key.
///
/// # Errors
/// What the database says.
pub fn add_check(conn: &mut PgConnection, key_id: &str, sealed: &[u8]) -> QueryResult<usize> {
    diesel::insert_into(sealing_checks::table)
        .values((sealing_checks::key_id.eq(key_id), sealing_checks::sealed.eq(sealed)))
        .on_conflict_do_nothing()
        .execute(conn)
}

/// Forgets the known texts of keys that seal nothing any more.
///
/// # Errors
/// What the database says.
pub fn drop_checks_except(conn: &mut PgConnection, key_id: &str) -> QueryResult<usize> {
    diesel::delete(sealing_checks::table.filter(sealing_checks::key_id.ne(key_id))).execute(conn)
}

/// A batch of sealed values of one column, in row order after `after`.
///
/// # Errors
/// What the database says.
pub fn batch(
    conn: &mut PgConnection,
    table: &str,
    column: &str,
    after: (Uuid, Uuid),
    limit: i64,
) -> QueryResult<Vec<SealedValue>> {
    // Table and column come from SEALED_COLUMNS alone.
    let tenant = tenant_of(table);
    diesel::sql_query(format!(
        "SELECT {tenant} AS tenant_id, id, {column} AS value FROM {table} \
         WHERE {column} IS NOT NULL AND ({tenant}, id) > ($1, $2) ORDER BY 1, 2 LIMIT $3"
    ))
    .bind::<SqlUuid, _>(after.0)
    .bind::<SqlUuid, _>(after.1)
    .bind::<BigInt, _>(limit)
    .load(conn)
}

/// The tenant of a table's rows, as SQL: what belongs to the installation is sealed for the nil tenant.
fn tenant_of(table: &str) -> &'static str {
    if table.starts_with("installation_") { "'00000000-0000-0000-0000-000000000000'::uuid" } else { "tenant_id" }
}

/// Replaces a sealed value, when it is still the one that was read.
///
/// # Errors
/// What the database says.
pub fn replace(
    conn: &mut PgConnection,
    table: &str,
    column: &str,
    old: &SealedValue,
    new: &[u8],
) -> QueryResult<usize> {
    // A connection's editors write whole rows back: the version tells them that theirs is no longer the one they read.
    let bump = if table == "connections" { ", version = version + 1" } else { "" };
    let tenant = tenant_of(table);
    diesel::sql_query(format!(
        "UPDATE {table} SET {column} = $1{bump} WHERE {tenant} = $2 AND id = $3 AND {column} = $4"
    ))
    .bind::<Bytea, _>(new)
    .bind::<SqlUuid, _>(old.tenant_id)
    .bind::<SqlUuid, _>(old.id)
    .bind::<Bytea, _>(&old.value)
    .execute(conn)
}
