//! Why a flow did not do what was wanted. `http::problem` is the only place that turns this into status codes.

use diesel::result::{DatabaseErrorKind, Error as DieselError};

use crate::context::hasher::Busy;
use crate::context::imported_keys::ImportError;
use crate::context::issuer::KeysError;
use crate::context::provider::ProviderError;
use crate::outbound::UrlRefused;
use crate::protocol::oidc::OidcError;
use crate::protocol::saml::SamlError;
use crate::secrets::sealed::SealError;
use crate::store::db::DbError;

/// One field that cannot be taken, and why.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct Fault {
    /// Path of the field, such as `settings.issuer`.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
}

impl Fault {
    /// What a reader says: the field where it stopped, or the one that its message names when `path` ends above it.
    #[must_use]
    pub fn unreadable(path: &str, message: String) -> Self {
        let named = message
            .split('`')
            .nth(1)
            .filter(|_| message.starts_with("unknown field") || message.starts_with("missing field"));
        let field = match (path, named) {
            (".", Some(name)) => name.to_owned(),
            (_, Some(name)) if !path.ends_with(name) => format!("{path}.{name}"),
            (".", None) => "body".to_owned(),
            _ => path.to_owned(),
        };
        Self { field, message: plain(&message) }
    }
}

/// A reader's message in words for people who know JSON and not our types. What was sent is not repeated.
fn plain(message: &str) -> String {
    if let Some((_, expected)) = message.strip_prefix("invalid type: ").and_then(|rest| rest.rsplit_once(", expected "))
    {
        return format!("must be {}", wanted(expected));
    }
    if let Some((_, expected)) =
        message.strip_prefix("invalid value: ").and_then(|rest| rest.rsplit_once(", expected "))
    {
        return format!("must be {}", wanted(expected));
    }
    if let Some((_, known)) = message.strip_prefix("unknown variant ").and_then(|rest| rest.split_once("`, expected "))
    {
        return format!("must be {}", known.replace('`', ""));
    }
    let time =
        ["input contains invalid characters", "premature end of input", "trailing input", "input is out of range"];
    match message {
        m if m.starts_with("UUID parsing failed") => "must be a UUID".to_owned(),
        m if time.contains(&m) => "must be a time such as 2030-01-01T00:00:00Z".to_owned(),
        m if m.starts_with("missing field") => "is missing".to_owned(),
        m if m.starts_with("duplicate field") => "is given twice".to_owned(),
        m => m.to_owned(),
    }
}

/// What a reader expected, in the words of JSON.
fn wanted(expected: &str) -> &str {
    match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" | "NonZeroU32" => "a whole number that is not negative",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "a string" | "a borrowed string" | "string" => "text",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a map" => "an object",
        "a formatted UUID string" | "UUID string" | "a UUID" => "a UUID",
        "an RFC 3339 formatted date and time string" => "a time such as 2030-01-01T00:00:00Z",
        e if e.starts_with("struct ") => "an object",
        e if e.contains(" enum ") || e.starts_with("enum ") => "one of the texts that are known here",
        e => e,
    }
}

/// Why a flow did not do what was wanted.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such thing, or it is another tenant's: nobody can tell which.
    #[error("there is no such object here")]
    NotFound,
    /// Fields that cannot be taken.
    #[error("{}", .0.iter().map(|f| format!("{}: {}", f.field, f.message)).collect::<Vec<_>>().join("; "))]
    Invalid(Vec<Fault>),
    /// It cannot be done as things are.
    #[error("{message}")]
    Conflict {
        /// Stable reason.
        code: &'static str,
        /// For people.
        message: String,
    },
    /// The caller may not do this.
    #[error("{message}")]
    Forbidden {
        /// Stable reason.
        code: &'static str,
        /// For people.
        message: String,
    },
    /// It was there, and is good no longer.
    #[error("{message}")]
    Gone {
        /// Stable reason.
        code: &'static str,
        /// For people.
        message: String,
    },
    /// The object changed since the caller read it.
    #[error("the object was changed in the meantime; read it again")]
    Stale,
    /// Too many tries.
    #[error("too many requests")]
    RateLimited {
        /// Seconds until another try makes sense.
        retry_after: u32,
    },
    /// The identity provider could not be used.
    #[error("{message}")]
    Provider {
        /// Stable reason.
        code: &'static str,
        /// For admins; holds no secret.
        message: String,
    },
    /// Something that we depend on does not answer now.
    #[error("the service cannot answer now")]
    Unavailable,
    /// A fault of ours; told in the log only.
    #[error("an internal error")]
    Internal(String),
}

