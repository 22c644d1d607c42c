//! What may be asked of a message before its signature was checked: only what stops it. Nothing here is to be believed.

use super::tree::{self, Node};
use super::{SamlError, gate};

/// Whether it passes the gate: bounded, and XML that is safe to parse. Gives its text.
///
/// # Errors
/// [`SamlError::Malformed`] or [`SamlError::TooLarge`].
pub fn bounded(xml: &[u8]) -> Result<&str, SamlError> {
    gate::pass(xml)
}

/// Whether it claims to answer a request.
///
/// # Errors
/// [`SamlError::Malformed`] or [`SamlError::TooLarge`].
pub fn claims_to_answer(xml: &[u8]) -> Result<bool, SamlError> {
    let document = tree::parse(gate::pass(xml)?)?;
    Ok(Node::root(&document)?.attribute("InResponseTo").is_some())
}
