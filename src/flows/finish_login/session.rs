//! Step 4: one transaction from the assertion to the session and its audit event.

use chrono::Duration;
use diesel::PgConnection;
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use crate::context::Context;
use crate::context::provider::Provider;
use crate::flows::Error;
use crate::flows::finish_login::{Arrival, Why};
use crate::flows::provision::{Provisioned, Verdict, provision};
use crate::model::audit::{Actor, Event, LoginSucceeded, Stamp};
use crate::model::claims::IdentityAssertion;
use crate::model::connection::ConnectionStatus;
use crate::model::login_attempt::LoginAttempt;
use crate::model::session::{Session, UpstreamTokens};
use crate::model::text::tamed;
use crate::protocol::oidc::redeem::Redeemed;
use crate::secrets::sealed::Place;
use crate::secrets::token;
use crate::store::{audit_events, changes, connections, login_attempts, sessions};

/// How often a lost race is run again. Each round somebody wins, and a loser finds the winner's rows.
const ROUNDS: usize = 5;

/// How one round of the transaction ended when it did not commit.
enum Undone {
    Failed(Error),
    Refused(Why),
    Raced,
}

impl<E: Into<Error>> From<E> for Undone {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// Decides, applies, and opens the session.
///
/// # Errors
/// Outside [`Error`] when the database does not answer; inside the refusal.
pub async fn open(
    ctx: &Context,
    provider: &Provider,
    attempt: &LoginAttempt,
    arrival: &Arrival,
    redeemed: Redeemed,
    assertion: IdentityAssertion,
) -> Result<Result<(SecretString, Provisioned), Why>, Error> {
    let tenant = attempt.tenant_id;
    for _ in 0..ROUNDS {
        let (session, token) = new_session(ctx, attempt, arrival, &redeemed)?;
        let replaced = arrival.session_cookie.as_deref().map(token::hash);
        let replaces = replaced.is_some();
        let (connection, assertion) = (provider.connection.clone(), assertion.clone());
        let (attempt_id, request_id, now) = (attempt.id, arrival.request_id, ctx.clock.now());
        let round = ctx.db.tenant(tenant, move |conn| {
            // What was decided while the provider was asked may be over: disabled or changed in the meantime.
            let rules = (ConnectionStatus::Active, connection.settings.clone(), connection.provisioning.clone());
            if connections::hold(conn, tenant, connection.id)? != Some(rules) {
                return Err(Undone::Refused(Why::new("connection_not_active", None)));
            }
            let welcome = match provision(conn, tenant, &connection, &assertion, now)? {
                Verdict::Welcome(welcome) => *welcome,
                Verdict::Refused(r) => {
                    return Err(Undone::Refused(Why {
                        code: r.code.into(),
                        detail: Some(r.advice.into()),
                        user: r.user,
                    }));
                }
                Verdict::Raced => return Err(Undone::Raced),
            };
            let stamp = Stamp { actor: Actor::Visitor, request_id, at: now };
            store(conn, attempt_id, session, replaced, &welcome, stamp)?;
            Ok(welcome)
        });
        match round.await {
            Ok(welcome) => {
                if replaces {
                    ctx.caches.forget(tenant);
                }
                metrics::counter!("doorward_logins_succeeded_total").increment(1);
                return Ok(Ok((token, welcome)));
            }
            Err(Undone::Refused(why)) => return Ok(Err(why)),
            // A unique constraint that broke after we looked is a lost race like any other.
            Err(Undone::Raced | Undone::Failed(Error::Conflict { .. })) => {}
            Err(Undone::Failed(error)) => return Err(error),
        }
    }
    Err(Error::Unavailable)
}

/// The session row, but for who it is of.
fn new_session(
    ctx: &Context,
    attempt: &LoginAttempt,
    arrival: &Arrival,
    redeemed: &Redeemed,
) -> Result<(Session, SecretString), Error> {
    let (token, id, now) = (token::random(), Uuid::now_v7(), ctx.clock.now());
    let upstream = UpstreamTokens {
        id_token: redeemed.id_token.expose_secret().to_owned(),
        refresh_token: redeemed.refresh_token.as_ref().map(|t| t.expose_secret().to_owned()),
        access_token: Some(redeemed.access_token.expose_secret().to_owned()),
    };
    let bytes = serde_json::to_vec(&upstream).map_err(|e| Error::Internal(e.to_string()))?;
    let session = Session {
        tenant_id: attempt.tenant_id,
        id,
        token_hash: token::hash(&token),
        user_id: Uuid::nil(),
        identity_id: None,
        source_id: Some(attempt.connection_id),
        auth_time: redeemed.claims.auth_time.unwrap_or(now),
        created_at: now,
        last_seen_at: now,
        expires_at: now + Duration::hours(ctx.config.session_max_hours),
        ended_at: None,
        end_reason: None,
        ip: arrival.ip.map(|ip| ip.to_string()),
        user_agent: arrival.user_agent.as_deref().map(|ua| tamed(ua, 255)),
        upstream: Some(ctx.sealer.seal(upstream_place(attempt.tenant_id, id), &bytes)),
        acr: None,
        amr: Vec::new(),
    };
    Ok((session, token.into()))
}

/// Where a session's upstream tokens are sealed.
#[must_use]
pub fn upstream_place(tenant: Uuid, session: Uuid) -> Place {
    Place { tenant, table: "sessions", row: session, column: "upstream" }
}

fn store(
    conn: &mut PgConnection,
    attempt_id: Uuid,
    mut session: Session,
    replaced: Option<Vec<u8>>,
    welcome: &Provisioned,
    stamp: Stamp,
) -> Result<(), Error> {
    let tenant = session.tenant_id;
    // W-01: what was signed in here before is signed in no more; the new session has an id and a secret of its own.
    if let Some((old, _)) = replaced.map(|hash| sessions::find_by_token(conn, tenant, &hash)).transpose()?.flatten()
        && sessions::end(conn, tenant, old.id, "replaced", stamp.at)?
    {
        changes::note(conn, tenant)?; // W-04: other instances may hold it in memory
    }
    session.user_id = welcome.user.id;
    session.identity_id = Some(welcome.identity_id);
    sessions::insert(conn, tenant, &session)?;
    login_attempts::set_session(conn, tenant, attempt_id, session.id)?;
    let event = Event::LoginSucceeded(LoginSucceeded {
        connection_id: session.source_id.unwrap_or_default(),
        user_id: welcome.user.id,
        session_id: session.id,
        outcome: welcome.outcome,
        fields: welcome.fields.clone(),
        groups_added: welcome.groups.added.clone(),
        groups_removed: welcome.groups.removed.clone(),
        groups_held: welcome.groups.held.clone(),
        warnings: welcome.warnings.clone(),
    });
    audit_events::insert(conn, tenant, &stamp.event(tenant, &event))?;
    Ok(())
}
