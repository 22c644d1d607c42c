//! decide: the pure heart of a sign-in. From what was asserted and who is known to what would change, or why not.
//!
//! Knows no database and no clock; every row of its decision table is a test (`tests`).

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::flows::patch::put;
use crate::flows::provision::invited::{self, Offer};
use crate::model::claims::IdentityAssertion;
use crate::model::connection::provisioning::{EmailTrust, LinkPolicy, ProvisioningPolicy};
use crate::model::email::EmailAddress;
use crate::model::identity::FederatedIdentity;
use crate::model::role::{AccountStatus, Role};
use crate::model::user::User;

/// How an address's domain stands to the connection that asserts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DomainStanding {
    /// The tenant has not verified it.
    Unknown,
    /// The tenant has verified it, and it may sign in here.
    Ours,
    /// The tenant has verified it, and it signs in by another connection.
    Elsewhere,
}

/// Who is known already.
#[derive(Debug, Clone)]
pub struct Candidates {
    /// The tenant.
    pub tenant: Uuid,
    /// The identity with this source, issuer and subject, and its user.
    pub linked: Option<(FederatedIdentity, User)>,
    /// The asserted address, if it is one.
    pub email: Option<EmailAddress>,
    /// The user with that address.
    pub same_address: Option<User>,
    /// Whether that user has any identity yet.
    pub same_address_is_linked: bool,
    /// How the address's domain stands to this connection.
    pub domain: DomainStanding,
    /// Whether a letter of ours has proven the address, for this very identity.
    pub by_mail: bool,
    /// The invitation that this would accept.
    pub offer: Option<Offer>,
}

impl Candidates {
    /// The invitation, where it may be accepted by what the person brought.
    #[must_use]
    pub fn usable_offer(&self) -> Option<&Offer> {
        self.offer.as_ref().filter(|offer| !offer.needs_link(self.user()))
    }

    /// The user whom this login would be the first proof of: nobody has come in by this identity, and nobody has proven
    /// the user's address.
    #[must_use]
    pub fn unproven(&self) -> Option<Uuid> {
        let user = match &self.linked {
            Some((identity, user)) => Some(user).filter(|_| identity.last_seen_at.is_none()),
            None => self.same_address.as_ref(),
        };
        user.filter(|user| user.email_verified_at.is_none()).map(|user| user.id)
    }

    /// The user whom this login would be of: the linked one, else the one with the address.
    #[must_use]
    pub fn user(&self) -> Option<&User> {
        self.linked.as_ref().map(|(_, user)| user).or(self.same_address.as_ref())
    }

    /// Whether no letter is needed: the linked user's own address is proven, and it is the asserted one, or the asserted
    /// one is somebody else's, whose it stays.
    fn is_known(&self) -> bool {
        let Some((_, user)) = &self.linked else { return false };
        let same = user.email_key.as_deref() == self.email.as_ref().map(|email| email.key.as_str());
        let taken = self.same_address.as_ref().is_some_and(|other| other.id != user.id);
        user.email_verified_at.is_some() && (same || taken)
    }
}

/// What will be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    /// A new user and a new identity.
    Create(Box<User>),
    /// A new identity of a user that exists; the user as they will be, and the fields that change.
    Link(Box<User>, Vec<&'static str>),
    /// A known identity; the user as they will be, and the fields that change.
    Update(Box<User>, Uuid, Vec<&'static str>),
    /// Nothing yet: the address is to be proven by a letter first.
    Wait,
}

impl Plan {
    /// Its name in the audit log.
    #[must_use]
    pub fn outcome(&self) -> &'static str {
        match self {
            Self::Create(_) => "created",
            Self::Link(..) => "linked",
            Self::Update(..) => "updated",
            Self::Wait => "waits",
        }
    }

    /// The fields of the user that it changes.
    #[must_use]
    pub fn fields(&self) -> Vec<&'static str> {
        match self {
            Self::Create(_) | Self::Wait => Vec::new(),
            Self::Link(_, fields) | Self::Update(_, _, fields) => fields.clone(),
        }
    }
}

