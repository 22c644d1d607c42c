//! JSON Web Tokens: the verifier of other parties' and our own, and the keys with which we sign ([`key_pair`]).
//!
//! One verifier for all of them (ID tokens, signed userinfo, logout tokens, bearers):
//! 1. [`verify::Jws::parse`]: compact JWS, strict header, algorithm from the caller's list and never from the token;
//! 2. [`jwks::JwksCache`]: the issuer's keys, fetched rarely and by one caller at a time;
//! 3. [`verify::Jws::verify`]: one key, one signature check, then strict JSON claims.
//!
//! What the claims must say (issuer, audience, times, nonce) is the business of the protocol above; [`claims`] reads them.

pub mod claims;
pub mod client_key;
mod error;
pub mod jwks;
pub mod key_pair;
pub mod key_set;
pub mod verify;
mod weak_rsa;

pub use error::JwtError;
pub(in crate::protocol) use weak_rsa::has_roca_fingerprint;
