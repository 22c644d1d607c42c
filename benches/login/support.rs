//! The tests' programmable provider, of which a bench needs the honest half.

#![expect(dead_code, reason = "a bench spoils nothing")]

#[path = "../../tests/it/support/hostile_provider/mod.rs"]
pub mod hostile_provider;
#[path = "../../tests/it/support/signing.rs"]
pub mod signing;
