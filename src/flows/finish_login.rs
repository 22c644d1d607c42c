//! finish_login: from the provider's answer to a session. The steps of the design, in order:
//!
//! 1. `attempt`: take the LoginAttempt; browser, connection and state must all match, once;
//! 2. `oidc` or `saml`: the answer to verified claims (network and crypto, no database connection held);
//! 3. `ClaimMapping::apply`: claims to an assertion;
//! 4. `session`: one transaction: decide, apply, groups, session, audit event; or `letter`: the sign-in waits until a
//!    letter has proven the address;
//! 5. the caller answers with a redirect or a refusal page.

mod answer;
mod attempt;
mod letter;
mod oidc;
mod saml;
mod session;
mod unsolicited;

use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use crate::context::Context;
use crate::context::caches::TenantCache;
use crate::context::provider::{Provider, Speaks};
use crate::flows::begin_login::usable;
use crate::flows::open_session::{Proof, Visitor};
use crate::flows::provision::Provisioned;
use crate::flows::{Error, limits};
use crate::model::audit::{Event, LoginMethod, LoginRefused};
use crate::model::claims::IdentityAssertion;
use crate::model::login_attempt::{AttemptSecrets, LoginAttempt};
use crate::protocol::saml::Request;
use crate::store::{address_proofs, audit_events, login_attempts};

use session::{Opened, Opening};

pub use answer::{Answer, ResponseParams, SamlForm, Way};
pub use letter::{Browser, Continued, Seen, Waiting, confirm, go_on, look, send_again, waits};

/// What came with the provider's answer.
pub struct Arrival {
    /// How it came.
    pub way: Way,
    /// The browser's cookie for the attempt, by attempt id.
    pub attempt_cookie: Box<dyn Fn(Uuid) -> Option<String> + Send + Sync>,
    /// The browser.
    pub visitor: Visitor,
}

/// How a login ended.
pub enum Ending {
    /// Signed in.
    SignedIn(Box<SignedIn>),
    /// The back button after a success: no new session, just go on (O-07).
    AlreadyDone {
        /// Where to.
        return_to: Option<String>,
    },
    /// A cross-site post came without its cookie; the browser shall fetch it by a same-site GET.
    Parked {
        /// The attempt to resume.
        attempt_id: Uuid,
    },
    /// Nobody asked for the answer; a login of our own shall begin instead.
    Restart {
        /// Where it shall end.
        return_to: Option<String>,
    },
    /// A letter is to prove the address; the sign-in waits for it.
    Waits(Waiting),
    /// Refused.
    Refused(Refused),
}

/// A new session.
pub struct SignedIn {
    /// The cookie's value.
    pub token: SecretString,
    /// The attempt that is done with, where one was begun.
    pub attempt_id: Option<Uuid>,
    /// The letter that it waited for, where it did.
    pub letter_id: Option<Uuid>,
    /// Where to.
    pub return_to: Option<String>,
    /// What provisioning did.
    pub provisioned: Provisioned,
}

/// A refusal, as the page shows it.
#[derive(Debug, Clone)]
pub struct Refused {
    /// Stable reason.
    pub code: String,
    /// The audit event, where one was written.
    pub event_id: Option<Uuid>,
    /// The attempt that is done with.
    pub attempt_id: Option<Uuid>,
}

/// What a provider said, verified and in our words, and what it proves.
#[derive(Clone)]
pub(super) struct Vouched {
    assertion: IdentityAssertion,
    proof: Proof,
    /// Codes of things about the answer that an admin may want to look at.
    warnings: Vec<&'static str>,
}

/// A refusal on its way: reason, detail for the admin, user.
pub(super) struct Why {
    code: String,
    detail: Option<String>,
    user: Option<Uuid>,
}

impl Why {
    fn new(code: &str, detail: impl Into<Option<String>>) -> Self {
        Self { code: code.to_owned(), detail: detail.into(), user: None }
    }
}

