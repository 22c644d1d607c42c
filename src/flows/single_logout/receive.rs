//! What the provider sends: its own request to sign somebody out, or the answer to ours.

use chrono::Duration;
use uuid::Uuid;

use crate::context::Context;
use crate::context::caches::TenantCache;
use crate::context::provider::Speaks;
use crate::context::saml_provider::SamlProvider;
use crate::flows::begin_login::usable;
use crate::flows::onward::{Onward, carry};
use crate::flows::single_logout::begin::{Memory, recall};
use crate::flows::single_logout::{Arrival, Incoming, Outcome};
use crate::flows::{Error, limits};
use crate::model::audit::{Event, SessionEnded, Stamp};
use crate::model::connection::saml::SamlSettings;
use crate::protocol::saml::binding::{post, redirect};
use crate::protocol::saml::logout::{
    LogoutExpected, LogoutOutcome, LogoutResponse, ReceivedLogoutRequest, read_request, read_response,
};
use crate::protocol::saml::message::{MessageKind, new_id};
use crate::protocol::saml::{SamlError, VerifiedMessage};
use crate::secrets::token;
use crate::store::{audit_events, changes, sessions, used_assertions};

/// A message whose signature is good, and what is to be given back with the answer to it.
struct Received {
    kind: MessageKind,
    message: VerifiedMessage,
    relay_state: Option<String>,
}

/// Takes a logout message at a connection.
///
/// # Errors
/// [`Error::NotFound`] for a connection that is not active or not SAML, [`Error::RateLimited`] for floods of messages
/// that are refused, [`Error::Unavailable`].
pub async fn receive(
    ctx: &Context,
    tenant: &TenantCache,
    connection: Uuid,
    arrival: Arrival,
) -> Result<Outcome, Error> {
    let provider = usable(ctx, tenant, connection).await?;
    let Speaks::Saml(party) = &provider.speaks else { return Err(Error::NotFound) };
    let id = tenant.tenant.id;
    limits::consult_garbage(ctx, id, arrival.ip)?;
    let received = match verify(ctx, party, arrival.message) {
        Ok(received) => received,
        Err(error) => return refuse(ctx, (id, connection), arrival.ip, arrival.stamp, error.into()).await,
    };
    let done = match received.kind {
        MessageKind::Request => end_sessions(ctx, (id, connection), party, &received, arrival.stamp).await?,
        MessageKind::Response => {
            let memory = arrival.remembered.as_deref().and_then(|told| recall(ctx, id, connection, told));
            answered(ctx, party, &received, memory)
        }
    };
    match done {
        Ok(outcome) => Ok(outcome),
        Err(why) => refuse(ctx, (id, connection), arrival.ip, arrival.stamp, why).await,
    }
}

/// Why a message is refused.
struct Why {
    code: &'static str,
    detail: String,
}

impl From<SamlError> for Why {
    fn from(error: SamlError) -> Self {
        Self { code: error.code(), detail: error.to_string() }
    }
}

/// C-42, C-43, C-45: nothing is read before its signature is good.
fn verify(ctx: &Context, party: &SamlProvider, message: Incoming) -> Result<Received, SamlError> {
    let (kind, field, relay_state) = match message {
        Incoming::Query(query) => {
            let redirect::VerifiedQuery { kind, message, relay_state } = redirect::verify(&query, &party.verifier)?;
            return Ok(Received { kind, message, relay_state });
        }
        Incoming::Form { request: Some(field), response: None, relay_state } => {
            (MessageKind::Request, field, relay_state)
        }
        Incoming::Form { request: None, response: Some(field), .. } => (MessageKind::Response, field, None),
        Incoming::Form { .. } => return Err(SamlError::Binding("one SAMLRequest or SAMLResponse is needed")),
    };
    let name = match kind {
        MessageKind::Request => "LogoutRequest",
        MessageKind::Response => "LogoutResponse",
    };
    let message = party.verifier.message(&post::read(&field)?, name, ctx.clock.now())?;
    Ok(Received { kind, message, relay_state })
}

fn expected<'a>(ctx: &Context, party: &'a SamlProvider) -> LogoutExpected<'a> {
    LogoutExpected {
        idp_entity_id: &party.idp_entity_id,
        slo_urls: std::slice::from_ref(&party.own.slo_url),
        entity_ids: &party.audiences,
        now: ctx.clock.now(),
        skew: Duration::seconds(party.settings.clock_skew_seconds.min(SamlSettings::MAX_SKEW_SECONDS).into()),
    }
}

