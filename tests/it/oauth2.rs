//! Doorward as the OpenID provider of applications.

mod codes;
mod conformance;
mod redirects;
mod round;
mod scene;
