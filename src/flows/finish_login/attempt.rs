//! Step 1: which attempt is this, and may this browser finish it? One UPDATE takes it.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::context::Context;
use crate::context::caches::TenantCache;
use crate::flows::begin_login::attempt_of_state;
use crate::flows::finish_login::{Arrival, open_secrets};
use crate::flows::{Error, authenticate};
use crate::model::connection::Settings;
use crate::model::connection::oidc::ResponseMode;
use crate::model::login_attempt::{AttemptSecrets, LoginAttempt};
use crate::secrets::sealed::Place;
use crate::secrets::token;
use crate::store::{connections, login_attempts};

/// The parameters of an authorization response (RFC 6749 section 4.1.2, RFC 9207).
#[derive(Debug, Clone, Default)]
pub struct ResponseParams {
    /// `state`.
    pub state: Option<String>,
    /// `code`.
    pub code: Option<SecretString>,
    /// `iss`.
    pub iss: Option<String>,
    /// `error`.
    pub error: Option<String>,
    /// `error_description`.
    pub error_description: Option<String>,
}

/// How the provider's answer came.
pub enum Way {
    /// In the query of a redirect.
    Query(ResponseParams),
    /// In a form that the browser posted.
    FormPost(ResponseParams),
    /// By the same-site GET that fetches a parked form post.
    Resume(Uuid),
}

