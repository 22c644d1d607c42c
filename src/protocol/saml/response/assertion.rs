//! The assertion: who issued it, for whom and for how long; then who it is about and how they authenticated.

use chrono::{DateTime, Duration, Utc};

use super::{Expected, VerifiedResponse, attributes, subject};
use crate::protocol::saml::SamlError;
use crate::protocol::saml::error::tame;
use crate::protocol::saml::tree::{Node, SAML};
use crate::protocol::saml::value::{Window, check_head, check_issuer, instant, need_instant};

/// How long an assertion counts after it was issued, whatever it says: it is brought at once.
const LIFETIME: Duration = Duration::hours(24);

pub(super) fn read(
    assertion: Node<'_>,
    expected: &Expected<'_>,
    window: Window,
) -> Result<VerifiedResponse, SamlError> {
    let id = check_head(assertion, window)?;
    check_issuer(assertion, "assertion", expected.idp_entity_id)?;
    let expires = check_conditions(assertion, expected, window)?;
    let name_id = subject::read(assertion, expected, window)?;
    let authentication = read_authentication(assertion, expected, window)?;
    Ok(VerifiedResponse {
        issuer: expected.idp_entity_id.to_owned(),
        name_id,
        session_index: authentication.session_index,
        session_not_on_or_after: authentication.session_ends,
        authn_instant: authentication.at,
        authn_context: authentication.context,
        attributes: attributes::read(assertion)?,
        assertion_id: id.to_owned(),
        replay_until: expires + window.skew,
        warnings: Vec::new(),
    })
}

/// That the assertion is valid now and for us. Answers when it ends to be (C-01, C-02, C-05 to C-08).
fn check_conditions(assertion: Node<'_>, expected: &Expected<'_>, window: Window) -> Result<DateTime<Utc>, SamlError> {
    let conditions = assertion.need(SAML, "Conditions")?;
    window.since(need_instant(conditions, "NotBefore")?, "NotBefore")?;
    // C-25: what is used is remembered until it ends, so it ends in time, whatever it says. Its time of issue has come, checked
    // by `check_head`, so the sum is near.
    let oldest = need_instant(assertion, "IssueInstant")? + LIFETIME;
    let expires = need_instant(conditions, "NotOnOrAfter")?.min(oldest);
    window.before(expires, "NotOnOrAfter")?;
    let mut restrictions = 0;
    for condition in conditions.children() {
        if condition.is(SAML, "AudienceRestriction") {
            restrictions += 1;
            check_audience(condition, expected.audiences)?;
        } else if !condition.is(SAML, "OneTimeUse") && !condition.is(SAML, "ProxyRestriction") {
            // What a condition means that we do not know, we cannot meet (SAML core 2.5.1).
            return Err(SamlError::Structure("there is a condition that is not known"));
        }
    }
    if restrictions == 0 { Err(SamlError::Missing("AudienceRestriction")) } else { Ok(expires) }
}

fn check_audience(restriction: Node<'_>, own: &[String]) -> Result<(), SamlError> {
    let audiences = restriction.all(SAML, "Audience").map(Node::text).collect::<Result<Vec<_>, _>>()?;
    if audiences.iter().any(|a| !a.is_empty() && own.contains(a)) {
        return Ok(());
    }
    Err(SamlError::Audience(tame(&audiences.join(" "))))
}

struct Authentication {
    at: DateTime<Utc>,
    context: Option<String>,
    session_index: Option<String>,
    session_ends: Option<DateTime<Utc>>,
}

/// How and when the person authenticated (C-19, C-20).
fn read_authentication(
    assertion: Node<'_>,
    expected: &Expected<'_>,
    window: Window,
) -> Result<Authentication, SamlError> {
    let statement = assertion.need(SAML, "AuthnStatement")?;
    let at = need_instant(statement, "AuthnInstant")?;
    window.since(at, "AuthnInstant")?;
    if expected.authenticated_since.is_some_and(|since| at < since - window.skew) {
        return Err(SamlError::AuthenticationTooOld);
    }
    let session_ends = instant(statement, "SessionNotOnOrAfter")?;
    if let Some(ends) = session_ends {
        window.before(ends, "SessionNotOnOrAfter")?;
    }
    let class =
        statement.one(SAML, "AuthnContext")?.map(|c| c.one(SAML, "AuthnContextClassRef")).transpose()?.flatten();
    let context = class.map(Node::text).transpose()?;
    let asked = expected.authn_contexts;
    if !asked.is_empty() && !context.as_ref().is_some_and(|c| asked.contains(c)) {
        return Err(SamlError::AuthnContext(tame(&context.unwrap_or_default())));
    }
    let session_index = statement.attribute("SessionIndex").map(str::to_owned);
    Ok(Authentication { at, context, session_index, session_ends })
}
