//! access_token: whose an access token of ours is, and whether it is still good.

use std::sync::{Arc, OnceLock};

use serde_json::Value;
use uuid::Uuid;

use crate::context::Context;
use crate::context::bearer::{AccessToken, Bearer};
use crate::context::caches::TenantCache;
use crate::context::issuer::Issuer;
use crate::flows::Error;
use crate::flows::oauth2::redeem::subject;
use crate::flows::oauth2::tokens::{ACCESS_TOKEN_TYPE, date_claim, uuid_claim, verify};
use crate::model::scope::Scopes;
use crate::model::tenant::TenantStatus;
use crate::secrets::token;
use crate::store::grants;

/// Reads an access token of this issuer; `None` when it is none that is good now, as far as it says itself. P-14: an ID
/// token is of another type.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn read(ctx: &Context, issuer: &Issuer, text: &str) -> Result<Option<AccessToken>, Error> {
    let Ok(verified) = verify(ctx, issuer, text).await? else { return Ok(None) };
    let claims = verified.claims;
    let (tenant, grant) = (uuid_claim(&claims, "tenant_id"), uuid_claim(&claims, "grant_id"));
    let (client, expires) = (uuid_claim(&claims, "client_id"), date_claim(&claims, "exp"));
    let (Some(tenant_id), Some(grant_id), Some(client_id), Some(expires_at)) = (tenant, grant, client, expires) else {
        return Ok(None);
    };
    // P-12: a tenant's issuer speaks for its own users only.
    let own = issuer.tenant_id().is_none_or(|id| id == tenant_id);
    if verified.typ.as_deref() != Some(ACCESS_TOKEN_TYPE) || expires_at <= ctx.clock.now() || !own {
        return Ok(None);
    }
    let scopes = Scopes::parse(claims.get("scope").and_then(Value::as_str).unwrap_or_default());
    Ok(Some(AccessToken { tenant_id, grant_id, client_id, scopes, expires_at, claims }))
}

/// The bearer of an access token of this issuer, when token, grant, user and tenant are good now. Kept in memory for
/// seconds, and dropped with everything else of its tenant when something changes there.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn bearer(ctx: &Context, issuer: &Issuer, text: &str) -> Result<Option<Arc<Bearer>>, Error> {
    let Some(tenant) = tenant_of(ctx, issuer, text).await? else { return Ok(None) };
    if tenant.tenant.status != TenantStatus::Active {
        return Ok(None);
    }
    // The hash is of the whole token, and the issuer is part of what was verified. A change of the installation's own,
    // its applications among it, is noted for no tenant.
    let issued = match issuer {
        Issuer::Tenant(_) => issuer.path(""),
        Issuer::Installation => ctx.caches.installation_epoch().to_string(),
    };
    let hash = token::hash(&format!("{issued} {text}"));
    if let Some(known) = tenant.bearers.get(&hash).filter(|known| known.token.expires_at > ctx.clock.now()) {
        return Ok(Some(known));
    }
    let Some(read) = read(ctx, issuer, text).await? else { return Ok(None) };
    let (tenant_id, grant_id, now) = (tenant.tenant.id, read.grant_id, ctx.clock.now());
    if read.tenant_id != tenant_id {
        return Ok(None);
    }
    let found = ctx.db.tenant(tenant_id, move |conn| {
        let Some(grant) = grants::find(conn, tenant_id, grant_id)? else { return Ok(None) };
        Ok::<_, Error>(subject(conn, &grant, now)?.map(|subject| (subject, grant.session_id)))
    });
    let Some((subject, session_id)) = found.await? else { return Ok(None) };
    let bearer = Arc::new(Bearer { token: read, subject, session_id, userinfo: OnceLock::new() });
    tenant.bearers.insert(hash, Arc::clone(&bearer));
    Ok(Some(bearer))
}

/// The tenant that a token is about. For the installation's tokens the token itself says it; that is believed only to
/// look where a verified one may be kept.
async fn tenant_of(ctx: &Context, issuer: &Issuer, text: &str) -> Result<Option<Arc<TenantCache>>, Error> {
    if let Issuer::Tenant(tenant) = issuer {
        return Ok(Some(Arc::clone(tenant)));
    }
    match crate::protocol::jwt::verify::unverified_claim(text, "tenant_id").and_then(|id| Uuid::try_parse(&id).ok()) {
        Some(id) => Ok(ctx.tenant_by_id(id).await?),
        None => Ok(None),
    }
}
