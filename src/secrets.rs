//! Secrets: what is sealed at rest (`sealed`) and what is only ever kept as a hash: bearer secrets (`token`) and
//! passwords (`argon`).
//!
//! Knows nothing of who uses it. Plaintext leaves as `secrecy` types, so that `Debug` never shows it.

pub mod argon;
pub mod code;
pub mod sealed;
pub mod token;
