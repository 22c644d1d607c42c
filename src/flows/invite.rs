//! invite: admins ask people to join: one by one or many at once, again, or no more. What the person will be is fixed here
//! and nowhere else (L-16); `provision::invited` gives it to whoever proves to be the one.
//!
//! 1. [`InvitationIn`] is checked, against the caller's own role too (L-18);
//! 2. letters are counted: by who sends, by tenant, by address (L-20);
//! 3. one transaction: the row with the token's hash, the letter with its link (`letter`), the event.

mod letter;

use diesel::PgConnection;
use garde::Validate;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::context::Context;
use crate::flows::Error;
use crate::flows::authenticate::Caller;
use crate::flows::limits::{self, Counted, Limit};
use crate::flows::post::take_back;
use crate::flows::write::{check_room, write};
use crate::model::audit::{Actor, Event, Stamp, Subject};
use crate::model::delivery::Language;
use crate::model::email::EmailAddress;
use crate::model::invitation::{Invitation, InvitationState};
use crate::model::json::Json;
use crate::model::profile::Profile;
use crate::model::role::Role;
use crate::model::text::{valid_external_id, valid_name};
use crate::store::{connections, groups, invitations, users};

/// Most invitations of one import.
pub const MAX_IMPORT: usize = 500;
/// Most invitations of a tenant that wait.
const MAX_PENDING: i64 = 10_000;
/// How long a letter is good when nobody says, in hours.
const VALID_HOURS: i32 = 7 * 24;
/// How long at most.
const MAX_HOURS: i32 = 30 * 24;
/// Most groups of one invitation.
const MAX_GROUPS: usize = 100;

/// A window of the limits, in seconds.
const WINDOW: u32 = 3600;
/// Invitations that somebody sends in a window.
pub const PER_INVITER: u32 = 600;
/// Invitations of a tenant in a window.
pub const PER_TENANT: u32 = 1200;
/// Invitations of a tenant to one address in a window.
pub const PER_ADDRESS: u32 = 5;
/// Invitations of all tenants together to one address in a window.
pub const PER_ADDRESS_IN_ALL: u32 = 20;

/// Somebody to invite.
#[derive(Debug, Clone, Default, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InvitationIn {
    /// Where the letter goes. Whoever accepts must prove to have this address.
    #[garde(skip)]
    pub email: Option<String>,
    /// The id that another system knows the person by. Without `email` no letter is sent: the first login whose user id
    /// this is accepts the invitation.
    #[garde(inner(custom(valid_external_id)))]
    pub external_id: Option<String>,
    /// Display name, where the provider tells none.
    #[garde(inner(custom(valid_name)))]
    pub name: Option<String>,
    /// Given name, where the provider tells none.
    #[garde(inner(custom(valid_name)))]
    pub given_name: Option<String>,
    /// Family name, where the provider tells none.
    #[garde(inner(custom(valid_name)))]
    pub family_name: Option<String>,
    /// The record of another system that describes the person.
    #[garde(dive)]
    pub profile: Option<Profile>,
    /// What the person will be allowed to do; `member` when absent, and never more than who invites. Who is there already
    /// and may do more keeps that. Without `email` only `member` and `auditor`.
    #[garde(skip)]
    pub role: Option<Role>,
    /// Groups that the person will be in.
    #[serde(default)]
    #[garde(length(max = MAX_GROUPS))]
    pub group_ids: Vec<Uuid>,
    /// The one connection by which it can be accepted.
    #[garde(skip)]
    pub connection_id: Option<Uuid>,
    /// How long it can be accepted, 1 to 720 hours; 168 when absent.
    #[garde(inner(range(min = 1, max = MAX_HOURS)))]
    pub expires_in_hours: Option<i32>,
    /// The letter's language; `en` when absent.
    #[garde(skip)]
    pub language: Option<Language>,
}

/// People to invite, each by themselves: one that cannot be taken does not keep the others back.
#[derive(Debug, Clone, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InvitationsIn {
    /// The people; at most 500.
    #[garde(length(min = 1, max = MAX_IMPORT))]
    pub invitations: Vec<InvitationIn>,
}

/// An invitation and the link in its letter, if there is one. The link is told to the letter, and by the command line.
pub struct Invited {
    /// The row.
    pub row: Invitation,
    /// The link.
    pub link: Option<SecretString>,
}

