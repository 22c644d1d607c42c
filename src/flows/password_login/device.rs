//! The device cookie: sealed, it names the accounts of a tenant that this browser has signed in to by password, each
//! with an id of its own to count by. It signs nobody in.

use chrono::{DateTime, Duration, Utc};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::context::Context;
use crate::flows::{Error, carried};

/// How long a browser is remembered after a login, in days.
pub const DEVICE_DAYS: i64 = 180;
/// How many accounts of a tenant one browser is remembered for.
const MAX_ACCOUNTS: usize = 5;
/// What the cookie is sealed for.
const COOKIE: &str = "device";

/// An account that the browser has signed in to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Known {
    user: Uuid,
    /// What its failures are counted by.
    pub device: Uuid,
    at: DateTime<Utc>,
}

/// The accounts that a cookie names; none when it is not one of ours for this tenant.
pub fn read(ctx: &Context, tenant: Uuid, cookie: Option<&str>) -> Vec<Known> {
    let read = cookie.and_then(|cookie| carried::read(ctx, tenant, COOKIE, cookie));
    let mut known: Vec<Known> = read.unwrap_or_default();
    let oldest = ctx.clock.now() - Duration::days(DEVICE_DAYS);
    known.retain(|known| known.at > oldest);
    known
}

/// The entry of this user.
pub fn of_user(known: &[Known], user: Uuid) -> Option<&Known> {
    known.iter().find(|known| known.user == user)
}

/// The entry of this user, when the browser has signed in to the account since then.
pub fn of_user_since(known: &[Known], user: Uuid, since: DateTime<Utc>) -> Option<&Known> {
    of_user(known, user).filter(|known| known.at >= since)
}

/// The cookie's value for a browser in which `user` has shown everything that a login asks for, in place of `cookie`.
///
/// # Errors
/// [`Error::Internal`] when it cannot be written down.
pub fn remembered(ctx: &Context, tenant: Uuid, cookie: Option<&str>, user: Uuid) -> Result<SecretString, Error> {
    renewed(ctx, tenant, &read(ctx, tenant, cookie), user)
}

/// The cookie's value after a login of `user`: with them first.
///
/// # Errors
/// [`Error::Internal`] when it cannot be written down.
pub fn renewed(ctx: &Context, tenant: Uuid, known: &[Known], user: Uuid) -> Result<SecretString, Error> {
    let device = of_user(known, user).map_or_else(Uuid::new_v4, |known| known.device);
    let mut all = vec![Known { user, device, at: ctx.clock.now() }];
    all.extend(known.iter().filter(|known| known.user != user).take(MAX_ACCOUNTS - 1).cloned());
    carried::write(ctx, tenant, COOKIE, &all)
}
