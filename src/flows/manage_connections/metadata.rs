//! metadata: what a SAML provider says about itself, read, checked, and kept with its connection.

use chrono::{DateTime, Duration, Utc};

use crate::context::Context;
use crate::context::saml_provider::idp_document;
use crate::flows::Error;
use crate::model::connection::saml::{Binding, IdpDocument, IdpEndpoint, SamlSettings};
use crate::model::connection::{Connection, Settings};
use crate::protocol::saml::SamlError;
use crate::protocol::saml::binding::REDIRECT;
use crate::protocol::saml::metadata::{self, Endpoint, IdpMetadata, MetadataError};

/// The least and the most time between two looks at a provider's metadata.
const ASKED_EVERY: (Duration, Duration) = (Duration::hours(1), Duration::hours(24));

/// Takes metadata that an admin gives, where they do; tells whether.
///
/// # Errors
/// [`Error::Invalid`] for a connection that speaks another protocol, [`Error::Provider`] with what is wrong.
pub(super) fn take(
    ctx: &Context,
    row: &mut Connection,
    xml: Option<&str>,
    wanted: Option<&str>,
) -> Result<bool, Error> {
    let Some(xml) = xml else {
        return match wanted {
            Some(_) => Err(Error::invalid("metadata_entity_id", "needs metadata_xml beside it")),
            None => Ok(false),
        };
    };
    let Settings::Saml(settings) = &row.settings.0 else {
        return Err(Error::invalid("metadata_xml", "is for SAML connections"));
    };
    let now = ctx.clock.now();
    let document = read(ctx, xml.as_bytes(), wanted, settings)?;
    keep(row, &document, now)?;
    Ok(true)
}

/// Reads metadata: one entity, the connection's if it has one already, that can be used.
///
/// # Errors
/// [`Error::Provider`] with what is wrong.
pub(super) fn read(
    ctx: &Context,
    xml: &[u8],
    wanted: Option<&str>,
    settings: &SamlSettings,
) -> Result<IdpDocument, Error> {
    let known = settings.idp_entity_id.as_deref();
    let found = match (metadata::read(xml, wanted), known) {
        (Err(MetadataError::Several(_)), Some(known)) => metadata::read(xml, Some(known)),
        (found, _) => found,
    };
    let found = found.map_err(refused)?;
    if known.is_some_and(|known| known != found.entity_id) {
        // C-49: whoever can change what stands at the URL must not become another provider by it.
        let message = format!(
            "the metadata is of {:?}; to trust another provider, change settings.idp_entity_id first",
            found.entity_id
        );
        return Err(Error::Provider { code: "saml_metadata_entity_changed", message });
    }
    if found.is_expired(ctx.clock.now()) {
        let message = "the metadata's validUntil has passed".to_owned(); // C-47
        return Err(Error::Provider { code: "saml_metadata_expired", message });
    }
    if found.certificates.is_empty() && settings.certificates.is_empty() {
        return Err(without_certificate(&found)); // S-02
    }
    for endpoint in found.sso.iter().chain(&found.slo) {
        for url in [Some(&endpoint.location), endpoint.response_location.as_ref()].into_iter().flatten() {
            check_location(ctx, url)?;
        }
    }
    Ok(document(found))
}

/// C-51: where browsers are sent is held to the same rules as what we call.
fn check_location(ctx: &Context, url: &str) -> Result<(), Error> {
    ctx.outbound.check_url("Location", url).map(drop).map_err(|refused| {
        let message = format!("the metadata has the location {url:?}: {}", refused.fault);
        Error::Provider { code: "saml_metadata_location_refused", message }
    })
}

fn refused(error: MetadataError) -> Error {
    let message = match &error {
        MetadataError::Several(ids) => format!("{error}: {}", ids.join(", ")), // C-52
        _ => error.to_string(),
    };
    Error::Provider { code: error.code(), message }
}

fn without_certificate(found: &IdpMetadata) -> Error {
    match found.refused_certificates.first() {
        Some(error) => Error::Provider { code: error.code(), message: format!("the metadata's certificate: {error}") },
        None => SamlError::NoCertificate.into(),
    }
}

