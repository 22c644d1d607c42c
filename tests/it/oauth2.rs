//! Doorward as the OpenID provider of applications.

mod conformance;
mod grants_end;
mod key_reading;
mod key_rotation;
mod login_policy;
mod outage;
mod round;
mod still_good;
