//! Doorward as the OpenID provider of applications.

mod across_tenants;
mod assertions;
mod authorize;
mod claims;
mod clients;
mod codes;
mod conformance;
mod consent;
mod grants_end;
mod installation;
mod issuers;
mod key_reading;
mod key_rotation;
mod keys;
mod login_policy;
mod outage;
mod own_tokens;
mod redirects;
mod refresh;
mod round;
mod scene;
mod secrecy;
mod still_good;
mod strangers;
mod two_instances;
