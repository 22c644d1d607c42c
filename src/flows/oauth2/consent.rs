//! consent: the person agrees that a third party's application may have what it asks for, or does not.

use std::sync::Arc;

use uuid::Uuid;

use crate::context::Context;
use crate::context::caches::TenantCache;
use crate::flows::Error;
use crate::flows::oauth2::authorize::{Outcome, SignedIn, fault, fitting, hand_out, waiting};
use crate::flows::oauth2::request::Fault;
use crate::model::scope::Scopes;
use crate::store::{authorization_requests, consents};

const DECLINED: Fault = Fault::new("access_denied", "the user did not agree");

/// Notes that the person agrees, and answers the request. Whose login will not do for it cannot agree before one
/// that does.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn agree(ctx: &Context, tenant: &Arc<TenantCache>, id: Uuid, signed_in: &SignedIn) -> Result<Outcome, Error> {
    let Some((asked, since)) = waiting(ctx, tenant, id).await? else { return Ok(Outcome::Refused("request_unknown")) };
    // P-09: the page is no way around what the request wants of the login.
    let found = match fitting(ctx, tenant, &asked, (id, since), Some(Arc::clone(signed_in))) {
        Ok(found) => found,
        Err(outcome) => return Ok(outcome),
    };
    let (tenant_id, user, now) = (tenant.tenant.id, found.1.id, ctx.clock.now());
    let (client, wanted) = (asked.client.key, Scopes::parse(&asked.params.scope));
    let noted = ctx.db.tenant(tenant_id, move |conn| {
        let before = consents::scope(conn, tenant_id, user, client.id())?.unwrap_or_default();
        let all = Scopes::parse(&before).with(&wanted);
        Ok::<_, Error>(consents::put(conn, tenant_id, user, client, &all.to_string(), now)?)
    });
    noted.await?;
    hand_out(ctx, tenant, &asked, &found, Some(id)).await
}

/// Answers the request with a refusal.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn decline(ctx: &Context, tenant: &Arc<TenantCache>, id: Uuid) -> Result<Outcome, Error> {
    let Some((asked, _)) = waiting(ctx, tenant, id).await? else { return Ok(Outcome::Refused("request_unknown")) };
    let tenant_id = tenant.tenant.id;
    ctx.db.tenant(tenant_id, move |conn| Ok::<_, Error>(authorization_requests::take(conn, tenant_id, id)?)).await?;
    Ok(fault(ctx, &asked.issuer, &asked.params, DECLINED))
}
