//! Local accounts: people who sign in by a password of Doorward's own.

mod address;
mod changing;
mod fairness;
mod forgotten;
mod sign_in;
mod sso;
mod throttle;
