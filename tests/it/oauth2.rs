//! Doorward as the OpenID provider of applications.

mod authorize;
mod codes;
mod conformance;
mod consent;
mod redirects;
mod round;
mod scene;
