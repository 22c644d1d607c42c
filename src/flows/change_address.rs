//! change_address: people give their account another address. The old one counts until the new one is proven.
//!
//! 1. [`ask`]: a letter to the new address;
//! 2. [`look`]: whether its link is good for who is signed in here; changes nothing (L-12);
//! 3. [`confirm`]: one transaction changes the address, ends the other sessions, voids other links, and tells the old address if
//!    it was proven.

use garde::Validate;
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::context::Context;
use crate::context::caches::TenantCache;
use crate::flows::post::post;
use crate::flows::write::write;
use crate::flows::{Error, fresh_login, limits};
use crate::model::address_proof::{AddressProof, Purpose};
use crate::model::audit::{Event, Stamp};
use crate::model::delivery::Language;
use crate::model::email::EmailAddress;
use crate::model::letter::Letter;
use crate::model::user::User;
use crate::secrets::token;
use crate::store::db::DbError;
use crate::store::{Versioned, address_proofs, identities, sessions};

/// The address that somebody wants to have.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnEmailIn {
    /// The new address. It counts once the link in the letter was opened.
    #[garde(length(bytes, max = 254))]
    pub email: String,
}

/// Who is signed in, and in which browser.
#[derive(Debug, Clone, Copy)]
pub struct Person {
    /// The user.
    pub user: Uuid,
    /// Their session.
    pub session: Uuid,
    /// What letters to them are written in.
    pub language: Language,
    /// Who, when and in which request.
    pub stamp: Stamp,
}

/// Posts a letter to the new address.
///
/// # Errors
/// [`Error::Invalid`] `email`; [`Error::Forbidden`] `reauthentication_needed`; [`Error::Conflict`] `email_from_provider` for
/// people who sign in by a connection, `email_unchanged`; [`Error::RateLimited`].
pub async fn ask(ctx: &Context, tenant: &TenantCache, person: Person, input: OwnEmailIn) -> Result<(), Error> {
    let (id, stamp) = (tenant.tenant.id, person.stamp);
    let email = EmailAddress::parse(&input.email).map_err(|e| Error::invalid("email", e.to_string()))?;
    fresh_login::require(ctx, id, person.session).await?;
    limits::letter_wanted(ctx, id, None, (&person.user.to_string(), &email.key)).await?;
    limits::mailbox(ctx, id, ("change", &email.key)).await?;
    let secret = token::random();
    let link: SecretString =
        ctx.config.url(&format!("/t/{}/account/email/confirm?token={secret}", tenant.tenant.slug)).into();
    let context = ctx.clone();
    write(ctx, id, stamp, move |conn| {
        let user = User::lock(conn, id, person.user)?.ok_or(Error::NotFound)?;
        check_own(identities::any_of_user(conn, id, user.id)?)?;
        if user.email_verified_at.is_some() && user.email.as_deref() == Some(&email.address) {
            return Err(Error::conflict("email_unchanged", "this is the account's address already"));
        }
        let mut row = AddressProof::new(id, Purpose::ChangeAddress, &email, token::hash(&secret), stamp.at);
        (row.user_id, row.user_key) = (Some(user.id), user.email_key);
        address_proofs::insert(conn, id, &row)?;
        let letter = Letter::ChangeAddress { expires_at: row.expires_at };
        post(conn, &context, id, (&email, person.language), &letter, Some(&link))?;
        Ok(((), Some(Event::UserEmailChangeRequested { id: user.id })))
    })
    .await
}

/// L-06: where a provider says the address, the next login would bring its own back.
fn check_own(linked: bool) -> Result<(), Error> {
    if linked {
        let message = "the address comes from the organisation's identity provider; change it there";
        return Err(Error::conflict("email_from_provider", message));
    }
    Ok(())
}

/// The address that a link is for, when it is good and this person's. Changes nothing.
///
/// # Errors
/// [`Error::NotFound`] for a token that never was, is another tenant's or purpose's, or another user's;
/// [`Error::RateLimited`] for many of them; [`Error::Gone`] `link_void`; [`Error::Unavailable`].
pub async fn look(ctx: &Context, tenant: &TenantCache, token: &str, person: Person) -> Result<AddressProof, Error> {
    let (id, hash) = (tenant.tenant.id, token::hash(token));
    let found = ctx
        .db
        .tenant(id, move |conn| {
            Ok::<_, DbError>(address_proofs::find_by_token(conn, id, Purpose::ChangeAddress, &hash)?)
        })
        .await?;
    let Some(proof) = found.filter(|proof| proof.user_id == Some(person.user)) else {
        limits::check(ctx, format!("link/{id}/{}", person.user), limits::GARBAGE_PER_MINUTE, 60).await?; // K-08
        return Err(Error::NotFound);
    };
    if proof.is_live(ctx.clock.now()) { Ok(proof) } else { Err(Error::link_void()) }
}

/// Changes the address. The letter has shown whose mailbox it is, and the session whose account.
///
/// # Errors
/// As [`look`]; [`Error::Conflict`] `email_taken`, `email_from_provider`.
pub async fn confirm(ctx: &Context, tenant: &TenantCache, token: &str, person: Person) -> Result<(), Error> {
    let proof = look(ctx, tenant, token, person).await?;
    let email = EmailAddress::parse(&proof.address).map_err(|e| Error::Internal(e.to_string()))?;
    let (id, stamp, context) = (tenant.tenant.id, person.stamp, ctx.clone());
    write(ctx, id, stamp, move |conn| {
        let mut user = User::lock(conn, id, person.user)?.ok_or_else(Error::link_void)?;
        // L-10: void when the user has another address by now than when it was asked for; of many at once one succeeds.
        if user.email_key != proof.user_key || !address_proofs::use_up(conn, id, proof.id, stamp.at)? {
            return Err(Error::link_void());
        }
        check_own(identities::any_of_user(conn, id, user.id)?)?;
        // What nobody proved may be a stranger's address; they are told nothing.
        let proven = user.email.take().filter(|_| user.email_verified_at.is_some());
        let old = proven.and_then(|old| EmailAddress::parse(&old).ok()).filter(|old| old.key != email.key);
        let version = user.version;
        (user.email, user.email_key) = (Some(email.address.clone()), Some(email.key));
        user.email_verified_at = Some(stamp.at);
        user.bump(stamp.at);
        user.save(conn, version)?;
        sessions::end_others(conn, id, (user.id, person.session), "email_changed", stamp.at)?;
        address_proofs::void_of_user(conn, id, user.id, stamp.at)?;
        if let Some(old) = old {
            let letter = Letter::AddressChanged { new_address: email.address };
            post(conn, &context, id, (&old, person.language), &letter, None)?;
        }
        Ok(((), Some(Event::UserEmailChanged { id: user.id })))
    })
    .await
}
