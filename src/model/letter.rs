//! Letter: what is told to somebody by mail. The words are in `mail`; here is what they are about.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A letter, without the secret of its link: that is sealed beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Letter {
    /// Come and join the tenant. With a link.
    Invitation {
        /// Who invites, as they are called; data, never markup.
        inviter: Option<String>,
        /// When the link is void.
        expires_at: DateTime<Utc>,
    },
    /// Prove the address of a sign-in that waits. With a link.
    VerifyAddress {
        /// When the link is void.
        expires_at: DateTime<Utc>,
    },
    /// Prove the address that an account is to have. With a link.
    ChangeAddress {
        /// When the link is void.
        expires_at: DateTime<Utc>,
    },
    /// To the old address: the account has another one now.
    AddressChanged {
        /// The new address.
        new_address: String,
    },
    /// Set a new password. With a link.
    ResetPassword {
        /// When the link is void.
        expires_at: DateTime<Utc>,
    },
    /// To technical contacts: a certificate of a connection ends soon.
    CertificateExpires {
        /// What the connection is called.
        connection: String,
        /// Whole days that are left.
        days_left: i64,
        /// When it ends.
        not_after: DateTime<Utc>,
    },
    /// To technical contacts: the client secret of a connection ends soon.
    SecretExpires {
        /// What the connection is called.
        connection: String,
        /// Whole days that are left.
        days_left: i64,
        /// When it ends.
        not_after: DateTime<Utc>,
    },
    /// To owners and admins: sign-in by password is switched off.
    SsoEnforced {
        /// Who enforced it, as they are called.
        by: Option<String>,
        /// It goes back then, unless a second login confirms it; `None`: it lasts.
        confirm_by: Option<DateTime<Utc>>,
    },
    /// To owners and admins: somebody lets passwords sign people in again.
    SsoLifted {
        /// Who, as they are called.
        by: Option<String>,
    },
    /// To owners and admins: nobody confirmed that passwords sign nobody in, so they do again.
    SsoWentBack {},
    /// To owners: somebody has break-glass codes now.
    BreakGlassCodesMade {
        /// Who, as they are called.
        by: String,
    },
    /// To owners: somebody came in by a break-glass code.
    BreakGlassUsed {
        /// Whose code it was, as they are called.
        by: String,
        /// When.
        at: DateTime<Utc>,
    },
}

impl Letter {
    /// Whether it is of no use without its link.
    #[must_use]
    pub const fn has_link(&self) -> bool {
        matches!(
            self,
            Self::Invitation { .. }
                | Self::VerifyAddress { .. }
                | Self::ChangeAddress { .. }
                | Self::ResetPassword { .. }
        )
    }

    /// Whether it tells that the ways in have changed: nobody who changed them may hold it back.
    #[must_use]
    pub const fn is_notice(&self) -> bool {
        match self {
            Self::AddressChanged { .. }
            | Self::SsoEnforced { .. }
            | Self::SsoLifted { .. }
            | Self::SsoWentBack {}
            | Self::BreakGlassCodesMade { .. }
            | Self::BreakGlassUsed { .. } => true,
            Self::Invitation { .. }
            | Self::VerifyAddress { .. }
            | Self::ChangeAddress { .. }
            | Self::ResetPassword { .. }
            | Self::CertificateExpires { .. }
            | Self::SecretExpires { .. } => false,
        }
    }

    /// The name of its kind, as it is stored and told.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Invitation { .. } => "invitation",
            Self::VerifyAddress { .. } => "verify_address",
            Self::ChangeAddress { .. } => "change_address",
            Self::AddressChanged { .. } => "address_changed",
            Self::ResetPassword { .. } => "reset_password",
            Self::CertificateExpires { .. } => "certificate_expires",
            Self::SecretExpires { .. } => "secret_expires",
            Self::SsoEnforced { .. } => "sso_enforced",
            Self::SsoLifted { .. } => "sso_lifted",
            Self::SsoWentBack {} => "sso_went_back",
            Self::BreakGlassCodesMade { .. } => "break_glass_codes_made",
            Self::BreakGlassUsed { .. } => "break_glass_used",
        }
    }
}
