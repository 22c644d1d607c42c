//! userinfo: what an application may know about the bearer of a token (OpenID Connect Core 1.0, section 5.3).

use serde_json::json;

use crate::context::Context;
use crate::context::bearer::Bearer;
use crate::context::issuer::Issuer;
use crate::flows::Error;
use crate::flows::oauth2::access_token::bearer;
use crate::flows::oauth2::tokens::{Limit, about_person, about_tenant};
use crate::model::scope::OPENID;

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The token is not good here.
    InvalidToken,
    /// It is, but not for this.
    InsufficientScope,
}

/// The answer, as JSON text.
///
/// # Errors
/// Outside [`Error`]; inside [`Refused`].
pub async fn userinfo(ctx: &Context, issuer: &Issuer, token: &str) -> Result<Result<String, Refused>, Error> {
    let Some(bearer) = bearer(ctx, issuer, token).await? else { return Ok(Err(Refused::InvalidToken)) };
    if !bearer.token.scopes.has(OPENID) {
        return Ok(Err(Refused::InsufficientScope));
    }
    if let Some(known) = bearer.userinfo.get() {
        return Ok(known.clone().ok_or(Refused::InvalidToken));
    }
    let answer = answer(ctx, issuer, &bearer).await?;
    Ok(bearer.userinfo.get_or_init(|| answer).clone().ok_or(Refused::InvalidToken))
}

/// `None` when the application is no more.
async fn answer(ctx: &Context, issuer: &Issuer, bearer: &Bearer) -> Result<Option<String>, Error> {
    let client = ctx.client(issuer, bearer.token.client_id).await?;
    let tenant = ctx.tenant_by_id(bearer.token.tenant_id).await?;
    let (Some(client), Some(tenant)) = (client, tenant) else { return Ok(None) };
    let settings = &client.settings;
    let mut claims = about_tenant(&tenant.tenant);
    claims.insert("sub".into(), json!(bearer.subject.user.id));
    claims.extend(about_person(settings, &bearer.token.scopes, &bearer.subject, Limit::None, &settings.claims));
    Ok(Some(serde_json::Value::Object(claims).to_string()))
}
