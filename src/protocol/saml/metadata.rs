//! Metadata (SAML metadata section 2): a provider's is read, ours is written.

mod duration;
pub mod read;
pub mod write;

/// SAML metadata.
const MD: &str = "urn:oasis:names:tc:SAML:2.0:metadata";

pub use read::{Endpoint, IdpMetadata, MetadataError, read};
pub use write::{SpMetadata, write};
