//! AuditEvent: the domain event. Typed and versioned, by ids, never holding a secret. Webhooks and logout read it too.
//!
//! Every event stands in one list, [`Event`]; payloads that belong together have a file (`certificates`,
//! `deliveries`, `logins`, `tokens`), and `rows` is how they are stored.

mod certificates;
mod deliveries;
mod logins;
mod rows;
mod tokens;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::model::sso::Sso;

pub use certificates::{CertificateExpires, CertificatesChanged, SecretExpires};
pub use deliveries::DeliveryOf;
pub use logins::{AddressConfirmed, LoginMethod, LoginRefused, LoginSucceeded, LoginWaits, SessionEnded, SsoConfirmed};
pub use rows::{AuditEvent, OperatorAuditEvent, Stamp};
pub use tokens::{GrantGiven, GrantRevoked, KeyRotated};

/// Who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Actor {
    /// An operator of the installation, by key.
    Operator {
        /// The key's id.
        key_id: Uuid,
    },
    /// A user, in a browser session or by API key.
    User {
        /// The user.
        user_id: Uuid,
        /// The session, if that was the way.
        #[serde(skip_serializing_if = "Option::is_none")]
        session_id: Option<Uuid>,
        /// The key, if that was the way.
        #[serde(skip_serializing_if = "Option::is_none")]
        key_id: Option<Uuid>,
    },
    /// A service account, by API key.
    ServiceAccount {
        /// The account.
        service_account_id: Uuid,
        /// The key.
        key_id: Uuid,
    },
    /// Somebody who is signing in and not (yet) known.
    Visitor,
    /// Doorward itself: the command line, the sweeper.
    System,
}

/// An object that was created or deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Subject {
    /// Its id.
    pub id: Uuid,
    /// What it was called, where it has a name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// An object that was changed, and which of its fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Its id.
    pub id: Uuid,
    /// Names of the fields that differ now; never their values.
    pub fields: Vec<&'static str>,
}

/// A membership that was added or removed by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Membership {
    /// The group.
    pub group_id: Uuid,
    /// The user.
    pub user_id: Uuid,
}

/// A key, or a client secret, that was made or revoked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeyOf {
    /// Its id.
    pub id: Uuid,
    /// The user, service account, application or connection whose it is; an operator's key is nobody's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner_id: Option<Uuid>,
}

