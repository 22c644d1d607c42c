//! Users of a tenant.

use actix_web::HttpResponse;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::flows::manage_passwords::{self, PasswordIn};
use crate::flows::manage_users::{self, UserIn, UserPatch, UsersIn};
use crate::http::Ctx;
use crate::http::admin::groups::OriginOut;
use crate::http::admin::{self, ObjectPath};
use crate::http::auth::{TenantAdmin, TenantAuditor};
use crate::http::body::{Body, Query};
use crate::http::etag::{self, IfMatch};
use crate::http::paging::{Page, PageQuery, page};
use crate::http::problem::Problem;
use crate::model::email::EmailAddress;
use crate::model::group::GroupMembership;
use crate::model::profile::Profile;
use crate::model::role::{AccountStatus, Role};
use crate::model::user::User;
use crate::store::groups;
use crate::store::users::{self, UserFilter};

/// A user.
#[derive(Debug, Serialize, ToSchema)]
#[expect(missing_docs, reason = "the fields are described at UserIn")]
pub struct UserOut {
    pub id: Uuid,
    pub email: Option<String>,
    /// Whether the address was proven, and when.
    pub email_verified_at: Option<DateTime<Utc>>,
    pub name: Option<String>,
    pub given_name: Option<String>,
    pub family_name: Option<String>,
    pub picture: Option<String>,
    pub external_id: Option<String>,
    pub profile: Option<Profile>,
    pub role: Role,
    pub status: AccountStatus,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub last_login_at: Option<DateTime<Utc>>,
}

impl From<&User> for UserOut {
    fn from(row: &User) -> Self {
        let (row, profile) = (row.clone(), row.profile());
        Self {
            profile,
            id: row.id,
            email: row.email,
            email_verified_at: row.email_verified_at,
            name: row.name,
            given_name: row.given_name,
            family_name: row.family_name,
            picture: row.picture,
            external_id: row.external_id,
            role: row.role,
            status: row.status,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
            last_login_at: row.last_login_at,
        }
    }
}

/// Users of an import.
#[derive(Debug, Serialize, ToSchema)]
pub struct UsersOut {
    /// In the order of the request.
    pub users: Vec<UserOut>,
}

/// A group of a user, and who says so.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserGroupOut {
    /// The group.
    pub group_id: Uuid,
    /// Who says so; at least one.
    pub origins: Vec<OriginOut>,
}

impl From<&Vec<GroupMembership>> for UserGroupOut {
    fn from(rows: &Vec<GroupMembership>) -> Self {
        Self { group_id: rows[0].group_id, origins: rows.iter().map(OriginOut::from).collect() }
    }
}

/// Which users.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct UserQuery {
    /// Only the one with this address.
    pub email: Option<String>,
    /// Only the one with this external id.
    pub external_id: Option<String>,
    /// How many, 1 to 200; 50 when absent.
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// Lists users.
#[utoipa::path(get, path = "/v1/tenants/{tenant}/users", tag = "users", params(UserQuery), responses((status = 200, body = Page<UserOut>)))]
pub async fn list_users(ctx: Ctx, caller: TenantAuditor, query: Query<UserQuery>) -> Result<HttpResponse, Problem> {
    let query = query.read()?;
    let wanted = page(query.limit, query.cursor.as_deref())?;
    // What is no address is nobody's: an impossible key finds nothing.
    let email_key = query.email.map(|text| EmailAddress::parse(&text).map_or(text, |e| e.key));
    let filter = UserFilter { email_key, external_id: query.external_id };
    let page = wanted;
    let rows = admin::read(&ctx, &caller, move |c, t| users::search(c, t, &filter, page)).await?;
    Ok(HttpResponse::Ok().json(Page::of(&rows, page, |u| u.id, UserOut::from)))
}

