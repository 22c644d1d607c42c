//! Connection: a tenant's link to its identity provider, with the settings that an admin writes.
//!
//! The row is here; its two JSON documents are `oidc` (how to speak with the provider) and `provisioning` (what a
//! sign-in may do to users and groups). Secrets are sealed columns, never part of a document.

pub mod oidc;
pub mod provisioning;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::model::connection::oidc::OidcSettings;
use crate::model::connection::provisioning::ProvisioningPolicy;
use crate::model::json::Json;
use crate::model::text_enum::text_enum;

text_enum! {
    /// Whether a connection signs anyone in.
    ConnectionStatus {
        /// Has its id and URLs, may lack the rest.
        Draft = "draft",
        /// Complete and checked; signs people in.
        Active = "active",
        /// Switched off.
        Disabled = "disabled",
    }
}

text_enum! {
    /// The protocol a connection speaks.
    Protocol {
        /// OpenID Connect 1.0.
        Oidc = "oidc",
    }
}

/// A tenant's link to its identity provider (the whole row). Its `Debug` shows no secret: those columns are sealed.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = crate::schema::connections, treat_none_as_null = true)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct Connection {
    pub tenant_id: Uuid,
    pub id: Uuid,
    pub protocol: Protocol,
    pub display_name: String,
    pub display_name_key: String,
    pub status: ConnectionStatus,
    pub settings: Json<OidcSettings>,
    pub provisioning: Json<ProvisioningPolicy>,
    pub client_secret: Option<Vec<u8>>,
    pub client_secret_expires_at: Option<DateTime<Utc>>,
    pub client_key: Option<Vec<u8>>,
    pub client_key_public: Option<serde_json::Value>,
    pub provider_metadata: Option<serde_json::Value>,
    pub provider_metadata_at: Option<DateTime<Utc>>,
    pub provider_asked_at: Option<DateTime<Utc>>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}
