//! end_session: signing out. The own session ends first, whatever the provider does; then its tokens are revoked where
//! the connection says so, and the browser may go on to the provider's own logout.

use secrecy::{ExposeSecret, SecretString};
use url::Url;
use uuid::Uuid;

use crate::context::Context;
use crate::context::caches::TenantCache;
use crate::context::provider::{OpenIdProvider, Speaks};
use crate::flows::onward::Onward;
use crate::flows::open_session::upstream_place;
use crate::flows::{Error, authenticate, carried, single_logout, write};
use crate::model::audit::{Actor, Event, SessionEnded, Stamp};
use crate::model::session::{Session, Upstream, UpstreamTokens};
use crate::protocol::oidc::logout::{self, EndSession, TokenKind};
use crate::store::sessions;

/// What a `state` is sealed for, so that nobody else can say where a logout goes.
const TARGET: &str = "logout target";

/// Where the browser goes after its session ended here.
#[derive(Debug, Default)]
pub struct Farewell {
    /// To the provider, which takes part in the logout; nowhere otherwise.
    pub onward: Option<Onward>,
    /// What the browser shall remember until the provider has answered (SAML).
    pub remember: Option<String>,
}

/// Ends the session of this cookie. Gives the way to the provider when the browser should go there; `target` is where it
/// goes once it comes back.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn end_session(
    ctx: &Context,
    tenant: &TenantCache,
    cookie: &str,
    request_id: Option<Uuid>,
    target: Option<&str>,
) -> Result<Farewell, Error> {
    let Some(found) = authenticate::session(ctx, tenant, cookie).await? else {
        return Ok(Farewell::default());
    };
    let (session, user) = (&found.0, &found.1);
    let (tenant_id, session_id, user_id) = (tenant.tenant.id, session.id, user.id);
    let actor = Actor::User { user_id, session_id: Some(session_id), key_id: None };
    let stamp = Stamp { actor, request_id, at: ctx.clock.now() };
    let ended = write::write(ctx, tenant_id, stamp, move |conn| {
        let ended = sessions::end(conn, tenant_id, session_id, "logout", stamp.at)?;
        let event = Event::SessionEnded(SessionEnded { session_id, user_id, reason: "logout" });
        Ok((ended, ended.then_some(event)))
    });
    if !ended.await? {
        return Ok(Farewell::default());
    }
    Ok(at_provider(ctx, tenant, session, target).await.unwrap_or_else(|error| {
        tracing::warn!(%error, %session_id, "signed out here, but not at the provider");
        Farewell::default()
    }))
}

/// Where a logout goes that comes back from the provider with this `state`.
#[must_use]
pub fn target_of_state(ctx: &Context, tenant: Uuid, state: &str) -> Option<String> {
    carried::read(ctx, tenant, TARGET, state)
}

async fn at_provider(
    ctx: &Context,
    tenant: &TenantCache,
    session: &Session,
    target: Option<&str>,
) -> Result<Farewell, Error> {
    let (Some(source), Some(sealed)) = (session.source_id, &session.upstream) else {
        return Ok(Farewell::default());
    };
    let Some(provider) = ctx.provider(tenant, source).await? else {
        return Ok(Farewell::default());
    };
    let bytes = ctx.sealer.open(upstream_place(session.tenant_id, session.id), sealed)?;
    let upstream = serde_json::from_slice(bytes.expose_secret()).map_err(|e| Error::Internal(e.to_string()))?;
    match (&provider.speaks, upstream) {
        (Speaks::Oidc(party), Upstream::Oidc(tokens)) => {
            let state = match target {
                Some(url) => carried::write(ctx, session.tenant_id, TARGET, &url)?,
                None => "done".into(),
            };
            let url = at_openid_provider(ctx, tenant, (party, source), tokens, state.expose_secret()).await?;
            Ok(Farewell { onward: url.map(Onward::Redirect), remember: None })
        }
        (Speaks::Saml(party), Upstream::Saml(upstream)) => {
            let begun = single_logout::begin(ctx, party, session, (upstream, source), target)?;
            let (onward, remember) = begun.unzip();
            Ok(Farewell { onward, remember })
        }
        _ => Ok(Farewell::default()), // the protocol of a connection never changes
    }
}

/// Revokes the tokens where the connection says so, and gives the end-session URL.
async fn at_openid_provider(
    ctx: &Context,
    tenant: &TenantCache,
    (provider, source): (&OpenIdProvider, Uuid),
    tokens: UpstreamTokens,
    state: &str,
) -> Result<Option<Url>, Error> {
    if provider.settings.revoke_tokens {
        let lane = ctx.lane(source);
        let party = provider.party(ctx, &lane);
        let refresh = tokens.refresh_token.map(|t| (t, TokenKind::Refresh));
        let access = tokens.access_token.map(|t| (t, TokenKind::Access));
        for (token, kind) in refresh.into_iter().chain(access) {
            if let Err(error) = logout::revoke(&party, &SecretString::from(token), kind).await {
                tracing::warn!(code = error.code(), ?kind, "a token could not be revoked");
            }
        }
    }
    let back = ctx.config.url(&format!("/t/{}/logout/done", tenant.tenant.slug));
    let back = Url::parse(&back).map_err(|e| Error::Internal(e.to_string()))?;
    let hint = SecretString::from(tokens.id_token);
    let request = EndSession { id_token_hint: Some(&hint), post_logout_redirect_uri: &back, state };
    Ok(logout::end_session_url(&provider.settings, &provider.endpoints, &request))
}
