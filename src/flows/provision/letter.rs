//! Letters that prove an address (`email_trust = verify_by_mail`): who has to wait for one, and whom one lets in.

use chrono::{DateTime, Utc};
use diesel::PgConnection;
use uuid::Uuid;

use crate::flows::Error;
use crate::flows::provision::decide::{Candidates, Refusal};
use crate::flows::provision::{SignIn, Verdict};
use crate::model::address_proof::AddressProof;
use crate::model::email::EmailAddress;
use crate::store::address_proofs;

/// A letter that was opened.
#[derive(Debug, Clone)]
pub struct Opened {
    /// Its link.
    pub proof: AddressProof,
    /// Whether the link came in the browser that began the sign-in; else it was confirmed in another one.
    pub here: bool,
}

/// What a sign-in waits for.
#[derive(Debug, Clone)]
pub struct Wait {
    /// The address that is to be proven.
    pub email: EmailAddress,
    /// Where the letter goes.
    pub to: EmailAddress,
    /// The user it would be of, and the key of the address they have.
    pub user: Option<(Uuid, Option<String>)>,
}

/// The verdict on somebody whose address is not proven.
pub fn wait(who: Candidates) -> Verdict {
    let user = who.user().map(|user| (user.id, user.email_key.clone()));
    match who.email {
        Some(email) => {
            let to = who.same_address.as_ref().map_or_else(|| email.clone(), |user| user.mailbox(&email));
            Verdict::Waits(Box::new(Wait { email, to, user }))
        }
        // `decide` refuses what has no address before it waits for anything.
        None => Verdict::Refused(Refusal { code: "email_missing", advice: "map the e-mail claim", user: None }),
    }
}

/// Whether a letter has proven the address, and uses it up.
///
/// # Errors
/// Outside [`Error`] of the database; inside why the letter that was opened does not let this person in.
pub fn of(
    conn: &mut PgConnection,
    tenant: Uuid,
    sign_in: SignIn<'_>,
    who: &Candidates,
    now: DateTime<Utc>,
) -> Result<Result<bool, Refusal>, Error> {
    // A link that somebody confirmed elsewhere takes over nobody who has been here: whoever began it may have hoped for just
    // that, and its cookie is what shows that it was the same person.
    let takes_over = who.linked.is_none() && who.same_address.as_ref().is_some_and(|u| u.last_login_at.is_some());
    let refuse = |code, advice| Ok(Err(Refusal { code, advice, user: who.user().map(|user| user.id) }));
    match sign_in.letter {
        Some(opened) if !is_of(&opened.proof, sign_in, who) => refuse(
            "link_void",
            "the user's address was changed, or is another user's by now; the person signs in again",
        ),
        Some(opened) if takes_over && !opened.here => {
            refuse("confirmed_elsewhere", "the person opens the link in the browser in which they began to sign in")
        }
        Some(_) => Ok(Ok(true)), // the caller uses it up
        None if takes_over => Ok(Ok(false)),
        None => confirmed(conn, tenant, sign_in, who, now).map(Ok),
    }
}

/// Whether the link of an earlier try of the same person was confirmed in another browser.
fn confirmed(
    conn: &mut PgConnection,
    tenant: Uuid,
    sign_in: SignIn<'_>,
    who: &Candidates,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let Some(email) = &who.email else { return Ok(false) };
    let key = (sign_in.assertion.issuer.as_str(), sign_in.assertion.subject.as_str(), email.key.as_str());
    let found = address_proofs::proven(conn, tenant, sign_in.connection.id, key, now)?;
    match found.filter(|proof| is_of(proof, sign_in, who)) {
        Some(proof) => Ok(address_proofs::use_up(conn, tenant, proof.id, now)?),
        None => Ok(false),
    }
}

/// L-10, L-11: a link proves this address, for this source, issuer and subject, and for the user whom it was mailed about,
/// as long as they have the address that they had then.
fn is_of(proof: &AddressProof, sign_in: SignIn<'_>, who: &Candidates) -> bool {
    let same = proof.source_id == Some(sign_in.connection.id)
        && proof.issuer.as_deref() == Some(&sign_in.assertion.issuer)
        && proof.subject.as_deref() == Some(&sign_in.assertion.subject)
        && who.email.as_ref().is_some_and(|email| email.key == proof.address_key);
    let user = match (&who.linked, proof.user_id) {
        (Some(_), None) => true, // nobody then, and this very subject's user since
        (_, id) => {
            id == who.user().map(|user| user.id) && who.user().is_none_or(|user| user.email_key == proof.user_key)
        }
    };
    same && user
}
