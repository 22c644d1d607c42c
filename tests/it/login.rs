//! Whole logins.

mod browsers;
mod first_login;
mod forgeries;
mod mix_up;
mod provider_answers;
mod state;
