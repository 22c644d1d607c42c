//! Application: a downstream OAuth 2 client of Doorward, of one tenant or of the installation.
//!
//! The two kinds live in tables of their own ([`Application`], [`InstallationApplication`]); to the protocol they are the
//! same thing, a [`Client`]. What an admin writes is one JSON document (`settings`), the secrets are hashes (`secrets`).

pub mod settings;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::model::json::Json;
use crate::secrets::token;
use settings::ApplicationSettings;

/// An application of one tenant (the whole row).
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = crate::schema::applications)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct Application {
    pub tenant_id: Uuid,
    pub id: Uuid,
    pub name: String,
    pub name_key: String,
    pub settings: Json<ApplicationSettings>,
    pub secrets: Json<Vec<ClientSecret>>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// An application that serves all tenants (the whole row).
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = crate::schema::installation_applications)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct InstallationApplication {
    pub id: Uuid,
    pub name: String,
    pub name_key: String,
    pub settings: Json<ApplicationSettings>,
    pub secrets: Json<Vec<ClientSecret>>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// The installation's applications are managed as those of the nil tenant, as its signing keys are.
impl From<InstallationApplication> for Application {
    fn from(row: InstallationApplication) -> Self {
        let InstallationApplication { id, name, name_key, settings, secrets, version, created_at, updated_at } = row;
        Self { tenant_id: Uuid::nil(), id, name, name_key, settings, secrets, version, created_at, updated_at }
    }
}

impl From<Application> for InstallationApplication {
    fn from(row: Application) -> Self {
        let Application { id, name, name_key, settings, secrets, version, created_at, updated_at, .. } = row;
        Self { id, name, name_key, settings, secrets, version, created_at, updated_at }
    }
}

/// One of an application's secrets. The hash tells nothing: the secret has 256 random bits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientSecret {
    /// Names it, to take it back by.
    pub id: Uuid,
    /// SHA-256.
    pub hash: Vec<u8>,
    /// The last four characters.
    pub hint: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it stops working; set when a newer one takes over.
    pub expires_at: Option<DateTime<Utc>>,
}

impl ClientSecret {
    /// Whether it is good at `now`.
    #[must_use]
    pub fn is_live(&self, now: DateTime<Utc>) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }
}

/// An application as the protocol sees it.
#[derive(Debug, Clone)]
pub struct Client {
    /// Which.
    pub key: ClientRef,
    /// Shown on the consent page.
    pub name: String,
    /// What it may do.
    pub settings: ApplicationSettings,
    secrets: Vec<ClientSecret>,
}

impl Client {
    /// The client id.
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.key.id()
    }

    /// Whether `secret` is one of this client's at `now`.
    #[must_use]
    pub fn has_secret(&self, secret: &str, now: DateTime<Utc>) -> bool {
        let hash = token::hash(secret);
        self.secrets.iter().any(|s| s.hash == hash && s.is_live(now))
    }
}

impl From<Application> for Client {
    fn from(row: Application) -> Self {
        let of_installation = row.tenant_id.is_nil();
        let key = ClientRef {
            application_id: (!of_installation).then_some(row.id),
            installation_application_id: of_installation.then_some(row.id),
        };
        Self { key, name: row.name, settings: row.settings.0, secrets: row.secrets.0 }
    }
}

impl From<InstallationApplication> for Client {
    fn from(row: InstallationApplication) -> Self {
        Application::from(row).into()
    }
}

/// Which application something belongs to: exactly one of the two is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = crate::schema::grants)]
pub struct ClientRef {
    /// One of the tenant, or
    pub application_id: Option<Uuid>,
    /// one of the installation.
    pub installation_application_id: Option<Uuid>,
}

impl ClientRef {
    /// The client id.
    #[must_use]
    pub fn id(self) -> Uuid {
        self.application_id.or(self.installation_application_id).unwrap_or_default()
    }
}
