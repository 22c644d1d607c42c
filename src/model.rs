//! The ground floor: the words of the design as data, their invariants and the pure rules over them.
//!
//! Nothing here does I/O, asks the time or knows HTTP. Diesel derives live here so that `store` holds queries only.
//! May import `schema` and `secrets`, nothing above.

pub mod claims;
pub mod connection;
