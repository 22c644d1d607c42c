//! What a verified response says, held against what this sign-in expects.
//!
//! In this order: the envelope (status, destination, issuer, request), then the assertion: issuer, conditions, subject,
//! authentication, attributes. When only the assertion is signed, nothing is read from the envelope, but it must fit all the same.

mod assertion;
mod attributes;
mod envelope;
mod subject;

use chrono::{DateTime, Duration, Utc};

use super::SamlError;
use super::tree::Node;
use super::value;

pub(super) use envelope::check_status;

/// What this sign-in, at this connection, expects.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The provider's entity id.
    pub idp_entity_id: &'a str,
    /// Our entity ids: the connection's own, and those of a product it came from.
    pub audiences: &'a [String],
    /// Our addresses for responses, likewise; compared exactly (C-09).
    pub acs_urls: &'a [String],
    /// The request that is answered.
    pub request: Request<'a>,
    /// The present moment.
    pub now: DateTime<Utc>,
    /// With ForceAuthn: the person must have authenticated since then.
    pub authenticated_since: Option<DateTime<Utc>>,
    /// The authentication context classes that were asked for; none means any.
    pub authn_contexts: &'a [String],
}

/// Whether a response was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request<'a> {
    /// Yes, by the request with this id.
    Solicited {
        /// `ID` of the AuthnRequest.
        id: &'a str,
    },
    /// No: it comes by itself and must not claim to answer anything (C-23).
    Unsolicited,
}

/// Who somebody is at the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameId {
    /// The name itself, the whole of it.
    pub value: String,
    /// `Format`.
    pub format: Option<String>,
    /// `NameQualifier`.
    pub name_qualifier: Option<String>,
    /// `SPNameQualifier`; ours, if there is one.
    pub sp_name_qualifier: Option<String>,
}

/// An attribute with its values; one without values has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// `Name`.
    pub name: String,
    /// `FriendlyName`.
    pub friendly_name: Option<String>,
    /// The text of each value.
    pub values: Vec<String>,
}

/// What an admin should know about a response that was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Warning {
    /// A signature uses SHA-1.
    Sha1,
    /// A certificate that signed has expired (S-18).
    CertificateExpired,
    /// A certificate that signed is not valid yet (S-18).
    CertificateNotYetValid,
}

/// A response that was accepted. All of it comes from verified elements.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifiedResponse {
    /// The provider's entity id.
    pub issuer: String,
    /// Who it is about.
    pub name_id: NameId,
    /// The provider's name of the session, for logout.
    pub session_index: Option<String>,
    /// When the provider's session ends.
    pub session_not_on_or_after: Option<DateTime<Utc>>,
    /// When the person authenticated.
    pub authn_instant: DateTime<Utc>,
    /// How: the context class.
    pub authn_context: Option<String>,
    /// What is said about the person.
    pub attributes: Vec<Attribute>,
    /// `ID` of the assertion: with the issuer, the key against replay.
    pub assertion_id: String,
    /// Until when the assertion could be replayed.
    pub replay_until: DateTime<Utc>,
    /// What an admin should know.
    pub warnings: Vec<Warning>,
}

impl std::fmt::Debug for VerifiedResponse {
    /// Names nobody.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("VerifiedResponse").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// Reads a response whose `assertion` is covered by its own signature, the root's, or both.
///
/// # Errors
/// [`SamlError`]: the first thing that does not fit.
pub(super) fn read(
    root: Node<'_>,
    assertion: Node<'_>,
    expected: &Expected<'_>,
    skew: Duration,
) -> Result<VerifiedResponse, SamlError> {
    let window = value::Window { now: expected.now, skew };
    envelope::check(root, expected, window)?;
    assertion::read(assertion, expected, window)
}
