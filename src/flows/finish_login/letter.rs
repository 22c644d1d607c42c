//! A sign-in whose address a letter is to prove (`email_trust = verify_by_mail`).
//!
//! 1. `post_it`: in one transaction the link's row, with what the provider said sealed in it, the letter and the audit event;
//! 2. [`look`]: what a mailed link is good for; changes nothing, because scanners open links too (L-12);
//! 3. [`confirm`]: the button behind it. In the browser that began the sign-in it goes on; in another one the address is
//!    proven and nobody is signed in;
//! 4. [`waits`] and [`go_on`]: the page that waits, in the browser that began. [`send_again`]: another letter, in the time
//!    of the first, whose link stays good: it may only be late.

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::context::Context;
use crate::context::caches::TenantCache;
use crate::context::provider::Provider;
use crate::flows::begin_login::usable;
use crate::flows::finish_login::session::Opening;
use crate::flows::finish_login::{About, Attempt, Ending, Vouched, Why, enter, refuse};
use crate::flows::open_session::{Proof, Visitor};
use crate::flows::post::post;
use crate::flows::provision::letter::{Opened, Wait};
use crate::flows::{Error, limits};
use crate::model::address_proof::{AddressProof, Purpose};
use crate::model::audit::{AddressConfirmed, Event, LoginWaits};
use crate::model::claims::IdentityAssertion;
use crate::model::connection::Connection;
use crate::model::email::EmailAddress;
use crate::model::letter::Letter;
use crate::secrets::sealed::Place;
use crate::secrets::token;
use crate::store::db::DbError;
use crate::store::{address_proofs, audit_events, authorization_requests, identities, users};

/// A sign-in that waits.
pub struct Waiting {
    /// Its link; names the cookie.
    pub proof_id: Uuid,
    /// The cookie's value.
    pub browser_secret: SecretString,
    /// The attempt that is done with, where one was begun.
    pub attempt_id: Option<Uuid>,
}

/// What a mailed link is good for.
pub enum Seen {
    /// To go on: this browser began the sign-in.
    Here(Box<AddressProof>),
    /// To prove the address: another browser did.
    Elsewhere(Box<AddressProof>),
    /// For nothing here: the account was used before, so the browser that began the sign-in is needed.
    OnlyThere,
    /// For nothing any more: used, expired or voided.
    Void,
}

/// Where a button led.
pub enum Continued {
    /// The sign-in went on to its end.
    Ended(Ending),
    /// The address is proven; the sign-in goes on where it was begun.
    Confirmed,
    /// Nobody has opened the link yet.
    NotYet(Box<AddressProof>),
    /// The browser that began the sign-in is needed.
    OnlyThere,
    /// The link is no longer good.
    Void,
}

/// What is sealed while a sign-in waits.
#[derive(Serialize, Deserialize)]
struct Said {
    assertion: IdentityAssertion,
    proof: Proof,
    /// By which rules of the connection that was verified.
    rules: Vec<u8>,
    /// Hash of the token of the invitation that is to be accepted.
    invitation: Option<Vec<u8>>,
}

fn place(tenant: Uuid, proof: Uuid) -> Place {
    Place { tenant, table: "address_proofs", row: proof, column: "waiting" }
}

/// A hash of what a sign-in is decided by.
fn rules_of(connection: &Connection) -> Result<Vec<u8>, Error> {
    let rules = serde_json::to_string(&(&connection.settings.0, &connection.provisioning.0));
    rules.map(|rules| token::hash(&rules)).map_err(|e| Error::Internal(e.to_string()))
}

/// Posts the letter; the sign-in waits.
///
/// # Errors
/// [`Error::RateLimited`] when there were too many letters, [`Error::Unavailable`].
pub(super) async fn post_it(
    ctx: &Context,
    tenant: &TenantCache,
    (provider, vouched): (&Provider, &Vouched),
    opening: &Opening<'_>,
    (wait, return_to): (Wait, Option<String>),
) -> Result<Waiting, Error> {
    let said = Said {
        assertion: vouched.assertion.clone(),
        proof: vouched.proof.clone(),
        rules: rules_of(&provider.connection)?,
        invitation: opening.invitation.clone(),
    };
    let (source, warnings) = (provider.connection.id, vouched.warnings.clone());
    let draft = Draft { wait, source, said, return_to, expires_at: None, warnings };
    Ok(Waiting { attempt_id: opening.attempt, ..send(ctx, tenant, draft, opening.visitor).await? })
}

