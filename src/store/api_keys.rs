//! API keys.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::model::api_key::ApiKey;
use crate::model::page::PageRequest;
use crate::model::service_account::ServiceAccount;
use crate::model::user::User;
use crate::schema::{api_keys, service_accounts, users};
use crate::store::crud;

crud!(api_keys, ApiKey);

/// A key and whoever it belongs to.
pub type KeyAndOwner = (ApiKey, Option<User>, Option<ServiceAccount>);

/// The key with this hash, and the user or service account it belongs to.
///
/// # Errors
/// What the database says.
pub fn find_by_secret(conn: &mut PgConnection, tenant: Uuid, secret_hash: &[u8]) -> QueryResult<Option<KeyAndOwner>> {
    api_keys::table
        .left_join(
            users::table.on(users::tenant_id.eq(api_keys::tenant_id).and(users::id.nullable().eq(api_keys::user_id))),
        )
        .left_join(
            service_accounts::table.on(service_accounts::tenant_id
                .eq(api_keys::tenant_id)
                .and(service_accounts::id.nullable().eq(api_keys::service_account_id))),
        )
        .filter(api_keys::tenant_id.eq(tenant))
        .filter(api_keys::secret_hash.eq(secret_hash))
        .select((ApiKey::as_select(), Option::<User>::as_select(), Option::<ServiceAccount>::as_select()))
        .first(conn)
        .optional()
}

/// Revokes a key; tells whether it was still good.
///
/// # Errors
/// What the database says.
pub fn revoke(conn: &mut PgConnection, tenant: Uuid, id: Uuid, now: DateTime<Utc>) -> QueryResult<bool> {
    let good = api_keys::table.find((tenant, id)).filter(api_keys::revoked_at.is_null());
    Ok(diesel::update(good).set(api_keys::revoked_at.eq(now)).execute(conn)? == 1)
}

/// Revokes every key of a user; tells how many were still good.
///
/// # Errors
/// What the database says.
pub fn revoke_of_user(conn: &mut PgConnection, tenant: Uuid, user: Uuid, now: DateTime<Utc>) -> QueryResult<usize> {
    let good = api_keys::table
        .filter(api_keys::tenant_id.eq(tenant))
        .filter(api_keys::user_id.eq(user))
        .filter(api_keys::revoked_at.is_null());
    diesel::update(good).set(api_keys::revoked_at.eq(now)).execute(conn)
}

/// Notes a use.
///
/// # Errors
/// What the database says.
pub fn touch(conn: &mut PgConnection, tenant: Uuid, id: Uuid, now: DateTime<Utc>) -> QueryResult<usize> {
    diesel::update(api_keys::table.find((tenant, id))).set(api_keys::last_used_at.eq(now)).execute(conn)
}
