//! What happens to the certificates of SAML connections.

use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

/// The keys that a provider signs with were changed by its metadata.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CertificatesChanged {
    /// The connection.
    pub connection_id: Uuid,
    /// SHA-256 of the certificates that are believed from now on.
    pub added: Vec<String>,
    /// SHA-256 of those that are not any more.
    pub removed: Vec<String>,
}

/// A certificate that expires.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CertificateExpires {
    /// The connection.
    pub connection_id: Uuid,
    /// Whose: the `provider`'s, or our `own`.
    pub owner: &'static str,
    /// Its SHA-256.
    pub sha256: String,
    /// When.
    pub not_after: DateTime<Utc>,
    /// In how many days; negative once it has.
    pub days_left: i64,
}

/// A client secret that ends soon, as an admin said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SecretExpires {
    /// The connection.
    pub connection_id: Uuid,
    /// When the provider takes it no more.
    pub not_after: DateTime<Utc>,
    /// Whole days until then; negative afterwards.
    pub days_left: i64,
}
