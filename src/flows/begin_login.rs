//! begin_login: from a click to the provider. One LoginAttempt row, bound to the browser by a cookie's hash.
//!
//! `ask` makes the question in the connection's protocol, and says what the attempt has to remember of it.

mod ask;

use std::sync::Arc;

use chrono::Duration;
use secrecy::SecretString;
use url::Url;
use uuid::Uuid;

use crate::context::Context;
use crate::context::caches::TenantCache;
use crate::context::provider::{Provider, Speaks};
use crate::flows::destination::Destination;
use crate::flows::onward::Onward;
use crate::flows::{Error, ways_in};
use crate::model::audit::LoginMethod;
use crate::model::authorization::AuthorizationParams;
use crate::model::login_attempt::{ATTEMPT_MINUTES, LoginAttempt};
use crate::secrets::sealed::Place;
use crate::secrets::token;
use crate::store::login_attempts;

/// A login that is on its way to the provider.
#[derive(Debug)]
pub struct Begun {
    /// Where the browser goes.
    pub onward: Onward,
    /// The attempt; names the cookie.
    pub attempt_id: Uuid,
    /// The cookie's value.
    pub browser_secret: SecretString,
}

/// What the browser asked for.
#[derive(Debug, Default)]
pub struct Wanted {
    /// Where to go afterwards.
    pub destination: Option<Destination>,
    /// The address typed on the login page.
    pub login_hint: Option<String>,
    /// Hash of the token of the invitation that is to be accepted by it.
    pub invitation: Option<Vec<u8>>,
    /// Whoever is signed in at the provider may be somebody else: it shall ask.
    pub anew: bool,
}

/// Begins a login by an active connection.
///
/// # Errors
/// [`Error::NotFound`] for a connection that the tenant has not or that is not active, [`Error::Forbidden`] for a
/// tenant that is suspended or has `sso` off, [`Error::Provider`] when the connection cannot be used.
pub async fn begin_login(
    ctx: &Context,
    tenant: &Arc<TenantCache>,
    connection: Uuid,
    wanted: Wanted,
) -> Result<Begun, Error> {
    let provider = usable(ctx, tenant, connection).await?;
    let (attempt_id, browser_secret) = (Uuid::now_v7(), token::random());
    let state = new_state(attempt_id);
    let behind = behind(ctx, tenant, wanted.destination.as_ref()).await?;
    let question = ask::Question {
        state: &state,
        login_hint: wanted.login_hint.as_deref(),
        behind: behind.as_ref(),
        anew: wanted.anew,
        now: ctx.clock.now(),
    };
    let (onward, secrets) = match &provider.speaks {
        Speaks::Oidc(party) => ask::oidc(party, &question, &redirect_uri(ctx, tenant, connection)?)?,
        Speaks::Saml(party) => ask::saml(party, &question)?,
    };
    let secrets = serde_json::to_vec(&secrets).map_err(|e| Error::Internal(e.to_string()))?;
    let (tenant_id, now) = (tenant.tenant.id, question.now);
    let attempt = LoginAttempt {
        tenant_id,
        id: attempt_id,
        connection_id: connection,
        state_hash: token::hash(&state),
        browser_hash: token::hash(&browser_secret),
        secrets: ctx.sealer.seal(secrets_place(tenant_id, attempt_id), &secrets),
        // W-10, O-43: an unlisted target is forgotten here; the login then ends on the landing page.
        return_to: wanted.destination.and_then(|to| to.url(ctx, &tenant.tenant)),
        parked_response: None,
        created_at: now,
        expires_at: now + Duration::minutes(ATTEMPT_MINUTES),
        consumed_at: None,
        session_id: None,
        invitation_hash: wanted.invitation,
    };
    ctx.db.tenant(tenant_id, move |conn| Ok::<_, Error>(login_attempts::insert(conn, tenant_id, &attempt)?)).await?;
    Ok(Begun { onward, attempt_id, browser_secret: browser_secret.into() })
}

/// The application's request that waits for this login. Who comes back to their account for a change has to be asked anew,
/// and the provider has to say so: `max_age` obliges it to (OpenID Connect Core 1.0, section 3.1.2.1).
async fn behind(
    ctx: &Context,
    tenant: &Arc<TenantCache>,
    destination: Option<&Destination>,
) -> Result<Option<AuthorizationParams>, Error> {
    if destination.is_some_and(|to| to.asks_anew(ctx, &tenant.tenant)) {
        return Ok(Some(AuthorizationParams {
            prompt_login: true,
            max_age: Some(0),
            ..AuthorizationParams::default()
        }));
    }
    let Some(Destination::Request(id)) = destination else { return Ok(None) };
    Ok(ctx.waiting_request(tenant, *id).await?.map(|(asked, _)| asked.params))
}

/// The connection, when tenant and connection sign people in.
///
/// # Errors
/// As [`begin_login`].
pub async fn usable(ctx: &Context, tenant: &TenantCache, connection: Uuid) -> Result<std::sync::Arc<Provider>, Error> {
    ways_in::check(&tenant.tenant, LoginMethod::Oidc, ctx.clock.now())?; // by whichever protocol
    let provider = ctx.provider(tenant, connection).await?.ok_or(Error::NotFound)?;
    if provider.is_active() { Ok(provider) } else { Err(Error::NotFound) }
}

/// The redirect URI of a connection: one per connection, so that no response fits another one (O-12).
///
/// # Errors
/// [`Error::Internal`] when the public URL cannot carry a path, which loading it has excluded.
pub fn redirect_uri(ctx: &Context, tenant: &TenantCache, connection: Uuid) -> Result<Url, Error> {
    let text = ctx.config.url(&format!("/t/{}/sso/{connection}/callback", tenant.tenant.slug));
    Url::parse(&text).map_err(|e| Error::Internal(e.to_string()))
}

/// Where an attempt's secrets are sealed.
#[must_use]
pub fn secrets_place(tenant: Uuid, attempt: Uuid) -> Place {
    Place { tenant, table: "login_attempts", row: attempt, column: "secrets" }
}

/// `state`: the attempt's id, to find row and cookie by, and 256 random bits, to be believed.
fn new_state(attempt: Uuid) -> String {
    format!("{}.{}", attempt.simple(), token::random())
}

/// The attempt that a `state` names; `None` when it is not one of ours (O-02).
#[must_use]
pub fn attempt_of_state(state: &str) -> Option<Uuid> {
    let (id, secret) = state.split_once('.')?;
    let plain = id.len() == 32 && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    (plain && secret.len() == 43).then(|| Uuid::try_parse(id).ok()).flatten()
}
