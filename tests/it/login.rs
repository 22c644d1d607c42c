//! Whole logins.

mod first_login;