/// Invites somebody. `shown`: the caller is going to tell the link, so that it does not prove the address.
///
/// # Errors
/// [`Error::Invalid`] for fields, [`Error::Forbidden`] `role_above_own`, [`Error::RateLimited`], [`Error::Conflict`]
/// `invitation_taken`, `external_id_taken` or `limit_reached`.
pub async fn create(ctx: &Context, caller: &Caller, input: InvitationIn, shown: bool) -> Result<Invited, Error> {
    let stamp = caller.stamp(ctx);
    let (mut row, email) = read(caller, input, stamp)?;
    row.token_shown = shown;
    let counted = count(ctx, caller, email.as_ref()).await?;
    let (tenant, context, slug) = (row.tenant_id, ctx.clone(), caller.tenant.tenant.slug.clone());
    let done = write(ctx, tenant, stamp, move |conn| {
        check_names(conn, &row, stamp)?;
        let link = match &email {
            Some(email) => Some(letter::post(conn, &context, &slug, &mut row, email)?),
            None => None,
        };
        invitations::insert(conn, tenant, &row)?;
        let event = Event::InvitationCreated(Subject { id: row.id, name: None });
        Ok((Invited { row, link }, Some(event)))
    });
    or_take_back(ctx, counted, done.await).await
}

/// Invites many, each in a transaction of its own. What one row cannot be taken for is told in its place; a fault of ours
/// ends it, and is the answer when nothing was done.
///
/// # Errors
/// [`Error::Unavailable`], [`Error::Internal`] at the first row.
pub async fn import(
    ctx: &Context,
    caller: &Caller,
    inputs: Vec<InvitationIn>,
) -> Result<Vec<Result<Invitation, Error>>, Error> {
    let mut told = Vec::with_capacity(inputs.len());
    let mut failed = false;
    for input in inputs {
        if failed {
            told.push(Err(Error::Unavailable));
            continue;
        }
        let done = match input.validate() {
            Ok(()) => create(ctx, caller, input, false).await.map(|invited| invited.row),
            Err(report) => Err(report.into()),
        };
        match done {
            Err(error @ (Error::Internal(_) | Error::Unavailable)) if told.is_empty() => return Err(error),
            done => {
                failed = matches!(done, Err(Error::Internal(_) | Error::Unavailable));
                told.push(done);
            }
        }
    }
    Ok(told)
}

/// Sends it again: a new token, which makes the old one worthless, and the whole time anew. The caller invites now.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Forbidden`] `role_above_own`, [`Error::RateLimited`], [`Error::Conflict`]
/// `invitation_over`, or `invitation_taken` when another one waits for the same person.
pub async fn resend(ctx: &Context, caller: &Caller, id: Uuid) -> Result<Invitation, Error> {
    let (tenant, stamp) = (caller.tenant_id(), caller.stamp(ctx));
    let found = ctx.db.tenant(tenant, move |conn| {
        invitations::find(conn, tenant, id)?.ok_or(Error::NotFound) //
    });
    let found = found.await?;
    let email = found.email.as_deref().and_then(|text| EmailAddress::parse(text).ok());
    caller.check_role(found.role)?;
    check_open(found.state)?;
    let counted = count(ctx, caller, email.as_ref()).await?;
    let (by, context, slug) = (caller.actor, ctx.clone(), caller.tenant.tenant.slug.clone());
    let done = write(ctx, tenant, stamp, move |conn| {
        let mut row = invitations::lock(conn, tenant, id)?.ok_or(Error::NotFound)?;
        check_open(row.state)?;
        (row.invited_by, row.token_shown) = (Json(by), false);
        (row.updated_at, row.expires_at) = (stamp.at, stamp.at + chrono::Duration::hours(row.valid_hours.into()));
        if let Some(before) = row.delivery_id {
            take_back(conn, tenant, before, stamp.at)?;
        }
        if let Some(email) = &email {
            letter::post(conn, &context, &slug, &mut row, email)?;
        }
        // Another one for the same person whose time is over is in nobody's way.
        invitations::expire(conn, tenant, (row.email_key.as_deref(), row.external_id.as_deref()), stamp.at)?;
        row.state = InvitationState::Pending;
        invitations::renew(conn, tenant, &row)?;
        Ok((row, Some(Event::InvitationResent(Subject { id, name: None }))))
    });
    or_take_back(ctx, counted, done.await).await
}

/// Takes it back.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Forbidden`] `role_above_own`, [`Error::Conflict`] `invitation_over` when it was accepted
/// or revoked before.
pub async fn revoke(ctx: &Context, caller: &Caller, id: Uuid) -> Result<(), Error> {
    let (tenant, stamp, caller) = (caller.tenant_id(), caller.stamp(ctx), caller.clone());
    write(ctx, tenant, stamp, move |conn| {
        let row = invitations::lock(conn, tenant, id)?.ok_or(Error::NotFound)?;
        caller.check_role(row.role)?;
        if !invitations::revoke(conn, tenant, id, stamp.at)? {
            return Err(over());
        }
        if let Some(letter) = row.delivery_id {
            take_back(conn, tenant, letter, stamp.at)?;
        }
        Ok(((), Some(Event::InvitationRevoked(Subject { id, name: None }))))
    })
    .await
}

