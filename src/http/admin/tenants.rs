//! Tenants: made and ended by operators, looked after by their own admins.

use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::flows::manage_tenants::{self, TenantIn, TenantPatch};
use crate::http::auth::{Operator, TenantAdmin, TenantAuditor};
use crate::http::body::{Body, Query};
use crate::http::etag::{self, IfMatch};
use crate::http::paging::{Page, page};
use crate::http::problem::Problem;
use crate::http::{Ctx, admin};
use crate::model::tenant::{Sso, Tenant, TenantStatus};
use crate::store::db::DbError;
use crate::store::tenants;

/// A tenant.
#[derive(Debug, Serialize, ToSchema)]
#[expect(missing_docs, reason = "the fields are described at TenantIn")]
pub struct TenantOut {
    pub id: Uuid,
    pub slug: String,
    pub name: String,
    pub external_id: Option<String>,
    pub status: TenantStatus,
    pub allowed_return_urls: Vec<String>,
    pub landing_url: Option<String>,
    pub sso: Sso,
    /// Until when a login by a connection has to confirm that `sso` is enforced; from then on it is what it was before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sso_confirm_by: Option<DateTime<Utc>>,
    pub support_email: Option<String>,
    pub logo_url: Option<String>,
    pub technical_contacts: Vec<String>,
    /// Where this tenant's people sign in.
    pub login_url: String,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

fn out(ctx: &Ctx, row: &Tenant) -> TenantOut {
    let (row, now) = (row.clone(), ctx.clock.now());
    TenantOut {
        login_url: ctx.config.url(&format!("/t/{}/login", row.slug)),
        id: row.id,
        slug: row.slug,
        name: row.name,
        external_id: row.external_id,
        status: row.status,
        allowed_return_urls: row.allowed_return_urls,
        landing_url: row.landing_url,
        sso: row.sso.at(now),
        sso_confirm_by: row.sso.confirm_by(now),
        support_email: row.support_email,
        logo_url: row.logo_url,
        technical_contacts: row.technical_contacts,
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
    }
}

/// Which tenants.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct TenantQuery {
    /// Only the one with this external id.
    pub external_id: Option<String>,
    /// How many, 1 to 200; 50 when absent.
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// Lists tenants (operators).
#[utoipa::path(get, path = "/v1/tenants", tag = "tenants", params(TenantQuery), responses((status = 200, body = Page<TenantOut>)))]
pub async fn list_tenants(ctx: Ctx, _operator: Operator, query: Query<TenantQuery>) -> Result<HttpResponse, Problem> {
    let query = query.read()?;
    let wanted = page(query.limit, query.cursor.as_deref())?;
    let external_id = query.external_id;
    let rows =
        ctx.db.system(move |conn| Ok::<_, DbError>(tenants::list(conn, external_id.as_deref(), wanted)?)).await?;
    Ok(HttpResponse::Ok().json(Page::of(&rows, wanted, |t| t.id, |t| out(&ctx, t))))
}

/// Creates a tenant (operators).
#[utoipa::path(post, path = "/v1/tenants", tag = "tenants", request_body = TenantIn, responses((status = 201, body = TenantOut)))]
pub async fn create_tenant(ctx: Ctx, operator: Operator, body: Body<TenantIn>) -> Result<HttpResponse, Problem> {
    let row = manage_tenants::create(&ctx, operator.stamp(&ctx), body.read()?).await?;
    Ok(etag::created(ctx.config.url(&format!("/v1/tenants/{}", row.slug)), row.version, &out(&ctx, &row)))
}

/// Reads a tenant.
#[utoipa::path(get, path = "/v1/tenants/{tenant}", tag = "tenants", responses((status = 200, body = TenantOut)))]
pub async fn get_tenant(ctx: Ctx, caller: TenantAuditor) -> Result<HttpResponse, Problem> {
    let row = admin::find(&ctx, &caller, tenants::find).await?;
    Ok(etag::ok(row.version, &out(&ctx, &row)))
}

/// Changes a tenant; status and external id are for operators.
#[utoipa::path(patch, path = "/v1/tenants/{tenant}", tag = "tenants", request_body = TenantPatch, responses((status = 200, body = TenantOut)))]
pub async fn update_tenant(
    ctx: Ctx,
    caller: TenantAdmin,
    expected: IfMatch,
    body: Body<TenantPatch>,
) -> Result<HttpResponse, Problem> {
    let row =
        manage_tenants::update(&ctx, caller.stamp(&ctx), caller.tenant_id(), expected.read()?, body.read()?).await?;
    Ok(etag::ok(row.version, &out(&ctx, &row)))
}

/// Deletes a tenant with all that is its own (operators). Its slug is never given out again.
#[utoipa::path(delete, path = "/v1/tenants/{tenant}", tag = "tenants", responses((status = 204)))]
pub async fn delete_tenant(
    ctx: Ctx,
    operator: Operator,
    path: web::Path<String>,
    expected: IfMatch,
) -> Result<HttpResponse, Problem> {
    let tenant = ctx.tenant(&path).await?.ok_or_else(Problem::not_found)?;
    manage_tenants::delete(&ctx, operator.stamp(&ctx), tenant.tenant.id, expected.read()?).await?;
    Ok(HttpResponse::NoContent().finish())
}