fn document(found: IdpMetadata) -> IdpDocument {
    let endpoints = |list: Vec<Endpoint>| -> Vec<IdpEndpoint> {
        let one = |e: Endpoint| IdpEndpoint {
            binding: if e.binding == REDIRECT { Binding::Redirect } else { Binding::Post },
            location: e.location,
            response_location: e.response_location,
        };
        list.into_iter().map(one).collect()
    };
    IdpDocument {
        entity_id: found.entity_id,
        sso: endpoints(found.sso),
        slo: endpoints(found.slo),
        certificates: found.certificates.iter().map(crate::protocol::saml::Certificate::pem).collect(),
        refused_certificates: found.refused_certificates.len(),
        want_authn_requests_signed: found.want_authn_requests_signed,
        name_id_formats: found.name_id_formats,
        valid_until: found.valid_until,
        cache_seconds: found.cache_duration.map(|d| d.num_seconds()),
        refused: None,
    }
}

/// Keeps it as last seen good. The first one says what the provider is called; from then on only that one is believed.
///
/// # Errors
/// [`Error::Internal`] when it cannot be written down.
pub(super) fn keep(row: &mut Connection, document: &IdpDocument, now: DateTime<Utc>) -> Result<(), Error> {
    if let Settings::Saml(settings) = &mut row.settings.0 {
        settings.idp_entity_id.get_or_insert_with(|| document.entity_id.clone());
    }
    row.provider_metadata = Some(serde_json::to_value(document).map_err(|e| Error::Internal(e.to_string()))?);
    row.provider_metadata_at = Some(now);
    Ok(())
}

/// Whether the metadata of `new` says anything that counts otherwise than that of `old`.
pub(super) fn trusts_others(old: &Connection, new: &Connection) -> bool {
    Taken::compare(old, new).is_some_and(|taken| taken.otherwise || !taken.same_certificates())
}

/// Whether the provider of `new` says anything that counts otherwise than that of `old`, in either protocol.
#[must_use]
pub fn says_otherwise(old: &Connection, new: &Connection) -> bool {
    let otherwise = |taken: Taken| taken.otherwise || !taken.same_certificates();
    Taken::compare(old, new).map_or(old.provider_metadata != new.provider_metadata, otherwise)
}

/// When to look again: as the metadata asks, within reason.
pub(super) fn due(document: Option<&IdpDocument>, now: DateTime<Utc>) -> DateTime<Utc> {
    let (least, most) = ASKED_EVERY;
    let cached = document.and_then(|d| d.cache_seconds).and_then(Duration::try_seconds);
    let valid = document.and_then(|d| d.valid_until).map(|until| until - now);
    now + cached.into_iter().chain(valid).min().unwrap_or(most).clamp(least, most)
}

/// How metadata differs from what was known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Certificates that are new, in PEM.
    pub added: Vec<String>,
    /// Certificates that are gone.
    pub removed: Vec<String>,
    /// Whether anything else that counts is different.
    pub otherwise: bool,
}

impl Taken {
    /// Of a SAML connection's row before and after; `None` when there is nothing to compare.
    #[must_use]
    pub fn compare(old: &Connection, new: &Connection) -> Option<Self> {
        let Settings::Saml(_) = &new.settings.0 else { return None };
        let new = idp_document(new)?;
        let known = idp_document(old);
        let before = known.as_ref().map(|d| d.certificates.as_slice()).unwrap_or_default();
        let without = |list: &[String], other: &[String]| -> Vec<String> {
            list.iter().filter(|pem| !other.contains(pem)).cloned().collect()
        };
        let (added, removed) = (without(&new.certificates, before), without(before, &new.certificates));
        // When it expires is different each time.
        let essence = |d: &IdpDocument| IdpDocument {
            certificates: Vec::new(),
            valid_until: None,
            cache_seconds: None,
            refused: None,
            ..d.clone()
        };
        Some(Self { added, removed, otherwise: known.as_ref().map(essence) != Some(essence(&new)) })
    }

    /// Whether the keys are the same.
    #[must_use]
    pub fn same_certificates(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }
}
