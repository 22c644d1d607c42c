//! Provider: a connection as a flow uses it: the row, and what its protocol needs, checked at load.

use secrecy::ExposeSecret;
use uuid::Uuid;

use crate::context::Context;
use crate::context::imported_keys::ImportError;
use crate::context::saml_provider::{OwnUrls, SamlProvider};
use crate::model::connection::oidc::{OidcSettings, TokenEndpointAuthMethod};
use crate::model::connection::{Connection, ConnectionStatus, Settings};
use crate::model::saml_key::SamlKey;
use crate::outbound::Lane;
use crate::protocol::jwt::client_key::ClientKey;
use crate::protocol::oidc::discovery::ProviderMetadata;
use crate::protocol::oidc::{ClientCredential, Endpoints, OidcError, RelyingParty};
use crate::secrets::sealed::{Place, SealError, Sealer};
use crate::store::db::DbError;

/// Why a connection cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// It lacks something, or its settings do not fit.
    #[error(transparent)]
    Oidc(#[from] OidcError),
    /// It lacks something.
    #[error("the connection has no {0}")]
    Incomplete(&'static str),
    /// A certificate of the provider or a key of our own cannot be used.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// Its secret does not open.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The database does not answer.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// A connection, ready to talk to its provider.
#[derive(Debug)]
pub struct Provider {
    /// The row.
    pub connection: Connection,
    /// What its protocol needs.
    pub speaks: Speaks,
}

/// What a protocol needs.
#[derive(Debug)]
pub enum Speaks {
    /// OpenID Connect.
    Oidc(Box<OpenIdProvider>),
    /// SAML 2.0.
    Saml(Box<SamlProvider>),
}

/// A provider that speaks OpenID Connect.
#[derive(Debug)]
pub struct OpenIdProvider {
    /// The settings.
    pub settings: OidcSettings,
    /// Where the provider is.
    pub endpoints: Endpoints,
    /// How we prove who we are.
    pub credential: ClientCredential,
    /// The tenant, which its keys are cached for.
    scope: Uuid,
}

/// Where a connection's client secret is sealed.
#[must_use]
pub fn secret_place(connection: &Connection) -> Place {
    place(connection, "client_secret")
}

/// Where a connection's client key is sealed.
#[must_use]
pub fn key_place(connection: &Connection) -> Place {
    place(connection, "client_key")
}

fn place(connection: &Connection, column: &'static str) -> Place {
    Place { tenant: connection.tenant_id, table: "connections", row: connection.id, column }
}

impl Provider {
    /// Reads a row of the tenant with this slug, with what the last good metadata says, and opens its secrets. `keys`
    /// are the key pairs of a SAML connection.
    ///
    /// # Errors
    /// [`ProviderError`] when something is missing or does not open; nothing half-ready comes out.
    pub async fn load(
        ctx: &Context,
        slug: &str,
        connection: Connection,
        keys: Vec<SamlKey>,
    ) -> Result<Self, ProviderError> {
        let sealer = &ctx.sealer;
        let speaks = match &connection.settings.0 {
            Settings::Oidc(settings) => Speaks::Oidc(Box::new(OpenIdProvider::load(&connection, settings, sealer)?)),
            Settings::Saml(settings) => {
                let own = OwnUrls::of(&ctx.config, slug, connection.id);
                let loaded = SamlProvider::load(&ctx.imported_keys, &connection, settings, keys, own, sealer);
                Speaks::Saml(Box::new(loaded.await?))
            }
        };
        Ok(Self { connection, speaks })
    }

    /// Whether it signs anyone in.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.connection.status == ConnectionStatus::Active
    }
}

impl OpenIdProvider {
    fn load(connection: &Connection, settings: &OidcSettings, sealer: &Sealer) -> Result<Self, ProviderError> {
        let metadata =
            connection.provider_metadata.clone().and_then(|m| serde_json::from_value::<ProviderMetadata>(m).ok());
        let endpoints = Endpoints::resolve(settings, metadata.as_ref())?;
        let credential = credential(connection, settings, sealer)?;
        Ok(Self { settings: settings.clone(), endpoints, credential, scope: connection.tenant_id })
    }

    /// The relying party that speaks through `lane`.
    #[must_use]
    pub fn party<'a>(&'a self, ctx: &'a Context, lane: &'a Lane) -> RelyingParty<'a> {
        RelyingParty {
            lane,
            jwks: &ctx.jwks,
            clock: &ctx.clock,
            scope: self.scope,
            settings: &self.settings,
            endpoints: &self.endpoints,
            credential: &self.credential,
        }
    }
}

fn credential(
    connection: &Connection,
    settings: &OidcSettings,
    sealer: &Sealer,
) -> Result<ClientCredential, ProviderError> {
    let method = settings.token_endpoint_auth_method;
    if method == Some(TokenEndpointAuthMethod::None) {
        return Ok(ClientCredential::None);
    }
    if method == Some(TokenEndpointAuthMethod::PrivateKeyJwt) {
        let sealed = connection.client_key.as_ref().ok_or(OidcError::Incomplete("client key"))?;
        let der = sealer.open(key_place(connection), sealed)?;
        return Ok(ClientCredential::Key(ClientKey::from_pkcs8(&der).map_err(|_| OidcError::ClientKey)?));
    }
    match &connection.client_secret {
        Some(sealed) => {
            let secret = sealer.open(secret_place(connection), sealed)?;
            let text = std::str::from_utf8(secret.expose_secret()).map_err(|_| SealError::DoesNotOpen)?;
            Ok(ClientCredential::Secret(text.into()))
        }
        None if method.is_none() => Ok(ClientCredential::None),
        None => Err(OidcError::Incomplete("client secret").into()),
    }
}
