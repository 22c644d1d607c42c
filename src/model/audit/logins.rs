//! What events tell about logins and sessions.

use serde::Serialize;
use uuid::Uuid;

use crate::model::text_enum::text_enum;

text_enum! {
    /// In which way somebody signs in.
    LoginMethod {
        /// By an OpenID Connect provider.
        Oidc = "oidc",
        /// By a SAML 2.0 provider.
        Saml = "saml",
        /// By a password of Doorward's own.
        Password = "password",
        /// By a break-glass code of an owner.
        BreakGlass = "break_glass",
    }
}

/// A login that ended with a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LoginSucceeded {
    /// In which way.
    pub method: LoginMethod,
    /// By which connection, where it was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection_id: Option<Uuid>,
    /// Who.
    pub user_id: Uuid,
    /// The session.
    pub session_id: Uuid,
    /// `created`, `linked` or `updated`; `known` for a password.
    pub outcome: &'static str,
    /// Fields of the user that the login changed.
    pub fields: Vec<&'static str>,
    /// Groups the user joined.
    pub groups_added: Vec<Uuid>,
    /// Groups the user left.
    pub groups_removed: Vec<Uuid>,
    /// Groups the user would have left, held by the guard rail.
    pub groups_held: Vec<Uuid>,
    /// Codes of things an admin may want to look at.
    pub warnings: Vec<&'static str>,
}

/// A login that ended on a refusal page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LoginRefused {
    /// In which way.
    pub method: LoginMethod,
    /// By which connection, where it was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection_id: Option<Uuid>,
    /// The stable reason code.
    pub reason: String,
    /// What an admin needs to know to mend it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The user, where the refusal is about a known one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<Uuid>,
}

/// A session that was ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SessionEnded {
    /// The session.
    pub session_id: Uuid,
    /// Whose.
    pub user_id: Uuid,
    /// Why.
    pub reason: &'static str,
}

/// A login that waits until a letter has proven the address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LoginWaits {
    /// In which way.
    pub method: LoginMethod,
    /// By which connection.
    pub connection_id: Uuid,
    /// The user whom it is about, where one is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<Uuid>,
    /// Codes of things an admin may want to look at.
    pub warnings: Vec<&'static str>,
}

/// An address that was confirmed in another browser than the one where a login waits for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AddressConfirmed {
    /// By which connection the login is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection_id: Option<Uuid>,
    /// The user whom it is about, where one is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<Uuid>,
}

/// A login that made the enforcement of `sso` last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SsoConfirmed {
    /// Who.
    pub user_id: Uuid,
    /// The session.
    pub session_id: Uuid,
}
