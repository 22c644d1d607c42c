//! All integration tests, in one binary.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

mod embedded;
mod login;
mod protocol;
mod providers;
mod support;
mod web;
