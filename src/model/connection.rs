//! Connection: a tenant's link to its identity provider, with the settings that an admin writes.

pub mod oidc;
