//! consent: the person agrees that a third party's application may have what it asks for, or does not.

use std::sync::Arc;

use uuid::Uuid;

use crate::context::Context;
use crate::context::caches::TenantCache;
use crate::flows::Error;
use crate::flows::oauth2::authorize::{Outcome, SignedIn, fault, hand_out, ready};
use crate::flows::oauth2::request::Fault;
use crate::model::scope::Scopes;
use crate::store::{authorization_requests, consents};

const DECLINED: Fault = Fault::new("access_denied", "the user did not agree");

/// Notes that the person agrees, and answers the request. The page is no way around what the request wants of the login
/// (P-09).
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn agree(ctx: &Context, tenant: &Arc<TenantCache>, id: Uuid, signed_in: &SignedIn) -> Result<Outcome, Error> {
    let (asked, signed_in) = match ready(ctx, tenant, id, Some(Arc::clone(signed_in))).await? {
        Ok(ready) => ready,
        Err(outcome) => return Ok(outcome),
    };
    let (tenant_id, user, now) = (tenant.tenant.id, signed_in.1.id, ctx.clock.now());
    let (client, wanted) = (asked.client.key, Scopes::parse(&asked.params.scope));
    let noted = ctx.db.tenant(tenant_id, move |conn| {
        let before = consents::scope(conn, tenant_id, user, client.id())?.unwrap_or_default();
        let all = Scopes::parse(&before).with(&wanted);
        Ok::<_, Error>(consents::put(conn, tenant_id, user, client, &all.to_string(), now)?)
    });
    noted.await?;
    hand_out(ctx, tenant, &asked, &signed_in, Some(id)).await
}

/// Answers the request with a refusal.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn decline(ctx: &Context, tenant: &Arc<TenantCache>, id: Uuid) -> Result<Outcome, Error> {
    let Some((asked, _)) = ctx.waiting_request(tenant, id).await? else {
        return Ok(Outcome::Refused("request_unknown"));
    };
    let tenant_id = tenant.tenant.id;
    ctx.db.tenant(tenant_id, move |conn| Ok::<_, Error>(authorization_requests::take(conn, tenant_id, id)?)).await?;
    Ok(fault(ctx, &asked.issuer, &asked.params, DECLINED))
}
