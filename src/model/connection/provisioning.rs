//! What a sign-in through a connection may do to users and groups.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::role::Role;
use crate::model::text_enum::text_enum;

text_enum! {
    /// Who proves an e-mail address.
    EmailTrust {
        /// The provider, by a truthy `email_verified` claim; absent means not verified. The default.
        RequireVerifiedClaim = "require_verified_claim",
        /// The connection itself: the directory is authoritative, for the tenant's verified domains only.
        TrustConnection = "trust_connection",
        /// We do, by a letter with a link.
        VerifyByMail = "verify_by_mail",
    }
}

text_enum! {
    /// When a first sign-in may take over a user that exists already, by a proven address.
    LinkPolicy {
        /// Never; only identities that are already linked sign in as existing users.
        Never = "never",
        /// When the tenant has verified the address's domain, or the user was entered by an admin and never signed in. The default.
        ProvenAddress = "proven_address",
    }
}

/// How much a group sync may take away at once before an admin has to agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RemovalGuard {
    /// Whether the guard rail is up.
    pub enabled: bool,
    /// Up to this many removals pass in any case.
    pub free_removals: u32,
    /// Beyond that, a sync that would take away more than this share (percent) of a user's synced groups is held.
    pub max_percent: u8,
}

impl Default for RemovalGuard {
    fn default() -> Self {
        Self { enabled: true, free_removals: 5, max_percent: 50 }
    }
}

/// What a sign-in may do to users and groups.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ProvisioningPolicy {
    /// Whether unknown people become users on their first login.
    pub create_users: bool,
    /// Role of users that are created so: `member` or `auditor`.
    pub default_role: Role,
    /// Who proves an e-mail address.
    pub email_trust: EmailTrust,
    /// When an existing user may be linked.
    pub link_existing: LinkPolicy,
    /// Whether group claims change memberships at all.
    pub sync_groups: bool,
    /// Whether an external name that equals a group's name (by key) feeds it without a mapping.
    pub match_groups_by_name: bool,
    /// Whether a group is created for an external name that nothing maps.
    pub create_missing_groups: bool,
    /// Only external names that match this expression (whole name) are looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_filter: Option<String>,
    /// The guard rail on mass removal.
    pub removal_guard: RemovalGuard,
}

impl Default for ProvisioningPolicy {
    fn default() -> Self {
        Self {
            create_users: true,
            default_role: Role::Member,
            email_trust: EmailTrust::RequireVerifiedClaim,
            link_existing: LinkPolicy::ProvenAddress,
            sync_groups: true,
            match_groups_by_name: true,
            create_missing_groups: false,
            group_filter: None,
            removal_guard: RemovalGuard::default(),
        }
    }
}
