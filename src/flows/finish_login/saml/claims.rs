//! From a verified response to claims: attributes by their names, and the NameID. Pure.

use serde_json::{Map, Value};

use crate::flows::finish_login::Why;
use crate::model::claims::VerifiedClaims;
use crate::model::connection::saml::{GroupFormat, NAME_ID, SamlSettings};
use crate::protocol::saml::{Attribute, VerifiedResponse};

const TRANSIENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";
/// What Entra sends instead of the groups when there are too many.
const ENTRA_OVERAGE: &str = "http://schemas.microsoft.com/claims/groups.link";

/// Reads what the response says about the person.
///
/// # Errors
/// The refusal of a NameID that is another one tomorrow, where it is the user id.
pub(super) fn read(response: &VerifiedResponse, settings: &SamlSettings) -> Result<VerifiedClaims, Why> {
    let mut claims = Map::new();
    for attribute in &response.attributes {
        insert(&mut claims, &attribute.name, attribute, settings);
    }
    for attribute in &response.attributes {
        // A friendly name counts where no attribute is really called so, and where it is one attribute's alone.
        if let Some(name) = &attribute.friendly_name
            && !claims.contains_key(name)
            && response.attributes.iter().filter(|other| other.friendly_name.as_ref() == Some(name)).count() == 1
        {
            insert(&mut claims, name, attribute, settings);
        }
    }
    if response.attributes.iter().any(|attribute| attribute.name == ENTRA_OVERAGE) {
        claims.insert("hasgroups".to_owned(), Value::Bool(true));
    }
    // Last, so that no attribute of that name stands in for it.
    claims.insert(NAME_ID.to_owned(), Value::String(response.name_id.value.clone()));
    let user_id = settings.claim_mapping.user_id.iter().find(|path| claims.contains_key(*path));
    if user_id.is_some_and(|path| path == NAME_ID) && response.name_id.format.as_deref() == Some(TRANSIENT) {
        let advice =
            "the NameID is transient, another one at every login; ask for a persistent one or map an attribute";
        return Err(Why::new("saml_subject_refused", advice.to_owned()));
    }
    Ok(VerifiedClaims {
        issuer: response.issuer.clone(),
        subject: response.name_id.value.clone(),
        claims,
        auth_time: Some(response.authn_instant),
    })
}

fn insert(claims: &mut Map<String, Value>, name: &str, attribute: &Attribute, settings: &SamlSettings) {
    let is_groups = settings.claim_mapping.groups.iter().any(|path| path == name);
    let value = match attribute.values.as_slice() {
        values if is_groups => {
            let names = values.iter().flat_map(|value| groups(value, settings.group_format));
            Value::Array(names.map(Value::String).collect())
        }
        [] => return,
        [one] => Value::String(one.clone()),
        several => Value::Array(several.iter().cloned().map(Value::String).collect()),
    };
    claims.insert(name.to_owned(), value);
}

/// The group names in one value.
fn groups(value: &str, format: GroupFormat) -> Vec<String> {
    match format {
        GroupFormat::Names => vec![value.to_owned()],
        GroupFormat::DistinguishedNames => vec![common_name(value).unwrap_or_else(|| value.to_owned())],
        GroupFormat::CommaSeparated => {
            value.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
        }
    }
}

/// The first CN of a distinguished name (RFC 4514), with its escapes undone.
fn common_name(name: &str) -> Option<String> {
    let mut parts = vec![String::new()];
    let mut letters = name.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => parts.last_mut()?.extend(['\\'].into_iter().chain(letters.next())),
            ',' | '+' | ';' => parts.push(String::new()),
            other => parts.last_mut()?.push(other),
        }
    }
    let is_cn = |part: &&String| part.trim_start().get(..3).is_some_and(|start| start.eq_ignore_ascii_case("cn="));
    let part = parts.iter().find(is_cn)?;
    Some(unescaped(part.trim_start().get(3..)?.trim()))
}

/// `\,` is a comma; `\C3\A4` are octets of UTF-8.
fn unescaped(text: &str) -> String {
    let (mut octets, mut rest) = (Vec::new(), text);
    while let Some((before, after)) = rest.split_once('\\') {
        octets.extend_from_slice(before.as_bytes());
        let hex = after.get(..2).filter(|hex| hex.bytes().all(|digit| digit.is_ascii_hexdigit()));
        if let Some(octet) = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            octets.push(octet);
            rest = &after[2..];
        } else {
            let (escaped, next) = after.split_at(after.chars().next().map_or(0, char::len_utf8));
            octets.extend_from_slice(escaped.as_bytes());
            rest = next;
        }
    }
    octets.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&octets).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_common_name_of_a_distinguished_name_is_the_group() {
        for (name, group) in [
            ("CN=Engineering,OU=Groups,DC=acme,DC=example", "Engineering"),
            ("cn=staff", "staff"),
            ("OU=x, CN=Second,DC=y", "Second"),
            ("CN=Sales\\, North,DC=acme", "Sales, North"),
            ("CN=M\\C3\\A4rz,DC=acme", "März"),
            ("CN=a\\+1,DC=x", "a+1"),
            ("CN=a\\", "a"),
        ] {
            assert_eq!(groups(name, GroupFormat::DistinguishedNames), [group], "{name}");
        }
        assert_eq!(groups("plain", GroupFormat::DistinguishedNames), ["plain"], "what is no DN is a name");
    }

    #[test]
    fn one_value_may_hold_several_names() {
        assert_eq!(groups("a, b,,c", GroupFormat::CommaSeparated), ["a", "b", "c"]);
        assert_eq!(groups("a, b", GroupFormat::Names), ["a, b"]);
    }
}
