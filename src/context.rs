//! Context: what a flow is handed. The database, the time, the outbound client, the keys, the caches, the configuration.
//!
//! Cheap to clone. It decides nothing; it holds what deciding needs, and loads what is cached (`caches`, `provider`).
//! May import `store`, `mail`, `protocol`, `outbound` and below.

pub mod bearer;
pub mod caches;
pub mod hasher;
pub mod imported_keys;
pub mod issuer;
pub mod key_ring;
pub mod limiter;
pub mod provider;
pub mod saml_provider;
pub mod waiting;

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use uuid::Uuid;

use crate::clock::Clock;
use crate::config::Config;
use crate::mail::Mailer;
use crate::model::tenant::is_slug;
use crate::outbound::{Lane, Outbound};
use crate::protocol::jwt::jwks::JwksCache;
use crate::secrets::sealed::Sealer;
use crate::store::db::{Db, DbError};
use crate::store::{connections, saml_keys, tenants};

use caches::{Caches, TenantCache};
use hasher::Hasher;
use imported_keys::ImportedKeys;
use limiter::Limiter;
use provider::{Provider, ProviderError};

/// Everything a flow needs.
#[derive(Clone)]
pub struct Context(Arc<Parts>);

/// The parts of a [`Context`].
pub struct Parts {
    /// The configuration.
    pub config: Config,
    /// The time.
    pub clock: Clock,
    /// The database.
    pub db: Db,
    /// Seals and opens secrets at rest.
    pub sealer: Sealer,
    /// The one HTTP client.
    pub outbound: Outbound,
    /// Sends letters; only `deliver` does.
    pub mailer: Mailer,
    /// Providers' keys.
    pub jwks: JwksCache,
    /// What is kept in memory.
    pub caches: Caches,
    /// Verifiers and keys of SAML connections.
    pub imported_keys: ImportedKeys,
    /// Hashes passwords.
    pub hasher: Hasher,
    /// How many logins one address may begin.
    pub begin_limit: Limiter,
    /// How many callbacks that name no login one address may send, before they are counted in the database.
    pub garbage_limit: Limiter,
    /// How many form posts without their cookie are kept for one address.
    pub park_limit: Limiter,
    /// Set when the server drains: alive, and no longer ready.
    pub draining: AtomicBool,
}

impl Deref for Context {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl Context {
    /// Puts the parts together.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// The tenant with this slug, from memory when that is fresh.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn tenant(&self, slug: &str) -> Result<Option<Arc<TenantCache>>, DbError> {
        if !is_slug(slug) {
            return Ok(None); // W-19: no tenant has such a name, and the database need not see it (a NUL, say)
        }
        if let Some(known) = self.caches.tenant(slug) {
            return Ok(Some(known));
        }
        let wanted = slug.to_owned();
        let epoch = self.caches.epoch();
        let found = self.db.system(move |conn| Ok::<_, DbError>(tenants::find_by_slug(conn, &wanted)?)).await?;
        Ok(found.map(|tenant| self.caches.keep_tenant(tenant, epoch)))
    }

    /// The tenant with this id, from memory when that is fresh.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn tenant_by_id(&self, id: Uuid) -> Result<Option<Arc<TenantCache>>, DbError> {
        if let Some(known) = self.caches.tenant_by_id(id) {
            return Ok(Some(known));
        }
        let epoch = self.caches.epoch();
        let found = self.db.system(move |conn| Ok::<_, DbError>(tenants::find(conn, id)?)).await?;
        Ok(found.map(|tenant| self.caches.keep_tenant(tenant, epoch)))
    }

    /// A connection of the tenant, ready to talk to its provider, from memory when that is fresh. `None`: the tenant has
    /// no such connection.
    ///
    /// # Errors
    /// [`ProviderError`] when it is incomplete, its secret does not open, or the database does not answer.
    pub async fn provider(&self, tenant: &TenantCache, id: Uuid) -> Result<Option<Arc<Provider>>, ProviderError> {
        if let Some(known) = tenant.providers.get(&id) {
            return Ok(Some(known));
        }
        let tenant_id = tenant.tenant.id;
        let found = self.db.tenant(tenant_id, move |conn| {
            let row = connections::find(conn, tenant_id, id)?;
            Ok::<_, DbError>((row, saml_keys::of_connection(conn, tenant_id, id)?))
        });
        let (Some(row), keys) = found.await? else { return Ok(None) };
        let provider = Arc::new(Provider::load(self, &tenant.tenant.slug, row, keys).await?);
        tenant.providers.insert(id, Arc::clone(&provider));
        Ok(Some(provider))
    }

    /// The outbound client in this connection's bulkhead.
    #[must_use]
    pub fn lane(&self, connection: Uuid) -> Lane {
        self.outbound.lane(connection)
    }
}