/// Ends what the provider's request names, and answers it.
async fn end_sessions(
    ctx: &Context,
    (tenant, connection): (Uuid, Uuid),
    party: &SamlProvider,
    received: &Received,
    stamp: Stamp,
) -> Result<Result<Outcome, Why>, Error> {
    let request = match read_request(&received.message, &expected(ctx, party)) {
        Ok(request) => request,
        Err(error) => return Ok(Err(error.into())),
    };
    let replayed = || Why { code: "saml_replayed", detail: format!("request {:?} came before", request.id) };
    let what = format!("saml-logout/{tenant}/{connection}/{}", request.id);
    let asked = what.clone();
    if ctx.db.system(move |conn| Ok::<_, Error>(used_assertions::is_used(conn, &asked)?)).await? {
        return Ok(Err(replayed()));
    }
    // Noted only once the sessions are over: a request that failed halfway may come again. Of two at once both end the
    // same sessions, and one is answered.
    end_named(ctx, (tenant, connection), &request, stamp).await?;
    let until = request.replay_until;
    let first = ctx.db.system(move |conn| Ok::<_, Error>(used_assertions::first_use(conn, &what, until)?));
    if !first.await? {
        return Ok(Err(replayed()));
    }
    Ok(Ok(Outcome::Ended(answer(ctx, party, &request, received.relay_state.as_deref())?)))
}

/// Ends the sessions that the request names, in one transaction with their audit events.
async fn end_named(
    ctx: &Context,
    (tenant, connection): (Uuid, Uuid),
    request: &ReceivedLogoutRequest,
    stamp: Stamp,
) -> Result<(), Error> {
    let name = token::hash(&request.name_id.value);
    let indexes: Vec<_> = request.session_indexes.iter().map(|index| token::hash(index)).collect();
    let ended = ctx.db.tenant(tenant, move |conn| {
        let ended = sessions::end_at_provider(conn, tenant, (connection, &name), &indexes, stamp.at)?;
        for (session_id, user_id) in &ended {
            let (session_id, user_id) = (*session_id, *user_id);
            let event = Event::SessionEnded(SessionEnded { session_id, user_id, reason: "provider_logout" });
            audit_events::insert(conn, tenant, &stamp.event(tenant, &event))?;
        }
        if !ended.is_empty() {
            changes::note(conn, tenant)?; // W-04
        }
        Ok::<_, Error>(ended)
    });
    if !ended.await?.is_empty() {
        ctx.caches.forget(tenant);
    }
    Ok(())
}

/// Our answer: the sessions are over, also where there were none any more.
fn answer(
    ctx: &Context,
    party: &SamlProvider,
    request: &ReceivedLogoutRequest,
    relay_state: Option<&str>,
) -> Result<Option<Onward>, Error> {
    let Some(service) = &party.slo else { return Ok(None) };
    let response = LogoutResponse {
        id: &new_id(),
        issue_instant: ctx.clock.now(),
        destination: &service.response_url,
        issuer: &party.own.entity_id,
        in_response_to: &request.id,
        success: true,
    };
    let key = Some(&*party.signing_key);
    carry(&response.message(), &service.response_url, service.binding, relay_state, key).map(Some)
}

/// The provider's answer to our request. Our own session is over already; a browser that remembers nothing (a form post
/// of another site may come without its cookie) is told so.
fn answered(ctx: &Context, party: &SamlProvider, received: &Received, memory: Option<Memory>) -> Result<Outcome, Why> {
    let Some(memory) = memory else { return Ok(Outcome::Over(None)) };
    match read_response(&received.message, &expected(ctx, party), &memory.request_id)? {
        LogoutOutcome::Success => {}
        outcome => tracing::warn!(?outcome, "signed out here, but not everywhere at the provider"),
    }
    Ok(Outcome::Over(memory.target))
}

/// Refuses, with an audit event; an address that sends many is told no more, and writes no more.
async fn refuse(
    ctx: &Context,
    (tenant, connection): (Uuid, Uuid),
    ip: Option<std::net::IpAddr>,
    stamp: Stamp,
    Why { code, detail }: Why,
) -> Result<Outcome, Error> {
    metrics::counter!("doorward_logouts_refused_total", "reason" => code).increment(1);
    limits::garbage(ctx, tenant, ip).await?;
    let row = stamp.event(tenant, &Event::LogoutRefused { connection_id: connection, reason: code, detail });
    let event_id = row.id;
    ctx.db.tenant(tenant, move |conn| Ok::<_, Error>(audit_events::insert(conn, tenant, &row)?)).await?;
    tracing::info!(%event_id, code, %connection, "logout refused");
    Ok(Outcome::Refused { code: code.to_owned(), event_id })
}
