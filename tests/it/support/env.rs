//! What `make test` passes on.

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
