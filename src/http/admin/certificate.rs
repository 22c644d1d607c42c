//! A certificate, as far as admins need to know it.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::flows::expiring_certificates::days_left;
use crate::protocol::saml::Certificate;

/// A certificate: the public part, and how long it is good.
#[derive(Debug, Serialize, ToSchema)]
pub struct CertificateOut {
    /// Its subject.
    pub subject: String,
    /// From when.
    pub not_before: DateTime<Utc>,
    /// Until when.
    pub not_after: DateTime<Utc>,
    /// Whole days until then; negative afterwards.
    pub days_left: i64,
    /// Its SHA-256 fingerprint, in hex.
    pub sha256: String,
    /// Kind and size of its key.
    pub algorithm: String,
    /// The certificate itself.
    pub pem: String,
}

impl CertificateOut {
    /// As it is seen at `now`.
    #[must_use]
    pub fn of(certificate: &Certificate, now: DateTime<Utc>) -> Self {
        Self {
            subject: certificate.subject().to_owned(),
            not_before: certificate.not_before(),
            not_after: certificate.not_after(),
            days_left: days_left(certificate.not_after(), now),
            sha256: certificate.sha256(),
            algorithm: certificate.algorithm().to_owned(),
            pem: certificate.pem(),
        }
    }

    /// Of those in PEM; what was saved can be read.
    #[must_use]
    pub fn all(pems: &[String], now: DateTime<Utc>) -> Vec<Self> {
        pems.iter().filter_map(|pem| Certificate::parse(pem).ok()).map(|c| Self::of(&c, now)).collect()
    }
}