impl Error {
    /// One field that cannot be taken.
    #[must_use]
    pub fn invalid(field: &str, message: impl Into<String>) -> Self {
        Self::Invalid(vec![Fault { field: field.into(), message: message.into() }])
    }

    /// It cannot be done as things are.
    #[must_use]
    pub fn conflict(code: &'static str, message: impl Into<String>) -> Self {
        Self::Conflict { code, message: message.into() }
    }

    /// The caller may not do this.
    #[must_use]
    pub fn forbidden(code: &'static str, message: impl Into<String>) -> Self {
        Self::Forbidden { code, message: message.into() }
    }

    /// A mailed link is good no longer.
    #[must_use]
    pub fn link_void() -> Self {
        Self::gone("link_void", "this link was used, or is too old, or what it was for has changed")
    }

    /// It was there, and is good no longer.
    #[must_use]
    pub fn gone(code: &'static str, message: impl Into<String>) -> Self {
        Self::Gone { code, message: message.into() }
    }
}

/// What a broken unique constraint means: constraint, code, sentence.
const TAKEN: &[(&str, &str, &str)] = &[
    ("tenant_slugs_pkey", "slug_taken", "this slug is or was a tenant's and is not given out again"),
    ("tenants_external_id_key", "external_id_taken", "another tenant has this external_id"),
    ("users_tenant_id_email_key_key", "email_taken", "another user has this address"),
    ("users_tenant_id_external_id_key", "external_id_taken", "another user has this external_id"),
    ("connections_tenant_id_display_name_key_key", "display_name_taken", "another connection has this display_name"),
    ("federated_identities_tenant_id_source_id_issuer_subject_key", "identity_taken", "this subject is linked already"),
    ("groups_tenant_id_name_key_key", "name_taken", "another group has this name"),
    ("service_accounts_tenant_id_name_key_key", "name_taken", "another service account has this name"),
    ("applications_tenant_id_name_key_key", "name_taken", "another application has this name"),
    ("installation_applications_name_key_key", "name_taken", "another application has this name"),
    (
        "invitations_pending_email",
        "invitation_taken",
        "an invitation to this address waits already; resend or revoke it",
    ),
    (
        "invitations_pending_external_id",
        "invitation_taken",
        "an invitation of this external_id waits already; resend or revoke it",
    ),
    ("verified_domains_tenant_id_domain_key", "domain_taken", "the tenant has this domain already"),
    ("verified_domains_one_tenant", "domain_taken", "this domain is verified for a tenant already"),
];

impl From<DbError> for Error {
    fn from(error: DbError) -> Self {
        let query = match error {
            DbError::Query(query) => query,
            DbError::Raced => return Self::conflict("concurrent_change", "another change was faster; try again"),
            DbError::Unavailable => return Self::Unavailable,
        };
        if let DieselError::DatabaseError(kind, info) = &query {
            let constraint = info.constraint_name().unwrap_or_default();
            if let Some((_, code, message)) = TAKEN.iter().find(|(name, ..)| *name == constraint) {
                return Self::conflict(code, *message);
            }
            if matches!(kind, DatabaseErrorKind::ForeignKeyViolation) {
                // T-02: an id of another tenant is an id that does not exist.
                return Self::invalid("id", "names something that does not exist");
            }
        }
        Self::Internal(query.to_string())
    }
}

