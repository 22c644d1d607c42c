//! organization: which tenant a request at the installation's issuer is about.

use std::sync::Arc;

use uuid::Uuid;

use crate::context::Context;
use crate::context::caches::TenantCache;
use crate::flows::Error;
use crate::flows::oauth2::request::Pairs;
use crate::model::email::{EmailAddress, normal_domain};
use crate::store::{domains, tenants};

/// The tenant that the request names: `tenant` (slug or id) or `organization` (the SaaS's own `external_id`, else as
/// `tenant`), or the one that has verified the domain of `domain_hint` or `login_hint`. `None`: the person is asked.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn of_request(ctx: &Context, pairs: &Pairs) -> Result<Option<Arc<TenantCache>>, Error> {
    let given = |name: &str| pairs.get(name).filter(|value| !value.is_empty() && value.len() <= 255);
    if let Some(external) = given("organization") {
        let wanted = external.clone();
        let found = ctx.db.system(move |conn| Ok::<_, Error>(tenants::find_by_external_id(conn, &wanted)?)).await?;
        return match found {
            Some(tenant) => Ok(ctx.tenant_by_id(tenant.id).await?),
            None => by_name(ctx, external).await,
        };
    }
    if let Some(name) = given("tenant") {
        return by_name(ctx, name).await;
    }
    if let Some(domain) = given("domain_hint").and_then(|domain| normal_domain(domain)) {
        return by_domain(ctx, domain).await;
    }
    match given("login_hint").and_then(|hint| EmailAddress::parse(hint).ok()) {
        Some(email) => by_domain(ctx, email.domain).await,
        None => Ok(None),
    }
}

/// The tenant that somebody typed: an e-mail address of a verified domain, or the organisation's short name.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn of_entry(ctx: &Context, entry: &str) -> Result<Option<Arc<TenantCache>>, Error> {
    match EmailAddress::parse(entry.trim()) {
        Ok(email) => by_domain(ctx, email.domain).await,
        Err(_) => by_name(ctx, &entry.trim().to_lowercase()).await,
    }
}

async fn by_name(ctx: &Context, name: &str) -> Result<Option<Arc<TenantCache>>, Error> {
    match Uuid::try_parse(name) {
        Ok(id) => Ok(ctx.tenant_by_id(id).await?),
        Err(_) => Ok(ctx.tenant(name).await?),
    }
}

async fn by_domain(ctx: &Context, domain: String) -> Result<Option<Arc<TenantCache>>, Error> {
    let owner = ctx.db.system(move |conn| Ok::<_, Error>(domains::owner(conn, &domain)?));
    match owner.await? {
        Some(tenant) => Ok(ctx.tenant_by_id(tenant).await?),
        None => Ok(None),
    }
}
