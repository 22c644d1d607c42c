//! manage_tenants: operators make and end tenants; a tenant's admins change what is theirs to change.

use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::context::Context;
use crate::flows::patch::{not_null, nullable, put};
use crate::flows::write::{check_version, saved, write};
use crate::flows::{Error, Fault, enforce_sso};
use crate::model::audit::{Actor, Change, Event, Stamp, Subject};
use crate::model::email::EmailAddress;
use crate::model::tenant::{Sso, Tenant, TenantStatus, is_logo_url, is_return_pattern, is_slug};
use crate::model::text::{valid_external_id, valid_name};
use crate::store::{audit_events, changes, tenants};

/// Most entries of `allowed_return_urls`.
const MAX_RETURN_URLS: usize = 50;

/// Most technical contacts.
const MAX_CONTACTS: usize = 10;

/// A tenant to create.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TenantIn {
    /// Part of every URL and issuer of the tenant; never changes, never given out again.
    #[garde(skip)]
    pub slug: String,
    /// Display name.
    #[garde(custom(valid_name))]
    pub name: String,
    /// Your own id for this customer; unique.
    #[garde(inner(custom(valid_external_id)))]
    pub external_id: Option<String>,
    /// Where logins may return to: exact URLs, or everything below one that ends in `/*`.
    #[serde(default)]
    #[garde(skip)]
    pub allowed_return_urls: Vec<String>,
    /// Where a login goes that names no (permitted) target.
    #[garde(skip)]
    pub landing_url: Option<String>,
    /// Whether connections (`enforced`), passwords of Doorward's own (`off`) or both (`optional`, the default) sign
    /// people in.
    #[garde(skip)]
    pub sso: Option<Sso>,
    /// Where the tenant's people find help; letters name it.
    #[serde(default)]
    #[garde(skip)]
    pub support_email: Option<String>,
    /// Where the tenant's logo is (https); letters show it.
    #[serde(default)]
    #[garde(skip)]
    pub logo_url: Option<String>,
    /// Addresses of those who look after the tenant's connections: they are told what expires.
    #[serde(default)]
    #[garde(skip)]
    pub technical_contacts: Vec<String>,
}

/// What to change of a tenant; absent fields stay.
#[derive(Debug, Clone, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TenantPatch {
    /// Display name.
    #[serde(default, deserialize_with = "not_null")]
    #[garde(inner(custom(valid_name)))]
    pub name: Option<String>,
    /// Your own id for this customer (operators only).
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    #[garde(inner(inner(custom(valid_external_id))))]
    pub external_id: Option<Option<String>>,
    /// Whether the tenant works (operators only).
    #[serde(default, deserialize_with = "not_null")]
    #[garde(skip)]
    pub status: Option<TenantStatus>,
    /// Where logins may return to.
    #[serde(default, deserialize_with = "not_null")]
    #[garde(skip)]
    pub allowed_return_urls: Option<Vec<String>>,
    /// Where a login goes that names no (permitted) target.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    #[garde(skip)]
    pub landing_url: Option<Option<String>>,
    /// Whether connections, passwords or both sign people in. `enforced` by an admin needs a login of theirs by an active
    /// connection within the last 15 minutes, and goes back after a day unless an owner or admin comes in by one; `off` by
    /// an admin needs an active owner with a password.
    #[serde(default, deserialize_with = "not_null")]
    #[garde(skip)]
    pub sso: Option<Sso>,
    /// Where the tenant's people find help.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    #[garde(skip)]
    pub support_email: Option<Option<String>>,
    /// Where the tenant's logo is.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    #[garde(skip)]
    pub logo_url: Option<Option<String>>,
    /// Addresses of those who look after the tenant's connections.
    #[serde(default, deserialize_with = "not_null")]
    #[garde(skip)]
    pub technical_contacts: Option<Vec<String>>,
}

/// Creates a tenant.
///
/// # Errors
/// [`Error::Invalid`], [`Error::Conflict`] `slug_taken` or `external_id_taken`.
pub async fn create(ctx: &Context, stamp: Stamp, input: TenantIn) -> Result<Tenant, Error> {
    if !is_slug(&input.slug) {
        let rule = "must be 2 to 40 lower-case letters, digits and single hyphens, begin with a letter and not be a reserved word";
        return Err(Error::invalid("slug", rule));
    }
    let tenant = Tenant {
        id: Uuid::now_v7(),
        slug: input.slug,
        name: input.name,
        external_id: input.external_id,
        status: TenantStatus::Active,
        allowed_return_urls: input.allowed_return_urls,
        landing_url: input.landing_url,
        version: 1,
        created_at: stamp.at,
        updated_at: stamp.at,
        sso: input.sso.unwrap_or(Sso::Optional).into(),
        support_email: input.support_email,
        logo_url: input.logo_url,
        technical_contacts: input.technical_contacts,
    };
    check(&tenant)?;
    let created = tenant.clone();
    let done = ctx.db.tenant(tenant.id, move |conn| {
        let event = Event::TenantCreated(Subject { id: tenant.id, name: Some(tenant.slug.clone()) });
        tenants::insert(conn, &tenant)?;
        audit_events::insert(conn, tenant.id, &stamp.event(tenant.id, &event))?;
        Ok::<_, Error>(audit_events::insert_operator(conn, &stamp.operator_event(&event))?)
    });
    done.await?;
    Ok(created)
}