impl From<Error> for Why {
    fn from(error: Error) -> Self {
        match error {
            Error::Provider { code, message } => Self::new(code, message),
            Error::Forbidden { code, message } | Error::Conflict { code, message } => Self::new(code, message),
            Error::NotFound => Self::new("connection_not_active", None),
            Error::Unavailable => Self::new("service_unavailable", None),
            other => {
                tracing::error!(error = %other, "a login failed inside");
                Self::new("internal_error", None)
            }
        }
    }
}

/// Finishes a login. Whatever the input, it ends in one of the [`Ending`]s.
///
/// # Errors
/// [`Error::RateLimited`] for floods of garbage, [`Error::Unavailable`] when the database does not answer: before the
/// attempt is taken the same URL may be tried again, afterwards the login begins anew.
pub async fn finish_login(
    ctx: &Context,
    tenant: &TenantCache,
    connection: Uuid,
    arrival: Arrival,
) -> Result<Ending, Error> {
    let (attempt, secrets, answer) = match attempt::take(ctx, tenant, connection, &arrival).await? {
        attempt::Taken::Live(live) => *live,
        attempt::Taken::Garbage(code) => return garbage(ctx, tenant, &arrival.visitor, code).await,
        attempt::Taken::Refused(attempt_id, method, code) => {
            let about = About { method, attempt: Voids(attempt_id) };
            return refuse(ctx, tenant, connection, &arrival.visitor, about, Why::new(code, None)).await;
        }
        attempt::Taken::Done { return_to } => return Ok(Ending::AlreadyDone { return_to }),
        attempt::Taken::Parked(attempt_id) => return Ok(Ending::Parked { attempt_id }),
        attempt::Taken::Unsolicited(form) => {
            return unsolicited::finish(ctx, tenant, connection, &arrival, &form).await;
        }
    };
    let why = match verify(ctx, tenant, connection, &answer, secrets).await {
        Ok((provider, vouched)) => {
            let invitation = attempt.invitation_hash;
            let opening = Opening { visitor: &arrival.visitor, attempt: Some(attempt.id), letter: None, invitation };
            match enter(ctx, tenant, (&provider, &vouched), &opening, attempt.return_to).await? {
                Ok(ending) => return Ok(ending),
                Err(why) => why,
            }
        }
        Err(why) => why,
    };
    let about = About { method: answer.method(), attempt: Taken(attempt.id) };
    refuse(ctx, tenant, connection, &arrival.visitor, about, why).await
}

/// Step 4: in, or a letter first.
///
/// # Errors
/// Outside [`Error`]; inside the refusal.
async fn enter(
    ctx: &Context,
    tenant: &TenantCache,
    (provider, vouched): (&Provider, &Vouched),
    opening: &Opening<'_>,
    return_to: Option<String>,
) -> Result<Result<Ending, Why>, Error> {
    let (attempt_id, letter_id) = (opening.attempt, opening.letter.as_ref().map(|letter| letter.proof.id));
    Ok(match session::open(ctx, provider, opening, vouched).await? {
        Opened::SignedIn(token, provisioned) => {
            let provisioned = *provisioned;
            Ok(Ending::SignedIn(Box::new(SignedIn { token, attempt_id, letter_id, return_to, provisioned })))
        }
        Opened::Waits(wait) => {
            Ok(Ending::Waits(letter::post_it(ctx, tenant, (provider, vouched), opening, (*wait, return_to)).await?))
        }
        Opened::Refused(why) => Err(why),
    })
}

/// Steps 2 and 3.
async fn verify(
    ctx: &Context,
    tenant: &TenantCache,
    connection: Uuid,
    answer: &Answer,
    secrets: AttemptSecrets,
) -> Result<(Arc<Provider>, Vouched), Why> {
    let provider = usable(ctx, tenant, connection).await?;
    let vouched = match (&provider.speaks, answer, secrets) {
        (Speaks::Oidc(party), Answer::Oidc(params), AttemptSecrets::Oidc { nonce, pkce_verifier }) => {
            let remembered = oidc::Remembered { nonce, pkce_verifier };
            oidc::verify(ctx, tenant, (&provider, party), params, remembered).await?
        }
        (Speaks::Saml(party), Answer::Saml(form), AttemptSecrets::Saml { request_id, authenticated_since }) => {
            let asked = saml::Asked { request: Request::Solicited { id: &request_id }, authenticated_since };
            saml::verify(ctx, &provider, party, form, asked).await?
        }
        // The protocol of a connection never changes, and an answer of the other one was refused with its attempt.
        _ => return Err(Why::new("response_mode_mismatch", None)),
    };
    Ok((provider, vouched))
}

