//! Limiter: so many of something per minute and address, in memory. It guards CPU and rows of this instance; what must
//! hold across instances is counted in the database.

use std::num::NonZeroU32;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

/// Counts by key.
pub struct Limiter(DefaultKeyedRateLimiter<String>);

impl Limiter {
    /// So many per minute and key, all of them at once if need be.
    #[must_use]
    pub fn per_minute(many: u32) -> Self {
        Self(RateLimiter::keyed(Quota::per_minute(NonZeroU32::new(many).unwrap_or(NonZeroU32::MIN))))
    }

    /// Counts one for `key`.
    ///
    /// # Errors
    /// The seconds until the next one is allowed.
    pub fn check(&self, key: &str) -> Result<(), u32> {
        self.0.check_key(&key.to_owned()).map_err(|not_until| {
            let wait = not_until.wait_time_from(DefaultClock::default().now());
            u32::try_from(wait.as_secs()).unwrap_or(60).max(1)
        })
    }

    /// Forgets keys that have not been seen for long (K-09: memory is bounded by what is recent).
    pub fn tidy(&self) {
        self.0.retain_recent();
        self.0.shrink_to_fit();
    }
}
