//! Hasher: password hashes, and the look at new passwords, off the async threads and only so many at once (D-09).
//!
//! As many run as there are processors, and a bounded queue waits; beyond it the answer is "not now". A tenant has a few
//! places in any case, and more only while half of all are free: whatever one asks for, the others get in. A hash goes on
//! when its client went away, and keeps its place for as long as it runs.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use secrecy::SecretString;
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::model::password::{Password, Unfit};
use crate::model::tenant::Tenant;
use crate::model::user::User;
use crate::secrets::argon::{self, Match};

/// How many may wait.
const MAX_WAITING: usize = 64;
/// How many places a tenant has when more than half are taken.
const FEW: usize = 4;

/// More hashes are asked for than can be waited for.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("too many passwords are being checked at once")]
pub struct Busy;

/// Hashes, verifies and judges passwords.
pub struct Hasher {
    running: Arc<Semaphore>,
    places: usize,
    taken: Arc<Mutex<HashMap<Uuid, usize>>>,
}

/// A place among those that run or wait; free again when dropped.
pub struct Place {
    tenant: Uuid,
    taken: Arc<Mutex<HashMap<Uuid, usize>>>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        match taken.get_mut(&self.tenant) {
            Some(many) if *many > 1 => *many -= 1,
            _ => drop(taken.remove(&self.tenant)),
        }
    }
}

impl Default for Hasher {
    fn default() -> Self {
        Self::new(std::thread::available_parallelism().map_or(2, usize::from), MAX_WAITING)
    }
}

impl Hasher {
    /// One that runs so many at once and lets so many wait.
    #[must_use]
    pub fn new(at_once: usize, waiting: usize) -> Self {
        Self { running: Arc::new(Semaphore::new(at_once)), places: at_once + waiting, taken: Arc::default() }
    }

    /// Reads a new password of this user; inside, the rule that it breaks. How easily it is guessed takes as long to say as
    /// a hash.
    ///
    /// # Errors
    /// [`Busy`].
    pub async fn read_new(
        &self,
        text: &SecretString,
        user: &User,
        tenant: &Tenant,
    ) -> Result<Result<Password, Unfit>, Busy> {
        let (text, user, of) = (text.clone(), user.clone(), tenant.clone());
        self.run(tenant.id, move || Password::new_of(&text, &user, &of)).await
    }

    /// Hashes a password of this tenant.
    ///
    /// # Errors
    /// [`Busy`].
    pub async fn hash(&self, tenant: Uuid, password: Password) -> Result<String, Busy> {
        self.run(tenant, move || argon::hash(password.expose())).await
    }

    /// Holds a password against a stored hash, or against nobody's: the same work either way (K-11).
    ///
    /// # Errors
    /// [`Busy`].
    pub async fn verify(&self, tenant: Uuid, password: Password, stored: Option<String>) -> Result<Match, Busy> {
        self.run(tenant, move || {
            let held = argon::verify(password.expose(), stored.as_deref().unwrap_or(argon::NOBODYS));
            if stored.is_some() { held } else { Match::Wrong }
        })
        .await
    }

    /// A place for this tenant.
    ///
    /// # Errors
    /// [`Busy`].
    pub fn admit(&self, tenant: Uuid) -> Result<Place, Busy> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = taken.values().sum();
        let own = taken.get(&tenant).copied().unwrap_or_default();
        if all >= self.places || (own >= FEW && all >= self.places / 2) {
            return Err(Busy);
        }
        taken.insert(tenant, own + 1);
        Ok(Place { tenant, taken: Arc::clone(&self.taken) })
    }

    async fn run<T: Send + 'static>(&self, tenant: Uuid, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Busy> {
        let place = self.admit(tenant)?;
        let running = Arc::clone(&self.running).acquire_owned().await.map_err(|_| Busy)?;
        metrics::counter!("doorward_password_hashes_total").increment(1);
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop((running, place));
            done
        });
        done.await.map_err(|_| Busy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn d_09_only_so_many_hashes_run_and_wait_at_once() {
        let hasher = Arc::new(Hasher::new(1, 1));
        let (let_go, held) = std::sync::mpsc::channel::<()>();
        let ask = |work: Box<dyn FnOnce() + Send>| {
            let hasher = Arc::clone(&hasher);
            actix_web::rt::spawn(async move { hasher.run(Uuid::nil(), work).await })
        };
        let running = ask(Box::new(move || held.recv().unwrap()));
        let waiting = ask(Box::new(|| {}));
        while hasher.taken.lock().unwrap().values().sum::<usize>() < 2 {
            tokio::task::yield_now().await;
        }
        assert!(hasher.run(Uuid::nil(), || {}).await.is_err(), "the third one is turned away at once");
        let_go.send(()).unwrap();
        assert!(running.await.unwrap().is_ok() && waiting.await.unwrap().is_ok());
        assert!(hasher.run(Uuid::nil(), || {}).await.is_ok(), "places come back");
        assert!(hasher.taken.lock().unwrap().is_empty(), "and nothing is remembered");
    }

    #[test]
    fn d_09_a_tenant_that_asks_for_every_place_leaves_the_others_theirs() {
        let hasher = Hasher::new(2, 30);
        let fill = |tenant| std::iter::from_fn(|| hasher.admit(tenant).ok()).collect::<Vec<_>>();
        let tenants: Vec<Uuid> = (1..=9).map(Uuid::from_u128).collect();
        let first = fill(tenants[0]);
        assert_eq!(first.len(), 16, "half of all");
        let others: Vec<_> = tenants[1..5].iter().map(|tenant| fill(*tenant)).collect();
        assert_eq!(others.iter().map(Vec::len).collect::<Vec<_>>(), [FEW; 4]);
        assert!(hasher.admit(tenants[5]).is_err(), "then there is no place at all");
        drop(first);
        assert!(hasher.admit(tenants[5]).is_ok());
    }
}
