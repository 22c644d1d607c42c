//! Second steps of the login by password.

use chrono::{DateTime, Utc};
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::select;
use uuid::Uuid;

use crate::model::totp::TotpSecret;
use crate::schema::totp_secrets;

/// The user's secret that is asked for at a login, if they have one.
///
/// # Errors
/// What the database says.
pub fn active(conn: &mut PgConnection, tenant: Uuid, user: Uuid) -> QueryResult<Option<TotpSecret>> {
    totp_secrets::table
        .filter(totp_secrets::tenant_id.eq(tenant))
        .filter(totp_secrets::user_id.eq(user))
        .filter(totp_secrets::confirmed_at.is_not_null())
        .select(TotpSecret::as_select())
        .first(conn)
        .optional()
}

/// Whether a login of the user asks for a code.
///
/// # Errors
/// What the database says.
pub fn is_active(conn: &mut PgConnection, tenant: Uuid, user: Uuid) -> QueryResult<bool> {
    let of_user = totp_secrets::table
        .filter(totp_secrets::tenant_id.eq(tenant))
        .filter(totp_secrets::user_id.eq(user))
        .filter(totp_secrets::confirmed_at.is_not_null());
    select(exists(of_user)).get_result(conn)
}

/// The user's secret that waits for its first code and was made after `since`.
///
/// # Errors
/// What the database says.
pub fn pending(
    conn: &mut PgConnection,
    tenant: Uuid,
    user: Uuid,
    since: DateTime<Utc>,
) -> QueryResult<Option<TotpSecret>> {
    totp_secrets::table
        .filter(totp_secrets::tenant_id.eq(tenant))
        .filter(totp_secrets::user_id.eq(user))
        .filter(totp_secrets::confirmed_at.is_null())
        .filter(totp_secrets::created_at.gt(since))
        .select(TotpSecret::as_select())
        .first(conn)
        .optional()
}

/// Adds a secret that waits, in the place of the one that waited before.
///
/// # Errors
/// What the database says.
pub fn put_pending(conn: &mut PgConnection, tenant: Uuid, row: &TotpSecret) -> QueryResult<usize> {
    debug_assert_eq!(tenant, row.tenant_id);
    let waiting = totp_secrets::table
        .filter(totp_secrets::tenant_id.eq(tenant))
        .filter(totp_secrets::user_id.eq(row.user_id))
        .filter(totp_secrets::confirmed_at.is_null());
    diesel::delete(waiting).execute(conn)?;
    diesel::insert_into(totp_secrets::table).values(row).execute(conn)
}

/// Makes a secret that waits the user's active one, in the place of the one before; `step` is that of the code that
/// showed it.
///
/// # Errors
/// What the database says.
pub fn activate(
    conn: &mut PgConnection,
    tenant: Uuid,
    row: &TotpSecret,
    step: i64,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let before = totp_secrets::table
        .filter(totp_secrets::tenant_id.eq(tenant))
        .filter(totp_secrets::user_id.eq(row.user_id))
        .filter(totp_secrets::confirmed_at.is_not_null());
    diesel::delete(before).execute(conn)?;
    let waiting = totp_secrets::table.find((tenant, row.id)).filter(totp_secrets::confirmed_at.is_null());
    diesel::update(waiting).set((totp_secrets::confirmed_at.eq(now), totp_secrets::last_step.eq(step))).execute(conn)
}

/// Uses the code of a step up: it and those before it are good no more. Tells whether it still was; of two logins with one
/// code at once one gets it.
///
/// # Errors
/// What the database says.
pub fn use_step(conn: &mut PgConnection, tenant: Uuid, id: Uuid, step: i64) -> QueryResult<bool> {
    let unused = totp_secrets::table
        .find((tenant, id))
        .filter(totp_secrets::confirmed_at.is_not_null())
        .filter(totp_secrets::last_step.is_null().or(totp_secrets::last_step.lt(step)));
    Ok(diesel::update(unused).set(totp_secrets::last_step.eq(step)).execute(conn)? == 1)
}

/// Takes the user's second step away, active or waiting; tells whether one was active.
///
/// # Errors
/// What the database says.
pub fn delete(conn: &mut PgConnection, tenant: Uuid, user: Uuid) -> QueryResult<bool> {
    let all = totp_secrets::table.filter(totp_secrets::tenant_id.eq(tenant)).filter(totp_secrets::user_id.eq(user));
    let gone = diesel::delete(all).returning(totp_secrets::confirmed_at).get_results::<Option<DateTime<Utc>>>(conn)?;
    Ok(gone.iter().any(Option::is_some))
}

/// Deletes secrets that waited in vain since before `before` (system).
///
/// # Errors
/// What the database says.
pub fn sweep(conn: &mut PgConnection, before: DateTime<Utc>) -> QueryResult<usize> {
    let stale =
        totp_secrets::table.filter(totp_secrets::confirmed_at.is_null()).filter(totp_secrets::created_at.lt(before));
    diesel::delete(stale).execute(conn)
}
