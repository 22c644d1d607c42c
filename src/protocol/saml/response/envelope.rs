//! The response around the assertion: it must fit even when only the assertion is signed.

use super::{Expected, Request};
use crate::protocol::saml::SamlError;
use crate::protocol::saml::error::tame;
use crate::protocol::saml::tree::{Node, SAMLP};
use crate::protocol::saml::value::{Window, check_head, check_issuer};

const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";

pub(super) fn check(root: Node<'_>, expected: &Expected<'_>, window: Window) -> Result<(), SamlError> {
    check_status(root)?;
    check_head(root, window)?;
    // C-09: exactly ours. Some providers leave it out, although the binding asks for it; Recipient is never missing.
    if let Some(url) = root.attribute("Destination").filter(|url| !expected.acs_urls.iter().any(|own| own == url)) {
        return Err(SamlError::Destination(tame(url)));
    }
    check_issuer(root, "response", expected.idp_entity_id)?;
    check_request(root, expected.request)
}

/// That the provider says yes, and nothing else beside it (C-11, C-12).
pub(in crate::protocol::saml) fn check_status(root: Node<'_>) -> Result<(), SamlError> {
    let status = root.need(SAMLP, "Status")?;
    let outer = status.need(SAMLP, "StatusCode")?;
    let mut codes = outer.descendants();
    if outer.attribute("Value") == Some(SUCCESS) && codes.nth(1).is_none() {
        return Ok(());
    }
    // The first two say what happened; both are URIs of the specification.
    let codes: Vec<_> = outer.descendants().filter_map(|c| c.attribute("Value")).take(2).map(last_word).collect();
    let message = status.one(SAMLP, "StatusMessage")?.map(Node::text).transpose()?.unwrap_or_default();
    Err(SamlError::Status { status: tame(&codes.join("/")), message: tame(&message) })
}

fn last_word(uri: &str) -> &str {
    uri.rsplit(':').next().unwrap_or(uri)
}

/// That the element answers this sign-in's request, or none when there was none (C-21 to C-24).
pub(super) fn check_request(node: Node<'_>, request: Request<'_>) -> Result<(), SamlError> {
    let got = node.attribute("InResponseTo");
    let fits = match request {
        Request::Solicited { id } => got == Some(id),
        Request::Unsolicited => got.is_none(),
    };
    if fits { Ok(()) } else { Err(SamlError::InResponseTo(tame(got.unwrap_or_default()))) }
}
