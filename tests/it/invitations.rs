//! Invitations: by REST, from the link to the session, and who must not get in by them (L-15 to L-20, R-24).

mod by_name;
mod by_password;
mod by_provider;
mod inviting;
mod journeys;
mod links;
mod races;
mod somebody_else;
