//! end_session: an application signs its user out (OpenID Connect RP-Initiated Logout 1.0).

use std::sync::Arc;

use uuid::Uuid;

use crate::context::Context;
use crate::context::caches::TenantCache;
use crate::context::issuer::Issuer;
use crate::flows::Error;
use crate::flows::oauth2::tokens::{ID_TOKEN_TYPE, uuid_claim, verify};
use crate::model::application::Client;

/// What an application asks for.
#[derive(Debug, Default)]
pub struct Wish {
    /// `id_token_hint`.
    pub id_token_hint: Option<String>,
    /// `client_id`.
    pub client_id: Option<String>,
    /// `post_logout_redirect_uri`.
    pub redirect_uri: Option<String>,
    /// `state`.
    pub state: Option<String>,
}

/// What is known about the wish.
pub struct Understood {
    /// The tenant of the hint's user, where the installation is asked.
    pub tenant_id: Option<Uuid>,
    /// The session that the hint is of: if this browser is signed in with it, nobody has to be asked.
    pub session_id: Option<Uuid>,
    /// Where to go afterwards: a registered URI of a known application.
    pub target: Option<String>,
}

/// Reads a wish. Whatever is not proven or not registered is left out (P-15).
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn understand(ctx: &Context, issuer: &Issuer, wish: &Wish) -> Result<Understood, Error> {
    // An ID token that expired still says whose session it was; the session itself decides.
    let hint = match &wish.id_token_hint {
        Some(hint) => verify(ctx, issuer, hint).await?.ok().filter(|v| v.typ.as_deref() == Some(ID_TOKEN_TYPE)),
        None => None,
    };
    let claims = hint.as_ref().map(|hint| &hint.claims);
    let hinted = claims.and_then(|claims| uuid_claim(claims, "aud"));
    let named = wish.client_id.as_ref().and_then(|id| Uuid::try_parse(id).ok());
    let refused = wish.id_token_hint.is_some() && hint.is_none() || hinted.zip(named).is_some_and(|(a, b)| a != b);
    let client = match hinted.or(named).filter(|_| !refused) {
        Some(id) => ctx.client(issuer, id).await?,
        None => None,
    };
    let target = client.and_then(|client| target(&client, wish));
    let from_hint = |name| claims.filter(|_| !refused).and_then(|claims| uuid_claim(claims, name));
    Ok(Understood { tenant_id: from_hint("tenant_id"), session_id: from_hint("sid"), target })
}

/// The registered URI with the application's `state`.
fn target(client: &Arc<Client>, wish: &Wish) -> Option<String> {
    let wanted = wish.redirect_uri.as_ref()?;
    let known = client.settings.post_logout_redirect_uris.iter().find(|known| *known == wanted)?;
    let mut url = url::Url::parse(known).ok()?;
    if let Some(state) = wish.state.as_ref().filter(|state| state.len() <= 1024) {
        url.query_pairs_mut().append_pair("state", state);
    }
    Some(url.into())
}

/// The tenant where somebody may be signed out: the issuer's, or for the installation the hint's.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn tenant_of(ctx: &Context, issuer: &Issuer, told: &Understood) -> Result<Option<Arc<TenantCache>>, Error> {
    match (issuer, told.tenant_id) {
        (Issuer::Tenant(tenant), _) => Ok(Some(Arc::clone(tenant))),
        (Issuer::Installation, Some(id)) => Ok(ctx.tenant_by_id(id).await?),
        (Issuer::Installation, None) => Ok(None),
    }
}
