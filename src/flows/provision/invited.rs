//! invited: the invitation that a sign-in accepts. The person brought its token to the login (`by_link`), or nothing but
//! the proven address or the subject says that they are the invited one, which is enough for ordinary members
//! who may do no more than it offers.
//!
//! All of it in the transaction of the sign-in: [`find`] holds the row, `decide` says whether this is the one, and
//! [`accept`] takes it with one conditional UPDATE. A refusal rolls back, so the invitation waits on.

use chrono::{DateTime, Utc};
use diesel::PgConnection;
use uuid::Uuid;

use crate::flows::Error;
use crate::flows::patch::put;
use crate::flows::provision::decide::{Refusal, refuse};
use crate::model::audit::Actor;
use crate::model::email::EmailAddress;
use crate::model::group::{GroupMembership, MANUAL};
use crate::model::invitation::{Invitation, InvitationState};
use crate::model::role::{AccountStatus, Role};
use crate::model::user::User;
use crate::store::{changes, groups, invitations, service_accounts, users};

/// An invitation that a sign-in may accept.
#[derive(Debug, Clone)]
pub struct Offer {
    /// The row, held.
    pub invitation: Invitation,
    /// The person brought its token.
    pub by_link: bool,
    /// The user who has its `external_id` already.
    pub known_as: Option<Uuid>,
}

impl Offer {
    /// Whether the letter proves this address: the person brought what was sent there and nowhere else.
    #[must_use]
    pub fn proves(&self, email: Option<&EmailAddress>) -> bool {
        self.by_link && self.invitation.proves_address() && self.invitation.is_for(email.map(|e| e.key.as_str()))
    }

    /// T-05: who sets up a connection says what it asserts, and must neither become an admin by it nor have a say about
    /// `user`, who signs in and may do more than what is offered.
    #[must_use]
    pub fn needs_link(&self, user: Option<&User>) -> bool {
        let offered = self.invitation.role;
        !self.by_link && (offered > Role::Auditor || user.is_some_and(|user| user.role > offered))
    }
}

/// Who signs in, as far as finding their invitation goes.
#[derive(Debug, Clone, Copy)]
pub struct Guest<'a> {
    /// By which connection.
    pub source: Uuid,
    /// What the connection calls the person.
    pub subject: &'a str,
    /// The asserted address, if it is one.
    pub email: Option<&'a EmailAddress>,
    /// Hash of the token that they brought.
    pub token: Option<&'a [u8]>,
}

/// The invitation of this guest, held until the transaction ends. One that was accepted before is none: who comes
/// again by its link signs in as they are.
///
/// # Errors
/// Outside [`Error`] of the database; inside why the link that they brought is worth nothing.
pub fn find(
    conn: &mut PgConnection,
    tenant: Uuid,
    guest: Guest<'_>,
    now: DateTime<Utc>,
) -> Result<Result<Option<Offer>, Refusal>, Error> {
    let (invitation, by_link) = match guest.token {
        Some(hash) => (invitations::lock_by_token(conn, tenant, hash)?, true),
        None => (by_name(conn, tenant, guest, now)?, false),
    };
    let Some(invitation) = invitation else {
        let unknown = refuse("invitation_unknown", "its link was replaced by a newer one, or never was", None);
        return Ok(if by_link { Err(unknown) } else { Ok(None) });
    };
    match invitation.state_at(now) {
        InvitationState::Accepted => return Ok(Ok(None)),
        InvitationState::Pending => {}
        state if by_link => {
            return Ok(Err(refuse(over_code(state), "send the invitation again, or make another one", None)));
        }
        _ => return Ok(Ok(None)),
    }
    let elsewhere = invitation.connection_id.is_some_and(|id| id != guest.source);
    if let Err(refusal) = check(conn, &invitation, elsewhere)? {
        return Ok(if by_link { Err(refusal) } else { Ok(None) });
    }
    let known_as = match &invitation.external_id {
        Some(external_id) => users::find_by_external_id(conn, tenant, external_id)?.map(|user| user.id),
        None => None,
    };
    Ok(Ok(Some(Offer { invitation, by_link, known_as })))
}

/// What an invitation that is over is refused with.
#[must_use]
pub fn over_code(state: InvitationState) -> &'static str {
    match state {
        InvitationState::Pending | InvitationState::Expired => "invitation_expired",
        InvitationState::Revoked => "invitation_revoked",
        InvitationState::Accepted => "invitation_accepted",
    }
}

