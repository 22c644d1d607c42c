//! Everything but the signatures, for `make fuzz`; not part of any other build.
//!
//! A fuzzer makes no signature, so with the signatures nothing behind them would ever be reached. What is read is thrown away.

use super::decrypt::DecryptionKeys;
use super::response::{self, Expected, Request};
use super::structure::Layout;
use super::tree::{self, Node, SAML};
use super::{SamlError, gate};

/// Takes bytes through every step that needs no key, and forgets the answer.
pub fn read_unverified(bytes: &[u8]) {
    drop(read(bytes));
}

fn read(bytes: &[u8]) -> Result<(), SamlError> {
    let document = tree::parse(gate::pass(bytes)?)?;
    let root = Node::root(&document)?;
    drop(Layout::of_message(root, "LogoutRequest", true));
    let layout = Layout::of_response(root, true)?;
    let assertion = layout.assertion.ok_or(SamlError::Missing("Assertion"))?;
    if !assertion.is(SAML, "Assertion") {
        return DecryptionKeys::new(&[])?.open(assertion, true).map(drop);
    }
    let expected = Expected {
        idp_entity_id: "https://idp.example/saml",
        audiences: &["https://sp.example/saml/metadata".to_owned()],
        acs_urls: &["https://sp.example/saml/acs".to_owned()],
        request: Request::Solicited { id: "_request" },
        now: chrono::DateTime::from_timestamp(1_767_268_800, 0).unwrap_or_default(),
        authenticated_since: None,
        authn_contexts: &[],
    };
    response::read(root, assertion, &expected, chrono::Duration::seconds(60)).map(drop)
}
