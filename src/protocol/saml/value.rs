//! Values that several messages share: times, issuers, versions, names.

use chrono::{DateTime, Duration, Utc};

use super::error::tame;
use super::tree::{Node, SAML};
use super::{NameId, SamlError};

/// Characters of a NameID (the specification's limit for persistent ones).
const MAX_NAME: usize = 256;
const ENTITY: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity";

/// The present moment, give or take.
#[derive(Clone, Copy)]
pub(super) struct Window {
    pub(super) now: DateTime<Utc>,
    pub(super) skew: Duration,
}

impl Window {
    /// That `instant`, from which on something no longer counts, has not come (C-01: at the very instant it has).
    pub(super) fn before(self, instant: DateTime<Utc>, what: &'static str) -> Result<(), SamlError> {
        // Subtracting from now cannot overflow; adding to an instant of the year 262143 could.
        if self.now - self.skew < instant { Ok(()) } else { Err(SamlError::Expired(what)) }
    }

    /// That `instant` has come.
    pub(super) fn since(self, instant: DateTime<Utc>, what: &'static str) -> Result<(), SamlError> {
        if instant <= self.now + self.skew { Ok(()) } else { Err(SamlError::NotYetValid(what)) }
    }
}

/// The instant in an attribute, if it is there.
pub(super) fn instant(node: Node<'_>, name: &'static str) -> Result<Option<DateTime<Utc>>, SamlError> {
    let read = |text| DateTime::parse_from_rfc3339(text).map_err(|_| SamlError::Unreadable(name));
    Ok(node.attribute(name).map(read).transpose()?.map(|i| i.to_utc()))
}

/// The instant in an attribute that must be there.
pub(super) fn need_instant(node: Node<'_>, name: &'static str) -> Result<DateTime<Utc>, SamlError> {
    instant(node, name)?.ok_or(SamlError::Missing(name))
}

/// `Version`, `ID` and `IssueInstant`, as responses and assertions have them (C-14, C-15). Answers the ID.
pub(super) fn check_head<'t>(node: Node<'t>, window: Window) -> Result<&'t str, SamlError> {
    if node.attribute("Version") != Some("2.0") {
        return Err(SamlError::Unreadable("Version"));
    }
    window.since(need_instant(node, "IssueInstant")?, "IssueInstant")?;
    node.attribute("ID").filter(|id| !id.is_empty()).ok_or(SamlError::Missing("ID"))
}

/// That the element was issued by the provider (C-13).
pub(super) fn check_issuer(node: Node<'_>, place: &'static str, expected: &str) -> Result<(), SamlError> {
    let issuer = node.one(SAML, "Issuer")?;
    let got = issuer.map(Node::text).transpose()?.unwrap_or_default();
    let entity = issuer.and_then(|i| i.attribute("Format")).is_none_or(|f| f == ENTITY);
    if got == expected && entity {
        return Ok(());
    }
    Err(SamlError::Issuer { place, expected: expected.to_owned(), got: tame(&got) })
}

/// The NameID in an element; when it names a service provider, that must be one of `own`.
pub(super) fn name_id(parent: Node<'_>, own: &[String]) -> Result<NameId, SamlError> {
    let node = parent.one(SAML, "NameID")?.ok_or(SamlError::Subject("there is none"))?; // C-17
    let value = node.text()?;
    if value.is_empty()
        || value.chars().count() > MAX_NAME
        || value.chars().any(char::is_control)
        || value.trim() != value
    {
        return Err(SamlError::Subject("it is empty, too long, or has spaces around it or control characters"));
    }
    let attribute = |name| node.attribute(name).map(str::to_owned);
    let sp_name_qualifier = attribute("SPNameQualifier");
    if sp_name_qualifier.as_ref().is_some_and(|q| !own.contains(q)) {
        return Err(SamlError::Subject("its SPNameQualifier is another service provider")); // C-18
    }
    Ok(NameId { value, format: attribute("Format"), name_qualifier: attribute("NameQualifier"), sp_name_qualifier })
}
