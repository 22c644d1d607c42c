//! decide: the pure heart of a sign-in. From what was asserted and who is known to what would change, or why not.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::flows::patch::put;
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
}

impl Plan {
    /// Its name in the audit log.
    #[must_use]
    pub fn outcome(&self) -> &'static str {
        match self {
            Self::Create(_) => "created",
            Self::Link(..) => "linked",
            Self::Update(..) => "updated",
        }
    }

    /// The fields of the user that it changes.
    #[must_use]
    pub fn fields(&self) -> Vec<&'static str> {
        match self {
            Self::Create(_) => Vec::new(),
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

const fn refuse(code: &'static str, advice: &'static str, user: Option<Uuid>) -> Refusal {
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
        prove_address(assertion, policy, &who, Some(user.id))?;
        let mut user = user;
        let fields = refresh(&mut user, assertion, &who, now, &mut warnings);
        return Ok((Plan::Update(Box::new(user), identity.id, fields), warnings));
    }
    prove_address(assertion, policy, &who, who.same_address.as_ref().map(|u| u.id))?;
    if who.domain == DomainStanding::Elsewhere {
        // L-23: what another connection vouches for is not this one's to give away.
        let advice = "addresses of this domain sign in by the connection that the domain names";
        return Err(refuse(
            "domain_signs_in_elsewhere",
            advice,
            who.same_address.as_ref().map(|u| u.id),
        ));
    }
    if let Some(user) = who.same_address.clone() {
        check_active(&user)?;
        check_link(&user, policy, &who)?;
        let mut user = user;
        let fields = refresh(&mut user, assertion, &who, now, &mut warnings);
        return Ok((Plan::Link(Box::new(user), fields), warnings));
    }
    if !policy.create_users {
        return Err(refuse(
            "user_unknown",
            "create the user first, or let the connection create users",
            None,
        )); // L-24
    }
    let mut user = User::new(who.tenant, now);
    user.role = policy.default_role;
    refresh(&mut user, assertion, &who, now, &mut warnings);
    Ok((Plan::Create(Box::new(user)), warnings))
}

fn check_active(user: &User) -> Result<(), Refusal> {
    match user.status {
        AccountStatus::Active => Ok(()),
        AccountStatus::Suspended => Err(refuse(
            "user_suspended",
            "an admin can set the user active again",
            Some(user.id),
        )),
    }
}

