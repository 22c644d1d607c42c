//! Invited people and passwords: whoever has none chooses one by the link of the invitation, and is signed in by that; who
//! has one accepts the invitation with the login.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use diesel::PgConnection;
use secrecy::SecretString;
use uuid::Uuid;

use crate::context::Context;
use crate::context::caches::TenantCache;
use crate::flows::Error;
use crate::flows::accept_invitation::{PasswordWay, password_way_of, ways};
use crate::flows::open_session::{self, NewSession, Proof};
use crate::flows::password_login::{Arrival, Ending, SignedIn, check_allowed, device};
use crate::flows::provision::invited::{self, over_code};
use crate::flows::provision::{Provisioned, first_proof};
use crate::flows::write::saved;
use crate::model::audit::{Event, LoginMethod, Stamp};
use crate::model::invitation::{Invitation, InvitationState};
use crate::model::local_credential::LocalCredential;
use crate::model::role::AccountStatus;
use crate::model::tenant::Sso;
use crate::model::user::User;
use crate::store::db::DbError;
use crate::store::{Versioned, audit_events, invitations, local_credentials, users};

/// Sets the password that the invited person chose, makes them a user if they are none yet, and signs them in: one
/// transaction, in which the invitation is taken.
///
/// # Errors
/// As [`super::sign_in`]; [`Error::Forbidden`] `invitation_way_closed` when they sign in otherwise, `user_suspended`,
/// `invitation_not_covered`; [`Error::Gone`] when it is over; [`Error::Conflict`] `external_id_taken`.
pub async fn accept(
    ctx: &Context,
    tenant: &Arc<TenantCache>,
    invitation: &Invitation,
    password: &SecretString,
    arrival: &Arrival,
) -> Result<Ending, Error> {
    check_allowed(ctx, tenant)?;
    if ways(ctx, tenant, invitation).await?.password != PasswordWay::Choose {
        return Err(closed());
    }
    let (id, sso) = (tenant.tenant.id, tenant.tenant.sso.at(ctx.clock.now()));
    let key = invitation.email_key.clone().unwrap_or_default();
    let found = ctx.db.tenant(id, move |conn| Ok::<_, DbError>(users::find_by_email_key(conn, id, &key)?)).await?;
    let stamp = arrival.visitor.stamp(ctx);
    let person = found.unwrap_or_else(|| new_user(invitation, stamp.at));
    let password = match ctx.hasher.read_new(password, &person, &tenant.tenant).await? {
        Ok(password) => password,
        Err(unfit) => return Ok(Ending::Unfit(unfit)),
    };
    let password_hash = ctx.hasher.hash(id, password).await?;
    let (method, amr) = (LoginMethod::Password, vec!["pwd".to_owned()]); // RFC 8176
    let proof = Proof::here(method, amr, stamp.at);
    let (session, token) = NewSession::prepare(ctx, id, &arrival.visitor, proof)?;
    let brought = invitation.token_hash.clone().unwrap_or_default();
    let done = ctx.db.tenant(id, move |conn| {
        let invitation = take(conn, id, &brought, sso, stamp.at)?;
        let welcome = settle(conn, &invitation, &password_hash, stamp)?;
        session.store(conn, &welcome)?;
        Ok::<_, Error>(welcome.user.id)
    });
    let user_id = match done.await {
        Err(Error::Stale) => return Err(Error::conflict("concurrent_change", "another change was faster; try again")),
        done => done?,
    };
    open_session::announce(ctx, id, &arrival.visitor, true);
    let devices = device::read(ctx, id, arrival.device_cookie.as_deref());
    let device = device::renewed(ctx, id, &devices, user_id)?;
    Ok(Ending::SignedIn(Box::new(SignedIn { token, device })))
}

fn closed() -> Error {
    Error::forbidden("invitation_way_closed", "the invited person signs in otherwise")
}

/// The invitation, held, when a password may still be chosen by it.
fn take(
    conn: &mut PgConnection,
    tenant: Uuid,
    token_hash: &[u8],
    sso: Sso,
    now: DateTime<Utc>,
) -> Result<Invitation, Error> {
    let invitation = invitations::lock_by_token(conn, tenant, token_hash)?.ok_or(Error::NotFound)?;
    let state = invitation.state_at(now);
    if state != InvitationState::Pending {
        return Err(Error::gone(over_code(state), "the invitation cannot be accepted any more"));
    }
    check(conn, &invitation)?;
    // Somebody may have set one while this one was hashed.
    if password_way_of(conn, &invitation, sso)? == PasswordWay::Choose { Ok(invitation) } else { Err(closed()) }
}

