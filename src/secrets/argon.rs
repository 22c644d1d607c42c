//! Passwords at rest: Argon2id (RFC 9106) as PHC strings, with the parameters that OWASP names for it.
//!
//! Slow on purpose: about 19 MiB and tens of milliseconds each. `context::hasher` bounds how many run at once.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};

/// Memory in KiB.
const MEMORY: u32 = 19_456;
/// Passes over it.
const PASSES: u32 = 2;
/// Lanes.
const LANES: u32 = 1;

/// A hash that is nobody's, of random bytes that were thrown away: what an unknown person's password is held against,
/// so that it takes the same work (K-11).
pub const NOBODYS: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$c8LasPIkqOd10uXbzkFddg$kFbXrm33MjRbQDfSNimWdRFOqfXN+QMWJUnVpZ1nPMQ";

/// What holding a password against a hash says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Match {
    /// Another password.
    Wrong,
    /// This one.
    Right,
    /// This one, hashed with other parameters than today's: hash it anew.
    RightOutdated,
}

fn today() -> Argon2<'static> {
    let params = Params::new(MEMORY, PASSES, LANES, None).expect("the parameters are within RFC 9106's bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Hashes a password with a new salt, as a PHC string.
///
/// # Panics
/// When the operating system has no randomness to give; nothing may go on then.
#[must_use]
pub fn hash(password: &str) -> String {
    let hashed: PasswordHash = today()
        .hash_password(password.as_bytes())
        .expect("the operating system gives randomness and the password fits");
    hashed.to_string()
}

/// Holds a password against a PHC string, with the parameters that the string names. What is no such string fits nothing.
#[must_use]
pub fn verify(password: &str, stored: &str) -> Match {
    let Ok(parsed) = PasswordHash::new(stored) else { return Match::Wrong };
    if today().verify_password(password.as_bytes(), &parsed).is_err() {
        return Match::Wrong;
    }
    let newest = format!("$argon2id$v=19$m={MEMORY},t={PASSES},p={LANES}$");
    if stored.starts_with(&newest) { Match::Right } else { Match::RightOutdated }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_fits_its_own_hash_only_and_two_hashes_of_it_differ() {
        let (one, two) = (hash("correct horse"), hash("correct horse"));
        assert_ne!(one, two, "each has a salt of its own");
        assert_eq!(verify("correct horse", &one), Match::Right);
        for wrong in ["correct horsf", "Correct horse", "", "correct horse "] {
            assert_eq!(verify(wrong, &one), Match::Wrong, "{wrong:?}");
        }
        for no_hash in ["", "correct horse", "$argon2id$", "$2b$12$abcdefghijklmnopqrstuv"] {
            assert_eq!(verify("correct horse", no_hash), Match::Wrong, "{no_hash:?}");
        }
    }

    #[test]
    fn a_hash_of_other_parameters_still_fits_and_is_outdated() {
        let weak = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8_192, 1, 1, None).unwrap());
        let stored: PasswordHash = weak.hash_password(b"correct horse").unwrap();
        assert_eq!(verify("correct horse", &stored.to_string()), Match::RightOutdated);
        assert_eq!(verify("wrong", &stored.to_string()), Match::Wrong);
    }

    #[test]
    fn k_11_nobodys_hash_costs_what_a_hash_of_today_costs() {
        let (nobodys, todays) = (PasswordHash::new(NOBODYS).unwrap(), hash("correct horse"));
        let todays = PasswordHash::new(&todays).unwrap();
        let cost = |h: &PasswordHash| {
            let lengths = (h.salt.as_ref().unwrap().len(), h.hash.as_ref().unwrap().len());
            (h.algorithm.to_string(), h.version, h.params.to_string(), lengths)
        };
        assert_eq!(cost(&nobodys), cost(&todays));
    }
}
