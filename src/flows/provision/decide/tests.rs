//! What is decided, case by case.

use super::*;
use crate::model::audit::Actor;
use crate::model::delivery::Language;
use crate::model::invitation::{Invitation, InvitationState};
use crate::model::json::Json;

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
        offer: None,
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

/// An invitation of `A` as a member, by its link or found by name.
fn offer(by_link: bool, change: impl FnOnce(&mut Invitation)) -> Option<Offer> {
    let mut invitation = Invitation {
        tenant_id: Uuid::nil(),
        id: Uuid::now_v7(),
        state: InvitationState::Pending,
        token_hash: None,
        token_shown: false,
        email: Some(A.into()),
        email_key: Some(A.into()),
        external_id: None,
        name: Some("Invited".into()),
        given_name: Some("Invited".into()),
        family_name: None,
        profile: Json(None),
        role: Role::Member,
        group_ids: Vec::new(),
        connection_id: None,
        language: Language::English,
        invited_by: Json(Actor::System),
        valid_hours: 1,
        delivery_id: None,
        created_at: NOW,
        updated_at: NOW,
        expires_at: NOW,
        accepted_by: None,
    };
    change(&mut invitation);
    Some(Offer { invitation, by_link, known_as: None })
}

#[test]
fn row_a5_invited_people_are_created_where_strangers_are_not() {
    let policy = ProvisioningPolicy { create_users: false, ..ProvisioningPolicy::default() };
    for by_link in [true, false] {
        let who = Candidates { offer: offer(by_link, |_| ()), ..nobody(A) };
        assert_eq!(code(&assertion(A, true), &policy, who.clone()), "created");
        assert_eq!(code(&assertion(A, false), &policy, who), "email_not_verified");
    }
    for role in [Role::Admin, Role::Owner] {
        let by_link = Candidates { offer: offer(true, |i| i.role = role), ..nobody(A) };
        assert_eq!(code(&assertion(A, true), &policy, by_link), "created");
        let without = Candidates { offer: offer(false, |i| i.role = role), ..nobody(A) };
        assert_eq!(code(&assertion(A, true), &policy, without), "invitation_link_needed");
    }
}

#[test]
fn the_provider_names_a_new_user_and_the_invitation_fills_in() {
    let who = Candidates { offer: offer(true, |i| i.role = Role::Auditor), ..nobody(A) };
    let (plan, _) = decide(&assertion(A, true), &ProvisioningPolicy::default(), who, NOW).unwrap();
    let Plan::Create(user) = plan else { panic!("{plan:?}") };
    assert_eq!((user.name.as_deref(), user.given_name.as_deref()), (Some("Alice"), Some("Invited")));
    assert_eq!((user.role, user.family_name), (Role::Auditor, None));
}

#[test]
fn l_17_an_invitation_is_for_its_own_address_and_takes_no_ids_of_others() {
    let policy = ProvisioningPolicy::default();
    let other = "eve@acme.example";
    let who = Candidates { offer: offer(true, |_| ()), ..nobody(other) };
    assert_eq!(code(&assertion(other, true), &policy, who), "invitation_email_mismatch");
    let known_as = offer(true, |_| ()).map(|offer| Offer { known_as: Some(Uuid::now_v7()), ..offer });
    let who = Candidates { offer: known_as, ..nobody(A) };
    assert_eq!(code(&assertion(A, true), &policy, who), "external_id_taken");
    // Somebody who came in before, with the address of another user.
    let bob = user("bob@acme.example");
    let linked = Some((known(&bob, "s-1"), bob));
    let who = Candidates { linked, same_address: Some(user(A)), offer: offer(true, |_| ()), ..nobody(A) };
    assert_eq!(code(&assertion(A, true), &policy, who), "identity_conflict");
}

#[test]
fn a_role_is_raised_by_an_invitation_and_never_lowered() {
    let policy = ProvisioningPolicy::default();
    let mut auditor = user(A);
    auditor.role = Role::Auditor;
    for (invited, wanted) in [(Role::Member, Role::Auditor), (Role::Admin, Role::Admin)] {
        let linked = Some((known(&auditor, "s-1"), auditor.clone()));
        let offer = offer(true, |i| i.role = invited);
        let who = Candidates { linked, same_address: Some(auditor.clone()), offer, ..nobody(A) };
        let (plan, _) = decide(&assertion(A, true), &policy, who, NOW).unwrap();
        let Plan::Update(user, ..) = plan else { panic!("{plan:?}") };
        assert_eq!(user.role, wanted);
    }
    let mut suspended = user(A);
    suspended.status = AccountStatus::Suspended;
    let who = Candidates { same_address: Some(suspended), offer: offer(true, |_| ()), ..nobody(A) };
    assert_eq!(code(&assertion(A, true), &policy, who), "user_suspended");
}

#[test]
fn a_letter_proves_its_own_address_unless_its_link_was_shown_elsewhere() {
    let policy = ProvisioningPolicy { email_trust: EmailTrust::VerifyByMail, ..ProvisioningPolicy::default() };
    let with = |offer| Candidates { offer, ..nobody(A) };
    assert_eq!(code(&assertion(A, false), &policy, with(offer(true, |_| ()))), "created");
    for unproven in [offer(false, |_| ()), offer(true, |i| i.token_shown = true)] {
        assert_eq!(code(&assertion(A, false), &policy, with(unproven)), "waits");
    }
}
