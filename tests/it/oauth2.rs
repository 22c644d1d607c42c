//! Doorward as the OpenID provider of applications.

mod conformance;
mod round;
mod scene;
