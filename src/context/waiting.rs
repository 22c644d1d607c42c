//! Waiting: an application's authorization request that waits for its user, with the application as it is now.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::context::Context;
use crate::context::caches::TenantCache;
use crate::context::issuer::Issuer;
use crate::model::application::Client;
use crate::model::authorization::AuthorizationParams;
use crate::model::scope::Scopes;
use crate::store::authorization_requests;
use crate::store::db::DbError;

/// A request of a known application, whose parameters are checked.
pub struct Asked {
    /// Who issues.
    pub issuer: Issuer,
    /// Who asks.
    pub client: Arc<Client>,
    /// What.
    pub params: AuthorizationParams,
}

impl Context {
    /// The request that waits in this tenant under this id, and since when. What the application may no longer have is
    /// gone from it; `None` also where that is everything, or its redirect URI.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn waiting_request(
        &self,
        tenant: &Arc<TenantCache>,
        id: Uuid,
    ) -> Result<Option<(Asked, DateTime<Utc>)>, DbError> {
        let (tenant_id, now) = (tenant.tenant.id, self.clock.now());
        let row = self
            .db
            .tenant(tenant_id, move |conn| Ok::<_, DbError>(authorization_requests::find(conn, tenant_id, id, now)?));
        let Some(row) = row.await? else { return Ok(None) };
        let issuer = match row.application_id {
            Some(_) => Issuer::Tenant(Arc::clone(tenant)),
            None => Issuer::Installation,
        };
        let Some(client) = self.client(&issuer, row.client().id()).await? else { return Ok(None) };
        let mut params = row.request.0;
        params.scope = client.settings.allowed_scopes(&Scopes::parse(&params.scope)).to_string();
        if params.scope.is_empty() || !client.settings.redirect_uris.contains(&params.redirect_uri) {
            return Ok(None);
        }
        Ok(Some((Asked { issuer, client, params }, row.created_at)))
    }
}
