//! Claims: what a provider said (verified), which claim means what, and the two put together.
//!
//! [`VerifiedClaims`] are in the provider's words, [`IdentityAssertion`] is in ours, and [`ClaimMapping::apply`] (in
//! `mapping`) leads from one to the other; it is pure, and the same for OIDC, SAML and JWT.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

mod mapping;

pub use mapping::MappingError;

/// What a provider said about someone, after every check of its protocol; still in the provider's words.
#[derive(Debug, Clone, PartialEq)]
pub struct VerifiedClaims {
    /// The issuer as the connection is configured (an alias is already resolved).
    pub issuer: String,
    /// The protocol's own subject (`sub`, NameID).
    pub subject: String,
    /// All claims, merged from where the connection says.
    pub claims: Map<String, Value>,
    /// When the person last proved who they are, if the provider said so.
    pub auth_time: Option<DateTime<Utc>>,
}

/// What a provider said about someone, verified and put in our words; the same for OIDC, SAML and JWT.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityAssertion {
    /// Who vouches.
    pub issuer: String,
    /// Who it is, by the connection's user-id claim.
    pub subject: String,
    /// The address as the provider wrote it.
    pub email: Option<String>,
    /// Whether the provider says that the address is verified; absent means no.
    pub email_verified: bool,
    /// Display name.
    pub name: Option<String>,
    /// Given name.
    pub given_name: Option<String>,
    /// Family name.
    pub family_name: Option<String>,
    /// Picture URL.
    pub picture: Option<String>,
    /// `None`: not asserted, change nothing. `Some(empty)`: in none, remove.
    pub groups: Option<BTreeSet<String>>,
}

/// Which claim means what: for each of our words an ordered list of paths, the first one present wins.
///
/// A path is a claim's literal name (`cognito:groups`, `https://app/groups`), or names joined by dots that lead into
/// objects (`realm_access.roles`); the literal name is tried first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ClaimMapping {
    /// The stable id of a person at this provider.
    pub user_id: Vec<String>,
    /// E-mail address.
    pub email: Vec<String>,
    /// Whether the address is verified.
    pub email_verified: Vec<String>,
    /// Display name.
    pub name: Vec<String>,
    /// Given name; optional when `name` is mapped.
    pub given_name: Vec<String>,
    /// Family name; optional when `name` is mapped.
    pub family_name: Vec<String>,
    /// Picture URL.
    pub picture: Vec<String>,
    /// Group names.
    pub groups: Vec<String>,
}

impl Default for ClaimMapping {
    fn default() -> Self {
        let one = |name: &str| vec![name.to_owned()];
        Self {
            user_id: one("sub"),
            email: one("email"),
            email_verified: one("email_verified"),
            name: one("name"),
            given_name: one("given_name"),
            family_name: one("family_name"),
            picture: one("picture"),
            groups: one("groups"),
        }
    }
}

/// The one tolerant reader of flags such as `email_verified`: `true`, `"true"`, `"True"`, `1` and `"1"` say yes; all else,
/// also what is missing, says no.
#[must_use]
pub fn is_true(flag: &Value) -> bool {
    match flag {
        Value::Bool(flag) => *flag,
        Value::String(text) => matches!(text.as_str(), "true" | "True" | "1"),
        Value::Number(number) => number.as_u64() == Some(1),
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    }
}