/// By the subject, where no address was named; else by the address.
fn by_name(
    conn: &mut PgConnection,
    tenant: Uuid,
    guest: Guest<'_>,
    now: DateTime<Utc>,
) -> Result<Option<Invitation>, Error> {
    let found = invitations::pending_by_external_id(conn, tenant, guest.subject, now)?;
    let mut found = found.filter(|row| row.email_key.is_none());
    if let (None, Some(email)) = (&found, guest.email) {
        found = invitations::pending_by_email(conn, tenant, &email.key, now)?;
    }
    let Some(found) = found else { return Ok(None) };
    Ok(invitations::lock(conn, tenant, found.id)?)
}

/// Whether it may be accepted here and now, whoever comes.
///
/// # Errors
/// Outside [`Error`] of the database; inside why not.
pub fn check(conn: &mut PgConnection, invitation: &Invitation, elsewhere: bool) -> Result<Result<(), Refusal>, Error> {
    if elsewhere {
        let advice = "the invitation names the connection by which it is accepted";
        return Ok(Err(refuse("invitation_connection_mismatch", advice, None)));
    }
    // L-18: who invited must still be able to give it.
    if authority(conn, invitation)?.is_none_or(|role| role < Role::Admin || role < invitation.role) {
        let advice = "who invited may not do so any more; somebody who may sends it again";
        return Ok(Err(refuse("invitation_not_covered", advice, None)));
    }
    Ok(Ok(()))
}

/// What who invited may do now; `None` when they are suspended or gone. An operator and the command line act for the
/// installation: what they invited stands until it is revoked.
fn authority(conn: &mut PgConnection, invitation: &Invitation) -> Result<Option<Role>, Error> {
    let tenant = invitation.tenant_id;
    let (role, status) = match invitation.invited_by.0 {
        Actor::Operator { .. } | Actor::System => (Role::Owner, AccountStatus::Active),
        Actor::Visitor => return Ok(None),
        Actor::User { user_id, .. } => match users::find(conn, tenant, user_id)? {
            Some(user) => (user.role, user.status),
            None => return Ok(None),
        },
        Actor::ServiceAccount { service_account_id, .. } => {
            match service_accounts::find(conn, tenant, service_account_id)? {
                Some(account) => (account.role, account.status),
                None => return Ok(None),
            }
        }
    };
    Ok((status == AccountStatus::Active).then_some(role))
}

/// Gives the user what the invitation says, and notes the fields that change. A new user becomes what was invited; one who
/// is there keeps what they have and what they may do more.
pub fn grant(user: &mut User, invitation: &Invitation, new: bool, fields: &mut Vec<&'static str>) {
    let role = if new { invitation.role } else { invitation.role.max(user.role) };
    put(&mut user.role, Some(role), "role", fields);
    let or = |slot: &Option<String>, given: &Option<String>| slot.clone().or_else(|| given.clone());
    let (name, given_name) = (or(&user.name, &invitation.name), or(&user.given_name, &invitation.given_name));
    let family_name = or(&user.family_name, &invitation.family_name);
    let external_id = or(&user.external_id, &invitation.external_id);
    put(&mut user.name, Some(name), "name", fields);
    put(&mut user.given_name, Some(given_name), "given_name", fields);
    put(&mut user.family_name, Some(family_name), "family_name", fields);
    put(&mut user.external_id, Some(external_id), "external_id", fields);
    if let (None, Some(profile)) = (user.profile(), &invitation.profile.0) {
        user.set_profile(Some(profile.clone()));
        fields.push("profile");
    }
}

/// Takes it for `user`, who joins its groups; tells whether it was still there to be taken.
///
/// # Errors
/// [`Error`] of the database.
pub fn accept(conn: &mut PgConnection, invitation: &Invitation, user: Uuid, now: DateTime<Utc>) -> Result<bool, Error> {
    let tenant = invitation.tenant_id;
    if !invitations::take(conn, tenant, invitation.id, user, now)? {
        return Ok(false);
    }
    let membership = |group_id: Uuid| GroupMembership {
        tenant_id: tenant,
        group_id,
        user_id: user,
        origin: MANUAL.to_owned(),
        created_at: now,
    };
    let joined: Vec<_> = groups::existing(conn, tenant, &invitation.group_ids)?.into_iter().map(membership).collect();
    if !joined.is_empty() {
        groups::add_members(conn, tenant, &joined)?;
    }
    changes::note(conn, tenant)?; // W-04: every instance may hold the user's sessions in memory
    Ok(true)
}