fn over() -> Error {
    Error::conflict("invitation_over", "it was accepted or revoked; make another one")
}

fn check_open(state: InvitationState) -> Result<(), Error> {
    match state {
        InvitationState::Pending | InvitationState::Expired => Ok(()),
        InvitationState::Accepted | InvitationState::Revoked => Err(over()),
    }
}

/// The row that is wanted, and the address in it.
fn read(caller: &Caller, input: InvitationIn, stamp: Stamp) -> Result<(Invitation, Option<EmailAddress>), Error> {
    let role = input.role.unwrap_or(Role::Member);
    caller.check_role(role)?; // L-18
    let email = input.email.as_deref().map(EmailAddress::parse).transpose();
    let email = email.map_err(|fault| Error::invalid("email", fault.to_string()))?;
    if email.is_none() && input.external_id.is_none() {
        return Err(Error::invalid("email", "is needed, or external_id: one way to know the person"));
    }
    if email.is_none() && role > Role::Auditor {
        // T-05: whoever sets up a connection decides what its subjects are called.
        let rule = "without email must be member or auditor: nothing but the connection says who it is";
        return Err(Error::invalid("role", rule));
    }
    let valid_hours = input.expires_in_hours.unwrap_or(VALID_HOURS);
    let row = Invitation {
        tenant_id: caller.tenant_id(),
        id: Uuid::now_v7(),
        state: InvitationState::Pending,
        token_hash: None,
        token_shown: false,
        email: email.as_ref().map(|email| email.address.clone()),
        email_key: email.as_ref().map(|email| email.key.clone()),
        external_id: input.external_id,
        name: input.name,
        given_name: input.given_name,
        family_name: input.family_name,
        profile: Json(input.profile),
        role,
        group_ids: input.group_ids,
        connection_id: input.connection_id,
        language: input.language.unwrap_or(Language::English),
        invited_by: Json(caller.actor),
        valid_hours,
        delivery_id: None,
        created_at: stamp.at,
        updated_at: stamp.at,
        expires_at: stamp.at + chrono::Duration::hours(valid_hours.into()),
        accepted_by: None,
    };
    Ok((row, email))
}

/// What the row names is there, and nobody waits or is there by the same names.
fn check_names(conn: &mut PgConnection, row: &Invitation, stamp: Stamp) -> Result<(), Error> {
    let tenant = row.tenant_id;
    if groups::existing(conn, tenant, &row.group_ids)?.len() < row.group_ids.len() {
        return Err(Error::invalid("group_ids", "must each name a group of this tenant, once"));
    }
    if let Some(id) = row.connection_id
        && connections::find(conn, tenant, id)?.is_none()
    {
        return Err(Error::invalid("connection_id", "names no connection of this tenant"));
    }
    let known = match &row.external_id {
        Some(external_id) => users::find_by_external_id(conn, tenant, external_id)?,
        None => None,
    };
    if known.is_some_and(|user| !row.is_for(user.email_key.as_deref())) {
        return Err(Error::conflict("external_id_taken", "another user has this external_id"));
    }
    invitations::expire(conn, tenant, (row.email_key.as_deref(), row.external_id.as_deref()), stamp.at)?;
    check_room(invitations::count_pending(conn, tenant, stamp.at)?, MAX_PENDING)
}

/// L-20: nobody makes a mail relay of invitations.
async fn count(ctx: &Context, caller: &Caller, email: Option<&EmailAddress>) -> Result<Counted, Error> {
    let tenant = caller.tenant_id();
    let who = match caller.actor {
        Actor::User { user_id, .. } => user_id,
        Actor::ServiceAccount { service_account_id, .. } => service_account_id,
        Actor::Operator { key_id } => key_id,
        Actor::Visitor | Actor::System => Uuid::nil(),
    };
    let limit = |what: String, max: u32| Limit { what: format!("invite/{what}"), max };
    // Whoever is stopped at an address has used up their own, and not the whole tenant's.
    let mut all = vec![limit(format!("inviter/{tenant}/{who}"), PER_INVITER)];
    if let Some(EmailAddress { key, .. }) = email {
        all.push(limit(format!("address/{tenant}/{key}"), PER_ADDRESS));
        all.push(limit(format!("address/{key}"), PER_ADDRESS_IN_ALL));
    }
    all.push(limit(format!("tenant/{tenant}"), PER_TENANT));
    limits::check_each(ctx, all, WINDOW).await
}

/// What led to no letter does not count.
async fn or_take_back<T>(ctx: &Context, counted: Counted, done: Result<T, Error>) -> Result<T, Error> {
    if done.is_err() {
        limits::take_back(ctx, counted).await?;
    }
    done
}
