//! Delivery: something that is to reach somebody outside, kept until it did. Letters are its first use.

use chrono::{DateTime, Duration, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::model::json::Json;
use crate::model::letter::Letter;
use crate::model::text_enum::text_enum;

text_enum! {
    /// How far a delivery is.
    DeliveryState {
        /// It is tried until it succeeds or is given up.
        Pending = "pending",
        /// The other side has it.
        Sent = "sent",
        /// It was given up.
        Dead = "dead",
        /// It was cancelled.
        Cancelled = "cancelled",
    }
}

text_enum! {
    /// A language that letters are written in.
    Language {
        /// English.
        English = "en",
        /// German.
        German = "de",
    }
}

impl Default for Language {
    /// What a tenant's letters are written in when no browser says otherwise.
    fn default() -> Self {
        Self::English
    }
}

/// A delivery (the whole row).
#[derive(Debug, Clone, Queryable, QueryableByName, Selectable, Insertable)]
#[diesel(table_name = crate::schema::deliveries)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct Delivery {
    pub tenant_id: Uuid,
    pub id: Uuid,
    pub kind: String,
    pub recipient: String,
    pub language: Language,
    pub content: Json<Letter>,
    pub link: Option<Vec<u8>>,
    pub state: DeliveryState,
    pub attempts: i32,
    pub due_at: DateTime<Utc>,
    pub leased_until: Option<DateTime<Utc>>,
    pub last_error: Option<String>,
    pub created_at: DateTime<Utc>,
    pub finished_at: Option<DateTime<Utc>>,
    pub give_up_at: DateTime<Utc>,
}

/// For so long it is tried.
pub const PATIENCE: Duration = Duration::hours(24);
/// The first pause after a try that failed; each further one is twice as long, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::seconds(30);
/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::hours(1);

/// How long to wait after this many tries that failed: 30 seconds, a minute, two, and so on up to an hour.
#[must_use]
pub fn pause(attempts: i32) -> Duration {
    let doublings = u32::try_from(attempts - 1).unwrap_or(0).min(10);
    (FIRST_PAUSE * (1_i32 << doublings)).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r_10_pauses_grow_from_half_a_minute_to_an_hour() {
        let minutes: Vec<_> = (1..=9).map(|n| pause(n).num_seconds()).collect();
        assert_eq!(minutes, [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]);
        assert_eq!(pause(i32::MAX), LONGEST_PAUSE);
        assert_eq!(pause(0), FIRST_PAUSE);
    }
}
