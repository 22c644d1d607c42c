//! Who the assertion is about, and that whoever bears it is meant to bring it to us.

use super::envelope::check_request;
use super::value::{Window, instant};
use super::{Expected, NameId};
use crate::protocol::saml::SamlError;
use crate::protocol::saml::tree::{Node, SAML};

const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";

/// Characters of a NameID (the specification's limit for persistent ones).
const MAX_NAME: usize = 256;

pub(super) fn read(assertion: Node<'_>, expected: &Expected<'_>, window: Window) -> Result<NameId, SamlError> {
    let subject = assertion.need(SAML, "Subject")?;
    let bearers = subject.all(SAML, "SubjectConfirmation").filter(|c| c.attribute("Method") == Some(BEARER));
    let mut refused = SamlError::Confirmation("there is no bearer confirmation"); // C-16
    for confirmation in bearers {
        match check_bearer(confirmation, expected, window) {
            Ok(()) => return read_name(subject, expected.audiences),
            Err(error) => refused = error,
        }
    }
    Err(refused)
}

/// C-03, C-04, C-09, C-10, C-22: recipient, times and request of one bearer confirmation.
fn check_bearer(confirmation: Node<'_>, expected: &Expected<'_>, window: Window) -> Result<(), SamlError> {
    let data = confirmation.one(SAML, "SubjectConfirmationData")?.ok_or(SamlError::Confirmation("it has no data"))?;
    let recipient = data.attribute("Recipient").ok_or(SamlError::Confirmation("it names no recipient"))?;
    if !expected.acs_urls.iter().any(|own| own == recipient) {
        return Err(SamlError::Confirmation("it names another recipient"));
    }
    let expires = instant(data, "NotOnOrAfter")?.ok_or(SamlError::Confirmation("it has no NotOnOrAfter"))?;
    window.before(expires, "NotOnOrAfter of the confirmation")?;
    if let Some(begins) = instant(data, "NotBefore")? {
        window.since(begins, "NotBefore of the confirmation")?;
    }
    check_request(data, expected.request)
}

fn read_name(subject: Node<'_>, own: &[String]) -> Result<NameId, SamlError> {
    let node = subject.one(SAML, "NameID")?.ok_or(SamlError::Subject("there is none"))?; // C-17
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
