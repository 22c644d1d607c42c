//! Delivery: something that is to reach somebody outside, kept until it did. Letters are its first use.

use chrono::{DateTime, Utc};
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
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
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
}
