//! enforce_sso: passwords sign nobody in any more, without locking anybody out.
//!
//! 1. [`set`]: an admin enforces it who came in by an active connection just now, and turns it off where an owner has a
//!    password; operators may without;
//!    Owners and admins are told by letter when it is enforced, and when it is no more;
//! 2. [`confirm`]: the next login of an owner or admin by a connection, within a day, makes it last;
//! 3. [`go_back_due`]: otherwise it goes back. It counts no longer from its time on, whether or not this has run
//!    ([`SsoSetting::at`]); here it is written down and told.

use chrono::{DateTime, Duration, Utc};
use diesel::PgConnection;
use uuid::Uuid;

use crate::context::Context;
use crate::flows::Error;
use crate::flows::post::post;
use crate::flows::write::write;
use crate::model::audit::{Actor, Event, LoginMethod, SsoConfirmed, Stamp};
use crate::model::delivery::Language;
use crate::model::email::EmailAddress;
use crate::model::letter::Letter;
use crate::model::role::Role;
use crate::model::tenant::{Sso, SsoSetting, Tenant};
use crate::model::user::User;
use crate::store::db::DbError;
use crate::store::{audit_events, changes, connections, local_credentials, sessions, tenants, users};

/// How old the login may be by which an admin shows that the connection works, in minutes.
pub const PROOF_MINUTES: i64 = 15;
/// How long a login may take to confirm it, in hours.
pub const CONFIRM_HOURS: i64 = 24;
/// Most tenants that go back in one round.
const BATCH: i64 = 100;

/// Sets `sso` in the tenant's row, which the caller holds and writes back. Gives the names of the fields that differ now,
/// and posts the letters about it.
///
/// # Errors
/// [`Error::Forbidden`] `sso_proof_needed` when an admin enforces it who did not just come in by an active connection;
/// [`Error::Conflict`] `no_owner_with_password` when one turns it off and no owner could come in afterwards.
pub fn set(
    conn: &mut PgConnection,
    ctx: &Context,
    row: &mut Tenant,
    wanted: Sso,
    stamp: Stamp,
) -> Result<Vec<&'static str>, Error> {
    let now = stamp.at;
    let (counts, waits) = (row.sso.at(now), row.sso.confirm_by(now));
    let next = match (wanted, stamp.actor) {
        (_, Actor::Operator { .. } | Actor::System) => wanted.into(),
        (Sso::Enforced, _) if counts == Sso::Enforced => return Ok(Vec::new()),
        (Sso::Enforced, actor) => {
            check_proof(conn, row.id, actor, now)?;
            SsoSetting::enforced_until(now + Duration::hours(CONFIRM_HOURS), counts)
        }
        (Sso::Off, _) if counts != Sso::Off && local_credentials::owners(conn, row.id)?.is_empty() => {
            return Err(no_owner_with_password());
        }
        (Sso::Off | Sso::Optional, _) => wanted.into(),
    };
    let mut fields = Vec::new();
    if next.at(now) != counts {
        fields.push("sso");
    }
    if next.confirm_by(now) != waits {
        fields.push("sso_confirm_by");
    }
    if !fields.is_empty() {
        if let Some(to) = row.sso.gone_back_to(now) {
            // What went back by itself is told before something else takes its place.
            let by_itself = Stamp { actor: Actor::System, request_id: None, at: now };
            let event = went_back(conn, ctx, row.id, to)?;
            audit_events::insert(conn, row.id, &by_itself.event(row.id, &event))?;
        }
        row.sso = next;
        announce(conn, ctx, row, counts, stamp)?;
    }
    Ok(fields)
}

/// L-23 must lock nobody out: whoever enforces shows that they get in by a connection as it is now.
fn check_proof(conn: &mut PgConnection, tenant: Uuid, actor: Actor, now: DateTime<Utc>) -> Result<(), Error> {
    let since = now - Duration::minutes(PROOF_MINUTES);
    let shown = match actor {
        Actor::User { user_id, .. } => sessions::came_by_connection(conn, tenant, user_id, since)?,
        _ => false,
    };
    if shown {
        return Ok(());
    }
    let how = format!(
        "sign in by an active connection, and enforce it within {PROOF_MINUTES} minutes in that session or by a key of your user"
    );
    Err(Error::forbidden("sso_proof_needed", how))
}

/// Tells owners and admins that passwords sign nobody in any more, or that they do again.
fn announce(conn: &mut PgConnection, ctx: &Context, tenant: &Tenant, before: Sso, stamp: Stamp) -> Result<(), Error> {
    let enforced = tenant.sso.at(stamp.at) == Sso::Enforced;
    if enforced == (before == Sso::Enforced) {
        return Ok(());
    }
    let by = match stamp.actor {
        Actor::User { user_id, .. } => users::find(conn, tenant.id, user_id)?.and_then(|user| user.name.or(user.email)),
        _ => None,
    };
    let letter = if enforced {
        Letter::SsoEnforced { by, confirm_by: tenant.sso.confirm_by(stamp.at) }
    } else {
        Letter::SsoLifted { by }
    };
    tell(conn, ctx, tenant.id, &[Role::Owner, Role::Admin], &letter)
}

