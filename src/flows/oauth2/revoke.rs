//! revoke: a client gives tokens back (RFC 7009), and a grant is taken back.

use chrono::{DateTime, Utc};
use diesel::PgConnection;
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use crate::context::Context;
use crate::context::issuer::Issuer;
use crate::flows::Error;
use crate::flows::oauth2::access_token;
use crate::flows::oauth2::opaque::Opaque;
use crate::flows::oauth2::redeem::of_issuer;
use crate::model::application::Client;
use crate::model::audit::{Actor, Event, GrantRevoked, Stamp};
use crate::model::grant::Grant;
use crate::store::{audit_events, changes, grants};

/// Gives back whatever grant the token is of: access and refresh tokens alike are no good afterwards. A token that is not
/// this client's changes nothing, and nobody is told the difference (P-16).
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn revoke(ctx: &Context, issuer: &Issuer, client: &Client, presented: &SecretString) -> Result<(), Error> {
    let (key, now) = (client.key, ctx.clock.now());
    let found = match of_issuer(issuer, Opaque::RefreshToken.read(presented)) {
        Some((tenant, hash)) => Some((tenant, Wanted::Refresh(hash))),
        None => {
            let read = access_token::read(ctx, issuer, presented.expose_secret()).await?;
            read.map(|token| (token.tenant_id, Wanted::Grant(token.grant_id)))
        }
    };
    let Some((tenant, wanted)) = found else { return Ok(()) };
    let revoked = ctx.db.tenant(tenant, move |conn| {
        let grant = match wanted {
            Wanted::Refresh(hash) => grants::lock_by_refresh_token(conn, tenant, &hash)?.map(|(grant, _)| grant),
            Wanted::Grant(id) => grants::find(conn, tenant, id)?,
        };
        match grant.filter(|grant| grant.client == key) {
            Some(grant) => take_back(conn, &grant, "revoked", now),
            None => Ok(()),
        }
    });
    revoked.await?;
    ctx.caches.forget(tenant);
    Ok(())
}

enum Wanted {
    Refresh(Vec<u8>),
    Grant(Uuid),
}

/// Takes a grant back with its audit event, and tells every instance; nothing if it was taken back before.
///
/// # Errors
/// What the database says.
pub fn take_back(
    conn: &mut PgConnection,
    grant: &Grant,
    reason: &'static str,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let tenant = grant.tenant_id;
    if !grants::revoke(conn, tenant, grant.id, reason, now)? {
        return Ok(());
    }
    let stamp = Stamp { actor: Actor::System, request_id: None, at: now };
    let event = Event::GrantRevoked(GrantRevoked {
        grant_id: grant.id,
        client_id: grant.client.id(),
        user_id: grant.user_id,
        reason,
    });
    audit_events::insert(conn, tenant, &stamp.event(tenant, &event))?;
    changes::note(conn, tenant)?;
    Ok(())
}
