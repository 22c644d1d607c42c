//! Local accounts: people who sign in by a password of Doorward's own.

mod changing;
mod fairness;
mod sign_in;
mod sso;
mod throttle;
