//! From a provider's claims to ours: [`ClaimMapping::apply`]. Pure.
//!
//! What says who somebody is, is refused when it is malformed; what only describes them is shortened or left out. Of
//! several paths the first present one wins.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use url::Url;

use super::{ClaimMapping, IdentityAssertion, VerifiedClaims, is_true};
use crate::model::text::tamed;

/// Longest user id, in characters.
const MAX_ID: usize = 255;
/// Longest e-mail address, in bytes (RFC 5321).
const MAX_EMAIL: usize = 254;
/// Longest display, given or family name, in characters.
const MAX_NAME: usize = 200;
/// Longest picture URL, in bytes.
const MAX_PICTURE: usize = 2048;
/// Most groups, longest group name in characters, and all names together in bytes.
const MAX_GROUPS: usize = 500;
const MAX_GROUP_NAME: usize = 256;
const MAX_GROUP_BYTES: usize = 64 << 10;

type Claims = Map<String, Value>;

/// Why claims do not make an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    /// No claim of `user_id` is present.
    #[error("the provider sent no claim that claim_mapping.user_id names")]
    UserIdMissing,
    /// It is not a string of 1 to 255 characters without control characters and surrounding spaces (J-17).
    #[error("the user id is not a string of 1 to 255 plain characters")]
    UserIdInvalid,
    /// The address is not a string, too long, or has control characters or spaces.
    #[error("the e-mail address is not usable")]
    EmailInvalid,
    /// The groups claim is neither a string nor an array of strings.
    #[error("the groups claim is neither a string nor a list of strings")]
    GroupsInvalid,
    /// More than 500 groups, a name of more than 256 characters, or more than 64 KiB together.
    #[error("more than 500 groups, or group names that are too long; send only the groups that matter")]
    TooManyGroups,
}

impl MappingError {
    /// A stable, machine-readable reason.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::UserIdMissing => "user_id_missing",
            Self::UserIdInvalid => "user_id_invalid",
            Self::EmailInvalid => "email_invalid",
            Self::GroupsInvalid => "groups_invalid",
            Self::TooManyGroups => "too_many_groups",
        }
    }
}

impl ClaimMapping {
    /// Puts verified claims in our words.
    ///
    /// What decides who somebody is (`user_id`, `email`, `groups`) is refused when it is malformed; what only describes
    /// them (names, picture) is shortened or left out. The first present path wins, whether or not its value is usable.
    ///
    /// # Errors
    /// [`MappingError`].
    pub fn apply(&self, verified: &VerifiedClaims) -> Result<IdentityAssertion, MappingError> {
        let claims = &verified.claims;
        let (given_name, family_name) = (name(find(claims, &self.given_name)), name(find(claims, &self.family_name)));
        let full_name = name(find(claims, &self.name)).or_else(|| join(given_name.as_deref(), family_name.as_deref()));
        Ok(IdentityAssertion {
            issuer: verified.issuer.clone(),
            subject: user_id(find(claims, &self.user_id))?,
            email: email(find(claims, &self.email))?,
            email_verified: find(claims, &self.email_verified).is_some_and(is_true),
            name: full_name,
            given_name,
            family_name,
            picture: find(claims, &self.picture).and_then(picture),
            groups: if is_overage(claims) { None } else { groups(find(claims, &self.groups))? },
        })
    }
}

/// The value at the first path that is present and not null.
fn find<'a>(claims: &'a Claims, paths: &[String]) -> Option<&'a Value> {
    paths.iter().find_map(|path| at(claims, path))
}

/// The literal name first (`cognito:groups`, `https://app.example/groups`), then dots as steps into objects.
fn at<'a>(claims: &'a Claims, path: &str) -> Option<&'a Value> {
    let nested = || {
        let mut steps = path.split('.');
        let first = claims.get(steps.next()?)?;
        steps.try_fold(first, |value, step| value.as_object()?.get(step))
    };
    claims.get(path).or_else(nested).filter(|value| !value.is_null())
}

fn user_id(value: Option<&Value>) -> Result<String, MappingError> {
    let id = value.ok_or(MappingError::UserIdMissing)?.as_str().ok_or(MappingError::UserIdInvalid)?;
    let plain = id.trim() == id && !id.chars().any(char::is_control);
    if plain && !id.is_empty() && id.chars().count() <= MAX_ID {
        Ok(id.to_owned())
    } else {
        Err(MappingError::UserIdInvalid)
    }
}

/// The address as written; whether it is a well-formed one is decided where it is used. Empty means absent.
fn email(value: Option<&Value>) -> Result<Option<String>, MappingError> {
    let Some(value) = value else { return Ok(None) };
    let text = value.as_str().ok_or(MappingError::EmailInvalid)?;
    if text.len() > MAX_EMAIL || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(MappingError::EmailInvalid);
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

/// A name without control, invisible and direction-changing characters (M-07), shortened; `None` when nothing is left.
fn name(value: Option<&Value>) -> Option<String> {
    let text = tamed(value?.as_str()?, MAX_NAME);
    (!text.is_empty()).then_some(text)
}

fn join(given: Option<&str>, family: Option<&str>) -> Option<String> {
    match (given, family) {
        (Some(given), Some(family)) => Some(format!("{given} {family}").chars().take(MAX_NAME).collect()),
        (one, other) => one.or(other).map(str::to_owned),
    }
}

/// An https URL, else nothing.
fn picture(value: &Value) -> Option<String> {
    let text = value.as_str().filter(|text| text.len() <= MAX_PICTURE)?;
    let url = Url::parse(text).ok()?;
    (url.scheme() == "https" && url.username().is_empty() && url.password().is_none()).then(|| url.to_string())
}

/// Entra sends a pointer instead of the groups when there are too many. Then nothing is asserted, also where another
/// mapped claim (`roles`, say) is present: taking that for the whole list would remove people from every other group.
fn is_overage(claims: &Claims) -> bool {
    let pointed_at = claims.get("_claim_names").is_some_and(|names| names.get("groups").is_some());
    pointed_at || claims.get("hasgroups").is_some_and(is_true)
}

/// `None` when not asserted (absent or null); an empty list is an assertion. Elements that are not strings are left out,
/// and so are empty names.
fn groups(value: Option<&Value>) -> Result<Option<BTreeSet<String>>, MappingError> {
    let names: Vec<&str> = match value {
        None => return Ok(None),
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(many)) if many.len() <= MAX_GROUPS => many.iter().filter_map(Value::as_str).collect(),
        Some(Value::Array(_)) => return Err(MappingError::TooManyGroups),
        Some(_) => return Err(MappingError::GroupsInvalid),
    };
    let bytes: usize = names.iter().map(|name| name.len()).sum();
    if bytes > MAX_GROUP_BYTES || names.iter().any(|name| name.chars().count() > MAX_GROUP_NAME) {
        return Err(MappingError::TooManyGroups);
    }
    if names.iter().any(|name| name.chars().any(char::is_control)) {
        return Err(MappingError::GroupsInvalid);
    }
    Ok(Some(names.into_iter().filter(|name| !name.is_empty()).map(str::to_owned).collect()))
}

#[cfg(test)]
mod tests;