/// A letter that is to be sent.
struct Draft {
    wait: Wait,
    /// The connection.
    source: Uuid,
    said: Said,
    return_to: Option<String>,
    /// When the sign-in waits no more, where it waits already.
    expires_at: Option<DateTime<Utc>>,
    warnings: Vec<&'static str>,
}

async fn send(ctx: &Context, tenant: &TenantCache, draft: Draft, visitor: &Visitor) -> Result<Waiting, Error> {
    let Draft { wait, source, said, return_to, expires_at, warnings } = draft;
    let (tenant_id, assertion) = (tenant.tenant.id, &said.assertion);
    let who = format!("{source}/{}/{}", assertion.issuer, assertion.subject);
    limits::letter_wanted(ctx, tenant_id, visitor.ip, (&who, &wait.email.key)).await?;
    limits::mailbox(ctx, tenant_id, ("sign-in", &wait.email.key)).await?;
    let (secret, browser_secret, stamp) = (token::random(), token::random(), visitor.stamp(ctx));
    let mut row = AddressProof::new(tenant_id, Purpose::SignIn, &wait.email, token::hash(&secret), stamp.at);
    row.expires_at = expires_at.unwrap_or(row.expires_at);
    (row.user_id, row.user_key) = wait.user.map_or((None, None), |(id, key)| (Some(id), key));
    (row.source_id, row.issuer) = (Some(source), Some(assertion.issuer.clone()));
    (row.subject, row.browser_hash) = (Some(assertion.subject.clone()), Some(token::hash(&browser_secret)));
    let sealed = serde_json::to_vec(&said).map_err(|e| Error::Internal(e.to_string()))?;
    row.waiting = Some(ctx.sealer.seal(place(tenant_id, row.id), &sealed));
    let request = return_to.as_deref().and_then(|to| request_of(ctx, tenant, to));
    row.return_to = return_to;
    let link = ctx.config.url(&format!("/t/{}/login/verify?token={secret}", tenant.tenant.slug)).into();
    let waits = LoginWaits { method: said.proof.method, connection_id: source, user_id: row.user_id, warnings };
    let (context, language, proof_id) = (ctx.clone(), visitor.language, row.id);
    let written = ctx.db.tenant(tenant_id, move |conn| {
        address_proofs::insert(conn, tenant_id, &row)?;
        let letter = Letter::VerifyAddress { expires_at: row.expires_at };
        post(conn, &context, tenant_id, (&wait.to, language), &letter, Some(&link))?;
        if let Some(request) = request {
            authorization_requests::prolong(conn, tenant_id, request, row.expires_at)?;
        }
        audit_events::insert(conn, tenant_id, &stamp.event(tenant_id, &Event::LoginWaits(waits)))?;
        Ok::<_, Error>(())
    });
    written.await?;
    Ok(Waiting { proof_id, browser_secret: browser_secret.into(), attempt_id: None })
}

/// The application's request that a target of ours leads back to.
fn request_of(ctx: &Context, tenant: &TenantCache, return_to: &str) -> Option<Uuid> {
    let base = ctx.config.url(&format!("/t/{}/oauth2/continue/", tenant.tenant.slug));
    return_to.strip_prefix(&base).and_then(|id| Uuid::try_parse(id).ok())
}

/// The browser that comes with a link, or waits.
pub struct Browser<'a> {
    /// Its cookie for a sign-in that waits, by the link's id.
    pub cookie: &'a (dyn Fn(Uuid) -> Option<String> + Send + Sync),
    /// The browser.
    pub visitor: &'a Visitor,
}

impl Browser<'_> {
    fn began(&self, proof: &AddressProof) -> bool {
        (self.cookie)(proof.id).is_some_and(|cookie| Some(token::hash(&cookie)) == proof.browser_hash)
    }
}

