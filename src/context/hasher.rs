//! Hasher: password hashes off the async threads, and only so many at once (D-09).
//!
//! As many run as there are processors, and a bounded queue waits; beyond it the answer is "not now". A hash goes on
//! when its client went away, and keeps its place for as long as it runs.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::model::password::Password;
use crate::secrets::argon::{self, Match};

/// How many may wait.
const MAX_WAITING: usize = 64;

/// More hashes are asked for than can be waited for.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("too many passwords are being checked at once")]
pub struct Busy;

/// Hashes and verifies passwords.
pub struct Hasher {
    running: Arc<Semaphore>,
    admitted: Arc<Semaphore>,
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
        Self { running: Arc::new(Semaphore::new(at_once)), admitted: Arc::new(Semaphore::new(at_once + waiting)) }
    }

    /// Hashes a password.
    ///
    /// # Errors
    /// [`Busy`].
    pub async fn hash(&self, password: Password) -> Result<String, Busy> {
        self.run(move || argon::hash(password.expose())).await
    }

    /// Holds a password against a stored hash, or against nobody's: the same work either way (K-11).
    ///
    /// # Errors
    /// [`Busy`].
    pub async fn verify(&self, password: Password, stored: Option<String>) -> Result<Match, Busy> {
        self.run(move || {
            let held = argon::verify(password.expose(), stored.as_deref().unwrap_or(argon::NOBODYS));
            if stored.is_some() { held } else { Match::Wrong }
        })
        .await
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Busy> {
        let admitted = Arc::clone(&self.admitted).try_acquire_owned().map_err(|_| Busy)?;
        let running = Arc::clone(&self.running).acquire_owned().await.map_err(|_| Busy)?;
        let places: (OwnedSemaphorePermit, OwnedSemaphorePermit) = (admitted, running);
        metrics::counter!("doorward_password_hashes_total").increment(1);
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(places);
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
            actix_web::rt::spawn(async move { hasher.run(work).await })
        };
        let running = ask(Box::new(move || held.recv().unwrap()));
        let waiting = ask(Box::new(|| {}));
        while hasher.admitted.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert!(hasher.run(|| {}).await.is_err(), "the third one is turned away at once");
        let_go.send(()).unwrap();
        assert!(running.await.unwrap().is_ok() && waiting.await.unwrap().is_ok());
        assert!(hasher.run(|| {}).await.is_ok(), "places come back");
    }
}