/// Creates a user.
#[utoipa::path(post, path = "/v1/tenants/{tenant}/users", tag = "users", request_body = UserIn, responses((status = 201, body = UserOut)))]
pub async fn create_user(ctx: Ctx, caller: TenantAdmin, body: Body<UserIn>) -> Result<HttpResponse, Problem> {
    let created = manage_users::create(&ctx, &caller, vec![body.read()?], false).await?;
    let user = created.first().ok_or_else(Problem::not_found)?;
    Ok(etag::created(admin::location(&ctx, &caller, "users", user.id), user.version, &UserOut::from(user)))
}

/// Creates up to a thousand users with their identities, all or none.
#[utoipa::path(post, path = "/v1/tenants/{tenant}/users/import", tag = "users", request_body = UsersIn, responses((status = 201, body = UsersOut)))]
pub async fn import_users(ctx: Ctx, caller: TenantAdmin, body: Body<UsersIn>) -> Result<HttpResponse, Problem> {
    let created = manage_users::create(&ctx, &caller, body.read()?.users, true).await?;
    Ok(HttpResponse::Created().json(UsersOut { users: created.iter().map(UserOut::from).collect() }))
}

/// Reads a user.
#[utoipa::path(get, path = "/v1/tenants/{tenant}/users/{id}", tag = "users", responses((status = 200, body = UserOut)))]
pub async fn get_user(ctx: Ctx, caller: TenantAuditor, path: ObjectPath) -> Result<HttpResponse, Problem> {
    let user = admin::find(&ctx, &caller, move |c, t| users::find(c, t, path.1)).await?;
    Ok(etag::ok(user.version, &UserOut::from(&user)))
}

/// Changes a user; suspending ends their sessions.
#[utoipa::path(patch, path = "/v1/tenants/{tenant}/users/{id}", tag = "users", request_body = UserPatch, responses((status = 200, body = UserOut)))]
pub async fn update_user(
    ctx: Ctx,
    caller: TenantAdmin,
    path: ObjectPath,
    expected: IfMatch,
    body: Body<UserPatch>,
) -> Result<HttpResponse, Problem> {
    let user = manage_users::update(&ctx, &caller, path.1, expected.read()?, body.read()?).await?;
    Ok(etag::ok(user.version, &UserOut::from(&user)))
}

/// Deletes a user with identities, sessions, keys and memberships.
#[utoipa::path(delete, path = "/v1/tenants/{tenant}/users/{id}", tag = "users", responses((status = 204)))]
pub async fn delete_user(
    ctx: Ctx,
    caller: TenantAdmin,
    path: ObjectPath,
    expected: IfMatch,
) -> Result<HttpResponse, Problem> {
    manage_users::delete(&ctx, &caller, path.1, expected.read()?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Sets a user's password; their sessions end.
#[utoipa::path(put, path = "/v1/tenants/{tenant}/users/{id}/password", tag = "users", request_body = PasswordIn, responses((status = 204)))]
pub async fn set_password(
    ctx: Ctx,
    caller: TenantAdmin,
    path: ObjectPath,
    body: Body<PasswordIn>,
) -> Result<HttpResponse, Problem> {
    manage_passwords::set(&ctx, &caller, path.1, body.read()?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Takes a user's password away, with the second step; their sessions end.
#[utoipa::path(delete, path = "/v1/tenants/{tenant}/users/{id}/password", tag = "users", responses((status = 204)))]
pub async fn remove_password(ctx: Ctx, caller: TenantAdmin, path: ObjectPath) -> Result<HttpResponse, Problem> {
    manage_passwords::remove(&ctx, &caller, path.1).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Lists the groups of a user.
#[utoipa::path(get, path = "/v1/tenants/{tenant}/users/{id}/groups", tag = "users", params(PageQuery), responses((status = 200, body = Page<UserGroupOut>)))]
pub async fn list_user_groups(
    ctx: Ctx,
    caller: TenantAuditor,
    path: ObjectPath,
    query: Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let user = path.1;
    admin::find(&ctx, &caller, move |c, t| users::find(c, t, user)).await?;
    let page = query.read()?.request()?;
    let rows = admin::read(&ctx, &caller, move |c, t| groups::of_user(c, t, user, page)).await?;
    Ok(HttpResponse::Ok().json(Page::of(&rows, page, |g| g[0].group_id, UserGroupOut::from)))
}