/// Looks at a mailed link, and changes nothing.
///
/// # Errors
/// [`Error::NotFound`] for a token that never was, or is another tenant's or purpose's; [`Error::RateLimited`] for many of
/// them; [`Error::Unavailable`].
pub async fn look(ctx: &Context, tenant: &TenantCache, token: &str, browser: &Browser<'_>) -> Result<Seen, Error> {
    let (id, hash) = (tenant.tenant.id, token::hash(token));
    let found = ctx.db.tenant(id, move |conn| {
        let Some(proof) = address_proofs::find_by_token(conn, id, Purpose::SignIn, &hash)? else { return Ok(None) };
        let key = (proof.source_id, proof.issuer.as_deref(), proof.subject.as_deref());
        let linked = match key {
            (Some(source), Some(issuer), Some(subject)) => {
                identities::find_with_user(conn, id, source, issuer, subject)?
            }
            _ => None,
        };
        let user = proof.user_id.map(|user| users::find(conn, id, user)).transpose()?.flatten();
        let takes_over = linked.is_none() && user.is_some_and(|user| user.last_login_at.is_some());
        Ok::<_, DbError>(Some((proof, takes_over)))
    });
    let Some((proof, takes_over)) = found.await? else {
        limits::garbage(ctx, id, browser.visitor.ip).await?; // K-08
        return Err(Error::NotFound);
    };
    Ok(match (proof.is_live(ctx.clock.now()), browser.began(&proof)) {
        (false, _) => Seen::Void,
        (true, true) => Seen::Here(Box::new(proof)),
        (true, false) if takes_over => Seen::OnlyThere,
        (true, false) => Seen::Elsewhere(Box::new(proof)),
    })
}

/// Acts on a mailed link.
///
/// # Errors
/// As [`look`].
pub async fn confirm(
    ctx: &Context,
    tenant: &TenantCache,
    token: &str,
    browser: &Browser<'_>,
) -> Result<Continued, Error> {
    match look(ctx, tenant, token, browser).await? {
        Seen::Here(proof) => finish(ctx, tenant, Opened { proof: *proof, here: true }, browser.visitor).await,
        Seen::Elsewhere(proof) => prove(ctx, tenant, &proof, browser.visitor).await,
        Seen::OnlyThere => Ok(Continued::OnlyThere),
        Seen::Void => Ok(Continued::Void),
    }
}

/// The sign-in that waits under this id in this browser, also when it is over.
///
/// # Errors
/// [`Error::NotFound`] for every other one, [`Error::Unavailable`].
pub async fn waits(
    ctx: &Context,
    tenant: &TenantCache,
    id: Uuid,
    browser: &Browser<'_>,
) -> Result<AddressProof, Error> {
    let tenant_id = tenant.tenant.id;
    let found = ctx.db.tenant(tenant_id, move |conn| Ok::<_, DbError>(address_proofs::find(conn, tenant_id, id)?));
    found.await?.filter(|proof| browser.began(proof)).ok_or(Error::NotFound)
}

/// Goes on with the sign-in that waits, when the link was opened elsewhere.
///
/// # Errors
/// As [`waits`].
pub async fn go_on(ctx: &Context, tenant: &TenantCache, id: Uuid, browser: &Browser<'_>) -> Result<Continued, Error> {
    let proof = waits(ctx, tenant, id, browser).await?;
    match (proof.is_live(ctx.clock.now()), proof.proven_at) {
        (false, _) => Ok(Continued::Void),
        (true, None) => Ok(Continued::NotYet(Box::new(proof))),
        (true, Some(_)) => finish(ctx, tenant, Opened { proof, here: false }, browser.visitor).await,
    }
}

