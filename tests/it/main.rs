//! All integration tests, in one binary.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

mod behind_tls_proxy;
mod browser_login;
mod cli;
mod embedded;
mod instances;
mod login;
mod operation;
mod protocol;
mod providers;
mod support;
mod web;
