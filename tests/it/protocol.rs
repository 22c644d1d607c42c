//! The outbound client and the OpenID Connect protocol against a provider that misbehaves in one way at a time.

mod authorize;
mod discovery;
mod id_token;
mod id_token_signature;
mod jwks;
mod logout;
mod outbound_fetch;
mod outbound_urls;
mod rig;
mod sign_in;
mod token_response;
mod userinfo;
