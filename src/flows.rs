//! Flows: one file per thing that somebody does. Network first, then ONE transaction with one audit event in it.
//!
//! A flow is handed a [`crate::context::Context`], who asks (a [`crate::model::audit::Stamp`] or a caller) and what is
//! wanted; it gives back what happened or an [`Error`]. It knows no HTTP. What a flow is handed (`..In`, `..Patch`) is
//! declared beside it, with its checks. `write` is the one road of every change by an admin.

pub mod accept_invitation;
pub mod authenticate;
pub mod begin_login;
pub mod break_glass;
pub mod carried;
pub mod change_address;
pub mod deliver;
pub mod destination;
pub mod end_session;
pub mod enforce_sso;
pub mod error;
pub mod expiring_certificates;
pub mod faults;
pub mod find_connection;
pub mod finish_login;
pub mod fresh_login;
pub mod invite;
pub mod limits;
pub mod manage_api_keys;
pub mod manage_applications;
pub mod manage_break_glass;
pub mod manage_connections;
pub mod manage_deliveries;
pub mod manage_domains;
pub mod manage_group_mappings;
pub mod manage_groups;
pub mod manage_identities;
pub mod manage_operators;
pub mod manage_passwords;
pub mod manage_saml_keys;
pub mod manage_service_accounts;
pub mod manage_sessions;
pub mod manage_tenants;
pub mod manage_totp;
pub mod manage_users;
pub mod oauth2;
pub mod onward;
pub mod open_session;
pub mod password_login;
pub mod patch;
pub mod post;
pub mod provision;
pub mod refresh_metadata;
pub mod reset_password;
pub mod rotate_secrets;
pub mod signing_keys;
pub mod single_logout;
pub mod sweep;
pub mod ways_in;
pub mod write;

pub use error::{Error, Fault};
