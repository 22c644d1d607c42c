//! Secrets: what is sealed at rest (`sealed`), what is only ever kept as a hash: bearer secrets (`token`), recovery codes
//! (`recovery_code`) and passwords (`argon`), and one-time codes by the clock (`totp`).
//!
//! Knows nothing of who uses it. Plaintext leaves as `secrecy` types, so that `Debug` never shows it.

pub mod argon;
mod base32;
pub mod code;
pub mod recovery_code;
pub mod sealed;
pub mod token;
pub mod totp;