/// What a refusal is about.
struct About {
    method: LoginMethod,
    attempt: Attempt,
}

/// The attempt of a refusal.
enum Attempt {
    /// Taken by this very request.
    Taken(Uuid),
    /// Not taken: the refusal uses it up. Of several wrong answers to one attempt the first is told.
    Voids(Uuid),
    /// The sign-in waited for this letter, and waits no more.
    Letter(Uuid),
    /// There was none.
    Missing,
}
use Attempt::{Taken, Voids};

/// Refuses, with the one audit event of it in the transaction that uses the attempt up.
async fn refuse(
    ctx: &Context,
    tenant: &TenantCache,
    connection: Uuid,
    visitor: &Visitor,
    about: About,
    why: Why,
) -> Result<Ending, Error> {
    let tenant_id = tenant.tenant.id;
    let stamp = visitor.stamp(ctx);
    let Why { code, detail, user } = why;
    let refused = LoginRefused {
        method: about.method,
        connection_id: Some(connection),
        reason: code.clone(),
        detail,
        user_id: user,
    };
    let row = stamp.event(tenant_id, &Event::LoginRefused(refused));
    let event_id = row.id;
    let attempt_id = match about.attempt {
        Taken(id) | Voids(id) => Some(id),
        Attempt::Letter(_) | Attempt::Missing => None,
    };
    let used = if matches!(about.attempt, Attempt::Letter(_)) { "link_void" } else { "attempt_used" };
    let told = ctx.db.tenant(tenant_id, move |conn| {
        let first = match about.attempt {
            Voids(id) => login_attempts::void(conn, tenant_id, id, stamp.at)?,
            Attempt::Letter(id) => address_proofs::use_up(conn, tenant_id, id, stamp.at)?,
            Taken(_) | Attempt::Missing => true,
        };
        if first {
            audit_events::insert(conn, tenant_id, &row)?;
        }
        Ok::<_, Error>(first)
    });
    if !told.await? {
        return garbage(ctx, tenant, visitor, used).await;
    }
    tracing::info!(%event_id, code, %connection, "login refused");
    metrics::counter!("doorward_logins_refused_total", "reason" => code.clone()).increment(1);
    Ok(Ending::Refused(Refused { code, event_id: Some(event_id), attempt_id }))
}

/// What names no live attempt is counted by address, not written one row each.
async fn garbage(ctx: &Context, tenant: &TenantCache, visitor: &Visitor, code: &'static str) -> Result<Ending, Error> {
    count(ctx, tenant, visitor, code).await?;
    Ok(Ending::Refused(Refused { code: code.to_owned(), event_id: None, attempt_id: None }))
}

/// Counts what anybody can send.
///
/// # Errors
/// [`Error::RateLimited`] when this address sent too much of it.
async fn count(ctx: &Context, tenant: &TenantCache, visitor: &Visitor, code: &str) -> Result<(), Error> {
    metrics::counter!("doorward_login_garbage_total", "reason" => code.to_owned()).increment(1);
    limits::garbage(ctx, tenant.tenant.id, visitor.ip).await
}

/// Opens what is sealed in an attempt.
fn open_secrets(ctx: &Context, attempt: &LoginAttempt) -> Result<AttemptSecrets, Error> {
    let place = crate::flows::begin_login::secrets_place(attempt.tenant_id, attempt.id);
    let bytes = ctx.sealer.open(place, &attempt.secrets)?;
    serde_json::from_slice(bytes.expose_secret()).map_err(|e| Error::Internal(e.to_string()))
}
