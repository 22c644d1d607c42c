//! What an instance keeps in memory, by tenant, so that one change drops all of that tenant and nothing else.
//!
//! A change of this instance drops at once, those of others within a second ([`crate::workers`] polls the changes feed).
//! When the feed was not read for three seconds, nothing cached is believed: it fails towards the database.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use moka::sync::Cache;
use uuid::Uuid;

use crate::context::bearer::Bearer;
use crate::context::issuer::IssuerCache;
use crate::context::provider::Provider;
use crate::model::api_key::ApiKey;
use crate::model::audit::Actor;
use crate::model::role::Role;
use crate::model::session::Session;
use crate::model::tenant::Tenant;
use crate::model::user::User;

/// Without a successful poll for so long, caches are bypassed.
const BELIEVED_FOR: Duration = Duration::from_secs(3);
/// Nothing is kept longer, whatever the feed says.
const MAX_AGE: Duration = Duration::from_secs(300);

/// What a login changes about a person is told within so long.
const BEARER_AGE: Duration = Duration::from_secs(10);

/// Who stands behind an API key, as it was when it was loaded.
#[derive(Debug, Clone)]
pub struct KeyHolder {
    /// The key.
    pub key: ApiKey,
    /// Whose it is.
    pub actor: Actor,
    /// The most that key and holder may do.
    pub role: Role,
}

/// A tenant and what is cached of it. Dropped whole.
pub struct TenantCache {
    /// The tenant.
    pub tenant: Tenant,
    /// Connections, ready to use.
    pub providers: Cache<Uuid, Arc<Provider>>,
    /// Sessions and their users, by token hash.
    pub sessions: Cache<Vec<u8>, Arc<(Session, User)>>,
    /// API keys, by secret hash.
    pub keys: Cache<Vec<u8>, Arc<KeyHolder>>,
    /// Applications and signing keys.
    pub issuer: IssuerCache,
    /// Bearers of own access tokens, by token hash.
    pub bearers: Cache<Vec<u8>, Arc<Bearer>>,
}

/// The caches of an instance.
pub struct Caches {
    slugs: Cache<String, Uuid>,
    tenants: Cache<Uuid, Arc<TenantCache>>,
    installation: RwLock<Arc<IssuerCache>>,
    installation_epoch: AtomicU64,
    started: Instant,
    last_poll_ms: AtomicU64,
    epoch: AtomicU64,
}

impl Default for Caches {
    fn default() -> Self {
        Self {
            slugs: Cache::builder().max_capacity(100_000).time_to_live(MAX_AGE).build(),
            tenants: Cache::builder().max_capacity(10_000).time_to_live(MAX_AGE).build(),
            installation: RwLock::default(),
            installation_epoch: AtomicU64::new(0),
            started: Instant::now(),
            last_poll_ms: AtomicU64::new(0),
            epoch: AtomicU64::new(0),
        }
    }
}

impl Caches {
    /// Says that the changes feed was read just now.
    pub fn polled(&self) {
        let elapsed = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last_poll_ms.store(elapsed, Ordering::SeqCst);
    }

    /// Whether what is cached may be believed.
    #[must_use]
    pub fn fresh(&self) -> bool {
        let last = Duration::from_millis(self.last_poll_ms.load(Ordering::SeqCst));
        self.started.elapsed().saturating_sub(last) < BELIEVED_FOR
    }

    /// The cached tenant with this slug, if it may be believed.
    #[must_use]
    pub fn tenant(&self, slug: &str) -> Option<Arc<TenantCache>> {
        if !self.fresh() {
            return None;
        }
        self.tenants.get(&self.slugs.get(slug)?)
    }

    /// What is cached of the installation as an issuer; empty when nothing cached may be believed.
    #[must_use]
    pub fn installation(&self) -> Arc<IssuerCache> {
        if !self.fresh() {
            return Arc::default();
        }
        Arc::clone(&self.installation.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// A number that every change of the installation's own raises: what was learnt of its tokens is kept by tenant, and
    /// is good for this number only.
    #[must_use]
    pub fn installation_epoch(&self) -> u64 {
        self.installation_epoch.load(Ordering::SeqCst)
    }

    fn forget_installation(&self) {
        self.installation_epoch.fetch_add(1, Ordering::SeqCst);
        *self.installation.write().unwrap_or_else(PoisonError::into_inner) = Arc::default();
    }

    /// The cached tenant with this id, if it may be believed.
    #[must_use]
    pub fn tenant_by_id(&self, id: Uuid) -> Option<Arc<TenantCache>> {
        if self.fresh() { self.tenants.get(&id) } else { None }
    }

    /// A number that every drop raises; read before loading, so that what was loaded before a drop is not kept after it.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::SeqCst)
    }

    /// Keeps a tenant that was loaded at `epoch`, unless something was dropped since.
    pub fn keep_tenant(&self, tenant: Tenant, epoch: u64) -> Arc<TenantCache> {
        let cached = Arc::new(TenantCache {
            providers: Cache::builder().max_capacity(1_000).build(),
            sessions: Cache::builder().max_capacity(10_000).build(),
            keys: Cache::builder().max_capacity(10_000).build(),
            issuer: IssuerCache::default(),
            bearers: Cache::builder().max_capacity(10_000).time_to_live(BEARER_AGE).build(),
            tenant,
        });
        if self.epoch() == epoch {
            self.slugs.insert(cached.tenant.slug.clone(), cached.tenant.id);
            self.tenants.insert(cached.tenant.id, Arc::clone(&cached));
            // A drop between the check and the insert would be lost; look again.
            if self.epoch() != epoch {
                self.tenants.invalidate(&cached.tenant.id);
            }
        }
        cached
    }

    /// Drops everything: the feed was unread for so long that changes may have gone by.
    pub fn forget_all(&self) {
        self.epoch.fetch_add(1, Ordering::SeqCst);
        self.tenants.invalidate_all();
        self.forget_installation();
    }

    /// Drops everything of one tenant; the nil id stands for the installation.
    pub fn forget(&self, tenant: Uuid) {
        self.epoch.fetch_add(1, Ordering::SeqCst);
        self.tenants.invalidate(&tenant);
        if tenant.is_nil() {
            self.forget_installation();
        }
    }
}
