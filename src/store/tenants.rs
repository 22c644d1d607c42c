//! Tenants and their slugs.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::model::page::PageRequest;
use crate::model::tenant::{Sso, Tenant};
use crate::schema::{tenant_slugs, tenants};

/// The tenant itself, within its own transaction.
///
/// # Errors
/// What the database says.
pub fn find(conn: &mut PgConnection, tenant: Uuid) -> QueryResult<Option<Tenant>> {
    tenants::table.find(tenant).select(Tenant::as_select()).first(conn).optional()
}

/// The tenant with this slug (system).
///
/// # Errors
/// What the database says.
pub fn find_by_slug(conn: &mut PgConnection, slug: &str) -> QueryResult<Option<Tenant>> {
    tenants::table.filter(tenants::slug.eq(slug)).select(Tenant::as_select()).first(conn).optional()
}

/// The tenant with this id of the SaaS (system).
///
/// # Errors
/// What the database says.
pub fn find_by_external_id(conn: &mut PgConnection, external_id: &str) -> QueryResult<Option<Tenant>> {
    tenants::table.filter(tenants::external_id.eq(external_id)).select(Tenant::as_select()).first(conn).optional()
}

/// A page of all tenants (system); `external_id` narrows it to the one with that id.
///
/// # Errors
/// What the database says.
pub fn list(conn: &mut PgConnection, external_id: Option<&str>, page: PageRequest) -> QueryResult<Vec<Tenant>> {
    let mut query = tenants::table.select(Tenant::as_select()).into_boxed();
    if let Some(external_id) = external_id {
        query = query.filter(tenants::external_id.eq(external_id.to_owned()));
    }
    if let Some(after) = page.after {
        query = query.filter(tenants::id.gt(after));
    }
    query.order(tenants::id).limit(page.limit).load(conn)
}

/// The tenant, held against changes until the transaction ends; what refers to it goes on.
///
/// # Errors
/// What the database says.
pub fn lock(conn: &mut PgConnection, tenant: Uuid) -> QueryResult<Option<Tenant>> {
    tenants::table.find(tenant).select(Tenant::as_select()).for_no_key_update().first(conn).optional()
}

/// Makes an enforcement of `sso` last that waits to be confirmed at `now`; tells whether one did.
///
/// # Errors
/// What the database says.
pub fn confirm_sso(conn: &mut PgConnection, tenant: Uuid, now: DateTime<Utc>) -> QueryResult<bool> {
    let waits = tenants::table.find(tenant).filter(tenants::sso_confirm_by.gt(now));
    let lasts = (
        tenants::sso_before.eq(None::<Sso>),
        tenants::sso_confirm_by.eq(None::<DateTime<Utc>>),
        tenants::version.eq(tenants::version + 1),
        tenants::updated_at.eq(now),
    );
    Ok(diesel::update(waits).set(lasts).execute(conn)? == 1)
}

/// Tenants whose `sso` was to be confirmed by `now` and is not, at most `limit` (system).
///
/// # Errors
/// What the database says.
pub fn sso_over(conn: &mut PgConnection, now: DateTime<Utc>, limit: i64) -> QueryResult<Vec<Uuid>> {
    let over = tenants::table.filter(tenants::sso_confirm_by.le(now)).select(tenants::id);
    over.order(tenants::sso_confirm_by).limit(limit).load(conn)
}

/// Adds a tenant and takes its slug, within the new tenant's own transaction.
///
/// # Errors
/// What the database says; a unique violation when slug or external id is taken, or the slug was ever.
pub fn insert(conn: &mut PgConnection, tenant: &Tenant) -> QueryResult<usize> {
    diesel::insert_into(tenant_slugs::table)
        .values((tenant_slugs::slug.eq(&tenant.slug), tenant_slugs::created_at.eq(tenant.created_at)))
        .execute(conn)?;
    diesel::insert_into(tenants::table).values(tenant).execute(conn)
}

/// Writes a changed tenant back, when its version is still `version`.
///
/// # Errors
/// What the database says, a unique violation among it.
pub fn save(conn: &mut PgConnection, tenant: &Tenant, version: i64) -> QueryResult<usize> {
    diesel::update(tenants::table.find(tenant.id).filter(tenants::version.eq(version))).set(tenant).execute(conn)
}

/// Deletes a tenant with all that is its own; its slug stays taken (T-14).
///
/// # Errors
/// What the database says.
pub fn delete(conn: &mut PgConnection, tenant: &Tenant, now: DateTime<Utc>) -> QueryResult<usize> {
    diesel::update(tenant_slugs::table.find(&tenant.slug)).set(tenant_slugs::retired_at.eq(now)).execute(conn)?;
    diesel::delete(tenants::table.find(tenant.id)).execute(conn)
}
