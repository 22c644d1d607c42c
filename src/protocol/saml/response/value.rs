//! Values that several elements share: times, issuers, versions.

use chrono::{DateTime, Duration, Utc};

use crate::protocol::saml::SamlError;
use crate::protocol::saml::error::tame;
use crate::protocol::saml::tree::{Node, SAML};

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
