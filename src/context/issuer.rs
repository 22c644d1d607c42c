//! Issuer: who issues our tokens. Each tenant is one, and the installation is one for applications that serve all tenants.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use diesel::PgConnection;
use moka::sync::Cache;
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

use crate::config::Config;
use crate::context::Context;
use crate::context::caches::TenantCache;
use crate::context::key_ring::KeyRing;
use crate::model::application::Client;
use crate::model::signing_key::SigningKey;
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

/// Strangers can ask for the keys to be read; between the beginnings of two such readings passes at least so long.
const BETWEEN_READINGS: Duration = Duration::from_secs(1);

/// What is kept in memory of an issuer. Who loads something takes this first and keeps what came in the same one: when a
/// change dropped it in the meantime, nobody finds that any more.
pub struct IssuerCache {
    clients: Cache<Uuid, Arc<Client>>,
    keys: RwLock<Option<Loaded>>,
    /// Held by the one who reads the keys.
    reading: tokio::sync::Mutex<()>,
}

/// A key ring, and when its reading began.
#[derive(Clone)]
struct Loaded {
    ring: Arc<KeyRing>,
    begun: Instant,
}

impl Default for IssuerCache {
    fn default() -> Self {
        Self {
            clients: Cache::builder().max_capacity(1_000).build(),
            keys: RwLock::default(),
            reading: tokio::sync::Mutex::default(),
        }
    }
}

impl IssuerCache {
    fn keys(&self) -> Option<Loaded> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
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
    fn issuer_cache(&self, issuer: &Issuer) -> Arc<IssuerCache> {
        match issuer {
            Issuer::Tenant(tenant) => Arc::clone(&tenant.issuer),
            Issuer::Installation => self.caches.installation(),
        }
    }

    /// An application of this issuer, from memory when that is fresh.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn client(&self, issuer: &Issuer, id: Uuid) -> Result<Option<Arc<Client>>, DbError> {
        let cache = self.issuer_cache(issuer);
        if let Some(known) = cache.clients.get(&id) {
            return Ok(Some(known));
        }
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
        cache.clients.insert(id, Arc::clone(&client));
        Ok(Some(client))
    }

    /// The issuer's signing keys, from memory when that is fresh.
    ///
    /// # Errors
    /// [`KeysError`].
    pub async fn key_ring(&self, issuer: &Issuer) -> Result<Arc<KeyRing>, KeysError> {
        let cache = self.issuer_cache(issuer);
        if let Some(known) = cache.keys() {
            return Ok(known.ring);
        }
        let _turn = cache.reading.lock().await;
        match cache.keys() {
            Some(known) => Ok(known.ring),
            None => self.read_key_ring(issuer, &cache).await,
        }
    }

    /// The issuer's signing keys as the database has them now, after a change of ours.
    ///
    /// # Errors
    /// [`KeysError`].
    pub async fn load_key_ring(&self, issuer: &Issuer) -> Result<Arc<KeyRing>, KeysError> {
        self.read_key_ring(issuer, &self.issuer_cache(issuer)).await
    }

    /// The same for a token whose key is not known here: it may be another instance's newest. Anybody can send such a
    /// token (D-09), so all of them share the next reading, which waits for its time.
    ///
    /// # Errors
    /// [`KeysError`].
    pub async fn newest_key_ring(&self, issuer: &Issuer) -> Result<Arc<KeyRing>, KeysError> {
        let (cache, asked) = (self.issuer_cache(issuer), Instant::now());
        let _turn = cache.reading.lock().await;
        if let Some(known) = cache.keys() {
            if known.begun >= asked {
                return Ok(known.ring);
            }
            sleep_until(known.begun + BETWEEN_READINGS).await;
        }
        self.read_key_ring(issuer, &cache).await
    }

    /// Reads and opens the keys, both off the async threads.
    async fn read_key_ring(&self, issuer: &Issuer, cache: &IssuerCache) -> Result<Arc<KeyRing>, KeysError> {
        let (begun, now, sealer) = (Instant::now(), self.clock.now(), self.sealer.clone());
        let ring =
            self.with_signing_keys(issuer, move |rows| Ok::<_, KeysError>(KeyRing::load(rows, &sealer, now)?)).await?;
        let loaded = Loaded { ring: Arc::new(ring), begun };
        *cache.keys.write().unwrap_or_else(PoisonError::into_inner) = Some(loaded.clone());
        Ok(loaded.ring)
    }

    /// The keys that the issuer publishes, as the database has them now: a key set must not lag behind another instance.
    /// None of them is opened for it.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn published_keys(&self, issuer: &Issuer) -> Result<Vec<SigningKey>, DbError> {
        let now = self.clock.now();
        self.with_signing_keys(issuer, move |rows| Ok(rows.into_iter().filter(|row| row.is_published(now)).collect()))
            .await
    }

    async fn with_signing_keys<T, E, F>(&self, issuer: &Issuer, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
        F: FnOnce(Vec<SigningKey>) -> Result<T, E> + Send + 'static,
    {
        let read = |id| move |conn: &mut PgConnection| work(signing_keys::all(conn, id).map_err(DbError::from)?);
        match issuer.tenant_id() {
            Some(tenant) => self.db.tenant(tenant, read(tenant)).await,
            None => self.db.system(read(Uuid::nil())).await,
        }
    }
}