/// The user with their password, and the invitation taken.
fn settle(
    conn: &mut PgConnection,
    invitation: &Invitation,
    password_hash: &str,
    stamp: Stamp,
) -> Result<Provisioned, Error> {
    let (tenant, now) = (invitation.tenant_id, stamp.at);
    let key = invitation.email_key.as_deref().unwrap_or_default();
    let mut welcome = match users::find_by_email_key(conn, tenant, key)? {
        Some(user) => prove(conn, tenant, user.id, invitation.proves_address(), now)?,
        None => Provisioned { outcome: "created", ..Provisioned::as_known(new_user(invitation, now)) },
    };
    if welcome.outcome == "created" {
        check_external_id(conn, invitation, welcome.user.id)?;
        if users::insert_if_new(conn, tenant, &welcome.user)? == 0 {
            return Err(Error::conflict("concurrent_change", "another change was faster; try again"));
        }
        let accepted = invited::accept(conn, invitation, welcome.user.id, now)?;
        welcome.invitation = accepted.then_some(invitation.id);
    } else {
        join(conn, invitation, &mut welcome, now)?;
    }
    let credential = LocalCredential {
        tenant_id: tenant,
        user_id: welcome.user.id,
        password_hash: password_hash.to_owned(),
        must_change: false,
        password_id: Uuid::now_v7(),
        changed_at: now,
    };
    local_credentials::put(conn, tenant, &credential)?;
    users::touch_login(conn, tenant, welcome.user.id, now)?;
    let event = Event::UserPasswordChanged { id: welcome.user.id };
    audit_events::insert(conn, tenant, &stamp.event(tenant, &event))?;
    Ok(welcome)
}

/// The user who is there already, held. The first one who proves their address finds nobody else's way in (L-08).
fn prove(
    conn: &mut PgConnection,
    tenant: Uuid,
    id: Uuid,
    proven: bool,
    now: DateTime<Utc>,
) -> Result<Provisioned, Error> {
    let mut user = User::lock(conn, tenant, id)?.ok_or(Error::Stale)?;
    if user.status != AccountStatus::Active {
        return Err(Error::forbidden("user_suspended", "the user is suspended"));
    }
    let (mut fields, mut warnings, mut cleared) = (Vec::new(), Vec::new(), false);
    if proven && user.email_verified_at.is_none() {
        cleared = first_proof::clear(conn, tenant, id, now)?;
        cleared |= first_proof::unlink_others(conn, tenant, id, None)?;
        let version = user.version;
        user.email_verified_at = Some(now);
        fields.push("email_verified_at");
        user.bump(now);
        saved(user.save(conn, version)?)?;
    }
    if cleared {
        warnings.push("earlier_credentials_removed");
    }
    Ok(Provisioned { outcome: "updated", fields, warnings, cleared, ..Provisioned::as_known(user) })
}

/// Who the invitation makes.
fn new_user(invitation: &Invitation, now: DateTime<Utc>) -> User {
    let mut user = User::new(invitation.tenant_id, now);
    (user.email, user.email_key) = (invitation.email.clone(), invitation.email_key.clone());
    user.email_verified_at = invitation.proves_address().then_some(now);
    invited::grant(&mut user, invitation, true, &mut Vec::new());
    user
}

/// The invitation that was brought to a login by password, held, when it is this user's and still waits. Whoever signs in
/// as somebody else accepts nothing (L-17).
///
/// # Errors
/// [`Error::Forbidden`] `invitation_not_covered`, `invitation_connection_mismatch`, `invitation_password_needed`.
pub(super) fn hold(
    conn: &mut PgConnection,
    user: &User,
    brought: Option<&[u8]>,
    now: DateTime<Utc>,
) -> Result<Option<Invitation>, Error> {
    let Some(hash) = brought else { return Ok(None) };
    let found = invitations::lock_by_token(conn, user.tenant_id, hash)?;
    let waits = |row: &Invitation| row.state_at(now) == InvitationState::Pending;
    let Some(invitation) = found.filter(waits).filter(|row| row.is_for(user.email_key.as_deref())) else {
        return Ok(None);
    };
    if invitation.proves_address() && user.email_verified_at.is_none() {
        // L-08: the password may be anybody's; behind the link another one is chosen.
        let how = "the address was not proven when the password was set; choose one behind the link of the invitation";
        return Err(Error::forbidden("invitation_password_needed", how));
    }
    check(conn, &invitation)?;
    Ok(Some(invitation))
}

/// Gives a user who is there what the invitation says, and takes it.
///
/// # Errors
/// [`Error::Conflict`] `external_id_taken`, [`Error::Stale`] when the user is not there any more.
pub(super) fn join(
    conn: &mut PgConnection,
    invitation: &Invitation,
    welcome: &mut Provisioned,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let (tenant, id) = (invitation.tenant_id, welcome.user.id);
    check_external_id(conn, invitation, id)?;
    let mut user = User::lock(conn, tenant, id)?.ok_or(Error::Stale)?;
    let mut fields = Vec::new();
    invited::grant(&mut user, invitation, false, &mut fields);
    if !fields.is_empty() {
        let version = user.version;
        user.bump(now);
        saved(user.save(conn, version)?)?;
    }
    if invited::accept(conn, invitation, id, now)? {
        welcome.invitation = Some(invitation.id);
    }
    welcome.user = user;
    welcome.fields.extend(fields);
    Ok(())
}

fn check(conn: &mut PgConnection, invitation: &Invitation) -> Result<(), Error> {
    let refused = invited::check(conn, invitation, invitation.connection_id.is_some())?;
    refused.map_err(|refusal| Error::forbidden(refusal.code, refusal.advice))
}

fn check_external_id(conn: &mut PgConnection, invitation: &Invitation, user: Uuid) -> Result<(), Error> {
    let Some(external_id) = &invitation.external_id else { return Ok(()) };
    match users::find_by_external_id(conn, invitation.tenant_id, external_id)? {
        Some(other) if other.id != user => {
            Err(Error::conflict("external_id_taken", "another user has the invitation's external_id"))
        }
        _ => Ok(()),
    }
}
