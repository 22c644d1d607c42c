//! Group mappings of a tenant.

use actix_web::HttpResponse;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::flows::manage_group_mappings::{self, GroupMappingIn, GroupMappingPatch};
use crate::http::Ctx;
use crate::http::admin::{self, ObjectPath};
use crate::http::auth::{TenantAdmin, TenantAuditor};
use crate::http::body::{Body, Query};
use crate::http::etag::{self, IfMatch};
use crate::http::paging::{Page, PageQuery};
use crate::http::problem::Problem;
use crate::model::group::{GroupMapping, MatchKind};
use crate::store::group_mappings;

/// A group mapping.
#[derive(Debug, Serialize, ToSchema)]
#[expect(missing_docs, reason = "the fields are described at GroupMappingIn")]
pub struct GroupMappingOut {
    pub id: Uuid,
    pub group_id: Uuid,
    pub connection_id: Option<Uuid>,
    pub match_kind: MatchKind,
    pub pattern: String,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl From<&GroupMapping> for GroupMappingOut {
    fn from(row: &GroupMapping) -> Self {
        Self {
            id: row.id,
            group_id: row.group_id,
            connection_id: row.source_id,
            match_kind: row.match_kind,
            pattern: row.pattern.clone(),
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// Lists group mappings.
#[utoipa::path(get, path = "/v1/tenants/{tenant}/group-mappings", tag = "group mappings", params(PageQuery), responses((status = 200, body = Page<GroupMappingOut>)))]
pub async fn list_group_mappings(
    ctx: Ctx,
    caller: TenantAuditor,
    query: Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let page = query.read()?.request()?;
    let rows = admin::read(&ctx, &caller, move |c, t| group_mappings::list(c, t, page)).await?;
    Ok(HttpResponse::Ok().json(Page::of(&rows, page, |m| m.id, GroupMappingOut::from)))
}

/// Creates a group mapping.
#[utoipa::path(post, path = "/v1/tenants/{tenant}/group-mappings", tag = "group mappings", request_body = GroupMappingIn, responses((status = 201, body = GroupMappingOut)))]
pub async fn create_group_mapping(
    ctx: Ctx,
    caller: TenantAdmin,
    body: Body<GroupMappingIn>,
) -> Result<HttpResponse, Problem> {
    let row = manage_group_mappings::create(&ctx, &caller, body.read()?).await?;
    Ok(etag::created(
        admin::location(&ctx, &caller, "group-mappings", row.id),
        row.version,
        &GroupMappingOut::from(&row),
    ))
}

/// Reads a group mapping.
#[utoipa::path(get, path = "/v1/tenants/{tenant}/group-mappings/{id}", tag = "group mappings", responses((status = 200, body = GroupMappingOut)))]
pub async fn get_group_mapping(ctx: Ctx, caller: TenantAuditor, path: ObjectPath) -> Result<HttpResponse, Problem> {
    let row = admin::find(&ctx, &caller, move |c, t| group_mappings::find(c, t, path.1)).await?;
    Ok(etag::ok(row.version, &GroupMappingOut::from(&row)))
}

/// Changes a group mapping.
#[utoipa::path(patch, path = "/v1/tenants/{tenant}/group-mappings/{id}", tag = "group mappings", request_body = GroupMappingPatch, responses((status = 200, body = GroupMappingOut)))]
pub async fn update_group_mapping(
    ctx: Ctx,
    caller: TenantAdmin,
    path: ObjectPath,
    expected: IfMatch,
    body: Body<GroupMappingPatch>,
) -> Result<HttpResponse, Problem> {
    let row = manage_group_mappings::update(&ctx, &caller, path.1, expected.read()?, body.read()?).await?;
    Ok(etag::ok(row.version, &GroupMappingOut::from(&row)))
}

/// Deletes a group mapping.
#[utoipa::path(delete, path = "/v1/tenants/{tenant}/group-mappings/{id}", tag = "group mappings", responses((status = 204)))]
pub async fn delete_group_mapping(
    ctx: Ctx,
    caller: TenantAdmin,
    path: ObjectPath,
    expected: IfMatch,
) -> Result<HttpResponse, Problem> {
    manage_group_mappings::delete(&ctx, &caller, path.1, expected.read()?).await?;
    Ok(HttpResponse::NoContent().finish())
}
