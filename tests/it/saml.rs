//! SAML 2.0: messages, and logins at real identity providers.

mod idps;
