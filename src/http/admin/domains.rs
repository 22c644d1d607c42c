//! E-mail domains of a tenant.

use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::flows::manage_domains::{self, DomainIn, DomainPatch};
use crate::http::Ctx;
use crate::http::admin::{self, ObjectPath};
use crate::http::auth::{Operator, TenantAdmin, TenantAuditor};
use crate::http::body::{Body, Query};
use crate::http::etag::{self, IfMatch};
use crate::http::paging::{Page, PageQuery};
use crate::http::problem::Problem;
use crate::model::domain::{DomainMethod, DomainStatus, VerifiedDomain};
use crate::store::domains;

/// An e-mail domain.
#[derive(Debug, Serialize, ToSchema)]
#[expect(missing_docs, reason = "the fields are described at DomainIn")]
pub struct DomainOut {
    pub id: Uuid,
    pub domain: String,
    /// Only a verified domain counts.
    pub status: DomainStatus,
    /// Who attested it.
    pub method: Option<DomainMethod>,
    pub connection_id: Option<Uuid>,
    pub verified_at: Option<DateTime<Utc>>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl From<&VerifiedDomain> for DomainOut {
    fn from(row: &VerifiedDomain) -> Self {
        Self {
            id: row.id,
            domain: row.domain.clone(),
            status: row.status,
            method: row.method,
            connection_id: row.connection_id,
            verified_at: row.verified_at,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// Lists domains.
#[utoipa::path(get, path = "/v1/tenants/{tenant}/domains", tag = "domains", params(PageQuery), responses((status = 200, body = Page<DomainOut>)))]
pub async fn list_domains(ctx: Ctx, caller: TenantAuditor, query: Query<PageQuery>) -> Result<HttpResponse, Problem> {
    let page = query.read()?.request()?;
    let rows = admin::read(&ctx, &caller, move |c, t| domains::list(c, t, page)).await?;
    Ok(HttpResponse::Ok().json(Page::of(&rows, page, |d| d.id, DomainOut::from)))
}

/// Claims a domain; it counts for nothing until it is verified.
#[utoipa::path(post, path = "/v1/tenants/{tenant}/domains", tag = "domains", request_body = DomainIn, responses((status = 201, body = DomainOut)))]
pub async fn create_domain(ctx: Ctx, caller: TenantAdmin, body: Body<DomainIn>) -> Result<HttpResponse, Problem> {
    let row = manage_domains::create(&ctx, &caller, body.read()?).await?;
    Ok(etag::created(admin::location(&ctx, &caller, "domains", row.id), row.version, &DomainOut::from(&row)))
}

/// Reads a domain.
#[utoipa::path(get, path = "/v1/tenants/{tenant}/domains/{id}", tag = "domains", responses((status = 200, body = DomainOut)))]
pub async fn get_domain(ctx: Ctx, caller: TenantAuditor, path: ObjectPath) -> Result<HttpResponse, Problem> {
    let row = admin::find(&ctx, &caller, move |c, t| domains::find(c, t, path.1)).await?;
    Ok(etag::ok(row.version, &DomainOut::from(&row)))
}

/// Changes where a domain signs in.
#[utoipa::path(patch, path = "/v1/tenants/{tenant}/domains/{id}", tag = "domains", request_body = DomainPatch, responses((status = 200, body = DomainOut)))]
pub async fn update_domain(
    ctx: Ctx,
    caller: TenantAdmin,
    path: ObjectPath,
    expected: IfMatch,
    body: Body<DomainPatch>,
) -> Result<HttpResponse, Problem> {
    let row = manage_domains::update(&ctx, &caller, path.1, expected.read()?, body.read()?).await?;
    Ok(etag::ok(row.version, &DomainOut::from(&row)))
}

/// Attests that a domain is the tenant's (operators).
#[utoipa::path(post, path = "/v1/tenants/{tenant}/domains/{id}/attest", tag = "domains", responses((status = 200, body = DomainOut)))]
pub async fn attest_domain(
    ctx: Ctx,
    operator: Operator,
    path: web::Path<(String, Uuid)>,
) -> Result<HttpResponse, Problem> {
    let tenant = ctx.tenant(&path.0).await?.ok_or_else(Problem::not_found)?;
    let row = manage_domains::attest(&ctx, operator.stamp(&ctx), tenant.tenant.id, path.1).await?;
    Ok(etag::ok(row.version, &DomainOut::from(&row)))
}

/// Gives a domain up.
#[utoipa::path(delete, path = "/v1/tenants/{tenant}/domains/{id}", tag = "domains", responses((status = 204)))]
pub async fn delete_domain(
    ctx: Ctx,
    caller: TenantAdmin,
    path: ObjectPath,
    expected: IfMatch,
) -> Result<HttpResponse, Problem> {
    manage_domains::delete(&ctx, &caller, path.1, expected.read()?).await?;
    Ok(HttpResponse::NoContent().finish())
}
