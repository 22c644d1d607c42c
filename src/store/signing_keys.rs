//! Signing keys of a tenant's issuer, and under the nil tenant those of the installation's (system).

use chrono::{DateTime, Utc};
use diesel::dsl::exists;
use diesel::prelude::*;
use uuid::Uuid;

use crate::model::signing_key::{InstallationSigningKey, SigningKey};
use crate::schema::{installation_signing_keys, signing_keys, tenants};

/// Key of the advisory lock that guards the installation's keys, which have no row of a tenant to hold.
const LOCK: i64 = 0x6477_5f73_6b65_7973;

/// Every key of the issuer, oldest first.
///
/// # Errors
/// What the database says.
pub fn all(conn: &mut PgConnection, tenant: Uuid) -> QueryResult<Vec<SigningKey>> {
    if tenant.is_nil() {
        let keys = installation_signing_keys::table.select(InstallationSigningKey::as_select());
        let rows = keys.order(installation_signing_keys::id).load::<InstallationSigningKey>(conn)?;
        return Ok(rows.into_iter().map(SigningKey::from).collect());
    }
    let keys = signing_keys::table.filter(signing_keys::tenant_id.eq(tenant));
    keys.select(SigningKey::as_select()).order(signing_keys::id).load(conn)
}

/// Holds the issuer's keys against others who would add one, until the transaction ends.
///
/// # Errors
/// What the database says.
pub fn lock(conn: &mut PgConnection, tenant: Uuid) -> QueryResult<()> {
    if tenant.is_nil() {
        return diesel::sql_query(format!("SELECT pg_advisory_xact_lock({LOCK})")).execute(conn).map(drop);
    }
    tenants::table.find(tenant).select(tenants::id).for_no_key_update().first::<Uuid>(conn).map(drop)
}

/// Adds a key.
///
/// # Errors
/// What the database says.
pub fn insert(conn: &mut PgConnection, tenant: Uuid, key: &SigningKey) -> QueryResult<usize> {
    debug_assert_eq!(tenant, key.tenant_id);
    if tenant.is_nil() {
        let key = InstallationSigningKey::from(key.clone());
        return diesel::insert_into(installation_signing_keys::table).values(key).execute(conn);
    }
    diesel::insert_into(signing_keys::table).values(key).execute(conn)
}

/// Writes back from when a key signs and until when it is published.
///
/// # Errors
/// What the database says.
pub fn schedule(conn: &mut PgConnection, tenant: Uuid, key: &SigningKey) -> QueryResult<usize> {
    debug_assert_eq!(tenant, key.tenant_id);
    if tenant.is_nil() {
        use installation_signing_keys::{retire_at, table, use_from};
        let times = (use_from.eq(key.use_from), retire_at.eq(key.retire_at));
        return diesel::update(table.find(key.id)).set(times).execute(conn);
    }
    let times = (signing_keys::use_from.eq(key.use_from), signing_keys::retire_at.eq(key.retire_at));
    diesel::update(signing_keys::table.find((tenant, key.id))).set(times).execute(conn)
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

/// Issuers (the installation as nil) that have a key without successor which began to sign before `before` (system).
///
/// # Errors
/// What the database says.
pub fn due(conn: &mut PgConnection, before: DateTime<Utc>, limit: i64) -> QueryResult<Vec<Uuid>> {
    let old = signing_keys::table.filter(signing_keys::use_from.lt(before)).filter(signing_keys::retire_at.is_null());
    let mut due = old.select(signing_keys::tenant_id).distinct().limit(limit).load(conn)?;
    let own = installation_signing_keys::table
        .filter(installation_signing_keys::use_from.lt(before))
        .filter(installation_signing_keys::retire_at.is_null());
    if diesel::select(exists(own)).get_result(conn)? {
        due.push(Uuid::nil());
    }
    Ok(due)
}
