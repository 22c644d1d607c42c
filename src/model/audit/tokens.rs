//! What events tell about keys that sign, and about grants.

use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use crate::model::application::settings::TokenAlgorithm;

/// A signing key that was made, is to sign earlier than was said, or was taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeyRotated {
    /// The key.
    pub id: Uuid,
    /// What it signs with.
    pub algorithm: TokenAlgorithm,
    /// When it begins to sign.
    pub use_from: DateTime<Utc>,
}

/// What a user let an application have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GrantGiven {
    /// The grant.
    pub grant_id: Uuid,
    /// The application.
    pub client_id: Uuid,
    /// Who.
    pub user_id: Uuid,
    /// In which session.
    pub session_id: Uuid,
    /// Scopes, separated by blanks.
    pub scope: String,
}

/// A grant that was taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GrantRevoked {
    /// The grant.
    pub grant_id: Uuid,
    /// The application.
    pub client_id: Uuid,
    /// Whose.
    pub user_id: Uuid,
    /// Why: `code_reuse`, `refresh_token_reuse`, `revoked`.
    pub reason: &'static str,
}
