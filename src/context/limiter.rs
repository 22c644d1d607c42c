//! Limiter: so many of something per minute and address, in memory. It guards CPU and rows of this instance; what must
//! hold across instances is counted in the database.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock, Reference};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

/// Counts by key.
pub struct Limiter {
    counts: DefaultKeyedRateLimiter<String>,
    /// Keys that were refused, and when one more is allowed.
    refused: Mutex<HashMap<String, Instant>>,
}

type Instant = <DefaultClock as Clock>::Instant;

impl Limiter {
    /// So many per minute and key, all of them at once if need be.
    #[must_use]
    pub fn per_minute(many: u32) -> Self {
        let quota = Quota::per_minute(NonZeroU32::new(many).unwrap_or(NonZeroU32::MIN));
        Self { counts: RateLimiter::keyed(quota), refused: Mutex::default() }
    }

    /// Counts one for `key`.
    ///
    /// # Errors
    /// The seconds until the next one is allowed.
    pub fn check(&self, key: &str) -> Result<(), u32> {
        self.counts.check_key(&key.to_owned()).map_err(|not_until| {
            self.refused().insert(key.to_owned(), not_until.earliest_possible());
            seconds(not_until.wait_time_from(DefaultClock::default().now()))
        })
    }

    /// Counts nothing: whether the last one for `key` was refused and the next one is not allowed yet.
    ///
    /// # Errors
    /// The seconds until then.
    pub fn consult(&self, key: &str) -> Result<(), u32> {
        let (until, now) = (self.refused().get(key).copied(), DefaultClock::default().now());
        until.filter(|until| *until > now).map_or(Ok(()), |until| Err(seconds(until.duration_since(now).into())))
    }

    /// Forgets keys that have not been seen for long (K-09: memory is bounded by what is recent).
    pub fn tidy(&self) {
        self.counts.retain_recent();
        self.counts.shrink_to_fit();
        let now = DefaultClock::default().now();
        self.refused().retain(|_, until| *until > now);
    }

    fn refused(&self) -> MutexGuard<'_, HashMap<String, Instant>> {
        // Nothing is ever left half done under it.
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn seconds(wait: Duration) -> u32 {
    u32::try_from(wait.as_secs()).unwrap_or(60).max(1)
}
