//! grant_code: what the person lets the application have, as a grant with its authorization code.

use chrono::Duration;
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use crate::context::Context;
use crate::context::caches::TenantCache;
use crate::context::waiting::Asked;
use crate::flows::oauth2::authorize::SignedIn;
use crate::flows::oauth2::opaque::Opaque;
use crate::flows::{Error, signing_keys};
use crate::model::audit::{Actor, Event, GrantGiven, Stamp};
use crate::model::grant::{CODE_SECONDS, Grant};
use crate::model::scope::{OFFLINE_ACCESS, Scopes};
use crate::secrets::token;
use crate::store::{audit_events, authorization_requests, grants, sessions};

/// What came of it.
pub enum Given {
    /// The code.
    Code(SecretString),
    /// The request that waited was answered before, or waited too long.
    AnsweredBefore,
    /// The session ended in the meantime.
    SessionOver,
}

/// Gives a grant for the session, and takes the request that `waited`, so that it is answered once.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn give(
    ctx: &Context,
    tenant: &TenantCache,
    asked: &Asked,
    found: &SignedIn,
    waited: Option<Uuid>,
) -> Result<Given, Error> {
    // Made now, so that it is published when the token comes.
    signing_keys::ensure(ctx, &asked.issuer, asked.client.settings.signing_algorithm).await?;
    let tenant_id = tenant.tenant.id;
    let code = Opaque::Code.generate(tenant_id);
    let grant = grant(ctx, tenant_id, asked, found, &code);
    let (user_id, session_id) = (grant.user_id, grant.session_id);
    let actor = Actor::User { user_id, session_id: Some(session_id), key_id: None };
    let stamp = Stamp { actor, request_id: None, at: grant.created_at };
    let given = ctx.db.tenant(tenant_id, move |conn| {
        if !sessions::hold(conn, tenant_id, session_id)? {
            return Ok(Given::SessionOver);
        }
        if let Some(id) = waited
            && !authorization_requests::take(conn, tenant_id, id)?
        {
            return Ok(Given::AnsweredBefore);
        }
        grants::insert(conn, tenant_id, &grant)?;
        let event = Event::GrantCreated(GrantGiven {
            grant_id: grant.id,
            client_id: grant.client.id(),
            user_id,
            session_id,
            scope: grant.scope,
        });
        audit_events::insert(conn, tenant_id, &stamp.event(tenant_id, &event))?;
        Ok::<_, Error>(Given::Code(code))
    });
    given.await
}

fn grant(ctx: &Context, tenant_id: Uuid, asked: &Asked, found: &SignedIn, code: &SecretString) -> Grant {
    let (now, params, (session, user)) = (ctx.clock.now(), &asked.params, &**found);
    let settings = &asked.client.settings;
    let code_expires_at = now + Duration::seconds(CODE_SECONDS);
    let offline = Scopes::parse(&params.scope).has(OFFLINE_ACCESS);
    let life = if offline { settings.refresh_token_life() } else { settings.access_token_life() };
    Grant {
        tenant_id,
        id: Uuid::now_v7(),
        client: asked.client.key,
        user_id: user.id,
        session_id: session.id,
        identity_id: session.identity_id,
        source_id: session.source_id,
        scope: params.scope.clone(),
        resource: params.resource.clone(),
        nonce: params.nonce.clone(),
        auth_time: session.auth_time,
        acr: session.acr.clone(),
        amr: session.amr.clone(),
        redirect_uri: params.redirect_uri.clone(),
        code_hash: token::hash(code.expose_secret()),
        code_challenge: params.code_challenge.clone(),
        code_expires_at,
        code_used_at: None,
        created_at: now,
        // Without refresh tokens the last thing that comes of it is an access token.
        expires_at: (code_expires_at + life).min(session.grants_end_by()),
        revoked_at: None,
        revoke_reason: None,
    }
}
