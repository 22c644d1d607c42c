//! One-time codes by the clock (RFC 6238) as every authenticator app makes them: SHA-1, six digits, thirty seconds.
//!
//! Written here over aws-lc's HMAC instead of taken from a crate: the crates bring a second HMAC and SHA-1 along, and the
//! step that a code belongs to, which replay is refused by, is not what they tell. SHA-1 is what the apps can do; its
//! collisions mean nothing to an HMAC.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use aws_lc_rs::rand;
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretSlice, SecretString};

use crate::secrets::base32;

/// How long a code stands, in seconds.
pub const STEP_SECONDS: i64 = 30;
/// Digits of a code.
pub const DIGITS: usize = 6;
/// Bytes of a secret: as long as the hash (RFC 4226 section 4).
const SECRET_BYTES: usize = 20;
/// Steps before and after now that are taken too: clocks differ, and people type.
const WINDOW: i64 = 1;

/// A new secret.
///
/// # Panics
/// When the operating system has no randomness to give; nothing may go on then.
#[must_use]
pub fn new_secret() -> SecretSlice<u8> {
    let mut bytes = vec![0u8; SECRET_BYTES];
    rand::fill(&mut bytes).expect("the operating system gives randomness");
    bytes.into()
}

/// The secret as people type it into an app.
#[must_use]
pub fn text(secret: &SecretSlice<u8>) -> SecretString {
    base32::encode(secret.expose_secret()).into()
}

/// The code of a step.
#[must_use]
pub fn code(secret: &SecretSlice<u8>, step: i64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.expose_secret());
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let bytes = tag.as_ref();
    // Dynamic truncation (RFC 4226 section 5.3): a tag has twenty bytes, and the offset is at most fifteen.
    let offset = usize::from(bytes[bytes.len() - 1] & 0x0f);
    let number = bytes[offset..offset + 4].iter().fold(0u32, |number, byte| number << 8 | u32::from(*byte));
    format!("{:0DIGITS$}", (number & 0x7fff_ffff) % 10u32.pow(DIGITS as u32))
}

/// The step of now.
#[must_use]
pub fn step_at(now: DateTime<Utc>) -> i64 {
    now.timestamp().div_euclid(STEP_SECONDS)
}

/// The step that a code belongs to: the one of now or its neighbours, and later than `used`, whose code was taken last.
#[must_use]
pub fn step_of(secret: &SecretSlice<u8>, typed: &str, now: DateTime<Utc>, used: Option<i64>) -> Option<i64> {
    let mut found = None;
    for step in (step_at(now) - WINDOW)..=(step_at(now) + WINDOW) {
        let same = verify_slices_are_equal(code(secret, step).as_bytes(), typed.as_bytes()).is_ok();
        if same && used.is_none_or(|used| step > used) {
            found = found.or(Some(step));
        }
    }
    found
}

/// The digits of what somebody typed as a code, which apps show in groups; `None` for what is none.
#[must_use]
pub fn digits(typed: &str) -> Option<String> {
    if typed.len() > 4 * DIGITS {
        return None;
    }
    let plain: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
    (plain.len() == DIGITS && plain.bytes().all(|b| b.is_ascii_digit())).then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    /// Appendix B of RFC 6238; its codes have eight digits, of which ours are the last six.
    #[test]
    fn the_examples_of_rfc_6238_come_out() {
        let secret = SecretSlice::from(b"12345678901234567890".to_vec());
        for (seconds, wanted) in [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ] {
            assert_eq!(code(&secret, step_at(at(seconds))), wanted[2..], "{seconds}");
        }
        assert_eq!(text(&secret).expose_secret(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    }

    #[test]
    fn a_code_is_good_for_a_step_before_and_after_its_own_and_never_again_once_used() {
        let (secret, now) = (SecretSlice::from(b"12345678901234567890".to_vec()), at(1_800_000_000));
        let step = step_at(now);
        for (away, good) in [(-2, false), (-1, true), (0, true), (1, true), (2, false)] {
            let found = step_of(&secret, &code(&secret, step + away), now, None);
            assert_eq!(found.is_some(), good, "{away}");
        }
        let typed = code(&secret, step);
        assert_eq!(step_of(&secret, &typed, now, Some(step - 1)), Some(step));
        for used in [step, step + 1] {
            assert_eq!(step_of(&secret, &typed, now, Some(used)), None);
        }
        assert_eq!(step_of(&secret, &code(&SecretSlice::from(vec![7; 20]), step), now, None), None);
        for bad in ["", "0", "1234567", "abcdef", "１２３４５６"] {
            assert_eq!(step_of(&secret, bad, now, None), None);
        }
    }

    #[test]
    fn secrets_are_long_and_never_the_same_and_codes_are_read_as_they_are_typed() {
        assert_eq!(text(&new_secret()).expose_secret().len(), 32);
        assert_ne!(text(&new_secret()).expose_secret(), text(&new_secret()).expose_secret());
        for typed in ["123456", "123 456", " 123456\n"] {
            assert_eq!(digits(typed).as_deref(), Some("123456"));
        }
        for bad in ["", "12345", "1234567", "12345a", "１２３４５６", "-12345", &" ".repeat(1 << 20)] {
            assert_eq!(digits(bad), None);
        }
    }
}
