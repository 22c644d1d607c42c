//! Metadata (SAML metadata section 2): a provider's is read, ours is written.
//!
//! Reading goes through the gate and the tree that messages go through. Whether a location may be called, an entity id may
//! change or a new key be trusted is for the caller to say.

mod duration;
pub mod read;
pub mod write;

/// SAML metadata.
const MD: &str = "urn:oasis:names:tc:SAML:2.0:metadata";

pub use read::{Endpoint, IdpMetadata, MetadataError, read};
pub use write::{SpMetadata, write};
