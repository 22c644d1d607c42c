//! Groups of a tenant, their members, the names that nothing mapped, and what the guard rail held back.

use actix_web::HttpResponse;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::flows::manage_groups::{self, GroupIn, GroupPatch};
use crate::http::Ctx;
use crate::http::admin::{self, ObjectPath, PartPath};
use crate::http::auth::{TenantAdmin, TenantAuditor};
use crate::http::body::{Body, Query};
use crate::http::etag::{self, IfMatch};
use crate::http::paging::{Page, PageQuery};
use crate::http::problem::Problem;
use crate::model::group::{Group, GroupMembership, HeldGroupRemoval, UnmatchedGroup};
use crate::store::groups;

/// A group.
#[derive(Debug, Serialize, ToSchema)]
#[expect(missing_docs, reason = "the fields are described at GroupIn")]
pub struct GroupOut {
    pub id: Uuid,
    pub name: String,
    pub description: Option<String>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl From<&Group> for GroupOut {
    fn from(row: &Group) -> Self {
        Self {
            id: row.id,
            name: row.name.clone(),
            description: row.description.clone(),
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// A member of a group.
#[derive(Debug, Serialize, ToSchema)]
pub struct MemberOut {
    /// The user.
    pub user_id: Uuid,
    /// Who says so; at least one.
    pub origins: Vec<OriginOut>,
}

/// Who says that a user is in a group.
#[derive(Debug, Serialize, ToSchema)]
pub struct OriginOut {
    /// The connection whose sync says so; absent when an admin did it by hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection_id: Option<Uuid>,
    /// Since when.
    pub created_at: DateTime<Utc>,
}

impl From<&GroupMembership> for OriginOut {
    fn from(row: &GroupMembership) -> Self {
        Self { connection_id: row.source_id(), created_at: row.created_at }
    }
}

impl From<&Vec<GroupMembership>> for MemberOut {
    fn from(rows: &Vec<GroupMembership>) -> Self {
        Self { user_id: rows[0].user_id, origins: rows.iter().map(OriginOut::from).collect() }
    }
}

/// An external group name that nothing mapped.
#[derive(Debug, Serialize, ToSchema)]
pub struct UnmatchedGroupOut {
    /// Who sent it.
    pub connection_id: Uuid,
    /// The name.
    pub name: String,
    /// In how many logins.
    pub times_seen: i64,
    /// First time.
    pub first_seen_at: DateTime<Utc>,
    /// Last time.
    pub last_seen_at: DateTime<Utc>,
}

impl From<&UnmatchedGroup> for UnmatchedGroupOut {
    fn from(row: &UnmatchedGroup) -> Self {
        Self {
            connection_id: row.source_id,
            name: row.name.clone(),
            times_seen: row.times_seen,
            first_seen_at: row.first_seen_at,
            last_seen_at: row.last_seen_at,
        }
    }
}

/// Removals that the guard rail held back.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeldRemovalOut {
    /// Its id.
    pub id: Uuid,
    /// Whose sync.
    pub connection_id: Uuid,
    /// Whose memberships.
    pub user_id: Uuid,
    /// The groups that the user would leave.
    pub group_ids: Vec<Uuid>,
    /// Since when.
    pub created_at: DateTime<Utc>,
}

impl From<&HeldGroupRemoval> for HeldRemovalOut {
    fn from(row: &HeldGroupRemoval) -> Self {
        Self {
            id: row.id,
            connection_id: row.source_id,
            user_id: row.user_id,
            group_ids: row.group_ids.clone(),
            created_at: row.created_at,
        }
    }
}

/// Lists groups.
#[utoipa::path(get, path = "/v1/tenants/{tenant}/groups", tag = "groups", params(PageQuery), responses((status = 200, body = Page<GroupOut>)))]
pub async fn list_groups(ctx: Ctx, caller: TenantAuditor, query: Query<PageQuery>) -> Result<HttpResponse, Problem> {
    let page = query.read()?.request()?;
    let rows = admin::read(&ctx, &caller, move |c, t| groups::list(c, t, page)).await?;
    Ok(HttpResponse::Ok().json(Page::of(&rows, page, |g| g.id, GroupOut::from)))
}

/// Creates a group.
#[utoipa::path(post, path = "/v1/tenants/{tenant}/groups", tag = "groups", request_body = GroupIn, responses((status = 201, body = GroupOut)))]
pub async fn create_group(ctx: Ctx, caller: TenantAdmin, body: Body<GroupIn>) -> Result<HttpResponse, Problem> {
    let row = manage_groups::create(&ctx, &caller, body.read()?).await?;
    Ok(etag::created(admin::location(&ctx, &caller, "groups", row.id), row.version, &GroupOut::from(&row)))
}

/// Reads a group.
#[utoipa::path(get, path = "/v1/tenants/{tenant}/groups/{id}", tag = "groups", responses((status = 200, body = GroupOut)))]
pub async fn get_group(ctx: Ctx, caller: TenantAuditor, path: ObjectPath) -> Result<HttpResponse, Problem> {
    let row = admin::find(&ctx, &caller, move |c, t| groups::find(c, t, path.1)).await?;
    Ok(etag::ok(row.version, &GroupOut::from(&row)))
}

/// Changes a group.
#[utoipa::path(patch, path = "/v1/tenants/{tenant}/groups/{id}", tag = "groups", request_body = GroupPatch, responses((status = 200, body = GroupOut)))]
pub async fn update_group(
    ctx: Ctx,
    caller: TenantAdmin,
    path: ObjectPath,
    expected: IfMatch,
    body: Body<GroupPatch>,
) -> Result<HttpResponse, Problem> {
    let row = manage_groups::update(&ctx, &caller, path.1, expected.read()?, body.read()?).await?;
    Ok(etag::ok(row.version, &GroupOut::from(&row)))
}

/// Deletes a group with memberships and mappings.
#[utoipa::path(delete, path = "/v1/tenants/{tenant}/groups/{id}", tag = "groups", responses((status = 204)))]
pub async fn delete_group(
    ctx: Ctx,
    caller: TenantAdmin,
    path: ObjectPath,
    expected: IfMatch,
) -> Result<HttpResponse, Problem> {
    manage_groups::delete(&ctx, &caller, path.1, expected.read()?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Lists the members of a group.
#[utoipa::path(get, path = "/v1/tenants/{tenant}/groups/{id}/members", tag = "groups", params(PageQuery), responses((status = 200, body = Page<MemberOut>)))]
pub async fn list_members(
    ctx: Ctx,
    caller: TenantAuditor,
    path: ObjectPath,
    query: Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let group = path.1;
    admin::find(&ctx, &caller, move |c, t| groups::find(c, t, group)).await?;
    let page = query.read()?.request()?;
    let rows = admin::read(&ctx, &caller, move |c, t| groups::members(c, t, group, page)).await?;
    Ok(HttpResponse::Ok().json(Page::of(&rows, page, |m| m[0].user_id, MemberOut::from)))
}

/// Puts a user into a group by hand.
#[utoipa::path(put, path = "/v1/tenants/{tenant}/groups/{id}/members/{user}", tag = "groups", responses((status = 204)))]
pub async fn add_member(ctx: Ctx, caller: TenantAdmin, path: PartPath) -> Result<HttpResponse, Problem> {
    manage_groups::add_member(&ctx, &caller, path.1, path.2).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Takes a user out of a group, where an admin had put them in by hand.
#[utoipa::path(delete, path = "/v1/tenants/{tenant}/groups/{id}/members/{user}", tag = "groups", responses((status = 204)))]
pub async fn remove_member(ctx: Ctx, caller: TenantAdmin, path: PartPath) -> Result<HttpResponse, Problem> {
    manage_groups::remove_member(&ctx, &caller, path.1, path.2).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Lists external group names that nothing mapped lately: the latest 200 on one page.
#[utoipa::path(get, path = "/v1/tenants/{tenant}/unmatched-groups", tag = "groups", responses((status = 200, body = Page<UnmatchedGroupOut>)))]
pub async fn list_unmatched_groups(ctx: Ctx, caller: TenantAuditor) -> Result<HttpResponse, Problem> {
    let rows = admin::read(&ctx, &caller, groups::unmatched).await?;
    Ok(HttpResponse::Ok().json(Page::all(rows.iter().map(UnmatchedGroupOut::from).collect())))
}

/// Lists removals that the guard rail held back.
#[utoipa::path(get, path = "/v1/tenants/{tenant}/held-group-removals", tag = "groups", params(PageQuery), responses((status = 200, body = Page<HeldRemovalOut>)))]
pub async fn list_held_removals(
    ctx: Ctx,
    caller: TenantAuditor,
    query: Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let page = query.read()?.request()?;
    let rows = admin::read(&ctx, &caller, move |c, t| groups::held::list(c, t, page)).await?;
    Ok(HttpResponse::Ok().json(Page::of(&rows, page, |h| h.id, HeldRemovalOut::from)))
}

/// Carries held removals out.
#[utoipa::path(post, path = "/v1/tenants/{tenant}/held-group-removals/{id}/apply", tag = "groups", responses((status = 204)))]
pub async fn apply_held_removal(ctx: Ctx, caller: TenantAdmin, path: ObjectPath) -> Result<HttpResponse, Problem> {
    manage_groups::settle_held(&ctx, &caller, path.1, true).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Dismisses held removals: the memberships stay.
#[utoipa::path(delete, path = "/v1/tenants/{tenant}/held-group-removals/{id}", tag = "groups", responses((status = 204)))]
pub async fn dismiss_held_removal(ctx: Ctx, caller: TenantAdmin, path: ObjectPath) -> Result<HttpResponse, Problem> {
    manage_groups::settle_held(&ctx, &caller, path.1, false).await?;
    Ok(HttpResponse::NoContent().finish())
}
