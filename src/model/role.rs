//! Role: what somebody may do in a tenant. Ordered: each may do all that the ones before it may.

use crate::model::text_enum::text_enum;

text_enum! {
    /// What a user, a service account or an API key may do in its tenant.
    Role {
        /// Signs in and sees itself.
        Member = "member",
        /// Reads everything, changes nothing.
        Auditor = "auditor",
        /// Manages connections, users, groups, domains and keys.
        Admin = "admin",
        /// An admin who may also make owners; a tenant that ever had one never loses its last one.
        Owner = "owner",
    }
}

text_enum! {
    /// Whether a user or service account may come in at all.
    AccountStatus {
        /// May.
        Active = "active",
        /// May not, until an admin says otherwise.
        Suspended = "suspended",
    }
}
