//! refresh: a refresh token becomes the next one (RFC 6749 section 6, RFC 9700 section 4.14).
//!
//! Each is good once. One that comes again some time after its use was stolen from somebody: its whole family is taken
//! back. Within a few seconds it is a client that asked twice at once: one request won, the others are merely refused.

use chrono::Duration;
use secrecy::{ExposeSecret, SecretString};

use crate::context::Context;
use crate::context::issuer::Issuer;
use crate::flows::Error;
use crate::flows::oauth2::OAuthError;
use crate::flows::oauth2::opaque::Opaque;
use crate::flows::oauth2::redeem::{of_issuer, refresh_row, subject};
use crate::flows::oauth2::revoke::take_back;
use crate::flows::oauth2::tokens::{TokenSet, issue};
use crate::model::application::Client;
use crate::model::grant::REUSE_GRACE_SECONDS;
use crate::model::scope::{OFFLINE_ACCESS, Scopes};
use crate::model::tenant::TenantStatus;
use crate::secrets::token;
use crate::store::grants;

const NOT_GOOD: &str = "the refresh token is not good, or not for this client";

/// Renews tokens; `scope` may ask for fewer scopes than were granted.
///
/// # Errors
/// [`OAuthError`] `invalid_grant`, `invalid_scope`.
pub async fn refresh(
    ctx: &Context,
    issuer: &Issuer,
    client: &Client,
    presented: SecretString,
    scope: Option<&str>,
) -> Result<TokenSet, OAuthError> {
    let refused = || OAuthError::invalid_grant(NOT_GOOD);
    let (tenant_id, hash) = of_issuer(issuer, Opaque::RefreshToken.read(&presented)).ok_or_else(refused)?;
    let tenant = ctx.tenant_by_id(tenant_id).await?.ok_or_else(refused)?;
    if tenant.tenant.status != TenantStatus::Active {
        return Err(refused());
    }
    let (key, now) = (client.key, ctx.clock.now());
    let next = Opaque::RefreshToken.generate(tenant_id);
    let next_hash = token::hash(next.expose_secret());
    let fewer = scope.map(Scopes::parse);
    let settings = client.settings.clone();
    let done = ctx.db.tenant(tenant_id, move |conn| {
        let found = grants::lock_by_refresh_token(conn, tenant_id, &hash)?;
        let Some((grant, used)) = found.filter(|(grant, _)| grant.client == key) else {
            return Ok(Err(refused()));
        };
        if let Some(at) = used.used_at {
            if now - at > Duration::seconds(REUSE_GRACE_SECONDS) {
                take_back(conn, &grant, "refresh_token_reuse", now)?;
            }
            return Ok(Err(refused()));
        }
        // What the application may no longer have is lost here too, refreshing itself included.
        let scopes = settings.allowed_scopes(&grant.scopes());
        if !scopes.has(OFFLINE_ACCESS) {
            return Ok(Err(refused()));
        }
        let scopes = match fewer {
            Some(fewer) if !fewer.within(&scopes) => {
                return Ok(Err(OAuthError::new("invalid_scope", "more scopes than were granted")));
            }
            Some(fewer) => fewer,
            None => scopes,
        };
        let Some(subject) = subject(conn, &grant, now)? else { return Ok(Err(refused())) };
        grants::use_refresh_token(conn, tenant_id, used.id, now)?;
        grants::insert_refresh_token(conn, tenant_id, &refresh_row(&grant, next_hash, now))?;
        Ok::<_, Error>(Ok((grant, subject, scopes)))
    });
    let (grant, subject, scopes) = done.await??;
    let about = (&tenant.tenant, &subject);
    Ok(issue(ctx, (issuer, client), about, (&grant, &scopes), Some(next)).await?)
}
