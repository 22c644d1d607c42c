//! Doorward as the OpenID provider of applications.

mod assertions;
mod authorize;
mod clients;
mod codes;
mod conformance;
mod consent;
mod issuers;
mod keys;
mod redirects;
mod refresh;
mod round;
mod scene;
