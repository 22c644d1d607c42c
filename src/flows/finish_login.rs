//! finish_login: from the provider's answer to a session. The steps of the design, in order:
//!
//! 1. `attempt`: take the LoginAttempt; browser, connection and state must all match, once;
//! 2. `protocol::oidc::redeem`: code to verified claims (network, no database connection held);
//! 3. `ClaimMapping::apply`: claims to an assertion;
//! 4. `session`: one transaction: decide, apply, groups, session, audit event;
//! 5. the caller answers with a redirect or a refusal page.

mod attempt;
mod session;

use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use crate::context::Context;
use crate::context::caches::TenantCache;
use crate::context::provider::{Provider, Speaks};
use crate::flows::begin_login::{redirect_uri, usable};
use crate::flows::open_session::Visitor;
use crate::flows::provision::Provisioned;
use crate::flows::{Error, limits};
use crate::model::audit::{Event, LoginMethod, LoginRefused};
use crate::model::claims::IdentityAssertion;
use crate::model::login_attempt::{AttemptSecrets, LoginAttempt};
use crate::model::text::tamed;
use crate::protocol::oidc::callback;
use crate::protocol::oidc::redeem::{self, CodeGrant, Redeemed};
use crate::store::{audit_events, login_attempts};

pub use attempt::{ResponseParams, Way};

/// Most characters of a provider's own words that the audit log keeps.
const MAX_DETAIL: usize = 500;

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
    /// Refused.
    Refused(Refused),
}

/// A new session.
pub struct SignedIn {
    /// The cookie's value.
    pub token: SecretString,
    /// The attempt that is done with.
    pub attempt_id: Uuid,
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
    let taken = match attempt::take(ctx, tenant, connection, &arrival).await? {
        attempt::Taken::Live(live) => *live,
        attempt::Taken::Garbage(code) => return garbage(ctx, tenant, &arrival, code).await,
        attempt::Taken::Refused(attempt_id, code) => {
            return refuse(ctx, tenant, connection, &arrival, Voids(attempt_id), Why::new(code, None)).await;
        }
        attempt::Taken::Done { return_to } => return Ok(Ending::AlreadyDone { return_to }),
        attempt::Taken::Parked(attempt_id) => return Ok(Ending::Parked { attempt_id }),
    };
    let (attempt, secrets, params) = taken;
    let verified = match verify(ctx, tenant, connection, &params, &secrets).await {
        Ok(verified) => verified,
        Err(why) => return refuse(ctx, tenant, connection, &arrival, Taken(attempt.id), why).await,
    };
    let (provider, redeemed, assertion) = verified;
    match session::open(ctx, &provider, &attempt, &arrival, redeemed, assertion).await? {
        Ok((token, provisioned)) => Ok(Ending::SignedIn(Box::new(SignedIn {
            token,
            attempt_id: attempt.id,
            return_to: attempt.return_to,
            provisioned,
        }))),
        Err(why) => refuse(ctx, tenant, connection, &arrival, Taken(attempt.id), why).await,
    }
}

/// Steps 2 and 3.
async fn verify(
    ctx: &Context,
    tenant: &TenantCache,
    connection: Uuid,
    params: &ResponseParams,
    secrets: &AttemptSecrets,
) -> Result<(std::sync::Arc<Provider>, Redeemed, IdentityAssertion), Why> {
    let provider = usable(ctx, tenant, connection).await?;
    let Speaks::Oidc(party) = &provider.speaks else { return Err(Why::new("connection_mismatch", None)) };
    let settings = &party.settings;
    callback::check_issuer(settings, &party.endpoints, params.iss.as_deref()).map_err(Error::from)?;
    if let Some(error) = &params.error {
        // O-15: anybody can write these two; the audit log keeps no NUL (PostgreSQL has none) and no book.
        let detail = params.error_description.as_deref().unwrap_or_default();
        return Err(Why::new("provider_error", tamed(&format!("{error} {detail}"), MAX_DETAIL)));
    }
    let code = params.code.as_ref().ok_or_else(|| Why::new("code_missing", None))?;
    let verifier = SecretString::from(secrets.pkce_verifier.clone().unwrap_or_default());
    let grant = CodeGrant {
        code,
        code_verifier: &verifier,
        nonce: &secrets.nonce,
        redirect_uri: &redirect_uri(ctx, tenant, connection)?,
    };
    let lane = ctx.lane(connection);
    let redeemed = redeem::redeem(&party.party(ctx, &lane), &grant).await.map_err(Error::from)?;
    let assertion = settings.claim_mapping.apply(&redeemed.claims).map_err(|e| Why::new(e.code(), e.to_string()))?;
    Ok((provider, redeemed, assertion))
}

/// The attempt that a refusal is about.
enum About {
    /// Taken by this very request.
    Taken(Uuid),
    /// Not taken: the refusal uses it up. Of several wrong answers to one attempt the first is told.
    Voids(Uuid),
}
use About::{Taken, Voids};

/// Refuses, with the one audit event of it in the transaction that uses the attempt up.
async fn refuse(
    ctx: &Context,
    tenant: &TenantCache,
    connection: Uuid,
    arrival: &Arrival,
    about: About,
    why: Why,
) -> Result<Ending, Error> {
    let tenant_id = tenant.tenant.id;
    let stamp = arrival.visitor.stamp(ctx);
    let Why { code, detail, user } = why;
    let refused = LoginRefused {
        method: LoginMethod::Oidc,
        connection_id: Some(connection),
        reason: code.clone(),
        detail,
        user_id: user,
    };
    let row = stamp.event(tenant_id, &Event::LoginRefused(refused));
    let event_id = row.id;
    let (Taken(attempt_id) | Voids(attempt_id)) = about;
    let told = ctx.db.tenant(tenant_id, move |conn| {
        if matches!(about, Voids(_)) && !login_attempts::void(conn, tenant_id, attempt_id, stamp.at)? {
            return Ok(false);
        }
        audit_events::insert(conn, tenant_id, &row)?;
        Ok::<_, Error>(true)
    });
    if !told.await? {
        return garbage(ctx, tenant, arrival, "attempt_used").await;
    }
    tracing::info!(%event_id, code, %connection, "login refused");
    metrics::counter!("doorward_logins_refused_total", "reason" => code.clone()).increment(1);
    Ok(Ending::Refused(Refused { code, event_id: Some(event_id), attempt_id: Some(attempt_id) }))
}

/// What names no live attempt is counted by address, not written one row each.
async fn garbage(ctx: &Context, tenant: &TenantCache, arrival: &Arrival, code: &'static str) -> Result<Ending, Error> {
    metrics::counter!("doorward_login_garbage_total", "reason" => code).increment(1);
    if let Some(ip) = arrival.visitor.ip {
        let what = format!("callback/{}/{}", tenant.tenant.id, limits::address_bucket(ip));
        // A flood is held in memory first: its row would be everybody's to wait for.
        ctx.garbage_limit.check(&what).map_err(|retry_after| Error::RateLimited { retry_after })?;
        limits::check(ctx, what, limits::GARBAGE_PER_MINUTE, 60).await?;
    }
    Ok(Ending::Refused(Refused { code: code.to_owned(), event_id: None, attempt_id: None }))
}

/// Opens what is sealed in an attempt.
fn open_secrets(ctx: &Context, attempt: &LoginAttempt) -> Result<AttemptSecrets, Error> {
    let place = crate::flows::begin_login::secrets_place(attempt.tenant_id, attempt.id);
    let bytes = ctx.sealer.open(place, &attempt.secrets)?;
    serde_json::from_slice(bytes.expose_secret()).map_err(|e| Error::Internal(e.to_string()))
}
