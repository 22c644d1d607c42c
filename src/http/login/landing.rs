//! Signed in, with nowhere else to go: who am I here, and the way out. And the keys that providers ask for.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde_json::json;
use uuid::Uuid;

use crate::context::caches::TenantCache;
use crate::flows::authenticate;
use crate::flows::destination::account_url;
use crate::http::login::{page, see_other, tenant_of};
use crate::http::problem::Problem;
use crate::http::texts::{Texts, texts};
use crate::http::{Ctx, cookies};
use crate::model::session::Session;
use crate::model::tenant::TenantStatus;
use crate::model::user::User;
use crate::store::db::DbError;
use crate::store::{connections, groups};

#[derive(Template)]
#[template(path = "signed_in.html")]
struct SignedInPage<'a> {
    t: &'a Texts,
    organisation: &'a str,
    name: &'a str,
    email: &'a str,
    groups: Vec<String>,
    logout: String,
    account: String,
}

/// `GET /t/{tenant}`: who is signed in here; nobody goes to the login page.
pub async fn get_landing(ctx: Ctx, req: HttpRequest) -> Result<HttpResponse, Problem> {
    let tenant = match tenant_of(&ctx, &req).await {
        Ok(tenant) => tenant,
        Err(page) => return Ok(page),
    };
    let Some(found) = signed_in(&ctx, &req, &tenant).await? else {
        let login = ctx.config.url(&format!("/t/{}/login", tenant.tenant.slug));
        return Ok(see_other(&login).finish());
    };
    let (id, user) = (tenant.tenant.id, &found.1);
    let user_id = user.id;
    let names = ctx.db.tenant(id, move |conn| Ok::<_, DbError>(groups::names_of_user(conn, id, user_id)?));
    let template = SignedInPage {
        t: texts(&req),
        organisation: &tenant.tenant.name,
        name: user.name.as_deref().or(user.email.as_deref()).unwrap_or_default(),
        email: user.email.as_deref().unwrap_or_default(),
        groups: names.await?,
        logout: ctx.config.url(&format!("/t/{}/logout", tenant.tenant.slug)),
        account: account_url(&ctx, &tenant.tenant),
    };
    Ok(page(HttpResponse::Ok(), &ctx.config, &template, true))
}

/// Who is signed in.
pub(super) type SignedIn = Arc<(Session, User)>;

/// The session of the browser in this tenant, when both are good.
pub(super) async fn signed_in(ctx: &Ctx, req: &HttpRequest, tenant: &TenantCache) -> Result<Option<SignedIn>, DbError> {
    let active = tenant.tenant.status == TenantStatus::Active;
    match cookies::read_session(req, &ctx.config, tenant.tenant.id).filter(|_| active) {
        Some(cookie) => authenticate::session(ctx, tenant, &cookie).await,
        None => Ok(None),
    }
}

/// `GET /t/{tenant}/sso/{connection}/jwks.json`: our public key for private_key_jwt (RFC 7517).
pub async fn get_client_jwks(
    ctx: Ctx,
    req: HttpRequest,
    path: web::Path<(String, Uuid)>,
) -> Result<HttpResponse, Problem> {
    let slug = req.match_info().get("tenant").unwrap_or_default();
    let tenant = ctx.tenant(slug).await?.ok_or_else(Problem::not_found)?;
    if tenant.tenant.status != TenantStatus::Active {
        return Err(Problem::not_found()); // T-13
    }
    let (id, connection) = (tenant.tenant.id, path.1);
    let row = ctx.db.tenant(id, move |conn| Ok::<_, DbError>(connections::find(conn, id, connection)?)).await?;
    let row = row.ok_or_else(Problem::not_found)?;
    let keys: Vec<_> = row.client_key_public.into_iter().collect();
    Ok(HttpResponse::Ok().json(json!({"keys": keys})))
}
