//! Limits on what strangers may try; the counters are rows, so that they hold across instances.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::context::Context;
use crate::flows::Error;
use crate::store::db::DbError;
use crate::store::rate_limits;

/// Callbacks that name no login which one address may send in a minute.
pub const GARBAGE_PER_MINUTE: u32 = 100;

/// Form posts without their cookie that are kept for one address in a minute. Browsers bring it at https.
pub const PARKED_PER_MINUTE: u32 = 30;

/// The window in which letters are counted, in seconds.
pub const LETTER_WINDOW: u32 = 900;

/// Letters that one address may cause in a quarter of an hour.
pub const LETTERS_PER_ADDRESS: u32 = 30;

/// Letters that one person may cause to one mailbox in a quarter of an hour.
pub const LETTERS_PER_PERSON: u32 = 5;

/// Letters that go to one mailbox of a tenant's in a quarter of an hour, whoever causes them.
pub const LETTERS_PER_MAILBOX: u32 = 10;

/// How often something may be tried in a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// What is counted.
    pub what: String,
    /// How many are let by.
    pub max: u32,
}

/// A try that was counted and let by.
#[derive(Debug, Clone)]
pub struct Counted {
    limits: Vec<Limit>,
    seconds: i64,
    at: DateTime<Utc>,
    /// How many tries the last limit has seen in this window, this one among them.
    pub hits: u32,
}

/// Counts one try of `what` and refuses when there were more than `max` in the current window of `seconds`.
///
/// # Errors
/// [`Error::RateLimited`], [`Error::Unavailable`].
pub async fn check(ctx: &Context, what: String, max: u32, seconds: u32) -> Result<(), Error> {
    check_each(ctx, vec![Limit { what, max }], seconds).await.map(drop)
}

/// Counts what names nothing that is expected, and could come from anybody at this address.
///
/// # Errors
/// [`Error::RateLimited`], [`Error::Unavailable`].
pub async fn garbage(ctx: &Context, tenant: Uuid, ip: Option<IpAddr>) -> Result<(), Error> {
    let Some(ip) = ip else { return Ok(()) };
    let what = garbage_key(tenant, ip);
    // A flood is held in memory first: its row would be everybody's to wait for.
    ctx.garbage_limit.check(&what).map_err(|retry_after| Error::RateLimited { retry_after })?;
    check(ctx, what, GARBAGE_PER_MINUTE, 60).await
}

/// Counts nothing: refuses an address that is sending too much garbage, before what it sent now costs anything to verify (S-22).
///
/// # Errors
/// [`Error::RateLimited`].
pub fn consult_garbage(ctx: &Context, tenant: Uuid, ip: Option<IpAddr>) -> Result<(), Error> {
    let Some(ip) = ip else { return Ok(()) };
    let allowed = ctx.garbage_limit.consult(&garbage_key(tenant, ip));
    allowed.map_err(|retry_after| Error::RateLimited { retry_after })
}

fn garbage_key(tenant: Uuid, ip: IpAddr) -> String {
    format!("callback/{tenant}/{}", address_bucket(ip))
}

/// Counts a form post that is to be kept until its browser comes back for it, in memory.
///
/// # Errors
/// [`Error::RateLimited`].
pub fn parked(ctx: &Context, tenant: Uuid, ip: Option<IpAddr>) -> Result<(), Error> {
    let Some(ip) = ip else { return Ok(()) };
    let what = format!("{tenant}/{}", address_bucket(ip));
    ctx.park_limit.check(&what).map_err(|retry_after| Error::RateLimited { retry_after })
}

/// Counts one try at each limit in turn. The first one that was reached refuses, and those after it are not counted:
/// who is stopped at one cannot use up another.
///
/// # Errors
/// [`Error::RateLimited`], [`Error::Unavailable`].
pub async fn check_each(ctx: &Context, limits: Vec<Limit>, seconds: u32) -> Result<Counted, Error> {
    let (now, length) = (ctx.clock.now(), i64::from(seconds));
    let wanted = limits.clone();
    let counted = ctx.db.system(move |conn| {
        let mut hits = 0;
        for limit in wanted {
            hits = u32::try_from(rate_limits::hit(conn, &limit.what, length, now)?).unwrap_or(u32::MAX);
            if hits > limit.max {
                return Ok::<_, DbError>(None);
            }
        }
        Ok(Some(hits))
    });
    let into_window = u32::try_from(now.timestamp().rem_euclid(length)).unwrap_or(0);
    let refused = Error::RateLimited { retry_after: (seconds - into_window).max(1) };
    let hits = counted.await?.ok_or(refused)?;
    Ok(Counted { limits, seconds: length, at: now, hits })
}

/// Counts a letter that `person` wants to have sent to the mailbox with this key (K-08).
///
/// # Errors
/// [`Error::RateLimited`], [`Error::Unavailable`].
pub async fn letter_wanted(
    ctx: &Context,
    tenant: Uuid,
    ip: Option<IpAddr>,
    (person, key): (&str, &str),
) -> Result<(), Error> {
    let limit = |what: String, max: u32| Limit { what: format!("letter/{what}"), max };
    let address = ip.map(|ip| limit(format!("address/{}", address_bucket(ip)), LETTERS_PER_ADDRESS));
    let person = limit(format!("person/{tenant}/{person}/{key}"), LETTERS_PER_PERSON);
    check_each(ctx, address.into_iter().chain([person]).collect(), LETTER_WINDOW).await.map(drop)
}

/// Counts a letter for this purpose to the mailbox with this key, so that it is not flooded, whoever wants it to be, and
/// letters of one purpose are in nobody's way who waits for another. Where there is
/// no room, the letters of this window are still there, and each stays good.
///
/// # Errors
/// [`Error::RateLimited`], [`Error::Unavailable`].
pub async fn mailbox(ctx: &Context, tenant: Uuid, (purpose, key): (&str, &str)) -> Result<(), Error> {
    check(ctx, format!("letter/mailbox/{purpose}/{tenant}/{key}"), LETTERS_PER_MAILBOX, LETTER_WINDOW).await
}

/// Takes a counted try back, because it was none: only failures count.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn take_back(ctx: &Context, counted: Counted) -> Result<(), Error> {
    let done = ctx.db.system(move |conn| {
        for limit in &counted.limits {
            rate_limits::take_back(conn, &limit.what, counted.seconds, counted.at)?;
        }
        Ok::<_, DbError>(())
    });
    Ok(done.await?)
}

/// What counts as one address: an IPv4 address, or an IPv6 /64 (K-09: the rest is free to rotate).
#[must_use]
pub fn address_bucket(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => match ip.to_ipv4_mapped() {
            Some(mapped) => mapped.to_string(),
            None => format!("{:x?}", &ip.segments()[..4]),
        },
    }
}