/// Sends another letter for the sign-in that waits; one whose link was opened elsewhere goes on instead.
///
/// # Errors
/// As [`waits`]; [`Error::RateLimited`] when there were too many letters.
pub async fn send_again(
    ctx: &Context,
    tenant: &TenantCache,
    id: Uuid,
    browser: &Browser<'_>,
) -> Result<Continued, Error> {
    let proof = waits(ctx, tenant, id, browser).await?;
    if !proof.is_live(ctx.clock.now()) || proof.proven_at.is_some() {
        return go_on(ctx, tenant, id, browser).await;
    }
    let (Some((source, said)), Ok(email)) = (said(ctx, &proof)?, EmailAddress::parse(&proof.address)) else {
        return Ok(Continued::Void);
    };
    let (tenant_id, key) = (proof.tenant_id, email.key.clone());
    let found =
        ctx.db.tenant(tenant_id, move |conn| Ok::<_, DbError>(users::find_by_email_key(conn, tenant_id, &key)?));
    let to = found.await?.map_or_else(|| email.clone(), |user| user.mailbox(&email));
    let wait = Wait { email, to, user: proof.user_id.map(|user| (user, proof.user_key)) };
    let (return_to, expires_at) = (proof.return_to, Some(proof.expires_at));
    let draft = Draft { wait, source, said, return_to, expires_at, warnings: Vec::new() };
    Ok(Continued::Ended(Ending::Waits(send(ctx, tenant, draft, browser.visitor).await?)))
}

/// By which connection the person came, and what it said.
fn said(ctx: &Context, proof: &AddressProof) -> Result<Option<(Uuid, Said)>, Error> {
    let (Some(source), Some(sealed)) = (proof.source_id, &proof.waiting) else { return Ok(None) };
    let bytes = ctx.sealer.open(place(proof.tenant_id, proof.id), sealed)?;
    let said = serde_json::from_slice(bytes.expose_secret()).map_err(|e| Error::Internal(e.to_string()))?;
    Ok(Some((source, said)))
}

/// Another browser than the one that began: the address is proven, for that sign-in's identity alone (L-11).
async fn prove(
    ctx: &Context,
    tenant: &TenantCache,
    proof: &AddressProof,
    visitor: &Visitor,
) -> Result<Continued, Error> {
    let (id, proof_id, stamp) = (tenant.tenant.id, proof.id, visitor.stamp(ctx));
    let event = AddressConfirmed { connection_id: proof.source_id, user_id: proof.user_id };
    let done = ctx.db.tenant(id, move |conn| {
        // Whoever presses the button again is told the same, and nothing is written.
        if address_proofs::prove(conn, id, proof_id, stamp.at)? {
            audit_events::insert(conn, id, &stamp.event(id, &Event::AddressConfirmed(event)))?;
        }
        Ok::<_, Error>(())
    });
    done.await?;
    Ok(Continued::Confirmed)
}

/// The sign-in goes on: by what the provider said, and by the rules of today where they are those of then.
async fn finish(ctx: &Context, tenant: &TenantCache, opened: Opened, visitor: &Visitor) -> Result<Continued, Error> {
    let (proof_id, return_to) = (opened.proof.id, opened.proof.return_to.clone());
    let Some((source, said)) = said(ctx, &opened.proof)? else { return Ok(Continued::Void) };
    let (method, ends_at, rules, invitation) = (said.proof.method, said.proof.ends_at, said.rules, said.invitation);
    let vouched = Vouched { assertion: said.assertion, proof: said.proof, warnings: Vec::new() };
    let why = match usable(ctx, tenant, source).await {
        Err(Error::Unavailable) => return Err(Error::Unavailable),
        Err(error) => error.into(),
        Ok(provider) if rules_of(&provider.connection)? != rules => Why::new("connection_not_active", None),
        // C-19: the provider's own session is over.
        Ok(_) if ends_at.is_some_and(|at| at <= ctx.clock.now()) => Why::new("attempt_expired", None),
        Ok(provider) => {
            let opening = Opening { visitor, attempt: None, letter: Some(opened), invitation };
            match enter(ctx, tenant, (&provider, &vouched), &opening, return_to).await? {
                Ok(ending) => return Ok(Continued::Ended(ending)),
                Err(why) => why,
            }
        }
    };
    let about = About { method, attempt: Attempt::Letter(proof_id) };
    Ok(Continued::Ended(refuse(ctx, tenant, source, visitor, about, why).await?))
}
