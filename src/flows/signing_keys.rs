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
use crate::model::signing_key::{LONGEST_TOKEN, SigningKey, signer};
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
        Ok(vec![(add(conn, tenant, sealer, algorithm, (now, now))?, Some(Event::SigningKeyCreated as Told))])
    })
    .await?;
    Ok(ctx.load_key_ring(issuer).await?)
}

/// Has a successor take over from each key that signs (or from the one with `algorithm`): published now, signing in a
/// day, or in ten seconds when it has to be `at_once`; a successor that waits already is brought forward then. What
/// signed before stays published until its tokens have expired. Gives the keys that take over.
///
/// # Errors
/// [`Error::Conflict`] `rotation_pending` when a successor waits already and not `at_once`, [`Error::Unavailable`].
pub async fn rotate(
    ctx: &Context,
    issuer: &Issuer,
    stamp: Stamp,
    algorithm: Option<TokenAlgorithm>,
    at_once: bool,
) -> Result<Vec<SigningKey>, Error> {
    let wanted = move |key: &SigningKey| algorithm.is_none_or(|wanted| key.algorithm == wanted);
    let pace = if at_once { Pace::AtOnce } else { Pace::InADay };
    change(ctx, issuer.tenant_id(), stamp, move |conn, tenant, sealer| {
        succeed(conn, tenant, sealer, (stamp.at, pace), wanted)
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
            succeed(conn, tenant, sealer, (now, Pace::BySchedule), |key| key.use_from < before)
        });
        rotated.await?;
    }
    Ok(due.len())
}

/// Takes a key back that is a secret no more: it is published no longer, so what it signed is good nowhere any more. The
/// key that signs now cannot go; have another one take over first.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Conflict`] `signing_key_in_use`, [`Error::Unavailable`].
pub async fn revoke(ctx: &Context, issuer: &Issuer, stamp: Stamp, id: Uuid) -> Result<(), Error> {
    let now = stamp.at;
    let done = change(ctx, issuer.tenant_id(), stamp, move |conn, tenant, _| {
        let keys = signing_keys::all(conn, tenant)?;
        let key = keys.iter().find(|key| key.id == id && key.is_published(now)).ok_or(Error::NotFound)?;
        let signer = signer(&keys, key.algorithm, now).filter(|signer| signer.id != id);
        let Some(signer) = signer else {
            let message = "this key signs; rotate with at_once, and take it back when the next one signs";
            return Err(Error::conflict("signing_key_in_use", message));
        };
        if key.use_from > now {
            // It was to take over from the one that signs: that one goes on.
            signing_keys::schedule(conn, tenant, &SigningKey { retire_at: None, ..signer.clone() })?;
        }
        let gone = SigningKey { retire_at: Some(now), ..key.clone() };
        signing_keys::schedule(conn, tenant, &gone)?;
        Ok(vec![(gone, Some(Event::SigningKeyRevoked as Told))])
    });
    done.await.map(drop)
}

/// The kind of event that tells what became of a key.
type Told = fn(KeyRotated) -> Event;

/// Runs `work` with the issuer's keys held; what became of those it gives is told in the audit log and to every instance.
async fn change<F>(ctx: &Context, tenant: Option<Uuid>, stamp: Stamp, work: F) -> Result<Vec<SigningKey>, Error>
where
    F: FnOnce(&mut PgConnection, Uuid, &Sealer) -> Result<Vec<(SigningKey, Option<Told>)>, Error> + Send + 'static,
{
    let (id, sealer) = (tenant.unwrap_or_default(), ctx.sealer.clone());
    let held = move |conn: &mut PgConnection| {
        signing_keys::lock(conn, id)?;
        let keys = work(conn, id, &sealer)?;
        for (key, told) in &keys {
            let Some(told) = told else { continue };
            let event = told(KeyRotated { id: key.id, algorithm: key.algorithm, use_from: key.use_from });
            match tenant {
                Some(tenant) => audit_events::insert(conn, tenant, &stamp.event(tenant, &event))?,
                None => audit_events::insert_operator(conn, &stamp.operator_event(&event))?,
            };
            changes::note(conn, id)?;
        }
        Ok::<_, Error>(keys.into_iter().map(|(key, _)| key).collect())
    };
    let keys = match tenant {
        Some(tenant) => ctx.db.tenant(tenant, held).await?,
        None => ctx.db.system(held).await?,
    };
    ctx.caches.forget(id);
    Ok(keys)
}

/// When a successor begins to sign, and what it means that one waits already.
#[derive(Clone, Copy)]
enum Pace {
    /// In a day; one that waits will do.
    BySchedule,
    /// In a day; one that waits is a conflict.
    InADay,
    /// As soon as every instance knows it; one that waits is brought forward.
    AtOnce,
}

/// Has a successor take over from each key that signs and is `wanted`. Gives those, and how that is told.
fn succeed(
    conn: &mut PgConnection,
    tenant: Uuid,
    sealer: &Sealer,
    (now, pace): (DateTime<Utc>, Pace),
    wanted: impl Fn(&SigningKey) -> bool,
) -> Result<Vec<(SigningKey, Option<Told>)>, Error> {
    let keys = signing_keys::all(conn, tenant)?;
    let mut next = Vec::new();
    for algorithm in TokenAlgorithm::ALL {
        let Some(signer) = signer(&keys, algorithm, now).filter(|key| wanted(key)) else { continue };
        let waits = |key: &&SigningKey| key.algorithm == algorithm && key.use_from > now && key.is_published(now);
        let waiting = keys.iter().filter(waits).find(|key| key.id != signer.id);
        let (successor, told) = match (waiting, pace) {
            (None, Pace::BySchedule | Pace::InADay) => {
                (add(conn, tenant, sealer, algorithm, (now, now + AHEAD))?, Some(Event::SigningKeyCreated as Told))
            }
            (None, Pace::AtOnce) => {
                let made = add(conn, tenant, sealer, algorithm, (now, now + AHEAD_AT_ONCE))?;
                (made, Some(Event::SigningKeyCreated as Told))
            }
            (Some(_), Pace::BySchedule) => continue,
            (Some(_), Pace::InADay) => {
                return Err(Error::conflict("rotation_pending", "a successor is published and signs soon"));
            }
            (Some(waiting), Pace::AtOnce) => {
                let soon = SigningKey { use_from: waiting.use_from.min(now + AHEAD_AT_ONCE), ..waiting.clone() };
                signing_keys::schedule(conn, tenant, &soon)?;
                let sooner = soon.use_from < waiting.use_from;
                (soon, sooner.then_some(Event::SigningKeyBroughtForward as Told))
            }
        };
        let retire_at = Some(successor.use_from + LONGEST_TOKEN);
        signing_keys::schedule(conn, tenant, &SigningKey { retire_at, ..signer.clone() })?;
        next.push((successor, told));
    }
    Ok(next)
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