/// Why somebody is not signed in. The code is stable; the sentence is for the tenant's admin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// Stable reason.
    pub code: &'static str,
    /// What an admin may do about it.
    pub advice: &'static str,
    /// The user it is about, where one is known.
    pub user: Option<Uuid>,
}

pub(super) const fn refuse(code: &'static str, advice: &'static str, user: Option<Uuid>) -> Refusal {
    Refusal { code, advice, user }
}

/// Decides. With the plan come codes of things an admin may want to look at.
///
/// # Errors
/// The [`Refusal`], when nobody is to be signed in.
pub fn decide(
    assertion: &IdentityAssertion,
    policy: &ProvisioningPolicy,
    who: Candidates,
    now: DateTime<Utc>,
) -> Result<(Plan, Vec<&'static str>), Refusal> {
    let mut warnings = Vec::new();
    if let Some((identity, user)) = who.linked.clone() {
        check_active(&user)?;
        if !prove_address(assertion, policy, &who)? {
            return Ok((Plan::Wait, warnings));
        }
        check_offer(&who, Some(user.id))?;
        let mut user = user;
        let fields = refresh(&mut user, assertion, &who, now, &mut warnings);
        return Ok((Plan::Update(Box::new(user), identity.id, fields), warnings));
    }
    let known = who.same_address.as_ref().map(|u| u.id);
    let proven = prove_address(assertion, policy, &who)?;
    if who.domain == DomainStanding::Elsewhere {
        // L-23: what another connection vouches for is not this one's to give away.
        let advice = "addresses of this domain sign in by the connection that the domain names";
        return Err(refuse("domain_signs_in_elsewhere", advice, known));
    }
    if !proven {
        // L-22: whether there is such a user is for the mailbox's owner to learn, so nothing below is said before the letter.
        return Ok((Plan::Wait, warnings));
    }
    check_offer(&who, known)?;
    if let Some(user) = who.same_address.clone() {
        check_active(&user)?;
        check_link(&user, policy, &who)?;
        let mut user = user;
        let fields = refresh(&mut user, assertion, &who, now, &mut warnings);
        return Ok((Plan::Link(Box::new(user), fields), warnings));
    }
    let invited = who.usable_offer().is_some();
    if !policy.create_users && who.offer.is_some() && !invited {
        let advice = "admins and owners are invited by the link in their letter";
        return Err(refuse("invitation_link_needed", advice, None));
    }
    if !policy.create_users && !invited {
        return Err(refuse("user_unknown", "create the user first, or let the connection create users", None)); // L-24
    }
    let mut user = User::new(who.tenant, now);
    user.role = policy.default_role;
    refresh(&mut user, assertion, &who, now, &mut warnings);
    Ok((Plan::Create(Box::new(user)), warnings))
}

fn check_active(user: &User) -> Result<(), Refusal> {
    match user.status {
        AccountStatus::Active => Ok(()),
        AccountStatus::Suspended => {
            Err(refuse("user_suspended", "an admin can set the user active again", Some(user.id)))
        }
    }
}

/// L-17: whoever comes by an invitation must prove the address that it was sent to; nobody takes the id of another.
fn check_offer(who: &Candidates, user: Option<Uuid>) -> Result<(), Refusal> {
    let Some(offer) = who.usable_offer() else { return Ok(()) };
    if offer.by_link && !offer.invitation.is_for(who.email.as_ref().map(|e| e.key.as_str())) {
        let advice = "the invitation was sent to another address than the one that the provider asserts";
        return Err(refuse("invitation_email_mismatch", advice, user));
    }
    if who.same_address.as_ref().is_some_and(|other| user != Some(other.id)) {
        let advice = "the invited address belongs to another user than the one who signs in";
        return Err(refuse("identity_conflict", advice, user));
    }
    if offer.known_as.is_some_and(|other| user != Some(other)) {
        return Err(refuse("external_id_taken", "another user has the invitation's external_id", user));
    }
    Ok(())
}

