//! Whole logins.

mod browsers;
mod destination;
mod first_login;
mod first_proof;
mod forgeries;
mod groups;
mod letters;
mod linking;
mod mix_up;
mod provider_answers;
mod repointing;
mod settings;
mod state;
mod upstream;
