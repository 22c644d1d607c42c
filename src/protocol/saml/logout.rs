//! Single logout (SAML core section 3.7): who signs out, at which session, and how it went.
//!
//! What is written here goes through [`super::binding`]; what is read comes from there, so it is verified already.

use chrono::{DateTime, Duration, Utc};

use super::error::tame;
use super::message::{Head, Message, MessageKind, element, instant, write};
use super::tree::{Node, SAML, SAMLP};
use super::value::{self, Window};
use super::{NameId, SamlError, VerifiedMessage};

const STATUS: &str = "urn:oasis:names:tc:SAML:2.0:status:";
/// How long a message counts, whatever it says: browsers bring it at once, and we remember its id no longer.
const LIFETIME: Duration = Duration::minutes(5);
/// Sessions that one request may name.
const MAX_SESSIONS: usize = 100;

/// Asks the provider to end a session.
pub struct LogoutRequest<'a> {
    /// By [`super::message::new_id`]; the answer must name it.
    pub id: &'a str,
    /// Now.
    pub issue_instant: DateTime<Utc>,
    /// The provider's logout endpoint, as its metadata writes it.
    pub destination: &'a str,
    /// Our entity id.
    pub issuer: &'a str,
    /// After this the request counts no more.
    pub not_on_or_after: DateTime<Utc>,
    /// Exactly as the sign-in had it, qualifiers included: ADFS compares them all.
    pub name_id: &'a NameId,
    /// The provider's name of the session.
    pub session_index: Option<&'a str>,
}

impl LogoutRequest<'_> {
    /// The request, not yet signed.
    #[must_use]
    pub fn message(&self) -> Message {
        let head = Head {
            name: "LogoutRequest",
            id: self.id,
            issue_instant: self.issue_instant,
            destination: self.destination,
            issuer: self.issuer,
        };
        write(MessageKind::Request, &head, &[("NotOnOrAfter", &instant(self.not_on_or_after))], |xml| {
            let name = self.name_id;
            let qualifiers = [
                ("Format", &name.format),
                ("NameQualifier", &name.name_qualifier),
                ("SPNameQualifier", &name.sp_name_qualifier),
            ];
            let given: Vec<_> = qualifiers.iter().filter_map(|(key, value)| Some((*key, value.as_deref()?))).collect();
            element(xml, "saml:NameID", &given, &name.value);
            if let Some(session_index) = self.session_index {
                element(xml, "samlp:SessionIndex", &[], session_index);
            }
        })
    }
}

/// How a logout went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogoutOutcome {
    /// The session is over everywhere.
    Success,
    /// It is over here, not everywhere.
    Partial,
    /// It is not over; the last words of the status codes.
    Failed(String),
}

/// Answers the provider's request.
pub struct LogoutResponse<'a> {
    /// By [`super::message::new_id`].
    pub id: &'a str,
    /// Now.
    pub issue_instant: DateTime<Utc>,
    /// Where the provider takes answers, as its metadata writes it.
    pub destination: &'a str,
    /// Our entity id.
    pub issuer: &'a str,
    /// The request's id.
    pub in_response_to: &'a str,
    /// Whether the sessions were ended.
    pub success: bool,
}

impl LogoutResponse<'_> {
    /// The answer, not yet signed.
    #[must_use]
    pub fn message(&self) -> Message {
        let head = Head {
            name: "LogoutResponse",
            id: self.id,
            issue_instant: self.issue_instant,
            destination: self.destination,
            issuer: self.issuer,
        };
        write(MessageKind::Response, &head, &[("InResponseTo", self.in_response_to)], |xml| {
            let status = format!("{STATUS}{}", if self.success { "Success" } else { "Responder" });
            xml.start_element("samlp:Status", &[]);
            xml.empty_element("samlp:StatusCode", &[("Value", &status)]);
            xml.end_element("samlp:Status");
        })
    }
}

