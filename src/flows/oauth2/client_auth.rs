//! client_auth: who asks at the token endpoint (RFC 6749 section 2.3, RFC 7523, OpenID Connect Core 1.0 section 9).

use std::sync::Arc;

use chrono::Duration;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use uuid::Uuid;

use crate::context::Context;
use crate::context::issuer::Issuer;
use crate::flows::Error;
use crate::flows::oauth2::OAuthError;
use crate::flows::oauth2::tokens::date_claim;
use crate::model::application::Client;
use crate::model::connection::oidc::{SigningAlgorithm, TokenEndpointAuthMethod};
use crate::protocol::jwt::claims::{audiences, text};
use crate::protocol::jwt::jwks::JwksSource;
use crate::protocol::jwt::key_set::KeySet;
use crate::protocol::jwt::verify::{Jws, Verified};
use crate::store::used_assertions;

/// `client_assertion_type` of a JWT (RFC 7523, section 2.2).
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// The longest life of an assertion that is believed.
const LONGEST_ASSERTION: Duration = Duration::minutes(10);
/// How much a client's clock may differ.
const SKEW: Duration = Duration::seconds(60);

/// How a client says who it is. More than one way at once is refused before this (RFC 6749, section 2.3).
pub enum Credential {
    /// Its id alone: a public client.
    Id(String),
    /// Its id and a secret, in the header or in the body.
    Secret(String, SecretString),
    /// A signed assertion, and the id when it was given too.
    Assertion(Option<String>, SecretString),
}

/// The client that the credential proves (P-11).
///
/// # Errors
/// [`OAuthError`] `invalid_client`, the same for every reason.
pub async fn authenticate(ctx: &Context, issuer: &Issuer, credential: &Credential) -> Result<Arc<Client>, OAuthError> {
    use TokenEndpointAuthMethod::{None as Public, PrivateKeyJwt};
    let named = match credential {
        Credential::Id(id) | Credential::Secret(id, _) => Some(id.clone()),
        // Who signed it is read before it is verified, to find the keys to verify it with.
        Credential::Assertion(_, jwt) => crate::protocol::jwt::verify::unverified_claim(jwt.expose_secret(), "sub"),
    };
    let id = named.and_then(|id| Uuid::try_parse(&id).ok()).ok_or_else(OAuthError::invalid_client)?;
    let client = ctx.client(issuer, id).await?.ok_or_else(OAuthError::invalid_client)?;
    let settings = &client.settings;
    let proven = match credential {
        Credential::Id(_) => settings.token_endpoint_auth_method == Public,
        Credential::Secret(_, secret) => {
            settings.uses_secret() && client.has_secret(secret.expose_secret(), ctx.clock.now())
        }
        Credential::Assertion(named, jwt) => {
            let same = named.as_ref().is_none_or(|named| *named == id.to_string());
            same && settings.token_endpoint_auth_method == PrivateKeyJwt
                && asserted(ctx, issuer, &client, jwt.expose_secret()).await?
        }
    };
    if proven { Ok(client) } else { Err(OAuthError::invalid_client()) }
}

/// Whether an assertion is the client's own, made for us, fresh, and used for the first time.
async fn asserted(ctx: &Context, issuer: &Issuer, client: &Client, jwt: &str) -> Result<bool, Error> {
    let Some(verified) = verify(ctx, issuer, client, jwt).await else { return Ok(false) };
    let (claims, id, now) = (&verified.claims, client.id().to_string(), ctx.clock.now());
    let says = |name| text(claims, name).ok().flatten();
    // P-11: exactly one audience, and it is us; an assertion that is good elsewhere too could be passed on.
    let own = [issuer.url(&ctx.config), ctx.config.url(&issuer.path("/oauth2/token"))];
    let for_us = matches!(audiences(claims).as_deref(), Ok([only]) if own.iter().any(|own| own == only));
    let expires = date_claim(claims, "exp").filter(|at| *at > now - SKEW && *at <= now + LONGEST_ASSERTION + SKEW);
    let begun = date_claim(claims, "nbf").is_none_or(|at| at <= now + SKEW);
    let (Some(expires), Some(jti)) = (expires, says("jti").filter(|jti| !jti.is_empty())) else { return Ok(false) };
    if says("iss") != Some(&id) || says("sub") != Some(&id) || !for_us || !begun {
        return Ok(false);
    }
    let what = format!("client_assertion/{id}/{jti}");
    let until = expires + SKEW;
    ctx.db.system(move |conn| Ok::<_, Error>(used_assertions::first_use(conn, &what, until)?)).await
}

async fn verify(ctx: &Context, issuer: &Issuer, client: &Client, jwt: &str) -> Option<Verified> {
    let allowed = SigningAlgorithm::defaults();
    if let Some(jwks) = &client.settings.jwks {
        let keys = KeySet::parse(Value::to_string(jwks).as_bytes()).ok()?;
        return Jws::parse(jwt, &allowed).ok()?.verify(&keys).ok();
    }
    let source = JwksSource {
        scope: issuer.tenant_id().unwrap_or_default(),
        issuer: client.id().to_string(),
        jwks_uri: client.settings.jwks_uri.clone()?,
    };
    ctx.jwks.verify(&ctx.lane(client.id()), &source, jwt, &allowed).await.ok()
}