/// A login of `user` by a connection, in its transaction: when an enforcement waits for an owner or admin to come in by
/// one, it lasts from now on.
///
/// # Errors
/// [`Error`] of the database.
pub fn confirm(
    conn: &mut PgConnection,
    user: &User,
    (method, session): (LoginMethod, Uuid),
    stamp: Stamp,
) -> Result<(), Error> {
    let by_connection = matches!(method, LoginMethod::Oidc | LoginMethod::Saml);
    if !by_connection || user.role < Role::Admin {
        return Ok(());
    }
    let tenant = user.tenant_id;
    if tenants::confirm_sso(conn, tenant, stamp.at)? {
        let event = Event::TenantSsoConfirmed(SsoConfirmed { user_id: user.id, session_id: session });
        audit_events::insert(conn, tenant, &stamp.event(tenant, &event))?;
        changes::note(conn, tenant)?;
    }
    Ok(())
}

/// Writes down what goes back because nobody confirmed it; tells how many tenants that were.
///
/// # Errors
/// [`DbError`].
pub async fn go_back_due(ctx: &Context) -> Result<usize, DbError> {
    let now = ctx.clock.now();
    let due = ctx.db.system(move |conn| Ok::<_, DbError>(tenants::sso_over(conn, now, BATCH)?)).await?;
    let mut gone_back = 0;
    for tenant in due {
        match go_back(ctx, tenant, now).await {
            Ok(true) => {
                tracing::warn!(%tenant, "nobody confirmed that sso is enforced; passwords sign in again");
                gone_back += 1;
            }
            Ok(false) => {}
            Err(error) => tracing::warn!(%tenant, %error, "what nobody confirmed did not go back; it is tried again"),
        }
    }
    Ok(gone_back)
}

async fn go_back(ctx: &Context, tenant: Uuid, now: DateTime<Utc>) -> Result<bool, Error> {
    let stamp = Stamp { actor: Actor::System, request_id: None, at: now };
    let to_tell = ctx.clone();
    write(ctx, tenant, stamp, move |conn| {
        let Some(mut row) = tenants::lock(conn, tenant)? else { return Ok((false, None)) };
        let Some(before) = row.sso.gone_back_to(now) else { return Ok((false, None)) };
        let version = row.version;
        (row.sso, row.version, row.updated_at) = (before.into(), version + 1, now);
        tenants::save(conn, &row, version)?;
        Ok((true, Some(went_back(conn, &to_tell, tenant, before)?)))
    })
    .await
}

/// Tells owners and admins that it went back by itself; gives the event that tells the audit log.
fn went_back(conn: &mut PgConnection, ctx: &Context, tenant: Uuid, to: Sso) -> Result<Event, Error> {
    tell(conn, ctx, tenant, &[Role::Owner, Role::Admin], &Letter::SsoWentBack {})?;
    Ok(Event::TenantSsoWentBack { to })
}

/// Refuses, in the transaction that took a connection away, when that was the last active one and people come in by
/// connections only. Whoever wants it all the same lets passwords in first.
///
/// # Errors
/// [`Error::Conflict`] `last_connection`.
pub fn keep_a_connection(conn: &mut PgConnection, tenant: Uuid, now: DateTime<Utc>) -> Result<(), Error> {
    // Locked, so that of two who take the last two away at once one sees what the other left.
    let row = tenants::lock(conn, tenant)?.ok_or(Error::NotFound)?;
    if row.sso.at(now) != Sso::Enforced || !connections::active(conn, tenant)?.is_empty() {
        return Ok(());
    }
    Err(Error::conflict("last_connection", "sso is enforced and this is the last active connection; set sso first"))
}

/// Refuses, in the transaction that takes the user's way in by password, while connections sign nobody in and no other
/// owner has one.
///
/// # Errors
/// [`Error::Conflict`] `no_owner_with_password`.
pub fn keep_an_owner_with_password(conn: &mut PgConnection, user: &User, now: DateTime<Utc>) -> Result<(), Error> {
    let row = tenants::lock(conn, user.tenant_id)?.ok_or(Error::NotFound)?; // as above
    if row.sso.at(now) != Sso::Off || local_credentials::owners(conn, row.id)? != [user.id] {
        return Ok(());
    }
    Err(no_owner_with_password())
}

fn no_owner_with_password() -> Error {
    let how = "connections would sign nobody in, and no active owner has a password and an address to come in by";
    Error::conflict("no_owner_with_password", how)
}

/// Posts a letter to every active user of these roles who has an address.
///
/// # Errors
/// [`Error`] of the database.
pub fn tell(
    conn: &mut PgConnection,
    ctx: &Context,
    tenant: Uuid,
    roles: &[Role],
    letter: &Letter,
) -> Result<(), Error> {
    for address in users::addresses_of(conn, tenant, roles)? {
        if let Ok(to) = EmailAddress::parse(&address) {
            post(conn, ctx, tenant, (&to, Language::English), letter, None)?;
        }
    }
    Ok(())
}
