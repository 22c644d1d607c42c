//! redeem: an authorization code becomes tokens, once (RFC 6749 section 4.1.3, RFC 7636 section 4.6).

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use diesel::PgConnection;
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use crate::context::Context;
use crate::context::bearer::Subject;
use crate::context::issuer::Issuer;
use crate::flows::Error;
use crate::flows::oauth2::OAuthError;
use crate::flows::oauth2::opaque::Opaque;
use crate::flows::oauth2::revoke::take_back;
use crate::flows::oauth2::tokens::{TokenSet, issue};
use crate::model::application::Client;
use crate::model::grant::{Grant, RefreshToken};
use crate::model::role::AccountStatus;
use crate::model::scope::OFFLINE_ACCESS;
use crate::model::tenant::TenantStatus;
use crate::secrets::token;
use crate::store::{grants, groups, users};

/// What the client presents.
pub struct Presented {
    /// The code.
    pub code: SecretString,
    /// The redirect URI of the request.
    pub redirect_uri: Option<String>,
    /// The verifier of the request's challenge.
    pub code_verifier: Option<SecretString>,
}

const NOT_GOOD: &str = "the code is not good, or not for this client";

/// Redeems a code.
///
/// # Errors
/// [`OAuthError`] `invalid_grant`; a code that comes again takes back what came of it (P-03).
pub async fn redeem(
    ctx: &Context,
    issuer: &Issuer,
    client: &Client,
    presented: Presented,
) -> Result<TokenSet, OAuthError> {
    let (tenant_id, hash) = of_issuer(issuer, Opaque::Code.read(&presented.code)).ok_or(refused())?;
    let tenant = ctx.tenant_by_id(tenant_id).await?.ok_or(refused())?;
    if tenant.tenant.status != TenantStatus::Active {
        return Err(refused());
    }
    let (key, now) = (client.key, ctx.clock.now());
    let refresh = Opaque::RefreshToken.generate(tenant_id);
    let next = token::hash(refresh.expose_secret());
    let done = ctx.db.tenant(tenant_id, move |conn| {
        let Some(grant) = grants::lock_by_code(conn, tenant_id, &hash)?.filter(|grant| grant.client == key) else {
            return Ok(None);
        };
        if grant.code_used_at.is_some() {
            take_back(conn, &grant, "code_reuse", now)?;
            return Ok(None);
        }
        // P-04: one try; a code whose verifier may be guessed again and again would be none.
        grants::use_code(conn, tenant_id, grant.id, now)?;
        if now >= grant.code_expires_at || !fits(&grant, &presented) {
            return Ok(None);
        }
        let Some(subject) = subject(conn, &grant, now)? else { return Ok(None) };
        let offline = grant.scopes().has(OFFLINE_ACCESS);
        if offline {
            grants::insert_refresh_token(conn, tenant_id, &refresh_row(&grant, next, now))?;
        }
        Ok::<_, Error>(Some((grant, subject, offline)))
    });
    let Some((grant, subject, offline)) = done.await? else {
        return Err(refused());
    };
    let scopes = client.settings.allowed_scopes(&grant.scopes());
    let about = (&tenant.tenant, &subject);
    Ok(issue(ctx, (issuer, client), about, (&grant, &scopes), offline.then_some(refresh)).await?)
}

fn refused() -> OAuthError {
    OAuthError::invalid_grant(NOT_GOOD)
}

/// What was read of an opaque token, unless this issuer has nothing to do with its tenant (P-12).
#[must_use]
pub fn of_issuer(issuer: &Issuer, read: Option<(Uuid, Vec<u8>)>) -> Option<(Uuid, Vec<u8>)> {
    read.filter(|(tenant, _)| issuer.tenant_id().is_none_or(|own| own == *tenant))
}

/// The refresh token row of this hash; it never lives longer than its grant.
#[must_use]
pub fn refresh_row(grant: &Grant, token_hash: Vec<u8>, now: DateTime<Utc>) -> RefreshToken {
    RefreshToken {
        tenant_id: grant.tenant_id,
        id: Uuid::now_v7(),
        grant_id: grant.id,
        token_hash,
        created_at: now,
        expires_at: grant.expires_at,
        used_at: None,
    }
}

/// Whom the grant's tokens are about, when it is good and they may have any.
///
/// # Errors
/// What the database says.
pub fn subject(conn: &mut PgConnection, grant: &Grant, now: DateTime<Utc>) -> Result<Option<Subject>, Error> {
    if !grant.is_live(now) {
        return Ok(None);
    }
    let user = users::find(conn, grant.tenant_id, grant.user_id)?;
    let Some(user) = user.filter(|user| user.status == AccountStatus::Active) else { return Ok(None) };
    let groups = groups::names_of_user(conn, grant.tenant_id, user.id)?;
    Ok(Some(Subject { user, groups }))
}

/// Whether redirect URI and verifier are those of the request (P-03, P-04).
fn fits(grant: &Grant, presented: &Presented) -> bool {
    let same_uri = presented.redirect_uri.as_ref() == Some(&grant.redirect_uri);
    let Some(verifier) = &presented.code_verifier else { return false };
    let verifier = verifier.expose_secret();
    let well_formed = (43..=128).contains(&verifier.len())
        && verifier.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~'));
    let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
    same_uri && well_formed && challenge == grant.code_challenge
}
