//! SAML 2.0. The verifier against responses of others (`corpus`) and forged ones: what is accepted, and why the rest is not.
//! Each refusal has its twin: the same message without the one change is accepted, and the sentence of the refusal shows that
//! the check that was meant is the one that spoke. And connections, and logins at real identity providers.

mod conditions;
mod corpus;
mod encryption;
mod forms;
mod idps;
mod limits;
mod logout_messages;
mod real_metadata;
mod rig;
mod subject;
mod trust;
mod wrapping;