/// Only proven addresses come in (row A4). Who proves one is the connection's setting. `false`: a letter is to.
fn prove_address(
    assertion: &IdentityAssertion,
    policy: &ProvisioningPolicy,
    who: &Candidates,
) -> Result<bool, Refusal> {
    let user = who.user().map(|user| user.id);
    if assertion.email.is_none() {
        return Err(refuse("email_missing", "map the e-mail claim, or have the provider release it", user));
    }
    if who.email.is_none() {
        return Err(refuse("email_invalid", "the provider sent something that is no e-mail address", user)); // L-05
    }
    match policy.email_trust {
        // L-01: absent and false are the same.
        EmailTrust::RequireVerifiedClaim if !assertion.email_verified => Err(refuse(
            "email_not_verified",
            "the provider must send email_verified = true; or trust the connection for the tenant's verified domains",
            user,
        )),
        EmailTrust::TrustConnection if who.domain == DomainStanding::Unknown => {
            Err(refuse("email_domain_not_verified", "verify the address's domain for this tenant", user))
        }
        // Whatever the provider says of the address. Or the person brought what was mailed to this very one.
        EmailTrust::VerifyByMail => {
            let invited = who.offer.as_ref().is_some_and(|offer| offer.proves(who.email.as_ref()));
            Ok(invited || who.by_mail || who.is_known())
        }
        EmailTrust::RequireVerifiedClaim | EmailTrust::TrustConnection => Ok(true),
    }
}

/// L-01, L-02: an address alone takes over nobody. Either the tenant has verified its domain, or an admin entered this
/// very address and nobody has ever come in as it. T-05: whoever may set up a connection must not become an admin or
/// owner by it, so who has signed in as one is linked by hand only.
fn check_link(user: &User, policy: &ProvisioningPolicy, who: &Candidates) -> Result<(), Refusal> {
    if policy.link_existing == LinkPolicy::ProvenAddress && who.same_address_is_linked {
        // L-07: a new subject with a used address may be another person, and the old one's rights are not theirs.
        return Err(refuse(
            "identity_conflict",
            "the address belongs to a user with another identity; link this one by hand if it is the same person",
            Some(user.id),
        ));
    }
    let expected = user.last_login_at.is_none();
    let ordinary = user.role <= Role::Auditor;
    let ours = who.domain == DomainStanding::Ours;
    match policy.link_existing {
        LinkPolicy::ProvenAddress if (expected && ordinary) || (ours && (expected || ordinary)) => Ok(()),
        _ => Err(refuse(
            "link_requires_verification",
            "verify the address's domain, or link the identity by hand (always so for admins and owners who signed in before)",
            Some(user.id),
        )),
    }
}

/// Brings the user up to what was asserted; what was not asserted stays.
fn refresh(
    user: &mut User,
    assertion: &IdentityAssertion,
    who: &Candidates,
    now: DateTime<Utc>,
    warnings: &mut Vec<&'static str>,
) -> Vec<&'static str> {
    let mut fields = Vec::new();
    put(&mut user.name, assertion.name.clone().map(Some), "name", &mut fields);
    put(&mut user.given_name, assertion.given_name.clone().map(Some), "given_name", &mut fields);
    put(&mut user.family_name, assertion.family_name.clone().map(Some), "family_name", &mut fields);
    put(&mut user.picture, assertion.picture.clone().map(Some), "picture", &mut fields);
    if let Some(email) = &who.email {
        // L-06: the profile follows the provider, but never onto another user's address.
        if who.same_address.as_ref().is_some_and(|other| other.id != user.id) {
            warnings.push("email_belongs_to_another_user");
        } else {
            let moved = user.email_key.as_deref() != Some(&email.key);
            put(&mut user.email, Some(Some(email.address.clone())), "email", &mut fields);
            put(&mut user.email_key, Some(Some(email.key.clone())), "email_key", &mut fields);
            if moved || user.email_verified_at.is_none() {
                user.email_verified_at = Some(now);
                fields.push("email_verified_at");
            }
        }
    }
    if let Some(offer) = who.usable_offer() {
        let new = who.linked.is_none() && who.same_address.is_none();
        invited::grant(user, &offer.invitation, new, &mut fields);
    }
    fields
}

#[cfg(test)]
mod tests;
