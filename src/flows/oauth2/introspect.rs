//! introspect: whether a token is good, for the client that it was issued to (RFC 7662).

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::context::Context;
use crate::context::issuer::Issuer;
use crate::flows::Error;
use crate::flows::oauth2::access_token::bearer;
use crate::flows::oauth2::opaque::Opaque;
use crate::flows::oauth2::redeem::{of_issuer, subject};
use crate::model::application::Client;
use crate::model::tenant::TenantStatus;
use crate::store::grants;

/// What is said of a token. One that is not good, or is another client's, is `{"active": false}` and nothing else (P-16).
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn introspect(
    ctx: &Context,
    issuer: &Issuer,
    client: &Client,
    presented: &SecretString,
) -> Result<Value, Error> {
    let told = match of_issuer(issuer, Opaque::RefreshToken.read(presented)) {
        Some((tenant, hash)) => match ctx.tenant_by_id(tenant).await? {
            Some(found) if found.tenant.status == TenantStatus::Active => {
                refresh_token(ctx, issuer, client, (tenant, hash)).await?
            }
            _ => None,
        },
        None => access_token(ctx, issuer, client, presented).await?,
    };
    Ok(told.unwrap_or_else(|| json!({"active": false})))
}

async fn access_token(
    ctx: &Context,
    issuer: &Issuer,
    client: &Client,
    presented: &SecretString,
) -> Result<Option<Value>, Error> {
    let found = bearer(ctx, issuer, presented.expose_secret()).await?;
    Ok(found.filter(|found| found.token.client_id == client.id()).map(|found| {
        let mut told = found.token.claims.clone();
        told.insert("active".into(), json!(true));
        told.insert("token_type".into(), json!("Bearer"));
        told.insert("username".into(), json!(found.subject.user.email));
        Value::Object(told)
    }))
}

async fn refresh_token(
    ctx: &Context,
    issuer: &Issuer,
    client: &Client,
    (tenant, hash): (uuid::Uuid, Vec<u8>),
) -> Result<Option<Value>, Error> {
    let (key, now, iss) = (client.key, ctx.clock.now(), issuer.url(&ctx.config));
    let told = ctx.db.tenant(tenant, move |conn| {
        let Some(token) = grants::find_refresh_token(conn, tenant, &hash)? else { return Ok(None) };
        let grant = grants::find(conn, tenant, token.grant_id)?.filter(|grant| grant.client == key);
        let Some(grant) = grant.filter(|_| token.used_at.is_none()) else { return Ok(None) };
        let told = subject(conn, &grant, now)?.map(|subject| {
            json!({
                "active": true, "iss": iss, "sub": subject.user.id, "client_id": key.id(), "scope": grant.scope,
                "token_type": "refresh_token", "exp": token.expires_at.timestamp(), "iat": token.created_at.timestamp(),
                "username": subject.user.email, "tenant_id": tenant,
            })
        });
        Ok::<_, Error>(told)
    });
    told.await
}
