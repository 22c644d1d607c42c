//! VerifiedDomain: an e-mail domain that a tenant has shown to be its own.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::model::text_enum::text_enum;

text_enum! {
    /// Whether a domain counts.
    DomainStatus {
        /// Claimed; counts for nothing.
        Pending = "pending",
        /// Shown to be the tenant's own.
        Verified = "verified",
    }
}

text_enum! {
    /// Who attested it.
    DomainMethod {
        /// An operator of the installation.
        Operator = "operator",
    }
}

/// A domain of a tenant (the whole row).
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = crate::schema::verified_domains, treat_none_as_null = true)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct VerifiedDomain {
    pub tenant_id: Uuid,
    pub id: Uuid,
    pub domain: String,
    pub status: DomainStatus,
    pub method: Option<DomainMethod>,
    pub connection_id: Option<Uuid>,
    pub verified_at: Option<DateTime<Utc>>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// Domains at which everybody may have an address: nobody's own, so never verified for a tenant (L-21).
const PUBLIC: &[&str] = &[
    "aol.com",
    "fastmail.com",
    "gmail.com",
    "gmx.de",
    "gmx.net",
    "googlemail.com",
    "hotmail.com",
    "icloud.com",
    "live.com",
    "mac.com",
    "mail.com",
    "mail.ru",
    "me.com",
    "msn.com",
    "outlook.com",
    "pm.me",
    "proton.me",
    "protonmail.com",
    "qq.com",
    "web.de",
    "yahoo.com",
    "yandex.ru",
    "ymail.com",
    "zoho.com",
];

/// Whether a (normal) domain is one of the public mail providers.
#[must_use]
pub fn is_public_mail_domain(domain: &str) -> bool {
    PUBLIC.contains(&domain)
}
