//! All integration tests, in one binary.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

mod admin;
mod architecture;
mod backup;
mod behind_tls_proxy;
mod browser_login;
mod cli;
mod database;
mod demo;
mod docs;
mod embedded;
mod enforcement;
mod foreign_clients;
mod instances;
mod invitations;
mod journey_admin_by_rest;
mod login;
mod mail;
mod oauth2;
mod openapi;
mod operation;
mod passwords;
mod protocol;
mod providers;
mod provisioning;
mod readme;
mod saml;
mod saml_login;
mod scripts;
mod support;
mod tenancy;
mod tenancy_sweep;
mod web;
