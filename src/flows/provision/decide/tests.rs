//! What is decided, case by case.

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
        by_mail: false,
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
    assert_eq!(code(&without, &policy, Candidates { email: None, ..nobody(A) }), "email_missing");
    assert_eq!(code(&assertion("x", true), &policy, nobody("x")), "email_invalid");
}

#[test]
fn l_24_nobody_is_created_when_the_connection_does_not() {
    let policy = ProvisioningPolicy { create_users: false, ..ProvisioningPolicy::default() };
    assert_eq!(code(&assertion(A, true), &policy, nobody(A)), "user_unknown");
}

#[test]
fn a_directory_is_believed_for_verified_domains_only() {
    let policy = ProvisioningPolicy { email_trust: EmailTrust::TrustConnection, ..ProvisioningPolicy::default() };
    assert_eq!(code(&assertion(A, false), &policy, nobody(A)), "email_domain_not_verified");
    let ours = Candidates { domain: DomainStanding::Ours, ..nobody(A) };
    assert_eq!(code(&assertion(A, false), &policy, ours), "created");
}

#[test]
fn with_verify_by_mail_a_letter_proves_the_address_and_the_provider_does_not() {
    let policy = ProvisioningPolicy { email_trust: EmailTrust::VerifyByMail, ..ProvisioningPolicy::default() };
    assert_eq!(code(&assertion(A, true), &policy, nobody(A)), "waits");
    assert_eq!(code(&assertion(A, false), &policy, Candidates { by_mail: true, ..nobody(A) }), "created");
    let elsewhere = Candidates { domain: DomainStanding::Elsewhere, ..nobody(A) };
    assert_eq!(code(&assertion(A, true), &policy, elsewhere), "domain_signs_in_elsewhere");
}

#[test]
fn l_22_before_the_letter_nothing_is_said_of_who_has_the_address() {
    let closed = ProvisioningPolicy {
        email_trust: EmailTrust::VerifyByMail,
        link_existing: LinkPolicy::Never,
        create_users: false,
        ..ProvisioningPolicy::default()
    };
    let mut suspended = user(A);
    suspended.status = AccountStatus::Suspended;
    let proven = |who: Candidates| Candidates { by_mail: true, ..who };
    for (who, after) in [
        (nobody(A), "user_unknown"),
        (Candidates { same_address: Some(user(A)), ..nobody(A) }, "link_requires_verification"),
        (Candidates { same_address: Some(suspended), ..nobody(A) }, "user_suspended"),
    ] {
        assert_eq!(code(&assertion(A, true), &closed, who.clone()), "waits");
        assert_eq!(code(&assertion(A, true), &closed, proven(who)), after);
    }
}

#[test]
fn with_verify_by_mail_a_known_person_is_asked_again_for_a_new_address_only() {
    let policy = ProvisioningPolicy { email_trust: EmailTrust::VerifyByMail, ..ProvisioningPolicy::default() };
    let mut alice = user(A);
    let linked = |alice: &User| Candidates { linked: Some((known(alice, "s-1"), alice.clone())), ..nobody(A) };
    assert_eq!(code(&assertion(A, true), &policy, linked(&alice)), "waits", "linked by hand, and nothing proven");
    alice.email_verified_at = Some(NOW);
    assert_eq!(code(&assertion(A, false), &policy, linked(&alice)), "updated");
    alice.email_key = Some("old@acme.example".into());
    assert_eq!(code(&assertion(A, true), &policy, linked(&alice)), "waits");
    assert_eq!(code(&assertion(A, true), &policy, Candidates { by_mail: true, ..linked(&alice) }), "updated");
    let taken = Candidates { same_address: Some(user(A)), ..linked(&alice) };
    assert_eq!(code(&assertion(A, true), &policy, taken), "updated", "somebody else's address is not taken");
}

#[test]
fn l_01_an_address_takes_over_a_user_only_when_it_is_proven_and_allowed() {
    let policy = ProvisioningPolicy::default();
    let mut other = user(A);
    other.last_login_at = Some(NOW);
    let who = Candidates { same_address: Some(other.clone()), ..nobody(A) };
    assert_eq!(code(&assertion(A, false), &policy, who.clone()), "email_not_verified");
    assert_eq!(code(&assertion(A, true), &policy, who.clone()), "link_requires_verification");
    let ours = Candidates { domain: DomainStanding::Ours, ..who.clone() };
    assert_eq!(code(&assertion(A, true), &policy, ours.clone()), "linked");
    let never = ProvisioningPolicy { link_existing: LinkPolicy::Never, ..policy.clone() };
    assert_eq!(code(&assertion(A, true), &never, ours), "link_requires_verification");
    let entered = Candidates { same_address: Some(user(A)), ..who };
    assert_eq!(code(&assertion(A, true), &policy, entered), "linked", "an admin entered the address");
}

#[test]
fn l_23_a_domain_that_signs_in_elsewhere_brings_nobody_in_here() {
    let policy = ProvisioningPolicy::default();
    let who = Candidates { domain: DomainStanding::Elsewhere, ..nobody(A) };
    assert_eq!(code(&assertion(A, true), &policy, who.clone()), "domain_signs_in_elsewhere");
    let entered = Candidates { same_address: Some(user(A)), ..who };
    assert_eq!(code(&assertion(A, true), &policy, entered), "domain_signs_in_elsewhere");
}

#[test]
fn t_05_an_address_makes_nobody_an_owner_who_signed_in_before() {
    let mut owner = user(A);
    (owner.role, owner.last_login_at) = (Role::Owner, Some(NOW));
    let who = Candidates { same_address: Some(owner.clone()), domain: DomainStanding::Ours, ..nobody(A) };
    let policy = ProvisioningPolicy::default();
    assert_eq!(code(&assertion(A, true), &policy, who.clone()), "link_requires_verification");
    owner.last_login_at = None;
    let expected = Candidates { same_address: Some(owner), ..who };
    assert_eq!(code(&assertion(A, true), &policy, expected.clone()), "linked", "entered, and the domain is verified");
    let anywhere = Candidates { domain: DomainStanding::Unknown, ..expected };
    assert_eq!(code(&assertion(A, true), &policy, anywhere), "link_requires_verification");
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
    let who = Candidates { linked: linked.clone(), ..nobody(A) };
    let (plan, warnings) = decide(&assertion(A, true), &policy, who, NOW).unwrap();
    assert!(matches!(plan, Plan::Update(u, ..) if u.email.as_deref() == Some(A)) && warnings.is_empty());
    let who = Candidates { linked, same_address: Some(user(A)), ..nobody(A) };
    let (plan, warnings) = decide(&assertion(A, true), &policy, who, NOW).unwrap();
    assert!(matches!(plan, Plan::Update(u, ..) if u.email.as_deref() == Some("old@acme.example")));
    assert_eq!(warnings, ["email_belongs_to_another_user"]);
}

#[test]
fn suspended_people_stay_out_by_every_way() {
    let policy = ProvisioningPolicy::default();
    let mut alice = user(A);
    alice.status = AccountStatus::Suspended;
    let linked = Candidates { linked: Some((known(&alice, "s-1"), alice.clone())), ..nobody(A) };
    assert_eq!(code(&assertion(A, true), &policy, linked), "user_suspended");
    let same = Candidates { same_address: Some(alice), domain: DomainStanding::Ours, ..nobody(A) };
    assert_eq!(code(&assertion(A, true), &policy, same), "user_suspended");
}