/// What happened. The variant's text is the event type; its content is the payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", content = "payload")]
#[expect(missing_docs, reason = "each name says it; the payload types are described")]
pub enum Event {
    #[serde(rename = "tenant.created")]
    TenantCreated(Subject),
    #[serde(rename = "tenant.updated")]
    TenantUpdated(Change),
    #[serde(rename = "tenant.sso_confirmed")]
    TenantSsoConfirmed(SsoConfirmed),
    #[serde(rename = "tenant.sso_went_back")]
    TenantSsoWentBack { to: Sso },
    #[serde(rename = "tenant.deleted")]
    TenantDeleted(Subject),
    #[serde(rename = "connection.created")]
    ConnectionCreated(Subject),
    #[serde(rename = "connection.updated")]
    ConnectionUpdated(Change),
    #[serde(rename = "connection.activated")]
    ConnectionActivated(Subject),
    #[serde(rename = "connection.disabled")]
    ConnectionDisabled(Subject),
    #[serde(rename = "connection.deleted")]
    ConnectionDeleted(Subject),
    #[serde(rename = "connection.metadata_changed")]
    ConnectionMetadataChanged(Change),
    #[serde(rename = "connection.metadata_refused")]
    ConnectionMetadataRefused { id: Uuid, reason: &'static str },
    #[serde(rename = "connection.certificates_changed")]
    ConnectionCertificatesChanged(CertificatesChanged),
    #[serde(rename = "connection.certificate_expires")]
    ConnectionCertificateExpires(CertificateExpires),
    #[serde(rename = "connection.secret_expires")]
    ConnectionSecretExpires(SecretExpires),
    #[serde(rename = "saml_key.created")]
    SamlKeyCreated(KeyOf),
    #[serde(rename = "saml_key.activated")]
    SamlKeyActivated(KeyOf),
    #[serde(rename = "saml_key.deleted")]
    SamlKeyDeleted(KeyOf),
    #[serde(rename = "user.created")]
    UserCreated(Subject),
    #[serde(rename = "users.imported")]
    UsersImported { count: usize },
    #[serde(rename = "user.updated")]
    UserUpdated(Change),
    #[serde(rename = "user.password_set")]
    UserPasswordSet { id: Uuid, must_change: bool },
    #[serde(rename = "user.password_changed")]
    UserPasswordChanged { id: Uuid },
    #[serde(rename = "user.password_removed")]
    UserPasswordRemoved { id: Uuid },
    #[serde(rename = "user.password_reset_requested")]
    UserPasswordResetRequested { id: Uuid },
    #[serde(rename = "user.password_reset")]
    UserPasswordReset { id: Uuid },
    #[serde(rename = "user.email_change_requested")]
    UserEmailChangeRequested { id: Uuid },
    #[serde(rename = "user.email_changed")]
    UserEmailChanged { id: Uuid },
    #[serde(rename = "user.totp_begun")]
    UserTotpBegun { id: Uuid },
    #[serde(rename = "user.totp_enabled")]
    UserTotpEnabled { id: Uuid },
    #[serde(rename = "user.totp_removed")]
    UserTotpRemoved { id: Uuid },
    #[serde(rename = "user.recovery_codes_made")]
    UserRecoveryCodesMade { id: Uuid },
    #[serde(rename = "user.recovery_code_used")]
    UserRecoveryCodeUsed { id: Uuid, left: i64 },
    #[serde(rename = "user.deleted")]
    UserDeleted(Subject),
    #[serde(rename = "invitation.created")]
    InvitationCreated(Subject),
    #[serde(rename = "invitation.resent")]
    InvitationResent(Subject),
    #[serde(rename = "invitation.revoked")]
    InvitationRevoked(Subject),
    #[serde(rename = "invitation.accepted")]
    InvitationAccepted { id: Uuid, user_id: Uuid },
    #[serde(rename = "break_glass.codes_made")]
    BreakGlassCodesMade { user_id: Uuid, count: usize },
    #[serde(rename = "break_glass.codes_withdrawn")]
    BreakGlassCodesWithdrawn { user_id: Uuid, count: usize },
    #[serde(rename = "identity.linked")]
    IdentityLinked { id: Uuid, user_id: Uuid },
    #[serde(rename = "identity.unlinked")]
    IdentityUnlinked { id: Uuid, user_id: Uuid },
    #[serde(rename = "group.created")]
    GroupCreated(Subject),
    #[serde(rename = "group.updated")]
    GroupUpdated(Change),
    #[serde(rename = "group.deleted")]
    GroupDeleted(Subject),
    #[serde(rename = "group.member_added")]
    GroupMemberAdded(Membership),
    #[serde(rename = "group.member_removed")]
    GroupMemberRemoved(Membership),
    #[serde(rename = "group_mapping.created")]
    GroupMappingCreated(Subject),
    #[serde(rename = "group_mapping.updated")]
    GroupMappingUpdated(Change),
    #[serde(rename = "group_mapping.deleted")]
    GroupMappingDeleted(Subject),
    #[serde(rename = "held_removal.applied")]
    HeldRemovalApplied { id: Uuid, user_id: Uuid, group_ids: Vec<Uuid> },
    #[serde(rename = "held_removal.dismissed")]
    HeldRemovalDismissed { id: Uuid, user_id: Uuid },
    #[serde(rename = "domain.created")]
    DomainCreated(Subject),
    #[serde(rename = "domain.updated")]
    DomainUpdated(Change),
    #[serde(rename = "domain.verified")]
    DomainVerified(Subject),
    #[serde(rename = "domain.deleted")]
    DomainDeleted(Subject),
    #[serde(rename = "service_account.created")]
    ServiceAccountCreated(Subject),
    #[serde(rename = "service_account.updated")]
    ServiceAccountUpdated(Change),
    #[serde(rename = "service_account.deleted")]
    ServiceAccountDeleted(Subject),
    #[serde(rename = "api_key.created")]
    ApiKeyCreated(KeyOf),
    #[serde(rename = "api_key.revoked")]
    ApiKeyRevoked(KeyOf),
    #[serde(rename = "application.created")]
    ApplicationCreated(Subject),
    #[serde(rename = "application.updated")]
    ApplicationUpdated(Change),
    #[serde(rename = "application.deleted")]
    ApplicationDeleted(Subject),
    #[serde(rename = "application.secret_created")]
    ApplicationSecretCreated(KeyOf),
    #[serde(rename = "application.secret_revoked")]
    ApplicationSecretRevoked(KeyOf),
    #[serde(rename = "operator_key.created")]
    OperatorKeyCreated(KeyOf),
    #[serde(rename = "operator_key.revoked")]
    OperatorKeyRevoked(KeyOf),
    #[serde(rename = "login.succeeded")]
    LoginSucceeded(LoginSucceeded),
    #[serde(rename = "login.waits")]
    LoginWaits(LoginWaits),
    #[serde(rename = "address.confirmed")]
    AddressConfirmed(AddressConfirmed),
    #[serde(rename = "login.refused")]
    LoginRefused(LoginRefused),
    #[serde(rename = "logout.refused")]
    LogoutRefused { connection_id: Uuid, reason: &'static str, detail: String },
    #[serde(rename = "signing_key.created")]
    SigningKeyCreated(KeyRotated),
    #[serde(rename = "signing_key.brought_forward")]
    SigningKeyBroughtForward(KeyRotated),
    #[serde(rename = "signing_key.revoked")]
    SigningKeyRevoked(KeyRotated),
    #[serde(rename = "grant.created")]
    GrantCreated(GrantGiven),
    #[serde(rename = "grant.revoked")]
    GrantRevoked(GrantRevoked),
    #[serde(rename = "session.ended")]
    SessionEnded(SessionEnded),
    #[serde(rename = "delivery.dead")]
    DeliveryDead(DeliveryOf),
    #[serde(rename = "delivery.retried")]
    DeliveryRetried(DeliveryOf),
    #[serde(rename = "delivery.cancelled")]
    DeliveryCancelled(DeliveryOf),
    #[serde(rename = "session.others_ended")]
    SessionOthersEnded { user_id: Uuid, session_id: Uuid, count: usize },
}

impl Event {
    /// The event type and the payload, as they are stored.
    fn split(&self) -> (String, Value) {
        let mut value = serde_json::to_value(self).unwrap_or_default();
        let event_type = value["type"].as_str().unwrap_or_default().to_owned();
        (event_type, value["payload"].take())
    }
}
