//! Secrets: what is sealed at rest (`sealed`) and what is only ever kept as a hash (`token`).
//!
//! Knows nothing of who uses it. Plaintext leaves as `secrecy` types, so that `Debug` never shows it.

pub mod sealed;
pub mod token;
