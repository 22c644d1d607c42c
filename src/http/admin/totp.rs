//! The second step of logins by password: people's own, and for admins that of those who lost it.

use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::flows::manage_totp::{self, CodeIn};
use crate::http::admin::{self, ObjectPath};
use crate::http::auth::{TenantAdmin, TenantAuditor, TenantMember};
use crate::http::body::Body;
use crate::http::problem::Problem;
use crate::http::{Ctx, cookies};
use crate::store::{recovery_codes, totp_secrets, users};

/// Whether a login by password asks for a code.
#[derive(Debug, Serialize, ToSchema)]
pub struct TotpOut {
    /// It does.
    pub active: bool,
    /// Since when.
    pub confirmed_at: Option<DateTime<Utc>>,
    /// How many recovery codes are left.
    pub recovery_codes_left: i64,
}

/// A secret that waits for its first code.
#[derive(Debug, Serialize, ToSchema)]
pub struct EnrolmentOut {
    /// What is typed into the app. It is in this answer and in no other.
    pub secret: String,
    /// The same as apps read it.
    pub otpauth_uri: String,
}

/// A set of recovery codes.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecoveryCodesOut {
    /// The codes. They are in this answer and in no other.
    pub recovery_codes: Vec<String>,
}

impl From<Vec<SecretString>> for RecoveryCodesOut {
    fn from(codes: Vec<SecretString>) -> Self {
        Self { recovery_codes: codes.iter().map(|code| code.expose_secret().to_owned()).collect() }
    }
}

/// Whether the user's login asks for a code.
///
/// # Errors
/// [`Problem`] of the database.
pub(in crate::http) async fn totp_of(
    ctx: &Ctx,
    caller: &crate::flows::authenticate::Caller,
    user: Uuid,
) -> Result<TotpOut, Problem> {
    let (active, left) = admin::read(ctx, caller, move |c, t| {
        Ok((totp_secrets::active(c, t, user)?, recovery_codes::count(c, t, user)?))
    })
    .await?;
    let confirmed_at = active.and_then(|row| row.confirmed_at);
    Ok(TotpOut { active: confirmed_at.is_some(), confirmed_at, recovery_codes_left: left })
}

/// Tells whether the caller's own login by password asks for a code.
#[utoipa::path(get, path = "/v1/tenants/{tenant}/me/totp", tag = "me", responses((status = 200, body = TotpOut)))]
pub async fn get_my_totp(ctx: Ctx, caller: TenantMember) -> Result<HttpResponse, Problem> {
    let (user, _) = caller.person()?;
    Ok(HttpResponse::Ok().json(totp_of(&ctx, &caller, user).await?))
}

/// Makes a secret for an authenticator app. It counts once a code of it was confirmed; until then what was active goes on.
#[utoipa::path(post, path = "/v1/tenants/{tenant}/me/totp", tag = "me", responses((status = 201, body = EnrolmentOut)))]
pub async fn begin_my_totp(ctx: Ctx, caller: TenantMember) -> Result<HttpResponse, Problem> {
    let begun = manage_totp::begin(&ctx, &caller).await?;
    Ok(HttpResponse::Created().json(EnrolmentOut {
        secret: begun.secret.expose_secret().to_owned(),
        otpauth_uri: begun.uri.expose_secret().to_owned(),
    }))
}

/// Confirms the secret by its first code; gives the recovery codes.
#[utoipa::path(post, path = "/v1/tenants/{tenant}/me/totp/confirm", tag = "me", request_body = CodeIn, responses((status = 200, body = RecoveryCodesOut)))]
pub async fn confirm_my_totp(
    ctx: Ctx,
    req: HttpRequest,
    caller: TenantMember,
    body: Body<CodeIn>,
) -> Result<HttpResponse, Problem> {
    let tenant = caller.tenant_id();
    let known = cookies::read_device(&req, &ctx.config, tenant);
    let confirmed = manage_totp::confirm(&ctx, &caller, &body.read()?.code, known.as_deref()).await?;
    Ok(HttpResponse::Ok()
        .cookie(cookies::device(&ctx.config, tenant, confirmed.device.expose_secret()))
        .json(RecoveryCodesOut::from(confirmed.recovery_codes)))
}

/// Takes the caller's own second step away, with its recovery codes.
#[utoipa::path(delete, path = "/v1/tenants/{tenant}/me/totp", tag = "me", responses((status = 204)))]
pub async fn remove_my_totp(ctx: Ctx, caller: TenantMember) -> Result<HttpResponse, Problem> {
    manage_totp::remove(&ctx, &caller, caller.person()?.0).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Makes a new set of recovery codes; those before are good no more.
#[utoipa::path(post, path = "/v1/tenants/{tenant}/me/recovery-codes", tag = "me", responses((status = 201, body = RecoveryCodesOut)))]
pub async fn make_my_recovery_codes(ctx: Ctx, caller: TenantMember) -> Result<HttpResponse, Problem> {
    let codes = manage_totp::new_codes(&ctx, &caller).await?;
    Ok(HttpResponse::Created().json(RecoveryCodesOut::from(codes)))
}

/// Tells whether a user's login by password asks for a code.
#[utoipa::path(get, path = "/v1/tenants/{tenant}/users/{id}/totp", tag = "users", responses((status = 200, body = TotpOut)))]
pub async fn get_totp(ctx: Ctx, caller: TenantAuditor, path: ObjectPath) -> Result<HttpResponse, Problem> {
    let user = path.1;
    admin::find(&ctx, &caller, move |c, t| users::find(c, t, user)).await?;
    Ok(HttpResponse::Ok().json(totp_of(&ctx, &caller, user).await?))
}

/// Takes a user's second step away, with its recovery codes: for somebody who lost both.
#[utoipa::path(delete, path = "/v1/tenants/{tenant}/users/{id}/totp", tag = "users", responses((status = 204)))]
pub async fn remove_totp(ctx: Ctx, caller: TenantAdmin, path: ObjectPath) -> Result<HttpResponse, Problem> {
    manage_totp::remove(&ctx, &caller, path.1).await?;
    Ok(HttpResponse::NoContent().finish())
}
