//! Doorward: enterprise sign-on for multi-tenant SaaS.
//!
//! The house has floors; a module may import from its own floor's helpers and from below, never from above and never
//! in a circle (kept by `tests/it/architecture.rs`):
//!
//! `main -> cli -> app -> { routes | workers } -> http -> flows -> context -> { store | mail | protocol } ->
//! { model | telemetry } -> { secrets | schema | config | clock | outbound | embedded }`
//!
//! Modules of one floor (in braces) never import each other; those of the ground floor import nothing of ours.
//!
//! * `http` turns wire into flows and back; `flows` does one thing somebody wants done, in one transaction with one
//!   audit event; `store` is SQL by Diesel; `mail` is letters; `protocol` is other parties' messages; `model` is the words and the pure rules.
//! * Reads go straight from `http` to `store`; writes go through a flow.
//! * Errors are converted upward and never imported downward.

pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod context;
pub mod embedded;
pub mod flows;
pub mod http;
pub mod mail;
pub mod model;
pub mod outbound;
pub mod protocol;
pub mod routes;
pub mod schema;
pub mod secrets;
pub mod store;
pub mod telemetry;
pub mod workers;
