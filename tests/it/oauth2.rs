//! Doorward as the OpenID provider of applications.

mod round;
