//! Mailed links.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::model::address_proof::{AddressProof, Purpose};
use crate::schema::address_proofs;

/// Adds one, in the transaction that posts its letter.
///
/// # Errors
/// What the database says.
pub fn insert(conn: &mut PgConnection, tenant: Uuid, row: &AddressProof) -> QueryResult<usize> {
    debug_assert_eq!(tenant, row.tenant_id);
    diesel::insert_into(address_proofs::table).values(row).execute(conn)
}

/// The one with this id, good or not.
///
/// # Errors
/// What the database says.
pub fn find(conn: &mut PgConnection, tenant: Uuid, id: Uuid) -> QueryResult<Option<AddressProof>> {
    address_proofs::table.find((tenant, id)).select(AddressProof::as_select()).first(conn).optional()
}

/// The one for this purpose with this token, good or not.
///
/// # Errors
/// What the database says.
pub fn find_by_token(
    conn: &mut PgConnection,
    tenant: Uuid,
    purpose: Purpose,
    token_hash: &[u8],
) -> QueryResult<Option<AddressProof>> {
    address_proofs::table
        .filter(address_proofs::tenant_id.eq(tenant))
        .filter(address_proofs::token_hash.eq(token_hash))
        .filter(address_proofs::purpose.eq(purpose))
        .select(AddressProof::as_select())
        .first(conn)
        .optional()
}

/// Uses one up; tells whether it was still good. One UPDATE, so that of many at once one succeeds (L-10).
///
/// # Errors
/// What the database says.
pub fn use_up(conn: &mut PgConnection, tenant: Uuid, id: Uuid, now: DateTime<Utc>) -> QueryResult<bool> {
    let good = address_proofs::table
        .find((tenant, id))
        .filter(address_proofs::used_at.is_null())
        .filter(address_proofs::expires_at.gt(now));
    let over = (address_proofs::used_at.eq(now), address_proofs::waiting.eq(None::<Vec<u8>>));
    Ok(diesel::update(good).set(over).execute(conn)? == 1)
}

/// Notes that the link of a sign-in was confirmed in another browser; tells whether it was still good, and the first time.
///
/// # Errors
/// What the database says.
pub fn prove(conn: &mut PgConnection, tenant: Uuid, id: Uuid, now: DateTime<Utc>) -> QueryResult<bool> {
    let good = address_proofs::table
        .find((tenant, id))
        .filter(address_proofs::purpose.eq(Purpose::SignIn))
        .filter(address_proofs::used_at.is_null())
        .filter(address_proofs::proven_at.is_null())
        .filter(address_proofs::expires_at.gt(now));
    Ok(diesel::update(good).set(address_proofs::proven_at.eq(now)).execute(conn)? == 1)
}

/// A sign-in's link that was confirmed in another browser, for this very source, issuer, subject and address (L-11), and
/// is still good.
///
/// # Errors
/// What the database says.
pub fn proven(
    conn: &mut PgConnection,
    tenant: Uuid,
    source: Uuid,
    (issuer, subject, address_key): (&str, &str, &str),
    now: DateTime<Utc>,
) -> QueryResult<Option<AddressProof>> {
    address_proofs::table
        .filter(address_proofs::tenant_id.eq(tenant))
        .filter(address_proofs::source_id.eq(source))
        .filter(address_proofs::issuer.eq(issuer))
        .filter(address_proofs::subject.eq(subject))
        .filter(address_proofs::address_key.eq(address_key))
        .filter(address_proofs::proven_at.is_not_null())
        .filter(address_proofs::used_at.is_null())
        .filter(address_proofs::expires_at.gt(now))
        .order(address_proofs::id.desc())
        .select(AddressProof::as_select())
        .first(conn)
        .optional()
}

/// Voids every link of a user: another address, or an account that is no longer theirs to change.
///
/// # Errors
/// What the database says.
pub fn void_of_user(conn: &mut PgConnection, tenant: Uuid, user: Uuid, now: DateTime<Utc>) -> QueryResult<usize> {
    let good = address_proofs::table
        .filter(address_proofs::tenant_id.eq(tenant))
        .filter(address_proofs::user_id.eq(user))
        .filter(address_proofs::used_at.is_null());
    let over = (address_proofs::used_at.eq(now), address_proofs::waiting.eq(None::<Vec<u8>>));
    diesel::update(good).set(over).execute(conn)
}

/// Deletes those that were over before `before`, at most `limit` (system).
///
/// # Errors
/// What the database says.
pub fn sweep(conn: &mut PgConnection, before: DateTime<Utc>, limit: i64) -> QueryResult<usize> {
    diesel::sql_query(
        "DELETE FROM address_proofs WHERE (tenant_id, id) IN \
         (SELECT tenant_id, id FROM address_proofs WHERE expires_at < $1 LIMIT $2)",
    )
    .bind::<diesel::sql_types::Timestamptz, _>(before)
    .bind::<diesel::sql_types::Int8, _>(limit)
    .execute(conn)
}
