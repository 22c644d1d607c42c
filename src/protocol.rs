//! Other parties' messages, checked and turned into [`crate::model::claims::VerifiedClaims`].
//!
//! Knows no database, no tenant types and no web framework: plain data in, plain data out. What goes over the network
//! goes through a [`crate::outbound::Lane`]; the time is told by [`crate::clock::Clock`].
//!
//! * `oidc`: a sign-in by OpenID Connect: `discovery` -> `authorize` -> (browser) -> `redeem` -> `logout`.
//! * `jwt`: keys of other parties (`jwks`), the one verifier of their signatures (`verify`), our own client key.
//! * `saml`: a sign-in by SAML 2.0: gate -> structure -> signature -> decrypt -> response.
//! * `json`: JSON as security code wants it: no member twice.
//!
//! May import `model`, `outbound`, `clock`; never `store`, `mail`, `flows` or `http`.

pub mod json;
pub mod jwt;
pub mod oidc;
pub mod saml;
