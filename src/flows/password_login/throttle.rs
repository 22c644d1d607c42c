//! How often a password may be tried (K-08), without locking its owner out: only failures count, and a browser that has
//! signed in to the account before is counted by itself, so that what strangers try does not touch it (OWASP's device
//! cookies). Everything else is counted by address, by address and account, and by account.

use std::net::IpAddr;

use uuid::Uuid;

use crate::context::Context;
use crate::flows::Error;
use crate::flows::limits::{self, Counted, Limit};
use crate::flows::password_login::device::Known;

/// A window, in seconds.
const WINDOW: u32 = 900;
/// Failures of one address in a window, at all accounts together.
pub const PER_ADDRESS: u32 = 100;
/// Failures of one address at one account in a window.
pub const PER_PAIR: u32 = 10;
/// Failures at one account in a window, from all browsers that never signed in to it together.
pub const PER_ACCOUNT: u32 = 20;
/// Failures of a browser that signed in to the account before, or of a session's own user.
pub const PER_DEVICE: u32 = 10;

/// A day, in seconds.
const DAY: u32 = 86_400;
/// Wrong codes in a window, of a browser that is known, or of all others together.
pub const PER_CODE: u32 = 5;
/// Wrong codes in a day. Who knows the password has so many guesses at a million codes, of which three are good: one in
/// fifteen thousand days of trying hits.
pub const PER_CODE_A_DAY: u32 = 20;

/// Counts a try at the account with this address key.
///
/// # Errors
/// [`Error::RateLimited`], [`Error::Unavailable`].
pub async fn count(
    ctx: &Context,
    tenant: Uuid,
    key: &str,
    ip: Option<IpAddr>,
    device: Option<&Known>,
) -> Result<Counted, Error> {
    let limit = |what: String, max: u32| Limit { what: format!("password/{what}"), max };
    let limits = match (device, ip.map(limits::address_bucket)) {
        (Some(known), _) => vec![limit(format!("device/{tenant}/{}", known.device), PER_DEVICE)],
        (None, Some(address)) => vec![
            limit(format!("address/{address}"), PER_ADDRESS),
            limit(format!("pair/{tenant}/{address}/{key}"), PER_PAIR),
            limit(format!("account/{tenant}/{key}"), PER_ACCOUNT),
        ],
        (None, None) => vec![limit(format!("account/{tenant}/{key}"), PER_ACCOUNT)],
    };
    limits::check_each(ctx, limits, WINDOW).await
}

/// Counts a try at the code of a user whose password was right: by the browser, if it has passed both steps before, so that
/// who found out the password locks nobody out of it. Gives the counts of window and day.
///
/// # Errors
/// [`Error::RateLimited`], [`Error::Unavailable`].
pub async fn count_code(
    ctx: &Context,
    tenant: Uuid,
    user: Uuid,
    device: Option<&Known>,
) -> Result<[Counted; 2], Error> {
    let whose = device.map_or_else(|| "others".to_owned(), |known| known.device.to_string());
    let what = format!("code/{tenant}/{user}/{whose}");
    let day = Limit { what: format!("{what}/day"), max: PER_CODE_A_DAY };
    let window = limits::check_each(ctx, vec![Limit { what, max: PER_CODE }], WINDOW).await?;
    Ok([window, limits::check_each(ctx, vec![day], DAY).await?])
}

/// Counts a try of a signed-in user at the first code of a secret of their own.
///
/// # Errors
/// [`Error::RateLimited`], [`Error::Unavailable`].
pub async fn count_own_code(ctx: &Context, tenant: Uuid, user: Uuid) -> Result<Counted, Error> {
    let limit = Limit { what: format!("code/own/{tenant}/{user}"), max: PER_DEVICE };
    limits::check_each(ctx, vec![limit], WINDOW).await
}

/// Counts a try of a signed-in user at their own password.
///
/// # Errors
/// [`Error::RateLimited`], [`Error::Unavailable`].
pub async fn count_own(ctx: &Context, tenant: Uuid, user: Uuid) -> Result<Counted, Error> {
    let limit = Limit { what: format!("password/own/{tenant}/{user}"), max: PER_DEVICE };
    limits::check_each(ctx, vec![limit], WINDOW).await
}
