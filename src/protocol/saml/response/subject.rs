//! Who the assertion is about, and that whoever bears it is meant to bring it to us.

use super::Expected;
use super::envelope::check_request;
use crate::protocol::saml::tree::{Node, SAML};
use crate::protocol::saml::value::{Window, instant, name_id};
use crate::protocol::saml::{NameId, SamlError};

const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";

pub(super) fn read(assertion: Node<'_>, expected: &Expected<'_>, window: Window) -> Result<NameId, SamlError> {
    let subject = assertion.need(SAML, "Subject")?;
    let bearers = subject.all(SAML, "SubjectConfirmation").filter(|c| c.attribute("Method") == Some(BEARER));
    let mut refused = SamlError::Confirmation("there is no bearer confirmation"); // C-16
    for confirmation in bearers {
        match check_bearer(confirmation, expected, window) {
            Ok(()) => return name_id(subject, expected.audiences),
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