/// What a logout message at this connection must fit.
#[derive(Debug, Clone, Copy)]
pub struct LogoutExpected<'a> {
    /// The provider's entity id.
    pub idp_entity_id: &'a str,
    /// Our logout addresses; compared exactly.
    pub slo_urls: &'a [String],
    /// Our entity ids.
    pub entity_ids: &'a [String],
    /// The present moment.
    pub now: DateTime<Utc>,
    /// How far clocks may differ.
    pub skew: Duration,
}

impl LogoutExpected<'_> {
    fn window(&self) -> Window {
        Window { now: self.now, skew: self.skew }
    }

    /// Version, ID, age, issuer and address of a message (C-44); answers its ID and until when it counts.
    fn check<'t>(&self, root: Node<'t>) -> Result<(&'t str, DateTime<Utc>), SamlError> {
        let id = value::check_head(root, self.window())?;
        let oldest = value::need_instant(root, "IssueInstant")? + LIFETIME;
        let until = value::instant(root, "NotOnOrAfter")?.map_or(oldest, |until| until.min(oldest));
        self.window().before(until, "the logout message")?;
        value::check_issuer(root, "logout message", self.idp_entity_id)?;
        match root.attribute("Destination") {
            Some(url) if self.slo_urls.iter().any(|own| own == url) => Ok((id, until)),
            other => Err(SamlError::Destination(tame(other.unwrap_or_default()))),
        }
    }
}

/// A provider's request to end sessions. The caller makes sure that [`Self::id`] is taken once (C-44), and ends only
/// sessions of this connection (C-46).
#[derive(Clone, PartialEq, Eq)]
pub struct ReceivedLogoutRequest {
    /// Its id, which our answer names.
    pub id: String,
    /// Who signs out.
    pub name_id: NameId,
    /// The sessions meant; all of the person's when there are none.
    pub session_indexes: Vec<String>,
    /// Until when it could be replayed.
    pub replay_until: DateTime<Utc>,
}

impl std::fmt::Debug for ReceivedLogoutRequest {
    /// Names nobody.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("ReceivedLogoutRequest").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Reads a verified `LogoutRequest`.
///
/// # Errors
/// [`SamlError`]: the first thing that does not fit.
pub fn read_request(
    message: &VerifiedMessage,
    expected: &LogoutExpected<'_>,
) -> Result<ReceivedLogoutRequest, SamlError> {
    let root = message.root();
    let (id, until) = expected.check(root)?;
    if root.one(SAML, "EncryptedID")?.is_some() {
        return Err(SamlError::Subject("it is encrypted"));
    }
    let sessions =
        root.all(SAMLP, "SessionIndex").map(Node::text).take(MAX_SESSIONS + 1).collect::<Result<Vec<_>, _>>()?;
    if sessions.len() > MAX_SESSIONS {
        return Err(SamlError::TooLarge("100 sessions")); // C-46: whoever is told of success believes that all are over
    }
    Ok(ReceivedLogoutRequest {
        id: id.to_owned(),
        name_id: value::name_id(root, expected.entity_ids)?,
        session_indexes: sessions,
        replay_until: until + expected.skew,
    })
}

/// Reads a verified `LogoutResponse` to our request `request_id`.
///
/// # Errors
/// [`SamlError`]: the first thing that does not fit.
pub fn read_response(
    message: &VerifiedMessage,
    expected: &LogoutExpected<'_>,
    request_id: &str,
) -> Result<LogoutOutcome, SamlError> {
    let root = message.root();
    expected.check(root)?;
    match root.attribute("InResponseTo") {
        Some(answered) if answered == request_id => {}
        other => return Err(SamlError::InResponseTo(tame(other.unwrap_or_default()))),
    }
    let outer = root.need(SAMLP, "Status")?.need(SAMLP, "StatusCode")?;
    let codes = outer.descendants().filter_map(|code| code.attribute("Value")?.strip_prefix(STATUS));
    Ok(match codes.take(2).collect::<Vec<_>>()[..] {
        ["Success"] => LogoutOutcome::Success,
        ["Success", "PartialLogout"] => LogoutOutcome::Partial,
        ref other => LogoutOutcome::Failed(tame(&other.join("/"))),
    })
}
