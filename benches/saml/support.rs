//! The tests' forge of SAML messages, of which a bench needs the honest half.

#![expect(dead_code, reason = "a bench forges little")]

#[path = "../../tests/it/support/saml/forge.rs"]
pub mod forge;
#[path = "../../tests/it/support/saml/key.rs"]
pub mod key;

pub use forge::{Forged, Sealing, Signing};
pub use key::ProviderKey;
