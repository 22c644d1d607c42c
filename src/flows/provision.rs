//! Provisioning: the one place that creates people, whoever vouched for them.
//!
//! 1. load the candidates: the linked identity, the user with the same address, the domain;
//! 2. `decide` (pure): create, link, update, wait (for a letter to prove the address: `letter`) or refuse;
//! 3. `apply` the plan; a lost race (somebody else created the same person just now) starts again at 1;
//! 4. `first_proof`: what was set up for the user before anybody had proven the address goes;
//! 5. `invited`: the invitation that this accepts is taken;
//! 6. `sync_groups`: plan (pure) and apply.
//!
//! All of it in the caller's transaction.

pub mod apply;
pub mod decide;
pub mod first_proof;
pub mod invited;
pub mod letter;
pub mod sync_groups;

use chrono::{DateTime, Utc};
use diesel::PgConnection;
use uuid::Uuid;

use crate::flows::Error;
use crate::model::claims::IdentityAssertion;
use crate::model::connection::Connection;
use crate::model::email::EmailAddress;
use crate::model::user::User;
use crate::store::{domains, identities, users};

use decide::{Candidates, DomainStanding, Plan, Refusal};
use invited::Guest;
use sync_groups::GroupOutcome;

/// A sign-in that provisioning agreed to.
#[derive(Debug)]
pub struct Provisioned {
    /// The user, as they are now.
    pub user: User,
    /// The link they came in by, where it was one.
    pub identity_id: Option<Uuid>,
    /// `created`, `linked`, `updated` or `known`.
    pub outcome: &'static str,
    /// Fields of the user that changed.
    pub fields: Vec<&'static str>,
    /// Codes of things an admin may want to look at.
    pub warnings: Vec<&'static str>,
    /// Whether sessions, password or keys of the user went, because the address was not proven until now.
    pub cleared: bool,
    /// The proven address that the user had until now, when they have another one.
    pub moved_from: Option<EmailAddress>,
    /// The invitation that was accepted by this.
    pub invitation: Option<Uuid>,
    /// What the group sync did.
    pub groups: GroupOutcome,
}

impl Provisioned {
    /// A user who was here before and about whom nothing new was said.
    #[must_use]
    pub fn as_known(user: User) -> Self {
        Self {
            user,
            identity_id: None,
            outcome: "known",
            fields: Vec::new(),
            warnings: Vec::new(),
            cleared: false,
            moved_from: None,
            invitation: None,
            groups: GroupOutcome::default(),
        }
    }
}

/// A sign-in to decide on.
#[derive(Debug, Clone, Copy)]
pub struct SignIn<'a> {
    /// Who vouches.
    pub connection: &'a Connection,
    /// What was said.
    pub assertion: &'a IdentityAssertion,
    /// The letter that this sign-in waited for, and that was opened.
    pub letter: Option<&'a letter::Opened>,
    /// Hash of an invitation's token that the person brought.
    pub invitation: Option<&'a [u8]>,
}

/// What provisioning says to an assertion.
#[derive(Debug)]
pub enum Verdict {
    /// Welcome.
    Welcome(Box<Provisioned>),
    /// Not now, or not at all.
    Refused(Refusal),
    /// Not before a letter has proven the address. Nothing was written.
    Waits(Box<letter::Wait>),
    /// Somebody else created the same person while we looked: roll back and try again.
    Raced,
}

