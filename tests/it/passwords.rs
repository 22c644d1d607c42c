//! Local accounts: people who sign in by a password of Doorward's own, and everybody's own account.

mod account;
mod account_in_a_browser;
mod address;
mod changing;
mod enrolment;
mod fairness;
mod forgotten;
mod guessing_codes;
mod own_account;
mod own_identities;
mod second_step;
mod sign_in;
mod sso;
mod throttle;
