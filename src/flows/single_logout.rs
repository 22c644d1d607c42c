//! single_logout: SAML single logout, begun here (`begin`) or at the provider (`receive`).
//!
//! What the provider sends counts only when it is signed by a pinned certificate, over the raw query or inside the
//! message (C-42, C-45). Its request ends sessions of this very connection and no others (C-46), once (C-44).

mod begin;
mod receive;

use std::net::IpAddr;

use uuid::Uuid;

use crate::flows::onward::Onward;
use crate::model::audit::Stamp;

pub use begin::begin;
pub use receive::receive;

/// How long the browser remembers a logout that was begun here, in minutes.
pub const LOGOUT_MINUTES: i64 = 10;

/// A logout message as it came.
pub enum Incoming {
    /// In the query, of which every octet counts (C-45).
    Query(String),
    /// In a form.
    Form {
        /// `SAMLRequest`.
        request: Option<String>,
        /// `SAMLResponse`.
        response: Option<String>,
        /// `RelayState`.
        relay_state: Option<String>,
    },
}

/// What came with it.
pub struct Arrival {
    /// The message.
    pub message: Incoming,
    /// What the browser remembers of a logout that was begun here.
    pub remembered: Option<String>,
    /// Where from.
    pub ip: Option<IpAddr>,
    /// Who, in which request, when.
    pub stamp: Stamp,
}

/// What became of it.
pub enum Outcome {
    /// Sessions were ended; the provider is told, where there is a way.
    Ended(Option<Onward>),
    /// The provider answered the logout that was begun here; an application may want its browser back.
    Over(Option<String>),
    /// Refused; nothing was ended.
    Refused {
        /// Stable reason.
        code: String,
        /// The audit event.
        event_id: Uuid,
    },
}
