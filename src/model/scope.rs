//! Scopes (RFC 6749, section 3.3), as a set that keeps its order.

use std::fmt;

/// The scope that makes an authorization request one of OpenID Connect.
pub const OPENID: &str = "openid";
/// Asks for a refresh token (OpenID Connect Core 1.0, section 11).
pub const OFFLINE_ACCESS: &str = "offline_access";
/// Lets a token read `/v1`.
pub const API_READ: &str = "doorward.read";
/// Lets a token read and change `/v1`.
pub const API_WRITE: &str = "doorward.write";
/// Every scope there is.
pub const ALL: [&str; 7] = [OPENID, "profile", "email", "groups", OFFLINE_ACCESS, API_READ, API_WRITE];

/// Scopes, none twice, in the order they were asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scopes(Vec<String>);

impl Scopes {
    /// Reads scopes that are separated by blanks.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut scopes: Vec<String> = Vec::new();
        for scope in text.split(' ').filter(|s| !s.is_empty()) {
            if !scopes.iter().any(|known| known == scope) {
                scopes.push(scope.to_owned());
            }
        }
        Self(scopes)
    }

    /// Those that `allowed` says yes to.
    #[must_use]
    pub fn filtered(&self, allowed: impl Fn(&str) -> bool) -> Self {
        Self(self.0.iter().filter(|scope| allowed(scope)).cloned().collect())
    }

    /// Whether `scope` is among them.
    #[must_use]
    pub fn has(&self, scope: &str) -> bool {
        self.0.iter().any(|known| known == scope)
    }

    /// Whether all of these are among `others`.
    #[must_use]
    pub fn within(&self, others: &Self) -> bool {
        self.0.iter().all(|scope| others.has(scope))
    }

    /// These and those of `others`.
    #[must_use]
    pub fn with(&self, others: &Self) -> Self {
        Self::parse(&format!("{self} {others}"))
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}
