//! Tenants of this installation may be each other's identity provider, as in the demo. A circle of them would send
//! browsers round for ever, so the connection that would close one is refused (F-11).
//!
//! Only what this installation can see: a provider elsewhere that leads back here is not known to anybody.

use std::collections::HashSet;

use url::{Origin, Url};

use crate::context::Context;
use crate::flows::Error;
use crate::model::connection::{Connection, Settings};
use crate::store::connections;
use crate::store::db::DbError;

/// Who answers at an address of our own.
enum Own {
    /// The tenant with this slug.
    Tenant(String),
    /// The installation: it signs in people of any tenant.
    Installation,
}

/// Follows the connection through our own issuers, along connections that sign people in.
///
/// # Errors
/// [`Error::Conflict`] `connection_cycle` when the way leads back to the connection's own tenant; [`Error::Unavailable`].
pub async fn check(ctx: &Context, row: &Connection) -> Result<(), Error> {
    let home = ctx.config.public_url.origin();
    let mut ahead = own_providers(&home, row);
    let mut seen = HashSet::new();
    while let Some(next) = ahead.pop() {
        let Own::Tenant(slug) = next else {
            return Err(refused("the installation's own issuer signs in this organisation's people too"));
        };
        let Some(tenant) = ctx.tenant(&slug).await? else { continue };
        let id = tenant.tenant.id;
        if id == row.tenant_id {
            return Err(refused("this organisation would be its own identity provider, directly or by way of others"));
        }
        if seen.insert(id) {
            let active = ctx.db.tenant(id, move |conn| Ok::<_, DbError>(connections::active(conn, id)?)).await?;
            ahead.extend(active.iter().flat_map(|row| own_providers(&home, row)));
        }
    }
    Ok(())
}

fn refused(message: &str) -> Error {
    Error::conflict("connection_cycle", message)
}

/// Our own addresses among those that a connection sends browsers to.
fn own_providers(home: &Origin, row: &Connection) -> Vec<Own> {
    let Settings::Oidc(settings) = &row.settings.0 else { return Vec::new() };
    let named = [&settings.issuer, &settings.endpoints.authorization];
    named.into_iter().flatten().filter_map(|url| own_provider(home, url)).collect()
}

fn own_provider(home: &Origin, url: &str) -> Option<Own> {
    let url = Url::parse(url).ok().filter(|url| url.origin() == *home)?;
    let mut path = url.path_segments()?;
    match (path.next(), path.next()) {
        (Some("t"), Some(slug)) => Some(Own::Tenant(slug.to_owned())),
        _ => Some(Own::Installation),
    }
}
