//! find_connection: from an e-mail address to where it signs in. Answers by domain only, never by person (L-22).

use std::sync::Arc;

use uuid::Uuid;

use crate::context::Context;
use crate::context::caches::TenantCache;
use crate::flows::Error;
use crate::flows::destination::Destination;
use crate::model::connection::Connection;
use crate::model::domain::VerifiedDomain;
use crate::model::email::EmailAddress;
use crate::model::tenant::Sso;
use crate::store::db::DbError;
use crate::store::{connections, domains, local_credentials};

/// How people can sign in to a tenant.
pub struct Ways {
    /// By these connections, in the order of their names.
    pub connections: Vec<Connection>,
    /// By a password of Doorward's own.
    pub passwords: bool,
}

impl Ways {
    /// Where people of this domain sign in in any case: by the connection that the tenant's verified domain names, if that
    /// signs anybody in.
    #[must_use]
    pub fn routed(&self, domain: Option<&VerifiedDomain>) -> Option<Uuid> {
        let named = domain.and_then(|domain| domain.connection_id)?;
        self.connections.iter().any(|connection| connection.id == named).then_some(named)
    }

    /// Whether somebody without a password, whom no connection is named for, may choose one: where people have some, and
    /// where there is nothing else.
    #[must_use]
    pub fn first_password(&self) -> bool {
        self.passwords || self.connections.is_empty()
    }
}

/// Where an address signs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignsIn {
    /// By this connection.
    By(Uuid),
    /// By a password of Doorward's own.
    ByPassword,
    /// The person chooses.
    Choose,
}

/// How people can sign in to the tenant, as its `sso` says, and as the application allows whose request waits. Passwords
/// are offered where there are any, and where there is nothing else.
///
/// # Errors
/// [`DbError`].
pub async fn ways(
    ctx: &Context,
    tenant: &Arc<TenantCache>,
    destination: Option<&Destination>,
) -> Result<Ways, DbError> {
    let (id, sso) = (tenant.tenant.id, tenant.tenant.sso.at(ctx.clock.now()));
    let found = ctx.db.tenant(id, move |conn| {
        let connections = if sso == Sso::Off { Vec::new() } else { connections::active(conn, id)? };
        let passwords = match sso {
            Sso::Off => true,
            Sso::Optional => local_credentials::any(conn, id)?,
            Sso::Enforced => false,
        };
        Ok::<_, DbError>(Ways { connections, passwords })
    });
    let mut ways = found.await?;
    if let Some(Destination::Request(id)) = destination
        && let Some((asked, _)) = ctx.waiting_request(tenant, *id).await?
    {
        let settings = &asked.client.settings;
        ways.connections.retain(|connection| settings.allows_source(Some(connection.id)));
        ways.passwords &= settings.allows_source(None);
    }
    Ok(ways)
}

/// Where addresses of this domain sign in: by the connection that the tenant's verified domain names, else by password
/// where that is offered, else by the only active connection there is, else the person chooses.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn find_connection(
    ctx: &Context,
    tenant: &Arc<TenantCache>,
    address: &str,
    destination: Option<&Destination>,
) -> Result<SignsIn, Error> {
    let Ok(email) = EmailAddress::parse(address) else {
        return Ok(SignsIn::Choose);
    };
    let id = tenant.tenant.id;
    let domain = ctx.db.tenant(id, move |conn| Ok::<_, DbError>(domains::verified(conn, id, &email.domain)?)).await?;
    let ways = ways(ctx, tenant, destination).await?;
    Ok(match (ways.routed(domain.as_ref()), ways.connections.as_slice()) {
        (Some(routed), _) => SignsIn::By(routed),
        _ if ways.passwords => SignsIn::ByPassword,
        (None, [only]) => SignsIn::By(only.id),
        _ => SignsIn::Choose,
    })
}
