//! The caller themselves: who am I here, and where am I signed in?

use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::flows::change_address::{self, OwnEmailIn, Person};
use crate::flows::manage_passwords::{self, OwnPasswordIn};
use crate::flows::manage_users::{self, ProfilePatch};
use crate::flows::{Error, manage_identities, manage_sessions};
use crate::http::Ctx;
use crate::http::admin::identities::IdentityOut;
use crate::http::admin::sessions::SessionOut;
use crate::http::admin::users::UserOut;
use crate::http::admin::{self, ObjectPath};
use crate::http::auth::TenantMember;
use crate::http::body::{Body, Query};
use crate::http::etag::{self, IfMatch};
use crate::http::paging::{Page, PageQuery};
use crate::http::problem::Problem;
use crate::http::texts::language;
use crate::model::audit::Actor;
use crate::model::role::Role;
use crate::store::{groups, identities, sessions, users};

/// Who calls.
#[derive(Debug, Serialize, ToSchema)]
pub struct MeOut {
    /// The tenant's id.
    pub tenant_id: Uuid,
    /// The tenant's slug.
    pub tenant: String,
    /// How the caller is known.
    pub actor: Actor,
    /// What the caller may do here.
    pub role: Role,
    /// The user, when the caller is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<UserOut>,
    /// The names of the user's groups.
    pub groups: Vec<String>,
}

/// Tells who calls.
#[utoipa::path(get, path = "/v1/tenants/{tenant}/me", tag = "me", responses((status = 200, body = MeOut)))]
pub async fn get_me(ctx: Ctx, caller: TenantMember) -> Result<HttpResponse, Problem> {
    let user_id = caller.user();
    let (user, names) = admin::read(&ctx, &caller, move |c, t| match user_id {
        Some(id) => Ok((users::find(c, t, id)?, groups::names_of_user(c, t, id)?)),
        None => Ok((None, Vec::new())),
    })
    .await?;
    let tenant = &caller.tenant.tenant;
    Ok(HttpResponse::Ok().json(MeOut {
        tenant_id: tenant.id,
        tenant: tenant.slug.clone(),
        actor: caller.actor,
        role: caller.role,
        user: user.as_ref().map(UserOut::from),
        groups: names,
    }))
}

/// Changes the caller's own password; their other sessions end. For sessions only, not for API keys.
#[utoipa::path(put, path = "/v1/tenants/{tenant}/me/password", tag = "me", request_body = OwnPasswordIn, responses((status = 204)))]
pub async fn change_my_password(
    ctx: Ctx,
    caller: TenantMember,
    body: Body<OwnPasswordIn>,
) -> Result<HttpResponse, Problem> {
    let changed = manage_passwords::change_own(&ctx, &caller, body.read()?).await?;
    changed.map_err(|unfit| Error::invalid("new_password", unfit))?;
    Ok(HttpResponse::NoContent().finish())
}

/// Changes the caller's own profile.
#[utoipa::path(patch, path = "/v1/tenants/{tenant}/me", tag = "me", request_body = ProfilePatch, responses((status = 200, body = UserOut)))]
pub async fn update_me(
    ctx: Ctx,
    caller: TenantMember,
    expected: IfMatch,
    body: Body<ProfilePatch>,
) -> Result<HttpResponse, Problem> {
    let user = manage_users::update_own(&ctx, &caller, expected.read()?, body.read()?).await?;
    Ok(etag::ok(user.version, &UserOut::from(&user)))
}

/// Lists the caller's own identities: what providers call them.
#[utoipa::path(get, path = "/v1/tenants/{tenant}/me/identities", tag = "me", params(PageQuery), responses((status = 200, body = Page<IdentityOut>)))]
pub async fn list_my_identities(
    ctx: Ctx,
    caller: TenantMember,
    query: Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let user = caller.user().ok_or_else(Problem::not_found)?;
    let page = query.read()?.request()?;
    let rows = admin::read(&ctx, &caller, move |c, t| identities::of_user(c, t, user, page)).await?;
    Ok(HttpResponse::Ok().json(Page::of(&rows, page, |i| i.id, IdentityOut::from)))
}

/// Unlinks one of the caller's own identities; the sessions that came in by it end. The last way in stays.
#[utoipa::path(delete, path = "/v1/tenants/{tenant}/me/identities/{id}", tag = "me", responses((status = 204)))]
pub async fn unlink_my_identity(ctx: Ctx, caller: TenantMember, path: ObjectPath) -> Result<HttpResponse, Problem> {
    let user = caller.user().ok_or_else(Problem::not_found)?;
    manage_identities::unlink(&ctx, &caller, user, path.1).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Ends every other session of the caller.
#[utoipa::path(delete, path = "/v1/tenants/{tenant}/me/sessions", tag = "me", responses((status = 204)))]
pub async fn revoke_my_other_sessions(ctx: Ctx, caller: TenantMember) -> Result<HttpResponse, Problem> {
    manage_sessions::revoke_others(&ctx, &caller).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Asks for another address for the caller's own account. It is theirs once they opened the link in the letter that goes
/// there; for sessions only, not for API keys.
#[utoipa::path(put, path = "/v1/tenants/{tenant}/me/email", tag = "me", request_body = OwnEmailIn, responses((status = 202)))]
pub async fn change_my_email(
    ctx: Ctx,
    req: HttpRequest,
    caller: TenantMember,
    body: Body<OwnEmailIn>,
) -> Result<HttpResponse, Problem> {
    let (user, session) = caller.person()?;
    let person = Person { user, session, language: language(&req), stamp: caller.stamp(&ctx) };
    change_address::ask(&ctx, &caller.tenant, person, body.read()?).await?;
    Ok(HttpResponse::Accepted().finish())
}

/// Lists the caller's own live sessions.
#[utoipa::path(get, path = "/v1/tenants/{tenant}/me/sessions", tag = "me", params(PageQuery), responses((status = 200, body = Page<SessionOut>)))]
pub async fn list_my_sessions(
    ctx: Ctx,
    caller: TenantMember,
    query: Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let user = caller.user().ok_or_else(Problem::not_found)?;
    let (page, now) = (query.read()?.request()?, ctx.clock.now());
    let rows = admin::read(&ctx, &caller, move |c, t| sessions::live(c, t, Some(user), now, page)).await?;
    Ok(HttpResponse::Ok().json(Page::of(&rows, page, |s| s.id, SessionOut::from)))
}

/// Ends one of the caller's own sessions.
#[utoipa::path(delete, path = "/v1/tenants/{tenant}/me/sessions/{id}", tag = "me", responses((status = 204)))]
pub async fn revoke_my_session(ctx: Ctx, caller: TenantMember, path: ObjectPath) -> Result<HttpResponse, Problem> {
    manage_sessions::revoke(&ctx, &caller, path.1, true).await?;
    Ok(HttpResponse::NoContent().finish())
}
