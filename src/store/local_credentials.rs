//! Passwords of users.

use chrono::{DateTime, Utc};
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::select;
use uuid::Uuid;

use crate::model::local_credential::LocalCredential;
use crate::model::role::{AccountStatus, Role};
use crate::model::user::User;
use crate::schema::{local_credentials, users};

/// Whether anybody in the tenant has a password.
///
/// # Errors
/// What the database says.
pub fn any(conn: &mut PgConnection, tenant: Uuid) -> QueryResult<bool> {
    select(exists(local_credentials::table.filter(local_credentials::tenant_id.eq(tenant)))).get_result(conn)
}

/// The active owners who have a password, and an address to sign in by.
///
/// # Errors
/// What the database says.
pub fn owners(conn: &mut PgConnection, tenant: Uuid) -> QueryResult<Vec<Uuid>> {
    let same_user = local_credentials::tenant_id.eq(users::tenant_id).and(local_credentials::user_id.eq(users::id));
    users::table
        .inner_join(local_credentials::table.on(same_user))
        .filter(users::tenant_id.eq(tenant))
        .filter(users::role.eq(Role::Owner))
        .filter(users::status.eq(AccountStatus::Active))
        .filter(users::email_key.is_not_null())
        .select(users::id)
        .load(conn)
}

/// The user's password.
///
/// # Errors
/// What the database says.
pub fn find(conn: &mut PgConnection, tenant: Uuid, user: Uuid) -> QueryResult<Option<LocalCredential>> {
    local_credentials::table.find((tenant, user)).select(LocalCredential::as_select()).first(conn).optional()
}

/// The user with this address key, and their password if they have one.
///
/// # Errors
/// What the database says.
pub fn find_by_email_key(
    conn: &mut PgConnection,
    tenant: Uuid,
    key: &str,
) -> QueryResult<Option<(User, Option<LocalCredential>)>> {
    let same_user = local_credentials::tenant_id.eq(users::tenant_id).and(local_credentials::user_id.eq(users::id));
    users::table
        .left_join(local_credentials::table.on(same_user))
        .filter(users::tenant_id.eq(tenant))
        .filter(users::email_key.eq(key))
        .select((User::as_select(), Option::<LocalCredential>::as_select()))
        .first(conn)
        .optional()
}

/// Sets the user's password, whatever it was.
///
/// # Errors
/// What the database says.
pub fn put(conn: &mut PgConnection, tenant: Uuid, row: &LocalCredential) -> QueryResult<usize> {
    debug_assert_eq!(tenant, row.tenant_id);
    diesel::insert_into(local_credentials::table)
        .values(row)
        .on_conflict((local_credentials::tenant_id, local_credentials::user_id))
        .do_update()
        .set((
            local_credentials::password_hash.eq(&row.password_hash),
            local_credentials::must_change.eq(row.must_change),
            local_credentials::password_id.eq(row.password_id),
            local_credentials::changed_at.eq(row.changed_at),
        ))
        .execute(conn)
}

/// The person's own choice of another password, when the one before is still `password`; tells whether it was.
///
/// # Errors
/// What the database says.
pub fn change(
    conn: &mut PgConnection,
    tenant: Uuid,
    (user, password): (Uuid, Uuid),
    password_hash: &str,
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    let same = local_credentials::table.find((tenant, user)).filter(local_credentials::password_id.eq(password));
    let changed = diesel::update(same)
        .set((
            local_credentials::password_hash.eq(password_hash),
            local_credentials::must_change.eq(false),
            local_credentials::password_id.eq(Uuid::now_v7()),
            local_credentials::changed_at.eq(now),
        ))
        .execute(conn)?;
    Ok(changed == 1)
}

/// Whether the user's password is still `password`, held against changes until the transaction ends. `renewed` replaces the
/// hash of the same password.
///
/// # Errors
/// What the database says.
pub fn hold(
    conn: &mut PgConnection,
    tenant: Uuid,
    (user, password): (Uuid, Uuid),
    renewed: Option<&str>,
) -> QueryResult<bool> {
    let same = local_credentials::table.find((tenant, user)).filter(local_credentials::password_id.eq(password));
    if let Some(hash) = renewed {
        return Ok(diesel::update(same).set(local_credentials::password_hash.eq(hash)).execute(conn)? == 1);
    }
    let held = same.select(local_credentials::password_id).for_share().first::<Uuid>(conn).optional()?;
    Ok(held.is_some())
}

/// Takes the user's password away; tells whether there was one.
///
/// # Errors
/// What the database says.
pub fn delete(conn: &mut PgConnection, tenant: Uuid, user: Uuid) -> QueryResult<bool> {
    Ok(diesel::delete(local_credentials::table.find((tenant, user))).execute(conn)? == 1)
}
