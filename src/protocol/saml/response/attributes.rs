//! What is said about the person: bounded, and no attribute twice (C-58).

use std::collections::HashSet;

use super::Attribute;
use crate::protocol::saml::SamlError;
use crate::protocol::saml::tree::{Node, SAML};

/// Values of all attributes together.
const MAX_VALUES: usize = 500;
/// Bytes of them.
const MAX_BYTES: usize = 64 * 1024;

pub(super) fn read(assertion: Node<'_>) -> Result<Vec<Attribute>, SamlError> {
    let mut seen = HashSet::new();
    let (mut values, mut bytes) = (0, 0);
    let mut attributes = Vec::new();
    for node in assertion.all(SAML, "AttributeStatement").flat_map(Node::children) {
        if !node.is(SAML, "Attribute") {
            return Err(SamlError::Attributes("one is encrypted"));
        }
        let attribute = read_one(node)?;
        values += attribute.values.len();
        bytes += attribute.name.len() + attribute.values.iter().map(String::len).sum::<usize>();
        if values > MAX_VALUES || bytes > MAX_BYTES {
            return Err(SamlError::Attributes("there are more than 500 values or 64 KiB"));
        }
        if !seen.insert(attribute.name.clone()) {
            return Err(SamlError::Attributes("one occurs twice"));
        }
        attributes.push(attribute);
    }
    Ok(attributes)
}

fn read_one(node: Node<'_>) -> Result<Attribute, SamlError> {
    let name = node.attribute("Name").ok_or(SamlError::Attributes("one has no name"))?.to_owned();
    let friendly_name = node.attribute("FriendlyName").map(str::to_owned);
    let values = node.all(SAML, "AttributeValue").map(read_value).collect::<Result<_, _>>()?;
    Ok(Attribute { name, friendly_name, values })
}

/// The text of a value. Some, like eduPersonTargetedID, are a NameID and nothing else.
fn read_value(node: Node<'_>) -> Result<String, SamlError> {
    match node.children().take(2).collect::<Vec<_>>()[..] {
        [name] if name.is(SAML, "NameID") => name.text(),
        _ => node.text(),
    }
}
