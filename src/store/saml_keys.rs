//! Key pairs of our own at SAML connections.

use diesel::prelude::*;
use uuid::Uuid;

use crate::model::saml_key::{KeyStatus, KeyUsage, SamlKey};
use crate::schema::saml_keys;

/// Every key of the connection, oldest first.
///
/// # Errors
/// What the database says.
pub fn of_connection(conn: &mut PgConnection, tenant: Uuid, connection: Uuid) -> QueryResult<Vec<SamlKey>> {
    saml_keys::table
        .filter(saml_keys::tenant_id.eq(tenant))
        .filter(saml_keys::connection_id.eq(connection))
        .select(SamlKey::as_select())
        .order(saml_keys::id)
        .load(conn)
}

/// Adds a key.
///
/// # Errors
/// What the database says, a unique violation when the connection has one of this use and status among it.
pub fn insert(conn: &mut PgConnection, tenant: Uuid, key: &SamlKey) -> QueryResult<usize> {
    debug_assert_eq!(tenant, key.tenant_id);
    diesel::insert_into(saml_keys::table).values(key).execute(conn)
}

/// Deletes the key of this use and status, where there is one.
///
/// # Errors
/// What the database says.
pub fn clear(
    conn: &mut PgConnection,
    tenant: Uuid,
    connection: Uuid,
    (usage, status): (KeyUsage, KeyStatus),
) -> QueryResult<usize> {
    let keys = saml_keys::table.filter(saml_keys::tenant_id.eq(tenant)).filter(saml_keys::connection_id.eq(connection));
    diesel::delete(keys.filter(saml_keys::usage.eq(usage)).filter(saml_keys::status.eq(status))).execute(conn)
}

/// Moves the key of this use from one status to another, where there is one.
///
/// # Errors
/// What the database says.
pub fn promote(
    conn: &mut PgConnection,
    tenant: Uuid,
    connection: Uuid,
    usage: KeyUsage,
    (from, to): (KeyStatus, KeyStatus),
) -> QueryResult<usize> {
    let keys = saml_keys::table.filter(saml_keys::tenant_id.eq(tenant)).filter(saml_keys::connection_id.eq(connection));
    let of_use = keys.filter(saml_keys::usage.eq(usage)).filter(saml_keys::status.eq(from));
    diesel::update(of_use).set(saml_keys::status.eq(to)).execute(conn)
}

/// Deletes a key; tells how many there were (0 or 1).
///
/// # Errors
/// What the database says.
pub fn delete(conn: &mut PgConnection, tenant: Uuid, id: Uuid) -> QueryResult<usize> {
    diesel::delete(saml_keys::table.find((tenant, id))).execute(conn)
}
