//! A provider that speaks SAML, ready to use: what an admin wrote by hand, else what its metadata says; its pinned
//! certificates; our own keys and names at this connection.

use std::sync::Arc;

use chrono::Duration;
use uuid::Uuid;

use crate::config::Config;
use crate::context::imported_keys::{Imported, ImportedKeys, Trust};
use crate::context::provider::ProviderError;
use crate::model::connection::Connection;
use crate::model::connection::saml::{Binding, IdpDocument, IdpEndpoint, SamlSettings};
use crate::model::saml_key::SamlKey;
use crate::protocol::saml::key::SpKey;
use crate::protocol::saml::{Policy, Verifier};
use crate::secrets::sealed::{Place, Sealer};

/// What we are called at a connection, and where. One of each per connection, because several tenants may use providers
/// of the same name (C-55).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnUrls {
    /// Our entity id, which is also where our metadata is.
    pub entity_id: String,
    /// Our assertion consumer service.
    pub acs_url: String,
    /// Our single logout service.
    pub slo_url: String,
}

impl OwnUrls {
    /// Of a connection of the tenant with this slug.
    #[must_use]
    pub fn of(config: &Config, slug: &str, connection: Uuid) -> Self {
        let url = |part: &str| config.url(&format!("/t/{slug}/sso/{connection}/{part}"));
        Self { entity_id: url("metadata"), acs_url: url("acs"), slo_url: url("slo") }
    }
}

/// Where messages to the provider go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// How they travel.
    pub binding: Binding,
    /// Where requests go.
    pub url: String,
    /// Where answers go.
    pub response_url: String,
}

/// A provider that speaks SAML.
#[derive(Debug)]
pub struct SamlProvider {
    /// The settings.
    pub settings: SamlSettings,
    /// The provider's entity id.
    pub idp_entity_id: String,
    /// Where sign-in requests go.
    pub sso: Service,
    /// Where logout messages go, if it has single logout.
    pub slo: Option<Service>,
    /// Checks what it sends.
    pub verifier: Arc<Verifier>,
    /// Signs what we send.
    pub signing_key: Arc<SpKey>,
    /// What we are called there.
    pub own: OwnUrls,
    /// Our entity ids that assertions may be made for: the own one first, then former ones.
    pub audiences: Vec<String>,
    /// Our addresses that responses may be made for, likewise.
    pub acs_urls: Vec<String>,
}

/// Where a private key is sealed.
#[must_use]
pub fn saml_key_place(key: &SamlKey) -> Place {
    Place { tenant: key.tenant_id, table: "saml_keys", row: key.id, column: "private_key" }
}

/// What a connection's metadata said when it was last good.
#[must_use]
pub fn idp_document(connection: &Connection) -> Option<IdpDocument> {
    connection.provider_metadata.clone().and_then(|document| serde_json::from_value(document).ok())
}

/// The certificates that a connection pins, in PEM: those written by hand, else the metadata's.
#[must_use]
pub fn pinned<'a>(settings: &'a SamlSettings, document: Option<&'a IdpDocument>) -> &'a [String] {
    match document {
        Some(document) if settings.certificates.is_empty() => &document.certificates,
        _ => &settings.certificates,
    }
}

impl SamlProvider {
    /// Puts together what is saved. Nothing is taken for granted that was checked when it was saved.
    ///
    /// # Errors
    /// [`ProviderError`] says what is missing or cannot be used; no usable signing certificate among it (S-02).
    pub async fn load(
        imported: &ImportedKeys,
        connection: &Connection,
        settings: &SamlSettings,
        keys: Vec<SamlKey>,
        own: OwnUrls,
        sealer: &Sealer,
    ) -> Result<Self, ProviderError> {
        let document = idp_document(connection);
        let missing = ProviderError::Incomplete;
        let known = document.as_ref().map(|d| d.entity_id.as_str());
        let idp_entity_id = settings.idp_entity_id.as_deref().or(known).ok_or(missing("idp_entity_id"))?.to_owned();
        let said = |read: fn(&IdpDocument) -> &[IdpEndpoint]| document.as_ref().map(read).unwrap_or_default();
        let sso = service(settings.sso_url.as_deref(), settings.sso_binding, said(|d| &d.sso));
        let slo = service(settings.slo_url.as_deref(), settings.slo_binding, said(|d| &d.slo));
        let certificates = pinned(settings, document.as_ref()).to_vec();
        let trust = Trust { connection: connection.id, certificates, policy: policy(settings), keys };
        let Imported { verifier, signing_key } = imported.of(trust, sealer).await?;
        let with = |first: &String, former: &[String]| [std::slice::from_ref(first), former].concat();
        Ok(Self {
            audiences: with(&own.entity_id, &settings.former_entity_ids),
            acs_urls: with(&own.acs_url, &settings.former_acs_urls),
            settings: settings.clone(),
            idp_entity_id,
            sso: sso.ok_or(missing("sso_url"))?,
            slo,
            verifier,
            signing_key,
            own,
        })
    }
}

fn policy(settings: &SamlSettings) -> Policy {
    Policy {
        // One of the two is always demanded; settings that demand neither cannot be saved, and mean both here.
        require_signed_assertion: settings.require_signed_assertions || !settings.require_signed_responses,
        require_signed_response: settings.require_signed_responses || !settings.require_signed_assertions,
        require_encrypted_assertion: settings.want_encrypted_assertions,
        allow_sha1: settings.allow_sha1,
        allow_cbc: settings.allow_cbc,
        skew: Duration::seconds(settings.clock_skew_seconds.min(SamlSettings::MAX_SKEW_SECONDS).into()),
    }
}

/// What was written by hand wins, field by field; of what the metadata offers Redirect comes first.
fn service(url: Option<&str>, binding: Option<Binding>, offered: &[IdpEndpoint]) -> Option<Service> {
    let fits = |e: &&IdpEndpoint| binding.is_none_or(|b| b == e.binding) && url.is_none_or(|u| u == e.location);
    let by = |wanted: Binding| offered.iter().filter(fits).find(|e| e.binding == wanted);
    if let Some(found) = by(Binding::Redirect).or_else(|| by(Binding::Post)) {
        let response_url = found.response_location.as_ref().unwrap_or(&found.location).clone();
        return Some(Service { binding: found.binding, url: found.location.clone(), response_url });
    }
    let url = url?.to_owned();
    Some(Service { binding: binding.unwrap_or(Binding::Redirect), response_url: url.clone(), url })
}
