//! Messages that we write. Whatever is put into one is escaped; none has an XML declaration, a comment or blanks.

use std::fmt::Write;

use aws_lc_rs::rand;
use bergshamra::xml::uppsala::XmlWriter;
use chrono::{DateTime, SecondsFormat, Utc};

use super::tree::{SAML, SAMLP};

/// Whether a message asks or answers, which is the name of the parameter that carries it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageKind {
    /// `SAMLRequest`.
    Request,
    /// `SAMLResponse`.
    Response,
}

impl MessageKind {
    /// The parameter of the Redirect and POST bindings.
    #[must_use]
    pub fn parameter(self) -> &'static str {
        match self {
            Self::Request => "SAMLRequest",
            Self::Response => "SAMLResponse",
        }
    }
}

/// A message of ours, not yet bound to a transport.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Asks or answers.
    pub kind: MessageKind,
    /// Its `ID`.
    pub id: String,
    /// The whole text, without a signature.
    pub xml: String,
}

/// A new message id of 128 random bits (C-27).
///
/// # Panics
/// When the operating system has no randomness to give; nothing may go on then.
#[must_use]
pub fn new_id() -> String {
    let mut bytes = [0u8; 16];
    rand::fill(&mut bytes).expect("the operating system gives randomness");
    bytes.iter().fold("_".to_owned(), |mut id, byte| {
        let _ = write!(id, "{byte:02x}");
        id
    })
}

/// A time as `xs:dateTime` in UTC.
pub(super) fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// What every message of ours begins with.
pub(super) struct Head<'a> {
    /// The root element without prefix.
    pub name: &'static str,
    /// By [`new_id`].
    pub id: &'a str,
    /// Now.
    pub issue_instant: DateTime<Utc>,
    /// The provider's endpoint, as its metadata writes it.
    pub destination: &'a str,
    /// Our entity id.
    pub issuer: &'a str,
}

/// Writes a message: the root with its common attributes and `more`, the issuer, and what `body` adds.
pub(super) fn write(
    kind: MessageKind,
    head: &Head<'_>,
    more: &[(&str, &str)],
    body: impl FnOnce(&mut XmlWriter),
) -> Message {
    let (root, issue_instant) = (format!("samlp:{}", head.name), instant(head.issue_instant));
    let common = [
        ("xmlns:samlp", SAMLP),
        ("xmlns:saml", SAML),
        ("ID", head.id),
        ("Version", "2.0"),
        ("IssueInstant", &issue_instant),
        ("Destination", head.destination),
    ];
    let attributes: Vec<_> = common.iter().chain(more).copied().collect();
    let mut xml = XmlWriter::new();
    xml.start_element(&root, &attributes);
    element(&mut xml, "saml:Issuer", &[], head.issuer);
    body(&mut xml);
    xml.end_element(&root);
    Message { kind, id: head.id.to_owned(), xml: xml.into_string() }
}

/// An element with text.
pub(super) fn element(xml: &mut XmlWriter, name: &str, attributes: &[(&str, &str)], text: &str) {
    xml.start_element(name, attributes);
    xml.text(text);
    xml.end_element(name);
}
