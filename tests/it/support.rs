//! What tests share.
//!
//! `make test` starts PostgreSQL, the real providers and the browser once and passes their addresses on in
//! `DOORWARD_TEST_*`. Each test has a database of its own, made from a template, and a server of its own on a free port.

pub mod admin;
pub mod aiosmtpd;
pub mod browser;
pub mod command;
pub mod database;
pub mod env;
pub mod example_client;
pub mod glewlwyd;
pub mod hostile_provider;
pub mod invitations;
pub mod letters;
pub mod mail_server;
pub mod mailbox;
pub mod oidc_provider;
pub mod passwords;
pub mod process;
pub mod raw_server;
pub mod relying_party;
pub mod saml;
pub mod saml_idp;
pub mod screen;
pub mod sign_in;
pub mod signing;
pub mod test_app;
pub mod totp;

pub use browser::Browser;
pub use test_app::TestApp;
