//! fresh_login: what changes the ways into one's own account wants the person, and a login that is not old. A key or a token
//! of theirs, a session that was left open, or its cookie in other hands, is not enough for it; nor is it on an admin's way
//! to the users, when the user is the admin.

use chrono::{DateTime, Duration, Utc};
use diesel::PgConnection;
use uuid::Uuid;

use crate::context::Context;
use crate::flows::Error;
use crate::flows::authenticate::Caller;
use crate::model::session::Session;
use crate::model::user::User;
use crate::store::{Versioned, sessions};

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

/// Refuses a caller who may not change this user's ways in: their own they change in person and soon after a login (K-07),
/// those of others up to their role (T-05).
///
/// # Errors
/// [`Error::Forbidden`] `session_needed`, `role_above_own`; as [`check`].
pub fn may_change(conn: &mut PgConnection, caller: &Caller, user: &User, now: DateTime<Utc>) -> Result<(), Error> {
    if caller.user() != Some(user.id) {
        return caller.check_role(user.role);
    }
    let (_, session) = caller.person()?;
    check(conn, caller.tenant_id(), session, now)
}

/// The user whose ways in are about to be changed, held until the transaction ends.
///
/// # Errors
/// [`Error::NotFound`]; as [`may_change`].
pub fn hold(conn: &mut PgConnection, caller: &Caller, user: Uuid, now: DateTime<Utc>) -> Result<User, Error> {
    let user = User::lock(conn, caller.tenant_id(), user)?.ok_or(Error::NotFound)?;
    may_change(conn, caller, &user, now)?;
    Ok(user)
}

/// The same user before that transaction, where slow work lies between.
///
/// # Errors
/// As [`hold`]; [`Error::Unavailable`].
pub async fn look(ctx: &Context, caller: &Caller, user: Uuid) -> Result<User, Error> {
    let (by, now) = (caller.clone(), ctx.clock.now());
    ctx.db.tenant(caller.tenant_id(), move |conn| hold(conn, &by, user, now)).await
}

/// As [`check`], outside a transaction.
///
/// # Errors
/// As [`check`]; [`Error::Unavailable`].
pub async fn require(ctx: &Context, tenant: Uuid, session: Uuid) -> Result<(), Error> {
    let now = ctx.clock.now();
    ctx.db.tenant(tenant, move |conn| check(conn, tenant, session, now)).await
}
