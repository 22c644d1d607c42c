//! find_connection: from an e-mail address to where it signs in. Answers by domain only, never by person (L-22).

use uuid::Uuid;

use crate::context::Context;
use crate::context::caches::TenantCache;
use crate::flows::Error;
use crate::model::connection::Connection;
use crate::model::email::EmailAddress;
use crate::store::{connections, domains};

/// The connection where addresses of this domain sign in: the one that the tenant's verified domain names, else the
/// only active one there is, else none (the person chooses).
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn find_connection(ctx: &Context, tenant: &TenantCache, address: &str) -> Result<Option<Uuid>, Error> {
    let Ok(email) = EmailAddress::parse(address) else {
        return Ok(None);
    };
    let tenant_id = tenant.tenant.id;
    let found = ctx.db.tenant(tenant_id, move |conn| {
        let domain = domains::verified(conn, tenant_id, &email.domain)?;
        Ok::<_, Error>((domain.and_then(|d| d.connection_id), connections::active(conn, tenant_id)?))
    });
    let (routed, active): (Option<Uuid>, Vec<Connection>) = found.await?;
    let routed = routed.filter(|id| active.iter().any(|c| c.id == *id));
    Ok(routed.or(match active.as_slice() {
        [only] => Some(only.id),
        _ => None,
    }))
}
