//! A provider's metadata: one entity with the role of an identity provider. Other roles (WS-Federation, service provider)
//! are passed over.
//!
//! A signature on metadata is not looked at: trust comes from where the document is from, an admin's upload or the pinned
//! https URL, and a changed entity id or a new key is the caller's to refuse or report.

use chrono::{DateTime, TimeDelta, Utc};
use url::Url;

use super::{MD, duration};
use crate::model::text::is_hostile;
use crate::protocol::saml::binding::{POST, REDIRECT};
use crate::protocol::saml::error::tame;
use crate::protocol::saml::tree::{self, DS, Node, SAMLP};
use crate::protocol::saml::value;
use crate::protocol::saml::{Certificate, CertificateError, SamlError, gate};

/// Characters of an entity id (SAML core section 8.3.6).
const MAX_ENTITY_ID: usize = 1024;
/// Entities that an error lists.
const MAX_LISTED: usize = 100;
/// Keys and endpoints that are read.
const MAX_ITEMS: usize = 32;

/// Why metadata cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// Not XML that we read.
    #[error("metadata: {0}")]
    Xml(#[from] SamlError),
    /// Another kind of document.
    #[error("this is not SAML 2.0 metadata")]
    NotMetadata,
    /// There is more than one entity, so one must be chosen (C-52): the ids of the identity providers.
    #[error("the metadata has several entities; say which entity id is meant")]
    Several(Vec<String>),
    /// The chosen entity is not there, or there twice.
    #[error("the metadata has not exactly one entity {0:?}")]
    Unknown(String),
    /// An entity without a usable id.
    #[error("the entity has no usable entityID")]
    NoEntityId,
    /// The entity is not an identity provider.
    #[error("the entity {0:?} is not a SAML 2.0 identity provider")]
    NoIdentityProvider(String),
    /// An endpoint that no browser may be sent to (C-51).
    #[error("the location {0:?} is not an http(s) URL")]
    Location(String),
}

impl MetadataError {
    /// A stable, machine-readable reason.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Xml(SamlError::TooLarge(_)) => "saml_metadata_too_large",
            Self::Xml(_) | Self::NotMetadata => "saml_metadata_malformed",
            Self::Several(_) => "saml_metadata_several_entities",
            Self::Unknown(_) => "saml_metadata_entity_unknown",
            Self::NoEntityId => "saml_metadata_entity_id_missing",
            Self::NoIdentityProvider(_) => "saml_metadata_not_identity_provider",
            Self::Location(_) => "saml_metadata_location_refused",
        }
    }
}

/// Where a provider takes messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// [`REDIRECT`] or [`POST`].
    pub binding: &'static str,
    /// An http(s) URL as the metadata writes it; whether it may be used is the caller's to check.
    pub location: String,
    /// Where answers go when not to `location`.
    pub response_location: Option<String>,
}

/// What a provider says about itself.
#[derive(Debug, Clone)]
pub struct IdpMetadata {
    /// Its entity id.
    pub entity_id: String,
    /// Where sign-in requests go, in its order; only bindings that we speak.
    pub sso: Vec<Endpoint>,
    /// Where logout messages go.
    pub slo: Vec<Endpoint>,
    /// Keys that it may sign with.
    pub certificates: Vec<Certificate>,
    /// Why further keys to sign with are not among them (S-15).
    pub refused_certificates: Vec<CertificateError>,
    /// It demands signed requests.
    pub want_authn_requests_signed: bool,
    /// Forms of NameID that it offers.
    pub name_id_formats: Vec<String>,
    /// From then on nothing here may be relied on.
    pub valid_until: Option<DateTime<Utc>>,
    /// How long until it should be fetched again.
    pub cache_duration: Option<TimeDelta>,
}

impl IdpMetadata {
    /// Whether it has run out (C-47).
    #[must_use]
    pub fn is_expired(&self, now: DateTime<Utc>) -> bool {
        self.valid_until.is_some_and(|until| until <= now)
    }
}

/// Reads one entity: the only one, or `entity_id`.
///
/// # Errors
/// [`MetadataError`]
pub fn read(document: &[u8], entity_id: Option<&str>) -> Result<IdpMetadata, MetadataError> {
    let text = gate::pass_metadata(document)?; // C-53
    let document = tree::parse(text)?;
    let root = Node::root(&document)?;
    let entities = entities(root)?;
    let (entity, expiry) = choose(&entities, entity_id)?;
    let id = entity_id_of(*entity).ok_or(MetadataError::NoEntityId)?;
    let role = role(*entity)?.ok_or_else(|| MetadataError::NoIdentityProvider(tame(&id)))?;
    let expiry = expiry.and(Expiry::of(role)?);
    let (certificates, refused_certificates) = certificates(role)?;
    Ok(IdpMetadata {
        entity_id: id,
        sso: endpoints(role, "SingleSignOnService")?,
        slo: endpoints(role, "SingleLogoutService")?,
        certificates,
        refused_certificates,
        want_authn_requests_signed: matches!(role.attribute("WantAuthnRequestsSigned"), Some("true" | "1")),
        name_id_formats: texts(role, "NameIDFormat")?,
        valid_until: expiry.valid_until,
        cache_duration: expiry.cache_duration,
    })
}

/// How long something holds; what is inside holds no longer than what is around.
#[derive(Clone, Copy, Default)]
struct Expiry {
    valid_until: Option<DateTime<Utc>>,
    cache_duration: Option<TimeDelta>,
}