/// What a parked response is sealed as.
#[derive(Serialize, Deserialize)]
struct Parked {
    state: String,
    code: Option<String>,
    iss: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

/// What taking led to.
pub enum Taken {
    /// The attempt is this browser's and now used up; go on.
    Live(Box<(LoginAttempt, AttemptSecrets, ResponseParams)>),
    /// It names no attempt: count it.
    Garbage(&'static str),
    /// It names an attempt that is not to be finished like this: refuse, and tell it once.
    Refused(Uuid, &'static str),
    /// It was finished before, by this very browser.
    Done {
        /// Where that login went.
        return_to: Option<String>,
    },
    /// Kept for a same-site GET.
    Parked(Uuid),
}

/// Takes the attempt that the answer names.
///
/// # Errors
/// [`Error::Unavailable`]; nothing is used up then.
pub async fn take(ctx: &Context, tenant: &TenantCache, connection: Uuid, arrival: &Arrival) -> Result<Taken, Error> {
    let tenant_id = tenant.tenant.id;
    let (params, posted) = match &arrival.way {
        Way::Query(params) => (params.clone(), false),
        Way::FormPost(params) => (params.clone(), true),
        Way::Resume(id) => match unpark(ctx, tenant_id, *id).await? {
            Some(params) => (params, true),
            None => return Ok(Taken::Garbage("attempt_unknown")),
        },
    };
    let Some(state) = params.state.clone() else {
        return Ok(Taken::Garbage("state_missing"));
    };
    let Some(id) = attempt_of_state(&state) else {
        return Ok(Taken::Garbage("state_unknown"));
    };
    let state_hash = token::hash(&state);
    let found = ctx.db.tenant(tenant_id, move |conn| {
        let attempt = login_attempts::find(conn, tenant_id, id, &state_hash)?;
        let mode = match &attempt {
            Some(_) => connections::find(conn, tenant_id, connection)?.and_then(|c| match &c.settings.0 {
                Settings::Oidc(settings) => Some(settings.response_mode),
                Settings::Saml(_) => None,
            }),
            None => None,
        };
        Ok::<_, Error>((attempt, mode))
    });
    let (Some(attempt), mode) = found.await? else {
        return Ok(Taken::Garbage("state_unknown"));
    };
    if attempt.consumed_at.is_some() {
        return done(ctx, tenant, arrival, attempt).await;
    }
    let expected = if posted { ResponseMode::FormPost } else { ResponseMode::Query };
    let cookie = (arrival.attempt_cookie)(id);
    let refusal = if attempt.connection_id != connection {
        Some("connection_mismatch") // O-06, O-12
    } else if mode != Some(expected) {
        Some("response_mode_mismatch") // O-16
    } else if attempt.expires_at <= ctx.clock.now() {
        Some("attempt_expired") // O-05
    } else {
        None
    };
    match (refusal, cookie) {
        (Some(code), _) => Ok(Taken::Refused(id, code)),
        // Lax cookies stay at home when another site posts: the same browser will bring it on a GET of our own.
        (None, None) if matches!(arrival.way, Way::FormPost(_)) => park(ctx, &attempt, &params).await,
        (None, None) => Ok(Taken::Refused(id, "browser_mismatch")), // O-03
        (None, Some(cookie)) => claim(ctx, tenant_id, attempt, cookie, params).await,
    }
}

async fn claim(
    ctx: &Context,
    tenant: Uuid,
    attempt: LoginAttempt,
    cookie: String,
    params: ResponseParams,
) -> Result<Taken, Error> {
    let (id, now) = (attempt.id, ctx.clock.now());
    let browser_hash = token::hash(&cookie);
    if browser_hash != attempt.browser_hash {
        return Ok(Taken::Refused(id, "browser_mismatch")); // O-03, W-06
    }
    let taken = ctx
        .db
        .tenant(tenant, move |conn| Ok::<_, Error>(login_attempts::take(conn, tenant, &attempt, &browser_hash, now)?));
    match taken.await? {
        Some(attempt) => {
            let secrets = open_secrets(ctx, &attempt)?;
            Ok(Taken::Live(Box::new((attempt, secrets, params))))
        }
        None => Ok(Taken::Garbage("attempt_used")), // O-04: another request was faster
    }
}

/// A used attempt: a kind answer to the browser that finished it, nothing to anybody else (O-07).
async fn done(ctx: &Context, tenant: &TenantCache, arrival: &Arrival, attempt: LoginAttempt) -> Result<Taken, Error> {
    if let (Some(session_id), Some(cookie)) = (attempt.session_id, &arrival.visitor.session_cookie)
        && let Some(live) = authenticate::session(ctx, tenant, cookie).await?
        && live.0.id == session_id
    {
        return Ok(Taken::Done { return_to: attempt.return_to });
    }
    Ok(Taken::Garbage("attempt_used"))
}

async fn park(ctx: &Context, attempt: &LoginAttempt, params: &ResponseParams) -> Result<Taken, Error> {
    let parked = Parked {
        state: params.state.clone().unwrap_or_default(),
        code: params.code.as_ref().map(|c| c.expose_secret().to_owned()),
        iss: params.iss.clone(),
        error: params.error.clone(),
        error_description: params.error_description.clone(),
    };
    let bytes = serde_json::to_vec(&parked).map_err(|e| Error::Internal(e.to_string()))?;
    let (tenant, id, now) = (attempt.tenant_id, attempt.id, ctx.clock.now());
    let sealed = ctx.sealer.seal(place(tenant, id), &bytes);
    ctx.db.tenant(tenant, move |conn| Ok::<_, Error>(login_attempts::park(conn, tenant, id, &sealed, now)?)).await?;
    Ok(Taken::Parked(id))
}

async fn unpark(ctx: &Context, tenant: Uuid, id: Uuid) -> Result<Option<ResponseParams>, Error> {
    let sealed = ctx.db.tenant(tenant, move |conn| Ok::<_, Error>(login_attempts::parked(conn, tenant, id)?)).await?;
    let Some(sealed) = sealed else { return Ok(None) };
    let bytes = ctx.sealer.open(place(tenant, id), &sealed)?;
    let parked: Parked = serde_json::from_slice(bytes.expose_secret()).map_err(|e| Error::Internal(e.to_string()))?;
    Ok(Some(ResponseParams {
        state: Some(parked.state),
        code: parked.code.map(SecretString::from),
        iss: parked.iss,
        error: parked.error,
        error_description: parked.error_description,
    }))
}

fn place(tenant: Uuid, attempt: Uuid) -> Place {
    Place { tenant, table: "login_attempts", row: attempt, column: "parked_response" }
}
