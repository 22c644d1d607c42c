//! Bearer: an access token of ours that is good, and whom it is about.

use std::sync::OnceLock;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::model::scope::Scopes;
use crate::model::user::User;

/// What a token of ours says; signature, issuer, type and time are checked, the grant is not.
#[derive(Debug)]
pub struct AccessToken {
    /// The tenant of its user.
    pub tenant_id: Uuid,
    /// Its grant.
    pub grant_id: Uuid,
    /// The application it was made for.
    pub client_id: Uuid,
    /// What it may do.
    pub scopes: Scopes,
    /// When it is void.
    pub expires_at: DateTime<Utc>,
    /// Everything it says.
    pub claims: Map<String, Value>,
}

/// Whom tokens are about, as of now.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The user.
    pub user: User,
    /// Names of the groups.
    pub groups: Vec<String>,
}

/// A token that is good, and whom it is about.
#[derive(Debug)]
pub struct Bearer {
    /// The token.
    pub token: AccessToken,
    /// Whom it is about.
    pub subject: Subject,
    /// The session that it came of.
    pub session_id: Uuid,
    /// What userinfo answers, once it was asked.
    pub userinfo: OnceLock<Option<String>>,
}
