//! fresh_login: what changes the ways into an account wants a login that is not old. A session that was left open, or its
//! cookie in other hands, is not enough for it.

use chrono::{DateTime, Duration, Utc};
use diesel::PgConnection;
use uuid::Uuid;

use crate::context::Context;
use crate::flows::Error;
use crate::model::session::Session;
use crate::store::sessions;

/// How old the login may be, in minutes.
pub const FRESH_MINUTES: i64 = 10;

/// Whether the person proved who they are a moment ago. A provider's word for when that was is not believed beyond the
/// login that it came with, and one that says nothing may have asked nobody.
#[must_use]
pub fn is_fresh(session: &Session, now: DateTime<Utc>) -> bool {
    let age = |auth_time: DateTime<Utc>| now - auth_time.min(session.created_at);
    session.auth_time.is_some_and(|auth_time| age(auth_time) <= Duration::minutes(FRESH_MINUTES))
}

/// Whether they signed in a moment ago, and their provider does not say that it asked who they are.
#[must_use]
pub fn was_not_asked(session: &Session, now: DateTime<Utc>) -> bool {
    !is_fresh(session, now) && now - session.created_at <= Duration::minutes(FRESH_MINUTES)
}

/// Refuses when the session's login is old, or the session over.
///
/// # Errors
/// [`Error::Forbidden`] `reauthentication_needed`, or `reauthentication_refused` when a provider says that it asked nobody
/// at the login just now. One that says nothing is to be asked by `max_age` first.
pub fn check(conn: &mut PgConnection, tenant: Uuid, session: Uuid, now: DateTime<Utc>) -> Result<(), Error> {
    match sessions::find(conn, tenant, session)?.filter(|session| session.ended_at.is_none()) {
        Some(session) if is_fresh(&session, now) => Ok(()),
        Some(session) if session.auth_time.is_some() && was_not_asked(&session, now) => Err(Error::forbidden(
            "reauthentication_refused",
            "the identity provider did not ask the person to sign in again, which this needs",
        )),
        _ => Err(Error::forbidden(
            "reauthentication_needed",
            format!("sign in again first: the login must not be older than {FRESH_MINUTES} minutes"),
        )),
    }
}

/// The same, outside a transaction.
///
/// # Errors
/// As [`check`]; [`Error::Unavailable`].
pub async fn require(ctx: &Context, tenant: Uuid, session: Uuid) -> Result<(), Error> {
    let now = ctx.clock.now();
    ctx.db.tenant(tenant, move |conn| check(conn, tenant, session, now)).await
}
