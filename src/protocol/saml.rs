//! SAML 2.0: a sign-in at a provider, as its service provider (Web Browser SSO profile), and single logout.
//!
//! The rule is: read only what was verified. A response goes through these steps, in this order:
//! 1. `gate`: size, encoding, no DTD, bounded depth, attributes and nodes; a streaming pass before any tree exists;
//! 2. `structure`: one assertion, signatures only where they belong, one reference to the parent, allow-listed algorithms;
//! 3. `signature`: the tree that was parsed is verified against the connection's pinned certificates, whatever KeyInfo says;
//! 4. `decrypt`: allow-list first, then the key, then the assertion; a signature inside it is verified like one outside;
//! 5. [`response`]: status, destination, issuers, request, audience, recipient, times, subject, attributes.
//!
//! What we send is a [`message`]: a [`request`] or a [`logout`], signed by a [`key`] of ours and carried by a [`binding`]. A
//! provider's [`metadata`] is read, and ours is written.
//!
//! One [`Verifier`] is built for each connection and kept: its keys are imported once. `tree` is the one view on parsed
//! XML, so no second parser can disagree with the one that was verified.

pub mod binding;
pub mod certificate;
mod decrypt;
mod error;
#[cfg(fuzzing)]
pub mod fuzzing;
mod gate;
pub mod key;
pub mod logout;
pub mod message;
pub mod metadata;
pub mod request;
pub mod response;
mod signature;
mod structure;
mod tree;
pub mod unverified;
mod value;
mod verifier;

pub use certificate::{Certificate, CertificateError};
pub use error::SamlError;
pub use response::{Attribute, Expected, NameId, Request, VerifiedResponse, Warning};
pub use verifier::{Policy, VerifiedMessage, Verifier};