impl From<garde::Report> for Error {
    fn from(report: garde::Report) -> Self {
        let fault =
            |(path, error): &(garde::Path, garde::Error)| Fault { field: path.to_string(), message: error.to_string() };
        Self::Invalid(report.iter().map(fault).collect())
    }
}

impl From<Busy> for Error {
    fn from(_: Busy) -> Self {
        Self::Unavailable
    }
}

impl From<DieselError> for Error {
    fn from(error: DieselError) -> Self {
        DbError::from(error).into()
    }
}

impl From<SealError> for Error {
    fn from(error: SealError) -> Self {
        Self::Internal(error.to_string())
    }
}

impl From<OidcError> for Error {
    fn from(error: OidcError) -> Self {
        Self::Provider { code: error.code(), message: error.to_string() }
    }
}

impl From<SamlError> for Error {
    fn from(error: SamlError) -> Self {
        Self::Provider { code: error.code(), message: error.to_string() }
    }
}

impl From<ProviderError> for Error {
    fn from(error: ProviderError) -> Self {
        match error {
            ProviderError::Oidc(e) => e.into(),
            ProviderError::Incomplete(_) => {
                Self::Provider { code: "connection_incomplete", message: error.to_string() }
            }
            ProviderError::Import(e) => e.into(),
            ProviderError::Seal(e) => e.into(),
            ProviderError::Db(e) => e.into(),
        }
    }
}

impl From<ImportError> for Error {
    fn from(error: ImportError) -> Self {
        let message = error.to_string();
        match error {
            ImportError::Missing => Self::Provider { code: "connection_incomplete", message },
            ImportError::Saml(e) => e.into(),
            ImportError::Certificate(e) => Self::Provider { code: e.code(), message },
            ImportError::Key(_) => Self::Provider { code: "saml_key_unusable", message },
            ImportError::Seal(e) => e.into(),
        }
    }
}

impl From<KeysError> for Error {
    fn from(error: KeysError) -> Self {
        match error {
            KeysError::Seal(e) => e.into(),
            KeysError::Db(e) => e.into(),
        }
    }
}

impl From<UrlRefused> for Error {
    fn from(error: UrlRefused) -> Self {
        Self::invalid(&error.field, error.fault.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{DateTime, Utc};
    use serde::Deserialize;
    use serde_json::json;
    use uuid::Uuid;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Colour {
        Red,
        Blue,
    }

    fn told<T: serde::de::DeserializeOwned>(value: serde_json::Value) -> String {
        let error = serde_json::from_value::<T>(value).map(|_| ()).unwrap_err();
        Fault::unreadable("f", error.to_string()).message
    }

    #[test]
    fn what_a_reader_says_is_told_in_plain_words_without_what_was_sent() {
        assert_eq!(told::<u32>(json!("hush")), "must be a whole number that is not negative");
        assert_eq!(told::<u32>(json!(-1)), "must be a whole number that is not negative");
        assert_eq!(told::<String>(json!(5)), "must be text");
        assert_eq!(told::<bool>(json!("hush, expected rain")), "must be true or false");
        assert_eq!(told::<Vec<u8>>(json!({})), "must be a list");
        assert_eq!(told::<Uuid>(json!("hush")), "must be a UUID");
        assert_eq!(told::<Uuid>(json!(5)), "must be a UUID");
        assert_eq!(told::<DateTime<Utc>>(json!("hush")), "must be a time such as 2030-01-01T00:00:00Z");
        assert_eq!(told::<DateTime<Utc>>(json!(5)), "must be a time such as 2030-01-01T00:00:00Z");
        assert_eq!(told::<Colour>(json!("hush")), "must be red or blue");
        assert_eq!(format!("{:?} {:?}", Colour::Red, Colour::Blue), "Red Blue");
    }
}
