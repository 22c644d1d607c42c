//! Logins and logouts by SAML, over HTTP: what a browser brings, who is signed in by it, and what is left of the rest.
//! A dishonest provider makes the messages (`rig`); `providers` are real ones.

mod acs;
mod applications;
mod binding;
mod browser;
mod idp_initiated;
mod invitations;
mod logout;
mod mapping;
mod providers;
mod rig;
mod rotation;
