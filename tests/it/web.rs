//! The web front: sessions, cookies, origins, headers, addresses, bytes.

mod cookies;
mod headers;
mod origin;
mod paths;
mod raw;
mod return_to;
mod sessions;
mod who_asks;
mod xss;
