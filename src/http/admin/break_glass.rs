//! The caller's own break-glass codes: by them an owner comes in while `sso` is enforced and the provider is down.

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use chrono::{DateTime, Utc};
use secrecy::ExposeSecret;
use serde::Serialize;
use utoipa::ToSchema;

use crate::flows::manage_break_glass::{self, NewCodes};
use crate::http::Ctx;
use crate::http::admin;
use crate::http::auth::TenantOwner;
use crate::http::problem::Problem;
use crate::model::audit::Actor;
use crate::store::break_glass_codes;

/// A set of codes that was made just now.
#[derive(Serialize, ToSchema)]
pub struct BreakGlassCodesMadeOut {
    /// The codes: shown now and never again. Each is good once.
    pub codes: Vec<String>,
    /// When they were made.
    pub created_at: DateTime<Utc>,
}

impl From<&NewCodes> for BreakGlassCodesMadeOut {
    fn from(made: &NewCodes) -> Self {
        let codes = made.codes.iter().map(|code| code.expose_secret().to_owned()).collect();
        Self { codes, created_at: made.created_at }
    }
}

/// The caller's set of codes, without the codes.
#[derive(Debug, Serialize, ToSchema)]
pub struct BreakGlassCodesOut {
    /// How many there were.
    pub total: usize,
    /// How many are left.
    pub unused: usize,
    /// When the set was made; absent when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<DateTime<Utc>>,
    /// When one was last used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<DateTime<Utc>>,
}

/// Tells how many break-glass codes the caller has left.
#[utoipa::path(get, path = "/v1/tenants/{tenant}/me/break-glass-codes", tag = "me", responses((status = 200, body = BreakGlassCodesOut)))]
pub async fn get_my_break_glass_codes(ctx: Ctx, caller: TenantOwner) -> Result<HttpResponse, Problem> {
    let Actor::User { user_id, .. } = caller.actor else { return Err(Problem::not_found()) };
    let rows = admin::read(&ctx, &caller, move |c, t| break_glass_codes::of_user(c, t, user_id)).await?;
    Ok(HttpResponse::Ok().json(BreakGlassCodesOut {
        total: rows.len(),
        unused: rows.iter().filter(|row| row.used_at.is_none()).count(),
        created_at: rows.first().map(|row| row.created_at),
        last_used_at: rows.iter().filter_map(|row| row.used_at).max(),
    }))
}

/// Makes a set of break-glass codes for the caller, who signed in within ten minutes; codes of before are void.
#[utoipa::path(post, path = "/v1/tenants/{tenant}/me/break-glass-codes", tag = "me", responses((status = 201, body = BreakGlassCodesMadeOut)))]
pub async fn make_my_break_glass_codes(ctx: Ctx, caller: TenantOwner) -> Result<HttpResponse, Problem> {
    let made = manage_break_glass::make(&ctx, &caller).await?;
    let path = format!("/v1/tenants/{}/me/break-glass-codes", caller.tenant.tenant.slug);
    let location = (LOCATION, ctx.config.url(&path));
    Ok(HttpResponse::Created().insert_header(location).json(BreakGlassCodesMadeOut::from(&made)))
}

/// Withdraws the caller's break-glass codes.
#[utoipa::path(delete, path = "/v1/tenants/{tenant}/me/break-glass-codes", tag = "me", responses((status = 204)))]
pub async fn withdraw_my_break_glass_codes(ctx: Ctx, caller: TenantOwner) -> Result<HttpResponse, Problem> {
    manage_break_glass::withdraw(&ctx, &caller).await?;
    Ok(HttpResponse::NoContent().finish())
}
