//! oauth2: Doorward as the OpenID provider of applications.
//!
//! 1. [`authorize`]: an authorization request becomes a code at once, or waits for its user to sign in or to consent;
//! 2. [`client_auth`]: who asks at the token endpoint; 3. [`redeem`]: a code becomes tokens; 4. [`refresh`]: a refresh
//!    token becomes the next one; 5. [`tokens`]: what the tokens say;
//! 6. [`access_token`]: whose an access token of ours is, with [`userinfo`], [`introspect`] and [`revoke`] on top of it;
//! 7. [`end_session`]: an application signs its user out.
//!
//! All of it works for both kinds of [`crate::context::issuer::Issuer`]. A grant lives in the tenant of its user; codes
//! and refresh tokens name that tenant, so that the installation's token endpoint finds it.

pub mod access_token;
pub mod authorize;
pub mod client_auth;
pub mod consent;
pub mod end_session;
mod error;
pub mod grant_code;
pub mod introspect;
pub mod opaque;
pub mod organization;
pub mod redeem;
pub mod refresh;
pub mod request;
pub mod revoke;
pub mod tokens;
pub mod userinfo;

pub use error::OAuthError;
