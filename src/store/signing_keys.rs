//! Signing keys: of a tenant's issuer, and of the installation's (system).

use chrono::{DateTime, Utc};
use diesel::dsl::{exists, not};
use diesel::prelude::*;
use uuid::Uuid;

use crate::model::signing_key::{InstallationSigningKey, SigningKey};
use crate::schema::{installation_signing_keys, signing_keys, tenants};

/// Every key of the tenant, oldest first.
///
/// # Errors
/// What the database says.
pub fn all(conn: &mut PgConnection, tenant: Uuid) -> QueryResult<Vec<SigningKey>> {
    let keys = signing_keys::table.filter(signing_keys::tenant_id.eq(tenant));
    keys.select(SigningKey::as_select()).order(signing_keys::id).load(conn)
}

/// Holds the tenant's keys against others who would add one, until the transaction ends.
///
/// # Errors
/// What the database says.
pub fn lock(conn: &mut PgConnection, tenant: Uuid) -> QueryResult<()> {
    tenants::table.find(tenant).select(tenants::id).for_no_key_update().first::<Uuid>(conn).map(drop)
}

/// Adds a key.
///
/// # Errors
/// What the database says.
pub fn insert(conn: &mut PgConnection, tenant: Uuid, key: &SigningKey) -> QueryResult<usize> {
    debug_assert_eq!(tenant, key.tenant_id);
    diesel::insert_into(signing_keys::table).values(key).execute(conn)
}

/// Says until when a key is published.
///
/// # Errors
/// What the database says.
pub fn retire(conn: &mut PgConnection, tenant: Uuid, id: Uuid, at: DateTime<Utc>) -> QueryResult<usize> {
    diesel::update(signing_keys::table.find((tenant, id))).set(signing_keys::retire_at.eq(at)).execute(conn)
}

/// Deletes keys that are published no longer (system).
///
/// # Errors
/// What the database says.
pub fn sweep(conn: &mut PgConnection, now: DateTime<Utc>) -> QueryResult<usize> {
    let tenants = diesel::delete(signing_keys::table.filter(signing_keys::retire_at.lt(now))).execute(conn)?;
    let own = installation_signing_keys::table.filter(installation_signing_keys::retire_at.lt(now));
    Ok(tenants + diesel::delete(own).execute(conn)?)
}

/// Tenants whose newest key of some algorithm is older than `before` (system).
///
/// # Errors
/// What the database says.
pub fn due(conn: &mut PgConnection, before: DateTime<Utc>, limit: i64) -> QueryResult<Vec<Uuid>> {
    let newer = diesel::alias!(signing_keys as newer);
    let successor = newer
        .filter(newer.field(signing_keys::tenant_id).eq(signing_keys::tenant_id))
        .filter(newer.field(signing_keys::algorithm).eq(signing_keys::algorithm))
        .filter(newer.field(signing_keys::use_from).gt(signing_keys::use_from));
    signing_keys::table
        .filter(signing_keys::use_from.lt(before))
        .filter(not(exists(successor)))
        .select(signing_keys::tenant_id)
        .distinct()
        .limit(limit)
        .load(conn)
}

/// Every key of the installation, oldest first (system).
///
/// # Errors
/// What the database says.
pub fn of_installation(conn: &mut PgConnection) -> QueryResult<Vec<SigningKey>> {
    let keys = installation_signing_keys::table.select(InstallationSigningKey::as_select());
    let rows = keys.order(installation_signing_keys::id).load::<InstallationSigningKey>(conn)?;
    Ok(rows.into_iter().map(SigningKey::from).collect())
}

/// Holds the installation's keys against others who would add one, until the transaction ends (system).
///
/// # Errors
/// What the database says.
pub fn lock_installation(conn: &mut PgConnection) -> QueryResult<()> {
    // A number of our own among the advisory locks; the migrations have another.
    diesel::sql_query("SELECT pg_advisory_xact_lock(7203115002)").execute(conn).map(drop)
}

/// Adds a key of the installation (system).
///
/// # Errors
/// What the database says.
pub fn insert_installation(conn: &mut PgConnection, key: SigningKey) -> QueryResult<usize> {
    diesel::insert_into(installation_signing_keys::table).values(InstallationSigningKey::from(key)).execute(conn)
}

/// Says until when a key of the installation is published (system).
///
/// # Errors
/// What the database says.
pub fn retire_installation(conn: &mut PgConnection, id: Uuid, at: DateTime<Utc>) -> QueryResult<usize> {
    diesel::update(installation_signing_keys::table.find(id))
        .set(installation_signing_keys::retire_at.eq(at))
        .execute(conn)
}
