//! Service accounts of a tenant.

use actix_web::HttpResponse;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::flows::manage_service_accounts::{self, ServiceAccountIn, ServiceAccountPatch};
use crate::http::Ctx;
use crate::http::admin::{self, ObjectPath};
use crate::http::auth::{TenantAdmin, TenantAuditor};
use crate::http::body::{Body, Query};
use crate::http::etag::{self, IfMatch};
use crate::http::paging::{Page, PageQuery};
use crate::http::problem::Problem;
use crate::model::role::{AccountStatus, Role};
use crate::model::service_account::ServiceAccount;
use crate::store::service_accounts;

/// A service account.
#[derive(Debug, Serialize, ToSchema)]
#[expect(missing_docs, reason = "the fields are described at ServiceAccountIn")]
pub struct ServiceAccountOut {
    pub id: Uuid,
    pub name: String,
    pub role: Role,
    pub status: AccountStatus,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl From<&ServiceAccount> for ServiceAccountOut {
    fn from(row: &ServiceAccount) -> Self {
        Self {
            id: row.id,
            name: row.name.clone(),
            role: row.role,
            status: row.status,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// Lists service accounts.
#[utoipa::path(get, path = "/v1/tenants/{tenant}/service-accounts", tag = "service accounts", params(PageQuery), responses((status = 200, body = Page<ServiceAccountOut>)))]
pub async fn list_service_accounts(
    ctx: Ctx,
    caller: TenantAuditor,
    query: Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let page = query.read()?.request()?;
    let rows = admin::read(&ctx, &caller, move |c, t| service_accounts::list(c, t, page)).await?;
    Ok(HttpResponse::Ok().json(Page::of(&rows, page, |a| a.id, ServiceAccountOut::from)))
}

/// Creates a service account.
#[utoipa::path(post, path = "/v1/tenants/{tenant}/service-accounts", tag = "service accounts", request_body = ServiceAccountIn, responses((status = 201, body = ServiceAccountOut)))]
pub async fn create_service_account(
    ctx: Ctx,
    caller: TenantAdmin,
    body: Body<ServiceAccountIn>,
) -> Result<HttpResponse, Problem> {
    let row = manage_service_accounts::create(&ctx, &caller, body.read()?).await?;
    let location = admin::location(&ctx, &caller, "service-accounts", row.id);
    Ok(etag::created(location, row.version, &ServiceAccountOut::from(&row)))
}

/// Reads a service account.
#[utoipa::path(get, path = "/v1/tenants/{tenant}/service-accounts/{id}", tag = "service accounts", responses((status = 200, body = ServiceAccountOut)))]
pub async fn get_service_account(ctx: Ctx, caller: TenantAuditor, path: ObjectPath) -> Result<HttpResponse, Problem> {
    let row = admin::find(&ctx, &caller, move |c, t| service_accounts::find(c, t, path.1)).await?;
    Ok(etag::ok(row.version, &ServiceAccountOut::from(&row)))
}

/// Changes a service account.
#[utoipa::path(patch, path = "/v1/tenants/{tenant}/service-accounts/{id}", tag = "service accounts", request_body = ServiceAccountPatch, responses((status = 200, body = ServiceAccountOut)))]
pub async fn update_service_account(
    ctx: Ctx,
    caller: TenantAdmin,
    path: ObjectPath,
    expected: IfMatch,
    body: Body<ServiceAccountPatch>,
) -> Result<HttpResponse, Problem> {
    let row = manage_service_accounts::update(&ctx, &caller, path.1, expected.read()?, body.read()?).await?;
    Ok(etag::ok(row.version, &ServiceAccountOut::from(&row)))
}

/// Deletes a service account with its keys.
#[utoipa::path(delete, path = "/v1/tenants/{tenant}/service-accounts/{id}", tag = "service accounts", responses((status = 204)))]
pub async fn delete_service_account(
    ctx: Ctx,
    caller: TenantAdmin,
    path: ObjectPath,
    expected: IfMatch,
) -> Result<HttpResponse, Problem> {
    manage_service_accounts::delete(&ctx, &caller, path.1, expected.read()?).await?;
    Ok(HttpResponse::NoContent().finish())
}
