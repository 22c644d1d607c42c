//! The web front: sessions, cookies, origins, headers, addresses, bytes.

mod cookies;
mod headers;
mod logs;
mod origin;
mod paths;
mod raw;
mod return_to;
mod secrets;
mod sessions;
mod targets;
mod who_asks;
mod xss;
