//! Connection: a tenant's link to its identity provider, with the settings that an admin writes.
//!
//! The row is here; its two JSON documents are [`Settings`] (how to speak with the provider: `oidc` or `saml`) and
//! `provisioning` (what a sign-in may do to users and groups). Secrets are sealed columns, never part of a document.

pub mod oidc;
pub mod provisioning;
pub mod saml;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::model::claims::ClaimMapping;
use crate::model::connection::oidc::OidcSettings;
use crate::model::connection::provisioning::ProvisioningPolicy;
use crate::model::connection::saml::SamlSettings;
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
        /// SAML 2.0.
        Saml = "saml",
    }
}

/// How to speak with the provider. The protocol is part of it, and never changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "protocol", rename_all = "snake_case")]
pub enum Settings {
    /// OpenID Connect 1.0.
    Oidc(Box<OidcSettings>),
    /// SAML 2.0.
    Saml(Box<SamlSettings>),
}

impl Settings {
    /// The protocol.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        match self {
            Self::Oidc(_) => Protocol::Oidc,
            Self::Saml(_) => Protocol::Saml,
        }
    }

    /// Which claim means what.
    #[must_use]
    pub fn claim_mapping(&self) -> &ClaimMapping {
        match self {
            Self::Oidc(settings) => &settings.claim_mapping,
            Self::Saml(settings) => &settings.claim_mapping,
        }
    }

    /// What the provider calls itself: issuer identifier or entity id.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        match self {
            Self::Oidc(settings) => settings.issuer.as_deref(),
            Self::Saml(settings) => settings.idp_entity_id.as_deref(),
        }
    }

    /// Whether with `new` settings the provider's ids would mean other people.
    #[must_use]
    pub fn renames_people(&self, new: &Self) -> bool {
        match (self, new) {
            (Self::Oidc(old), Self::Oidc(new)) => old.renames_people(new),
            (Self::Saml(old), Self::Saml(new)) => old.renames_people(new),
            _ => true,
        }
    }

    /// Whether `new` settings believe somebody else.
    #[must_use]
    pub fn trusts_others(&self, new: &Self) -> bool {
        match (self, new) {
            (Self::Oidc(old), Self::Oidc(new)) => old.trusts_others(new),
            (Self::Saml(old), Self::Saml(new)) => old.trusts_others(new),
            _ => true,
        }
    }

    /// Whether with `new` settings the client secret would go to another server.
    #[must_use]
    pub fn sends_secret_elsewhere(&self, new: &Self) -> bool {
        match (self, new) {
            (Self::Oidc(old), Self::Oidc(new)) => old.sends_secret_elsewhere(new),
            (Self::Saml(_), Self::Saml(_)) => false,
            _ => true,
        }
    }
}

/// A tenant's link to its identity provider (the whole row). Its `Debug` shows no secret: those columns are sealed.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = crate::schema::connections, treat_none_as_null = true)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct Connection {
    pub tenant_id: Uuid,
    pub id: Uuid,
    pub display_name: String,
    pub display_name_key: String,
    pub status: ConnectionStatus,
    pub settings: Json<Settings>,
    pub provisioning: Json<ProvisioningPolicy>,
    pub client_secret: Option<Vec<u8>>,
    pub client_secret_expires_at: Option<DateTime<Utc>>,
    pub client_key: Option<Vec<u8>>,
    pub client_key_public: Option<serde_json::Value>,
    pub provider_metadata: Option<serde_json::Value>,
    pub provider_metadata_at: Option<DateTime<Utc>>,
    pub provider_asked_at: Option<DateTime<Utc>>,
    pub provider_due_at: Option<DateTime<Utc>>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}
