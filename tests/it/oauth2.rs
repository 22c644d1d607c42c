//! Doorward as the OpenID provider of applications.

mod across_tenants;
mod assertions;
mod authorize;
mod claims;
mod clients;
mod codes;
mod conformance;
mod consent;
mod installation;
mod issuers;
mod keys;
mod own_tokens;
mod redirects;
mod refresh;
mod round;
mod scene;
mod secrecy;
mod strangers;
mod two_instances;
