//! manage_domains: a tenant claims its e-mail domains; an operator attests them.

use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::context::Context;
use crate::flows::Error;
use crate::flows::authenticate::Caller;
use crate::flows::patch::{nullable, put};
use crate::flows::write::{change, remove, saved, write};
use crate::model::audit::{Event, Stamp, Subject};
use crate::model::domain::{DomainMethod, DomainStatus, VerifiedDomain, is_public_mail_domain};
use crate::model::email::normal_domain;
use crate::store::{Versioned, connections, domains};

/// A domain to claim. It counts for nothing until it is verified.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DomainIn {
    /// The domain, such as `acme.example`.
    #[garde(length(bytes, max = 253))]
    pub domain: String,
    /// Where addresses of this domain sign in.
    #[garde(skip)]
    pub connection_id: Option<Uuid>,
}

/// What to change of a domain; absent fields stay.
#[derive(Debug, Clone, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DomainPatch {
    /// Where addresses of this domain sign in; `null` means the tenant's login page.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Uuid>)]
    #[garde(skip)]
    pub connection_id: Option<Option<Uuid>>,
}

/// Claims a domain.
///
/// # Errors
/// [`Error::Invalid`] for what is no domain, or one where everybody may have an address (L-21); [`Error::Conflict`].
pub async fn create(ctx: &Context, caller: &Caller, input: DomainIn) -> Result<VerifiedDomain, Error> {
    let (tenant, stamp) = (caller.tenant_id(), caller.stamp(ctx));
    let domain =
        normal_domain(&input.domain).ok_or_else(|| Error::invalid("domain", "is not a domain such as acme.example"))?;
    if is_public_mail_domain(&domain) {
        return Err(Error::invalid("domain", "is a public mail provider's; nobody's own"));
    }
    write(ctx, tenant, stamp, move |conn| {
        let row = VerifiedDomain {
            tenant_id: tenant,
            id: Uuid::now_v7(),
            domain,
            status: DomainStatus::Pending,
            method: None,
            connection_id: input.connection_id,
            verified_at: None,
            version: 1,
            created_at: stamp.at,
            updated_at: stamp.at,
        };
        check_connection(conn, &row)?;
        domains::insert(conn, tenant, &row)?;
        let event = Event::DomainCreated(Subject { id: row.id, name: Some(row.domain.clone()) });
        Ok((row, Some(event)))
    })
    .await
}

/// Changes where a domain signs in.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Stale`], [`Error::Invalid`].
pub async fn update(
    ctx: &Context,
    caller: &Caller,
    id: Uuid,
    expected: Option<i64>,
    patch: DomainPatch,
) -> Result<VerifiedDomain, Error> {
    change(ctx, caller, (id, expected), Event::DomainUpdated, move |conn, row: &mut VerifiedDomain| {
        let mut fields = Vec::new();
        put(&mut row.connection_id, patch.connection_id, "connection_id", &mut fields);
        check_connection(conn, row)?;
        Ok(fields)
    })
    .await
}

/// An operator attests that the domain is this tenant's.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Conflict`] `domain_taken` when it is verified for another tenant.
pub async fn attest(ctx: &Context, stamp: Stamp, tenant: Uuid, id: Uuid) -> Result<VerifiedDomain, Error> {
    write(ctx, tenant, stamp, move |conn| {
        let mut row = domains::find(conn, tenant, id)?.ok_or(Error::NotFound)?;
        if row.status == DomainStatus::Verified {
            return Ok((row, None));
        }
        (row.status, row.method, row.verified_at) =
            (DomainStatus::Verified, Some(DomainMethod::Operator), Some(stamp.at));
        let before = row.version;
        row.bump(stamp.at);
        saved(row.save(conn, before)?)?;
        let event = Event::DomainVerified(Subject { id, name: Some(row.domain.clone()) });
        Ok((row, Some(event)))
    })
    .await
}

/// Gives a domain up.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Stale`].
pub async fn delete(ctx: &Context, caller: &Caller, id: Uuid, expected: Option<i64>) -> Result<(), Error> {
    remove(ctx, caller, (id, expected), move |_, row: &VerifiedDomain| {
        Ok(Event::DomainDeleted(Subject { id, name: Some(row.domain.clone()) }))
    })
    .await
}

fn check_connection(conn: &mut diesel::PgConnection, row: &VerifiedDomain) -> Result<(), Error> {
    match row.connection_id {
        Some(id) if connections::find(conn, row.tenant_id, id)?.is_none() => {
            Err(Error::invalid("connection_id", "names no connection of this tenant"))
        }
        _ => Ok(()),
    }
}
