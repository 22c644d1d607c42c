//! A SAML provider that can be as dishonest as a test needs: keys and certificates ([`key`]), messages that are changed and
//! then signed or encrypted ([`forge`]), so that the one check that is meant is the one that fails; and what it says about itself ([`metadata`]).

pub mod forge;
pub mod key;
pub mod metadata;

pub use forge::{Forged, Sealing, Signing};
pub use key::ProviderKey;
