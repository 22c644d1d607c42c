//! What `make test` passes on, and what the machine has.

use std::net::TcpListener;

/// An address that every test run has; without it nothing can be shown.
pub fn required(name: &str) -> String {
    optional(name).unwrap_or_else(|| {
        panic!("{name} is not set: run tests by `make test`, or inside `scripts/test-services bash`")
    })
}

/// An address that a run on a machine without that program lacks. With `CI=true` a missing one is a failure.
#[expect(clippy::disallowed_methods, reason = "tests read their own environment")]
pub fn optional(name: &str) -> Option<String> {
    let value = std::env::var(name).ok().filter(|v| !v.is_empty());
    assert!(value.is_some() || std::env::var("CI").as_deref() != Ok("true"), "CI=true, and {name} is not set");
    value
}

/// Whether a server can listen on this loopback address: on Linux on all of 127.0.0.0/8; on macOS on 127.0.0.1, and on
/// each that `sudo ifconfig lo0 alias 127.0.0.2` adds.
pub fn is_loopback_here(address: &str) -> bool {
    TcpListener::bind((address, 0)).is_ok()
}

/// Goes on, or returns from the test and names the loopback address that is not there. With `CI=true` that is a failure.
#[macro_export]
macro_rules! needs_loopback {
    ($($address:literal),+) => {
        $(if !$crate::support::env::is_loopback_here($address) {
            $crate::support::env::fails_in_ci(concat!("this system does not answer on ", $address));
            return;
        })+
    };
}

/// Names what is skipped; a failure with `CI=true`.
#[expect(clippy::disallowed_methods, reason = "tests read their own environment")]
pub fn fails_in_ci(why: &str) {
    assert!(std::env::var("CI").as_deref() != Ok("true"), "CI=true, and {why}");
    eprintln!("SKIP: {why}");
}

#[test]
fn an_address_that_is_not_this_machines_is_noticed() {
    assert!(is_loopback_here("127.0.0.1"));
    assert!(!is_loopback_here("192.0.2.1"));
}

/// The address, or a return from the test that names what was skipped.
#[macro_export]
macro_rules! needs {
    ($name:literal) => {
        match $crate::support::env::optional($name) {
            Some(value) => value,
            None => {
                eprintln!("SKIP: {} is not set", $name);
                return;
            }
        }
    };
}