/// Only proven addresses come in (row A4). Who proves one is the connection's setting.
fn prove_address(
    assertion: &IdentityAssertion,
    policy: &ProvisioningPolicy,
    who: &Candidates,
    user: Option<Uuid>,
) -> Result<(), Refusal> {
    if assertion.email.is_none() {
        return Err(refuse(
            "email_missing",
            "map the e-mail claim, or have the provider release it",
            user,
        ));
    }
    if who.email.is_none() {
        return Err(refuse(
            "email_invalid",
            "the provider sent something that is no e-mail address",
            user,
        )); // L-05
    }
    match policy.email_trust {
        // L-01: absent and false are the same.
        EmailTrust::RequireVerifiedClaim if !assertion.email_verified => Err(refuse(
            "email_not_verified",
            "the provider must send email_verified = true; or trust the connection for the tenant's verified domains",
            user,
        )),
        EmailTrust::TrustConnection if who.domain != DomainStanding::Ours => Err(refuse(
            "email_domain_not_verified",
            "verify the address's domain for this tenant",
            user,
        )),
        EmailTrust::VerifyByMail => Err(refuse(
            "email_verification_by_mail_unavailable",
            "choose another way to prove addresses for now",
            user,
        )),
        EmailTrust::RequireVerifiedClaim | EmailTrust::TrustConnection => Ok(()),
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
            "the address belongs to a user with another identity; unlink that one first if it is the same person",
            Some(user.id),
        ));
    }
    let expected = user.last_login_at.is_none();
    let ordinary = user.role <= Role::Auditor;
    match policy.link_existing {
        LinkPolicy::ProvenAddress if expected || (who.domain == DomainStanding::Ours && ordinary) => Ok(()),
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
    put(
        &mut user.given_name,
        assertion.given_name.clone().map(Some),
        "given_name",
        &mut fields,
    );
    put(
        &mut user.family_name,
        assertion.family_name.clone().map(Some),
        "family_name",
        &mut fields,
    );
    put(
        &mut user.picture,
        assertion.picture.clone().map(Some),
        "picture",
        &mut fields,
    );
    if let Some(email) = &who.email {
        // L-06: the profile follows the provider, but never onto another user's address.
        if who.same_address.as_ref().is_some_and(|other| other.id != user.id) {
            warnings.push("email_belongs_to_another_user");
        } else {
            let moved = user.email_key.as_deref() != Some(&email.key);
            put(&mut user.email, Some(Some(email.address.clone())), "email", &mut fields);
            put(
                &mut user.email_key,
                Some(Some(email.key.clone())),
                "email_key",
                &mut fields,
            );
            if moved || user.email_verified_at.is_none() {
                user.email_verified_at = Some(now);
                fields.push("email_verified_at");
            }
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn assertion(email: &str, verified: bool) -> IdentityAssertion {
        IdentityAssertion {
            issuer: "https://op.example".into(),
            subject: "s-1".into(),
            email: Some(email.into()),
            email_verified: verified,
            name: Some("Alice".into()),
            given_name: None,
            family_name: None,
            picture: None,
            groups: None,
        }
    }

    fn nobody(email: &str) -> Candidates {
        Candidates {
            tenant: Uuid::nil(),
            linked: None,
            email: EmailAddress::parse(email).ok(),
            same_address: None,
            same_address_is_linked: false,
            domain: DomainStanding::Unknown,
        }
    }

    fn user(email: &str) -> User {
        let mut user = User::new(Uuid::nil(), NOW);
        user.email = Some(email.into());
        user.email_key = Some(email.into());
        user
    }

    fn known(user: &User, subject: &str) -> FederatedIdentity {
        FederatedIdentity {
            tenant_id: Uuid::nil(),
            id: Uuid::now_v7(),
            source_id: Uuid::nil(),
            issuer: "https://op.example".into(),
            subject: subject.into(),
            user_id: user.id,
            email: None,
            created_at: NOW,
            last_seen_at: None,
        }
    }

    fn code(a: &IdentityAssertion, policy: &ProvisioningPolicy, who: Candidates) -> &'static str {
        match decide(a, policy, who, NOW) {
            Ok((plan, _)) => plan.outcome(),
            Err(refusal) => refusal.code,
        }
    }

    const A: &str = "alice@acme.example";

    #[test]
    fn a_stranger_with_a_verified_address_is_created_and_without_one_refused() {
        let policy = ProvisioningPolicy::default();
        assert_eq!(code(&assertion(A, true), &policy, nobody(A)), "created");
        assert_eq!(code(&assertion(A, false), &policy, nobody(A)), "email_not_verified");
        let mut without = assertion(A, true);
        without.email = None;
        assert_eq!(
            code(
                &without,
                &policy,
                Candidates {
                    email: None,
                    ..nobody(A)
                }
            ),
            "email_missing"
        );
        assert_eq!(code(&assertion("x", true), &policy, nobody("x")), "email_invalid");
    }

    #[test]
    fn l_24_nobody_is_created_when_the_connection_does_not() {
        let policy = ProvisioningPolicy {
            create_users: false,
            ..ProvisioningPolicy::default()
        };
        assert_eq!(code(&assertion(A, true), &policy, nobody(A)), "user_unknown");
    }

    #[test]
    fn a_directory_is_believed_for_verified_domains_only() {
        let policy = ProvisioningPolicy {
            email_trust: EmailTrust::TrustConnection,
            ..ProvisioningPolicy::default()
        };
        assert_eq!(
            code(&assertion(A, false), &policy, nobody(A)),
            "email_domain_not_verified"
        );
        let ours = Candidates {
            domain: DomainStanding::Ours,
            ..nobody(A)
        };
        assert_eq!(code(&assertion(A, false), &policy, ours), "created");
    }

    #[test]
    fn verify_by_mail_refuses_with_its_own_reason_until_there_is_mail() {
        let policy = ProvisioningPolicy {
            email_trust: EmailTrust::VerifyByMail,
            ..ProvisioningPolicy::default()
        };
        assert_eq!(
            code(&assertion(A, true), &policy, nobody(A)),
            "email_verification_by_mail_unavailable"
        );
    }

    #[test]
    fn l_01_an_address_takes_over_a_user_only_when_it_is_proven_and_allowed() {
        let policy = ProvisioningPolicy::default();
        let mut other = user(A);
        other.last_login_at = Some(NOW);
        let who = Candidates {
            same_address: Some(other.clone()),
            ..nobody(A)
        };
        assert_eq!(code(&assertion(A, false), &policy, who.clone()), "email_not_verified");
        assert_eq!(
            code(&assertion(A, true), &policy, who.clone()),
            "link_requires_verification"
        );
        let ours = Candidates {
            domain: DomainStanding::Ours,
            ..who.clone()
        };
        assert_eq!(code(&assertion(A, true), &policy, ours.clone()), "linked");
        let never = ProvisioningPolicy {
            link_existing: LinkPolicy::Never,
            ..policy.clone()
        };
        assert_eq!(code(&assertion(A, true), &never, ours), "link_requires_verification");
        let entered = Candidates {
            same_address: Some(user(A)),
            ..who
        };
        assert_eq!(
            code(&assertion(A, true), &policy, entered),
            "linked",
            "an admin entered the address"
        );
    }

    #[test]
    fn l_23_a_domain_that_signs_in_elsewhere_brings_nobody_in_here() {
        let policy = ProvisioningPolicy::default();
        let who = Candidates {
            domain: DomainStanding::Elsewhere,
            ..nobody(A)
        };
        assert_eq!(
            code(&assertion(A, true), &policy, who.clone()),
            "domain_signs_in_elsewhere"
        );
        let entered = Candidates {
            same_address: Some(user(A)),
            ..who
        };
        assert_eq!(code(&assertion(A, true), &policy, entered), "domain_signs_in_elsewhere");
    }

    #[test]
    fn t_05_an_address_makes_nobody_an_owner_who_signed_in_before() {
        let mut owner = user(A);
        (owner.role, owner.last_login_at) = (Role::Owner, Some(NOW));
        let who = Candidates {
            same_address: Some(owner.clone()),
            domain: DomainStanding::Ours,
            ..nobody(A)
        };
        let policy = ProvisioningPolicy::default();
        assert_eq!(
            code(&assertion(A, true), &policy, who.clone()),
            "link_requires_verification"
        );
        owner.last_login_at = None;
        let expected = Candidates {
            same_address: Some(owner),
            ..who
        };
        assert_eq!(
            code(&assertion(A, true), &policy, expected),
            "linked",
            "entered, and awaited for the first time"
        );
    }

    #[test]
    fn l_07_a_recycled_address_inherits_nothing() {
        let policy = ProvisioningPolicy::default();
        let who = Candidates {
            same_address: Some(user(A)),
            same_address_is_linked: true,
            domain: DomainStanding::Ours,
            ..nobody(A)
        };
        assert_eq!(code(&assertion(A, true), &policy, who), "identity_conflict");
    }

    #[test]
    fn l_06_a_known_person_follows_a_changed_address_but_never_onto_somebody_elses() {
        let policy = ProvisioningPolicy::default();
        let alice = user("old@acme.example");
        let linked = Some((known(&alice, "s-1"), alice.clone()));
        let who = Candidates {
            linked: linked.clone(),
            ..nobody(A)
        };
        let (plan, warnings) = decide(&assertion(A, true), &policy, who, NOW).unwrap();
        assert!(matches!(plan, Plan::Update(u, ..) if u.email.as_deref() == Some(A)) && warnings.is_empty());
        let who = Candidates {
            linked,
            same_address: Some(user(A)),
            ..nobody(A)
        };
        let (plan, warnings) = decide(&assertion(A, true), &policy, who, NOW).unwrap();
        assert!(matches!(plan, Plan::Update(u, ..) if u.email.as_deref() == Some("old@acme.example")));
        assert_eq!(warnings, ["email_belongs_to_another_user"]);
    }

    #[test]
    fn suspended_people_stay_out_by_every_way() {
        let policy = ProvisioningPolicy::default();
        let mut alice = user(A);
        alice.status = AccountStatus::Suspended;
        let linked = Candidates {
            linked: Some((known(&alice, "s-1"), alice.clone())),
            ..nobody(A)
        };
        assert_eq!(code(&assertion(A, true), &policy, linked), "user_suspended");
        let same = Candidates {
            same_address: Some(alice),
            domain: DomainStanding::Ours,
            ..nobody(A)
        };
        assert_eq!(code(&assertion(A, true), &policy, same), "user_suspended");
    }
}
