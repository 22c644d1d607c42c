//! The cache of providers' keys.
//!
//! A known key is answered at once, also while the provider is slow or down; only who needs an unknown key waits, and all
//! of those wait for one and the same fetch. When the set is older than ten minutes a fetch runs in the background.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Duration, Utc};
use uuid::Uuid;

use super::error::JwtError;
use super::key_set::KeySet;
use super::verify::{Jws, Verified};
use crate::clock::Clock;
use crate::model::connection::oidc::SigningAlgorithm;
use crate::outbound::{Lane, MAX_BODY};

/// Age at which a set is fetched anew.
const REFRESH: Duration = Duration::minutes(10);
/// Shortest time between two fetches for a key that the last good set does not have (F-16).
const COOL_DOWN: Duration = Duration::seconds(60);
/// Shortest time between two fetches while there is no good set at all.
const RETRY: Duration = Duration::seconds(5);
/// Age at which a last good set is no longer believed (F-17).
const MAX_STALE: Duration = Duration::hours(24);
/// Most providers remembered.
const MAX_ENTRIES: u64 = 10_000;

/// Whose keys. The scope (the tenant) is part of it, so that what one tenant's provider serves is never used for
/// another's, even where both name the same issuer (F-18).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct JwksSource {
    /// The tenant's id.
    pub scope: Uuid,
    /// The issuer as configured.
    pub issuer: String,
    /// Where the key set is.
    pub jwks_uri: String,
}

/// Providers' key sets; cheap to clone, one for the whole process.
#[derive(Clone)]
pub struct JwksCache {
    clock: Clock,
    entries: moka::sync::Cache<JwksSource, Arc<Entry>>,
}

#[derive(Default)]
struct Entry {
    state: Mutex<State>,
    /// Held while fetching: single flight.
    flight: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    good: Option<(Arc<KeySet>, DateTime<Utc>)>,
    /// When the last fetch ended, and its fault if it failed.
    tried: Option<(DateTime<Utc>, Option<JwtError>)>,
    /// When a token whose key is unknown last led to a fetch in vain.
    sought: Option<DateTime<Utc>>,
}

impl JwksCache {
    /// An empty cache that ages by `clock`.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self { clock, entries: moka::sync::Cache::new(MAX_ENTRIES) }
    }

    /// Verifies `token` with the keys of `source`: parse, keys, signature. What the claims must say is up to the caller.
    ///
    /// # Errors
    /// [`JwtError`]; nothing is fetched for a token whose header is refused.
    pub async fn verify(
        &self,
        lane: &Lane,
        source: &JwksSource,
        token: &str,
        allowed: &[SigningAlgorithm],
    ) -> Result<Verified, JwtError> {
        let token = Jws::parse(token, allowed)?;
        let keys = self.keys(lane, source, &token).await?;
        token.verify(&keys)
    }

    /// The key set for `token`: the cached one when it has a fitting key, else a freshly fetched one, else the cached one
    /// (which then says what is missing).
    async fn keys(&self, lane: &Lane, source: &JwksSource, token: &Jws<'_>) -> Result<Arc<KeySet>, JwtError> {
        let entry = self.entries.get_with_by_ref(source, Arc::default);
        let now = self.clock.now();
        if let Some((keys, fetched)) = entry.good(now)
            && !matches!(keys.select(token.kid(), token.algorithm()), Err(JwtError::UnknownKey))
        {
            if now - fetched >= REFRESH && entry.may_fetch(now) {
                self.refresh_in_background(lane, source, &entry);
            }
            return Ok(keys);
        }
        let _flight = entry.flight.lock().await;
        let now = self.clock.now();
        // Another caller may have fetched while this one waited; then its result is used, and the cool-down holds.
        if entry.knows(token, now) || !entry.may_seek(now) {
            return entry.outcome(now);
        }
        entry.fetch(lane, source, &self.clock).await;
        // After the fetch: a provider that takes its time is not asked again at once for each who waited.
        let now = self.clock.now();
        if !entry.knows(token, now) {
            entry.state().sought = Some(now);
        }
        entry.outcome(now)
    }

    fn refresh_in_background(&self, lane: &Lane, source: &JwksSource, entry: &Arc<Entry>) {
        let (lane, source, entry, clock) = (lane.clone(), source.clone(), Arc::clone(entry), self.clock.clone());
        tokio::spawn(async move {
            if let Ok(_flight) = entry.flight.try_lock() {
                entry.fetch(&lane, &source, &clock).await;
            }
        });
    }
}

impl Entry {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last good set, unless it is too old to be believed.
    fn good(&self, now: DateTime<Utc>) -> Option<(Arc<KeySet>, DateTime<Utc>)> {
        self.state().good.clone().filter(|(_, fetched)| now - *fetched < MAX_STALE)
    }

    /// Whether the last good set has a key for `token`.
    fn knows(&self, token: &Jws<'_>, now: DateTime<Utc>) -> bool {
        self.good(now)
            .is_some_and(|(keys, _)| !matches!(keys.select(token.kid(), token.algorithm()), Err(JwtError::UnknownKey)))
    }

    /// Whether a token whose key is unknown may lead to a fetch: at most one in vain per cool-down (F-16). One that finds
    /// its key does not count, so that a provider may rotate right after a login.
    fn may_seek(&self, now: DateTime<Utc>) -> bool {
        let pause = if self.good(now).is_some() { COOL_DOWN } else { RETRY };
        self.state().sought.is_none_or(|sought| now - sought >= pause)
    }

    fn may_fetch(&self, now: DateTime<Utc>) -> bool {
        let pause = if self.good(now).is_some() { COOL_DOWN } else { RETRY };
        self.state().tried.as_ref().is_none_or(|(tried, _)| now - *tried >= pause)
    }

    /// Fetches the set and keeps it if it is good; the caller holds the flight.
    async fn fetch(&self, lane: &Lane, source: &JwksSource, clock: &Clock) {
        let answer = fetch_keys(lane, source).await;
        let now = clock.now();
        let mut state = self.state();
        state.tried = Some((now, answer.as_ref().err().cloned()));
        match answer {
            Ok(keys) => state.good = Some((Arc::new(keys), now)),
            Err(error) => tracing::warn!(issuer = source.issuer, code = error.code(), "provider keys not refreshed"),
        }
    }

    fn outcome(&self, now: DateTime<Utc>) -> Result<Arc<KeySet>, JwtError> {
        if let Some((keys, _)) = self.good(now) {
            return Ok(keys);
        }
        let fault = self.state().tried.clone().and_then(|(_, fault)| fault);
        Err(fault.unwrap_or_else(|| JwtError::KeysUnreachable("no answer yet".to_owned())))
    }
}

async fn fetch_keys(lane: &Lane, source: &JwksSource) -> Result<KeySet, JwtError> {
    let accept = "application/jwk-set+json, application/json";
    let answer = lane.get(&source.jwks_uri, accept, MAX_BODY).await.map_err(|error| JwtError::from(&error))?;
    if answer.status() != http::StatusCode::OK {
        return Err(JwtError::KeysUnreachable(format!("HTTP status {}", answer.status().as_u16())));
    }
    KeySet::parse(answer.body())
}
