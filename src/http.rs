//! The top floor: wire to flows and back. A handler has at most 25 lines, writes no SQL and knows no protocol rules.
//!
//! * `auth`: extractors that prove who calls; a handler that holds a `TenantAdmin` holds a tenant and a role (wall 1);
//! * `body`, `etag`, `paging`: what requests carry; `problem`: errors to RFC 9457, the only place with status codes;
//! * `guard`: what holds for every answer: the Host it was asked under, headers, no caching;
//! * `admin`: REST under `/v1`; `login`: the pages people see; `oauth2`: what applications speak with;
//!   `health`, `openapi`; `demo`: the demo's letters; `absent`: paths and methods that are not there.
//!
//! Reads go straight to `store`; writes go through a flow.

pub mod absent;
pub mod account;
pub mod admin;
pub mod assets;
pub mod auth;
pub mod body;
pub mod cookies;
pub mod demo;
pub mod etag;
pub mod guard;
pub mod health;
pub mod login;
pub mod oauth2;
pub mod openapi;
pub mod paging;
pub mod peer;
pub mod problem;
pub mod texts;

use actix_web::web;

use crate::context::Context;

/// What every handler is handed.
pub type Ctx = web::Data<Context>;
