//! The ground floor: the words of the design as data, their invariants and the pure rules over them.
//!
//! Nothing here does I/O, asks the time or knows HTTP. A row type is the whole row: `store` reads it, a flow changes
//! it, `store` writes it back. Diesel derives live here so that `store` holds queries only.
//! May import `schema` and `secrets`, nothing above.

pub mod address_proof;
pub mod api_key;
pub mod application;
pub mod audit;
pub mod authorization;
pub mod break_glass_code;
pub mod claims;
pub mod connection;
pub mod delivery;
pub mod domain;
pub mod email;
pub mod grant;
pub mod group;
pub mod identity;
pub mod invitation;
pub mod json;
pub mod letter;
pub mod local_credential;
pub mod login_attempt;
pub mod operator;
pub mod page;
pub mod password;
pub mod profile;
pub mod role;
pub mod saml_key;
pub mod scope;
pub mod service_account;
pub mod session;
pub mod signing_key;
pub mod sso;
pub mod tenant;
pub mod text;
mod text_enum;
pub mod totp;
pub mod user;
