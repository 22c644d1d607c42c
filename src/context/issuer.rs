//! Issuer: who issues our tokens. Each tenant is one, and the installation is one for applications that serve all tenants.

use std::sync::{Arc, OnceLock};

use moka::sync::Cache;
use uuid::Uuid;

use crate::config::Config;
use crate::context::Context;
use crate::context::caches::TenantCache;
use crate::context::key_ring::KeyRing;
use crate::model::application::Client;
use crate::secrets::sealed::SealError;
use crate::store::db::DbError;
use crate::store::{applications, installation_applications, signing_keys};

/// Who issues.
#[derive(Clone)]
pub enum Issuer {
    /// A tenant, at `{public_url}/t/{slug}`.
    Tenant(Arc<TenantCache>),
    /// The installation, at `{public_url}`.
    Installation,
}

/// What is kept in memory of an issuer.
pub struct IssuerCache {
    clients: Cache<Uuid, Arc<Client>>,
    keys: OnceLock<Arc<KeyRing>>,
}

impl Default for IssuerCache {
    fn default() -> Self {
        Self { clients: Cache::builder().max_capacity(1_000).build(), keys: OnceLock::new() }
    }
}

/// Why an issuer's keys cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// One does not open.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The database does not answer.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl Issuer {
    /// The issuer identifier (`iss`): no slash at the end.
    #[must_use]
    pub fn url(&self, config: &Config) -> String {
        config.url(&self.path("")).trim_end_matches('/').to_owned()
    }

    /// The path of something of this issuer: `/t/acme` and `suffix`, or `suffix`.
    #[must_use]
    pub fn path(&self, suffix: &str) -> String {
        match self {
            Self::Tenant(tenant) => format!("/t/{}{suffix}", tenant.tenant.slug),
            Self::Installation => suffix.to_owned(),
        }
    }

    /// The tenant, unless it is the installation.
    #[must_use]
    pub fn tenant_id(&self) -> Option<Uuid> {
        match self {
            Self::Tenant(tenant) => Some(tenant.tenant.id),
            Self::Installation => None,
        }
    }
}

impl Context {
    fn with_issuer_cache<T>(&self, issuer: &Issuer, read: impl FnOnce(&IssuerCache) -> T) -> T {
        match issuer {
            Issuer::Tenant(tenant) => read(&tenant.issuer),
            Issuer::Installation => read(&self.caches.installation()),
        }
    }

    /// An application of this issuer, from memory when that is fresh.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn client(&self, issuer: &Issuer, id: Uuid) -> Result<Option<Arc<Client>>, DbError> {
        if let Some(known) = self.with_issuer_cache(issuer, |cache| cache.clients.get(&id)) {
            return Ok(Some(known));
        }
        let epoch = self.caches.epoch();
        let found = match issuer.tenant_id() {
            Some(tenant) => {
                let row = self.db.tenant(tenant, move |conn| Ok::<_, DbError>(applications::find(conn, tenant, id)?));
                row.await?.map(Client::from)
            }
            None => {
                let row = self.db.system(move |conn| Ok::<_, DbError>(installation_applications::find(conn, id)?));
                row.await?.map(Client::from)
            }
        };
        let Some(client) = found.map(Arc::new) else { return Ok(None) };
        if self.caches.epoch() == epoch {
            self.with_issuer_cache(issuer, |cache| cache.clients.insert(id, Arc::clone(&client)));
        }
        Ok(Some(client))
    }

    /// The issuer's signing keys, from memory when that is fresh.
    ///
    /// # Errors
    /// [`KeysError`].
    pub async fn key_ring(&self, issuer: &Issuer) -> Result<Arc<KeyRing>, KeysError> {
        if let Some(known) = self.with_issuer_cache(issuer, |cache| cache.keys.get().cloned()) {
            return Ok(known);
        }
        let epoch = self.caches.epoch();
        let ring = self.load_key_ring(issuer).await?;
        if self.caches.epoch() == epoch {
            self.with_issuer_cache(issuer, |cache| drop(cache.keys.set(Arc::clone(&ring))));
        }
        Ok(ring)
    }

    /// The issuer's signing keys as the database has them now: what we publish, and what a token with an unknown key is
    /// held against, must not lag behind another instance.
    ///
    /// # Errors
    /// [`KeysError`].
    pub async fn load_key_ring(&self, issuer: &Issuer) -> Result<Arc<KeyRing>, KeysError> {
        let rows = match issuer.tenant_id() {
            Some(tenant) => {
                self.db.tenant(tenant, move |conn| Ok::<_, DbError>(signing_keys::all(conn, tenant)?)).await?
            }
            None => self.db.system(|conn| Ok::<_, DbError>(signing_keys::all(conn, Uuid::nil())?)).await?,
        };
        Ok(Arc::new(KeyRing::load(rows, &self.sealer, self.clock.now())?))
    }
}
