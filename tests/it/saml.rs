//! SAML 2.0. The verifier against responses of others (`corpus`) and forged ones: what is accepted, and why the rest is not.
//! Each refusal has its twin: the same message without the one change is accepted, and the sentence of the refusal shows that
//! the check that was meant is the one that spoke. Beside it our own keys, requests and metadata, the bindings, logout, and real
//! identity providers.

mod binding;
mod canonical;
mod conditions;
mod corpus;
mod encryption;
mod forms;
mod idps;
mod key;
mod limits;
mod logout;
mod logout_messages;
mod metadata;
mod peer;
mod real_metadata;
mod request;
mod rig;
mod subject;
mod trust;
mod wrapping;