/// Decides and applies.
///
/// # Errors
/// [`Error`] of the database.
pub fn provision(
    conn: &mut PgConnection,
    tenant: Uuid,
    sign_in: SignIn<'_>,
    now: DateTime<Utc>,
) -> Result<Verdict, Error> {
    let SignIn { connection, assertion, .. } = sign_in;
    let who = match load(conn, tenant, connection.id, (assertion, sign_in.invitation), now)? {
        Ok(who) => who,
        Err(refusal) => return Ok(Verdict::Refused(refusal)),
    };
    let (unproven, before) = (who.unproven(), who.user().cloned());
    let offer = who.usable_offer().map(|offer| offer.invitation.clone());
    let by_mail = sign_in.letter.is_some() || who.usable_offer().is_some_and(|offer| offer.proves(who.email.as_ref()));
    let decide = |who| decide::decide(assertion, &connection.provisioning.0, who, now);
    let mut decided = decide(who.clone());
    if let Ok((Plan::Wait, _)) = decided {
        match letter::of(conn, tenant, sign_in, &who, now)? {
            Ok(true) => decided = decide(Candidates { by_mail: true, ..who }),
            Ok(false) => return Ok(letter::wait(who)),
            Err(refusal) => return Ok(Verdict::Refused(refusal)),
        }
    }
    let (plan, mut warnings) = match decided {
        Ok(decided) => decided,
        Err(refusal) => return Ok(Verdict::Refused(refusal)),
    };
    let (outcome, fields) = (plan.outcome(), plan.fields());
    let Some((user, identity_id)) = apply::apply(conn, tenant, connection.id, assertion, plan, now)? else {
        return Ok(Verdict::Raced);
    };
    let invitation = offer.as_ref().map(|invitation| invitation.id);
    if let Some(invitation) = offer
        && !invited::accept(conn, &invitation, user.id, now)?
    {
        return Ok(Verdict::Raced); // L-19
    }
    let proven = unproven == Some(user.id) && user.email_verified_at.is_some();
    let mut cleared = proven && first_proof::clear(conn, tenant, user.id, now)?;
    if proven && by_mail {
        cleared |= first_proof::unlink_others(conn, tenant, user.id, Some(identity_id))?;
    }
    if cleared {
        warnings.push("earlier_credentials_removed");
    }
    let groups = sync_groups::sync(conn, connection, user.id, assertion.groups.as_ref(), now)?;
    let identity_id = Some(identity_id);
    let moved_from = moved_from(before, &user);
    let provisioned =
        Provisioned { user, identity_id, outcome, fields, warnings, cleared, moved_from, invitation, groups };
    Ok(Verdict::Welcome(Box::new(provisioned)))
}

/// L-06: the proven address that the user had before, when it is not theirs now.
fn moved_from(before: Option<User>, after: &User) -> Option<EmailAddress> {
    let before = before.filter(|user| user.id == after.id && user.email_verified_at.is_some())?;
    let address = EmailAddress::parse(before.email.as_deref()?).ok()?;
    Some(address).filter(|old| after.email_key.as_deref() != Some(&old.key))
}

/// Everything `decide` needs to know, read under the tenant's wall.
fn load(
    conn: &mut PgConnection,
    tenant: Uuid,
    source: Uuid,
    (assertion, token): (&IdentityAssertion, Option<&[u8]>),
    now: DateTime<Utc>,
) -> Result<Result<Candidates, Refusal>, Error> {
    let email = assertion.email.as_deref().and_then(|text| EmailAddress::parse(text).ok());
    // First, because it is held: of many who accept it at once the others see below what the first one made (L-19).
    let guest = Guest { source, subject: &assertion.subject, email: email.as_ref(), token };
    let mut offer = match invited::find(conn, tenant, guest, now)? {
        Ok(offer) => offer,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let (mut same_address, mut domain) = (None, DomainStanding::Unknown);
    if let Some(email) = &email {
        same_address = users::find_by_email_key(conn, tenant, &email.key)?;
        domain = match domains::verified(conn, tenant, &email.domain)? {
            None => DomainStanding::Unknown,
            Some(d) if d.connection_id.is_none_or(|id| id == source) => DomainStanding::Ours,
            Some(_) => DomainStanding::Elsewhere, // L-23
        };
    }
    let same_address_is_linked = match &same_address {
        Some(user) => identities::any_of_user(conn, tenant, user.id)?,
        None => false,
    };
    // L-25: last, because each statement sees what was committed before it: a user whom a login at the same moment
    // created is then never seen without the identity, which would look like somebody else's address.
    let linked = identities::find_with_user(conn, tenant, source, &assertion.issuer, &assertion.subject)?;
    if linked.is_some() {
        // Who has come in by this identity is not told apart by an address any more.
        offer = offer.filter(|offer| offer.by_link || offer.invitation.email_key.is_none());
    }
    Ok(Ok(Candidates { tenant, linked, email, same_address, same_address_is_linked, domain, by_mail: false, offer }))
}