/// Changes a tenant.
///
/// # Errors
/// [`Error::Invalid`], [`Error::Stale`], [`Error::Conflict`]; [`Error::Forbidden`] `operator_only` for what is an
/// operator's to change; those of [`enforce_sso::set`].
pub async fn update(
    ctx: &Context,
    stamp: Stamp,
    tenant: Uuid,
    expected: Option<i64>,
    patch: TenantPatch,
) -> Result<Tenant, Error> {
    let operator = matches!(stamp.actor, Actor::Operator { .. } | Actor::System);
    if !operator && (patch.status.is_some() || patch.external_id.is_some()) {
        return Err(Error::forbidden("operator_only", "status and external_id are for operators to change"));
    }
    let to_tell = ctx.clone();
    write(ctx, tenant, stamp, move |conn| {
        let mut row = tenants::lock(conn, tenant)?.ok_or(Error::NotFound)?;
        check_version(expected, row.version)?;
        let mut fields = Vec::new();
        put(&mut row.name, patch.name, "name", &mut fields);
        put(&mut row.external_id, patch.external_id, "external_id", &mut fields);
        put(&mut row.status, patch.status, "status", &mut fields);
        put(&mut row.allowed_return_urls, patch.allowed_return_urls, "allowed_return_urls", &mut fields);
        put(&mut row.landing_url, patch.landing_url, "landing_url", &mut fields);
        if let Some(wanted) = patch.sso {
            fields.extend(enforce_sso::set(conn, &to_tell, &mut row, wanted, stamp)?);
        }
        put(&mut row.support_email, patch.support_email, "support_email", &mut fields);
        put(&mut row.logo_url, patch.logo_url, "logo_url", &mut fields);
        put(&mut row.technical_contacts, patch.technical_contacts, "technical_contacts", &mut fields);
        if fields.is_empty() {
            return Ok((row, None));
        }
        check(&row)?;
        let before = row.version;
        (row.version, row.updated_at) = (before + 1, stamp.at);
        saved(tenants::save(conn, &row, before)?)?;
        Ok((row, Some(Event::TenantUpdated(Change { id: tenant, fields }))))
    })
    .await
}

/// Deletes a tenant with all that is its own. The slug stays taken; the audit log stays, out of reach.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Stale`].
pub async fn delete(ctx: &Context, stamp: Stamp, tenant: Uuid, expected: Option<i64>) -> Result<(), Error> {
    let done = ctx.db.tenant(tenant, move |conn| {
        let row = tenants::find(conn, tenant)?.ok_or(Error::NotFound)?;
        check_version(expected, row.version)?;
        let event = Event::TenantDeleted(Subject { id: tenant, name: Some(row.slug.clone()) });
        audit_events::insert(conn, tenant, &stamp.event(tenant, &event))?;
        audit_events::insert_operator(conn, &stamp.operator_event(&event))?;
        changes::note(conn, tenant)?;
        tenants::delete(conn, &row, stamp.at)?;
        Ok::<_, Error>(())
    });
    done.await?;
    ctx.caches.forget(tenant);
    Ok(())
}

fn check(tenant: &Tenant) -> Result<(), Error> {
    let mut faults = Vec::new();
    let rule = "must be an absolute https URL (http on loopback) without credentials, fragment or encoded slashes";
    if tenant.allowed_return_urls.len() > MAX_RETURN_URLS {
        faults.push(Fault { field: "allowed_return_urls".into(), message: format!("at most {MAX_RETURN_URLS}") });
    }
    for (n, url) in tenant.allowed_return_urls.iter().enumerate() {
        if !is_return_pattern(url) {
            faults.push(Fault { field: format!("allowed_return_urls[{n}]"), message: rule.into() });
        }
    }
    if tenant.landing_url.as_ref().is_some_and(|url| url.ends_with('*') || !is_return_pattern(url)) {
        faults.push(Fault { field: "landing_url".into(), message: rule.into() });
    }
    faults.extend(contact_faults(tenant));
    if faults.is_empty() { Ok(()) } else { Err(Error::Invalid(faults)) }
}

fn contact_faults(tenant: &Tenant) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut fault = |field: String, message: String| faults.push(Fault { field, message });
    if let Some(Err(error)) = tenant.support_email.as_deref().map(EmailAddress::parse) {
        fault("support_email".into(), error.to_string());
    }
    if tenant.logo_url.as_ref().is_some_and(|url| !is_logo_url(url)) {
        fault(
            "logo_url".into(),
            "must be an absolute https URL without credentials, fragment or encoded slashes".into(),
        );
    }
    if tenant.technical_contacts.len() > MAX_CONTACTS {
        fault("technical_contacts".into(), format!("at most {MAX_CONTACTS}"));
    }
    for (n, address) in tenant.technical_contacts.iter().enumerate() {
        if let Err(error) = EmailAddress::parse(address) {
            fault(format!("technical_contacts[{n}]"), error.to_string());
        }
    }
    faults
}
