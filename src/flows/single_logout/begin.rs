//! From our own sign-out to the provider's.

use chrono::Duration;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::context::Context;
use crate::context::saml_provider::SamlProvider;
use crate::flows::onward::{Onward, carry};
use crate::flows::{Error, carried};
use crate::model::session::{Session, UpstreamSession};
use crate::protocol::saml::NameId;
use crate::protocol::saml::logout::LogoutRequest;
use crate::protocol::saml::message::new_id;

/// How long the provider may take to look at our request, in minutes.
const REQUEST_MINUTES: i64 = 5;
/// What the cookie is sealed for.
const COOKIE: &str = "single logout";

/// What the browser remembers: which answer is awaited, from whom, and where to go then.
#[derive(Serialize, Deserialize)]
pub(super) struct Memory {
    pub request_id: String,
    pub connection_id: Uuid,
    pub target: Option<String>,
}

/// Asks the provider to end its session too. Gives where the browser goes and what it shall remember; `None` where the
/// provider has no single logout.
///
/// # Errors
/// [`Error::Internal`] when signing fails.
pub fn begin(
    ctx: &Context,
    party: &SamlProvider,
    session: &Session,
    (upstream, connection): (UpstreamSession, Uuid),
    target: Option<&str>,
) -> Result<Option<(Onward, String)>, Error> {
    let Some(service) = &party.slo else { return Ok(None) };
    let now = ctx.clock.now();
    let (id, session_index) = (new_id(), upstream.session_index);
    let name_id = NameId {
        value: upstream.name_id,
        format: upstream.format,
        name_qualifier: upstream.name_qualifier,
        sp_name_qualifier: upstream.sp_name_qualifier,
    };
    let request = LogoutRequest {
        id: &id,
        issue_instant: now,
        destination: &service.url,
        issuer: &party.own.entity_id,
        not_on_or_after: now + Duration::minutes(REQUEST_MINUTES),
        name_id: &name_id,
        session_index: session_index.as_deref(),
    };
    // Logout messages are always signed: who could end sessions without would end anybody's.
    let onward = carry(&request.message(), &service.url, service.binding, None, Some(&*party.signing_key))?;
    let memory = Memory { request_id: id, connection_id: connection, target: target.map(str::to_owned) };
    let remember = carried::write(ctx, session.tenant_id, COOKIE, &memory)?;
    Ok(Some((onward, remember.expose_secret().to_owned())))
}

/// Opens what the browser remembers; `None` when it is not ours, or of another connection's logout.
pub(super) fn recall(ctx: &Context, tenant: Uuid, connection: Uuid, remembered: &str) -> Option<Memory> {
    let memory: Memory = carried::read(ctx, tenant, COOKIE, remembered)?;
    (memory.connection_id == connection).then_some(memory)
}
