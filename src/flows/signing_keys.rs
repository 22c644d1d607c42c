//! signing_keys: makes the keys of our issuers, and has new ones take over.
//!
//! A key is published before it signs, so that clients who keep our key set for a while have it in time, and afterwards
//! until the last token that it signed has expired.

use chrono::{DateTime, Duration, Utc};
use diesel::PgConnection;
use uuid::Uuid;

use crate::context::Context;
use crate::context::issuer::Issuer;
use crate::context::key_ring::{KeyRing, private_key_place};
use crate::flows::Error;
use crate::model::application::settings::TokenAlgorithm;
use crate::model::audit::{Actor, Event, KeyRotated, Stamp};
use crate::model::signing_key::{LONGEST_TOKEN, SigningKey};
use crate::protocol::jwt::key_pair::KeyPair;
use crate::secrets::sealed::Sealer;
use crate::store::{audit_events, changes, signing_keys};

/// How long a key is published before it signs.
const AHEAD: Duration = Duration::days(1);
/// The same when it has to be at once: long enough for every instance to know it.
const AHEAD_AT_ONCE: Duration = Duration::seconds(10);
/// Issuers that are looked after in one round.
const BATCH: i64 = 100;

/// The issuer's key ring, with a key that signs with `algorithm`: made now if there is none.
///
/// # Errors
/// [`Error::Internal`] when a key cannot be made or opened, [`Error::Unavailable`].
pub async fn ensure(
    ctx: &Context,
    issuer: &Issuer,
    algorithm: TokenAlgorithm,
) -> Result<std::sync::Arc<KeyRing>, Error> {
    let ring = ctx.key_ring(issuer).await?;
    let now = ctx.clock.now();
    if ring.signer(algorithm, now).is_some() {
        return Ok(ring);
    }
    let stamp = Stamp { actor: Actor::System, request_id: None, at: now };
    change(ctx, issuer.tenant_id(), stamp, move |conn, tenant, sealer| {
        let known = signing_keys::all(conn, tenant)?;
        if known.iter().any(|key| key.algorithm == algorithm && key.is_published(now)) {
            return Ok(Vec::new()); // another instance was faster
        }
        Ok(vec![add(conn, tenant, sealer, algorithm, (now, now))?])
    })
    .await?;
    Ok(ctx.load_key_ring(issuer).await?)
}

/// Makes a successor for each key that signs (or for the one with `algorithm`): published now, signing in a day, or in ten
/// seconds when it has to be `at_once`. What signed before stays published until its tokens have expired. Gives the new
/// keys.
///
/// # Errors
/// [`Error::Conflict`] `rotation_pending` when a successor waits already, [`Error::Unavailable`].
pub async fn rotate(
    ctx: &Context,
    issuer: &Issuer,
    stamp: Stamp,
    algorithm: Option<TokenAlgorithm>,
    at_once: bool,
) -> Result<Vec<SigningKey>, Error> {
    let wanted = move |key: &SigningKey| algorithm.is_none_or(|wanted| key.algorithm == wanted);
    change(ctx, issuer.tenant_id(), stamp, move |conn, tenant, sealer| {
        succeed(conn, tenant, sealer, stamp.at, at_once, wanted)
    })
    .await
}

/// Rotates what has signed for longer than the configuration wants. Gives how many issuers were looked after.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn rotate_due(ctx: &Context) -> Result<usize, Error> {
    let now = ctx.clock.now();
    let before = now - Duration::days(ctx.config.signing_key_days);
    let due = ctx.db.system(move |conn| Ok::<_, Error>(signing_keys::due(conn, before, BATCH)?)).await?;
    let stamp = Stamp { actor: Actor::System, request_id: None, at: now };
    for tenant in &due {
        let tenant = (!tenant.is_nil()).then_some(*tenant);
        let rotated = change(ctx, tenant, stamp, move |conn, tenant, sealer| {
            succeed(conn, tenant, sealer, now, false, |key| key.use_from < before)
        });
        match rotated.await {
            Ok(_) | Err(Error::Conflict { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(due.len())
}

/// Runs `work` with the issuer's keys held; what it gives is told in the audit log and to every instance.
async fn change<F>(ctx: &Context, tenant: Option<Uuid>, stamp: Stamp, work: F) -> Result<Vec<SigningKey>, Error>
where
    F: FnOnce(&mut PgConnection, Uuid, &Sealer) -> Result<Vec<SigningKey>, Error> + Send + 'static,
{
    let (id, sealer) = (tenant.unwrap_or_default(), ctx.sealer.clone());
    let held = move |conn: &mut PgConnection| {
        signing_keys::lock(conn, id)?;
        let made = work(conn, id, &sealer)?;
        for key in &made {
            let event =
                Event::SigningKeyCreated(KeyRotated { id: key.id, algorithm: key.algorithm, use_from: key.use_from });
            match tenant {
                Some(tenant) => audit_events::insert(conn, tenant, &stamp.event(tenant, &event))?,
                None => audit_events::insert_operator(conn, &stamp.operator_event(&event))?,
            };
            changes::note(conn, id)?;
        }
        Ok::<_, Error>(made)
    };
    let made = match tenant {
        Some(tenant) => ctx.db.tenant(tenant, held).await?,
        None => ctx.db.system(held).await?,
    };
    ctx.caches.forget(id);
    Ok(made)
}

fn succeed(
    conn: &mut PgConnection,
    tenant: Uuid,
    sealer: &Sealer,
    now: DateTime<Utc>,
    at_once: bool,
    wanted: impl Fn(&SigningKey) -> bool,
) -> Result<Vec<SigningKey>, Error> {
    let use_from = now + if at_once { AHEAD_AT_ONCE } else { AHEAD };
    let going: Vec<SigningKey> =
        signing_keys::all(conn, tenant)?.into_iter().filter(|key| key.retire_at.is_none()).collect();
    let mut made = Vec::new();
    for key in going.iter().filter(|key| key.use_from <= now && wanted(key)) {
        let waiting = going.iter().find(|other| other.algorithm == key.algorithm && other.use_from > now);
        match waiting {
            // It has signed nothing, and would take over again from the one that is made now.
            Some(waiting) if at_once => drop(signing_keys::retire(conn, tenant, waiting.id, now)?),
            Some(_) => return Err(Error::conflict("rotation_pending", "a successor is published and signs soon")),
            None => {}
        }
        signing_keys::retire(conn, tenant, key.id, use_from + LONGEST_TOKEN)?;
        made.push(add(conn, tenant, sealer, key.algorithm, (now, use_from))?);
    }
    Ok(made)
}

fn add(
    conn: &mut PgConnection,
    tenant: Uuid,
    sealer: &Sealer,
    algorithm: TokenAlgorithm,
    (now, use_from): (DateTime<Utc>, DateTime<Utc>),
) -> Result<SigningKey, Error> {
    use secrecy::ExposeSecret;
    let inside = |e: &dyn std::error::Error| Error::Internal(e.to_string());
    let der = KeyPair::generate(algorithm).map_err(|e| inside(&e))?;
    let public = KeyPair::from_pkcs8(&der).map_err(|e| inside(&e))?;
    let mut key = SigningKey {
        tenant_id: tenant,
        id: Uuid::now_v7(),
        algorithm,
        private_key: Vec::new(),
        public_key: serde_json::to_value(public.public_jwk()).map_err(|e| inside(&e))?,
        created_at: now,
        use_from,
        retire_at: None,
    };
    key.private_key = sealer.seal(private_key_place(&key), der.expose_secret());
    signing_keys::insert(conn, tenant, &key)?;
    Ok(key)
}
