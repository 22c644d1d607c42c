//! Doorward as the OpenID provider of applications.

mod conformance;
mod login_policy;
mod round;