impl Expiry {
    fn of(node: Node<'_>) -> Result<Self, SamlError> {
        let valid_until = value::instant(node, "validUntil")?;
        // Only advice: one that cannot be read is none.
        Ok(Self { valid_until, cache_duration: node.attribute("cacheDuration").and_then(duration::parse) })
    }

    fn and(self, inner: Self) -> Self {
        Self {
            valid_until: self.valid_until.into_iter().chain(inner.valid_until).min(),
            cache_duration: self.cache_duration.into_iter().chain(inner.cache_duration).min(),
        }
    }
}

/// Every entity below, in groups or not.
fn entities(root: Node<'_>) -> Result<Vec<(Node<'_>, Expiry)>, MetadataError> {
    let (mut found, mut groups) = (Vec::new(), vec![(root, Expiry::default())]);
    while let Some((node, around)) = groups.pop() {
        let expiry = around.and(Expiry::of(node)?);
        if node.is(MD, "EntityDescriptor") {
            found.push((node, expiry));
        } else if node.is(MD, "EntitiesDescriptor") {
            let below = node.children().filter(|n| n.is(MD, "EntityDescriptor") || n.is(MD, "EntitiesDescriptor"));
            groups.extend(below.map(|n| (n, expiry)));
        }
    }
    if found.is_empty() { Err(MetadataError::NotMetadata) } else { Ok(found) }
}

fn choose<'e, 't>(
    entities: &'e [(Node<'t>, Expiry)],
    wanted: Option<&str>,
) -> Result<&'e (Node<'t>, Expiry), MetadataError> {
    let Some(wanted) = wanted else {
        return match entities {
            [one] => Ok(one),
            _ => Err(MetadataError::Several(identity_providers(entities))),
        };
    };
    let mut named = entities.iter().filter(|(entity, _)| entity_id_of(*entity).as_deref() == Some(wanted));
    match (named.next(), named.next()) {
        (Some(one), None) => Ok(one),
        _ => Err(MetadataError::Unknown(tame(wanted))),
    }
}

fn identity_providers(entities: &[(Node<'_>, Expiry)]) -> Vec<String> {
    let providers = entities.iter().filter(|(entity, _)| matches!(role(*entity), Ok(Some(_))));
    let mut ids: Vec<String> = providers.filter_map(|(entity, _)| entity_id_of(*entity)).take(MAX_LISTED).collect();
    ids.sort_unstable();
    ids
}

fn entity_id_of(entity: Node<'_>) -> Option<String> {
    let id = entity.attribute("entityID")?.trim();
    let usable = !id.is_empty() && id.chars().count() <= MAX_ENTITY_ID && !id.chars().any(is_hostile);
    usable.then(|| id.to_owned())
}

/// The entity's role of an identity provider that speaks SAML 2.0.
fn role(entity: Node<'_>) -> Result<Option<Node<'_>>, SamlError> {
    let speaks = |n: &Node<'_>| {
        n.attribute("protocolSupportEnumeration").is_some_and(|all| all.split_ascii_whitespace().any(|p| p == SAMLP))
    };
    let mut roles = entity.all(MD, "IDPSSODescriptor").filter(speaks);
    let first = roles.next();
    if roles.next().is_some() {
        Err(SamlError::Structure("an identity provider is described twice"))
    } else {
        Ok(first)
    }
}

/// Keys to sign with: those for signing, and those for nothing in particular.
fn certificates(role: Node<'_>) -> Result<(Vec<Certificate>, Vec<CertificateError>), SamlError> {
    let (mut usable, mut refused) = (Vec::new(), Vec::new());
    let keys = role.all(MD, "KeyDescriptor").filter(|key| matches!(key.attribute("use"), None | Some("signing")));
    let data = keys.flat_map(|key| key.all(DS, "KeyInfo")).flat_map(|info| info.all(DS, "X509Data"));
    for data in data.take(MAX_ITEMS) {
        // Further ones would be the chain, and an authority's key signs no assertion.
        let Some(certificate) = data.all(DS, "X509Certificate").next() else { continue };
        match Certificate::parse(&certificate.text()?) {
            Ok(certificate) if usable.contains(&certificate) => {}
            Ok(certificate) => usable.push(certificate),
            Err(error) => refused.push(error),
        }
    }
    Ok((usable, refused))
}

fn endpoints(role: Node<'_>, name: &'static str) -> Result<Vec<Endpoint>, MetadataError> {
    let mut found = Vec::new();
    for node in role.all(MD, name).take(MAX_ITEMS) {
        let binding = match node.attribute("Binding") {
            Some(REDIRECT) => REDIRECT,
            Some(POST) => POST,
            _ => continue,
        };
        let location = location_of(node.attribute("Location").unwrap_or_default())?;
        let response_location = node.attribute("ResponseLocation").map(location_of).transpose()?;
        found.push(Endpoint { binding, location, response_location });
    }
    Ok(found)
}

/// C-51: a `javascript:` URL here would run in our own page.
fn location_of(text: &str) -> Result<String, MetadataError> {
    let text = text.trim();
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "https" | "http") => Ok(text.to_owned()),
        _ => Err(MetadataError::Location(tame(text))),
    }
}

fn texts(role: Node<'_>, name: &'static str) -> Result<Vec<String>, SamlError> {
    role.all(MD, name).take(MAX_ITEMS).map(|node| Ok(node.text()?.trim().to_owned())).collect()
}
