//! Limits on what strangers may try; the counters are rows, so that they hold across instances.

use crate::context::Context;
use crate::flows::Error;
use crate::store::db::DbError;
use crate::store::rate_limits;

/// Callbacks that name no login which one address may send in a minute.
pub const GARBAGE_PER_MINUTE: u32 = 100;

/// Counts one try of `what` and refuses when there were more than `max` in the current window of `seconds`.
///
/// # Errors
/// [`Error::RateLimited`], [`Error::Unavailable`].
pub async fn check(ctx: &Context, what: String, max: u32, seconds: u32) -> Result<(), Error> {
    let now = ctx.clock.now();
    let hits =
        ctx.db.system(move |conn| Ok::<_, DbError>(rate_limits::hit(conn, &what, i64::from(seconds), now)?)).await?;
    if u32::try_from(hits).unwrap_or(u32::MAX) > max {
        let into_window = u32::try_from(now.timestamp().rem_euclid(i64::from(seconds))).unwrap_or(0);
        return Err(Error::RateLimited { retry_after: (seconds - into_window).max(1) });
    }
    Ok(())
}

/// What counts as one address: an IPv4 address, or an IPv6 /64 (K-09: the rest is free to rotate).
#[must_use]
pub fn address_bucket(ip: std::net::IpAddr) -> String {
    match ip {
        std::net::IpAddr::V4(ip) => ip.to_string(),
        std::net::IpAddr::V6(ip) => match ip.to_ipv4_mapped() {
            Some(mapped) => mapped.to_string(),
            None => format!("{:x?}", &ip.segments()[..4]),
        },
    }
}
