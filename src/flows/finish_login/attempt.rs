//! Step 1: which attempt is this, and may this browser finish it? One UPDATE takes it.

use secrecy::ExposeSecret;
use uuid::Uuid;

use crate::context::Context;
use crate::context::caches::TenantCache;
use crate::flows::begin_login::attempt_of_state;
use crate::flows::finish_login::answer::{Answer, SamlForm, Unparkable, Way};
use crate::flows::finish_login::{Arrival, open_secrets};
use crate::flows::{Error, authenticate, limits};
use crate::model::audit::LoginMethod;
use crate::model::login_attempt::{AttemptSecrets, LoginAttempt};
use crate::secrets::sealed::Place;
use crate::secrets::token;
use crate::store::{connections, login_attempts};

/// What taking led to.
pub enum Taken {
    /// The attempt is this browser's and now used up; go on.
    Live(Box<(LoginAttempt, AttemptSecrets, Answer)>),
    /// It names no attempt: count it.
    Garbage(&'static str),
    /// It names an attempt that is not to be finished like this: refuse, and tell it once.
    Refused(Uuid, LoginMethod, &'static str),
    /// It was finished before, by this very browser.
    Done {
        /// Where that login went.
        return_to: Option<String>,
    },
    /// Kept for a same-site GET.
    Parked(Uuid),
    /// It answers nothing that was asked here (SAML only).
    Unsolicited(SamlForm),
}

/// Takes the attempt that the answer names.
///
/// # Errors
/// [`Error::Unavailable`], [`Error::RateLimited`] for floods of posts without their cookie; nothing is used up then.
pub async fn take(ctx: &Context, tenant: &TenantCache, connection: Uuid, arrival: &Arrival) -> Result<Taken, Error> {
    let tenant_id = tenant.tenant.id;
    let (answer, posted) = match &arrival.way {
        Way::Query(answer) => (answer.clone(), false),
        Way::FormPost(answer) => (answer.clone(), true),
        Way::Resume(id) => match unpark(ctx, tenant_id, *id).await? {
            Some(answer) => (answer, true),
            None => return Ok(Taken::Garbage("attempt_unknown")),
        },
    };
    let state = answer.state().unwrap_or_default().to_owned();
    let Some(id) = attempt_of_state(&state) else {
        return Ok(match answer {
            Answer::Saml(form) => Taken::Unsolicited(form),
            Answer::Oidc(params) if params.state.is_none() => Taken::Garbage("state_missing"),
            Answer::Oidc(_) => Taken::Garbage("state_unknown"),
        });
    };
    let state_hash = token::hash(&state);
    let found = ctx.db.tenant(tenant_id, move |conn| {
        let attempt = login_attempts::find(conn, tenant_id, id, &state_hash)?;
        let row = if attempt.is_some() { connections::find(conn, tenant_id, connection)? } else { None };
        Ok::<_, Error>((attempt, row))
    });
    let (Some(attempt), row) = found.await? else {
        return Ok(Taken::Garbage("state_unknown"));
    };
    if attempt.consumed_at.is_some() {
        return done(ctx, tenant, arrival, attempt).await;
    }
    let cookie = (arrival.attempt_cookie)(id);
    let refusal = if attempt.connection_id != connection {
        Some("connection_mismatch") // O-06, O-12, C-28
    } else if !row.is_some_and(|row| answer.fits(&row.settings.0, posted)) {
        Some("response_mode_mismatch") // O-16
    } else if attempt.expires_at <= ctx.clock.now() {
        Some("attempt_expired") // O-05
    } else {
        None
    };
    match (refusal, cookie) {
        (Some(code), _) => Ok(Taken::Refused(id, answer.method(), code)),
        // Lax cookies stay at home when another site posts: the same browser will bring it on a GET of our own.
        (None, None) if matches!(arrival.way, Way::FormPost(_)) => {
            // Whoever has no cookie is anybody, and what they send is stored: so much a minute, in memory like the logins
            // that they may begin.
            limits::parked(ctx, tenant_id, arrival.visitor.ip)?;
            park(ctx, &attempt, &answer).await
        }
        (None, None) => Ok(Taken::Refused(id, answer.method(), "browser_mismatch")), // O-03
        (None, Some(cookie)) => claim(ctx, tenant_id, attempt, cookie, answer).await,
    }
}

async fn claim(
    ctx: &Context,
    tenant: Uuid,
    attempt: LoginAttempt,
    cookie: String,
    answer: Answer,
) -> Result<Taken, Error> {
    let (id, now) = (attempt.id, ctx.clock.now());
    let browser_hash = token::hash(&cookie);
    if browser_hash != attempt.browser_hash {
        return Ok(Taken::Refused(id, answer.method(), "browser_mismatch")); // O-03, W-06
    }
    let taken = ctx
        .db
        .tenant(tenant, move |conn| Ok::<_, Error>(login_attempts::take(conn, tenant, &attempt, &browser_hash, now)?));
    match taken.await? {
        Some(attempt) => {
            let secrets = open_secrets(ctx, &attempt)?;
            Ok(Taken::Live(Box::new((attempt, secrets, answer))))
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

async fn park(ctx: &Context, attempt: &LoginAttempt, answer: &Answer) -> Result<Taken, Error> {
    let bytes = match answer.to_bytes() {
        Ok(bytes) => bytes,
        Err(Unparkable::Refused(code)) => return Ok(Taken::Refused(attempt.id, answer.method(), code)),
        Err(Unparkable::Failed(error)) => return Err(error),
    };
    let (tenant, id, now) = (attempt.tenant_id, attempt.id, ctx.clock.now());
    let sealed = ctx.sealer.seal(place(tenant, id), &bytes);
    ctx.db.tenant(tenant, move |conn| Ok::<_, Error>(login_attempts::park(conn, tenant, id, &sealed, now)?)).await?;
    Ok(Taken::Parked(id))
}

async fn unpark(ctx: &Context, tenant: Uuid, id: Uuid) -> Result<Option<Answer>, Error> {
    let sealed = ctx.db.tenant(tenant, move |conn| Ok::<_, Error>(login_attempts::parked(conn, tenant, id)?)).await?;
    let Some(sealed) = sealed else { return Ok(None) };
    let bytes = ctx.sealer.open(place(tenant, id), &sealed)?;
    Answer::from_bytes(bytes.expose_secret()).map(Some)
}

fn place(tenant: Uuid, attempt: Uuid) -> Place {
    Place { tenant, table: "login_attempts", row: attempt, column: "parked_response" }
}
