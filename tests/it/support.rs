//! What tests share.

pub mod hostile_provider;
pub mod raw_server;
pub mod signing;
