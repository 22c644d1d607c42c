//! Recovery codes: what stands in once for a second factor that was lost. Eighty random bits in letters that people can
//! type, shown once, kept as a hash together with whose they are.

use aws_lc_rs::rand;
use secrecy::SecretString;
use uuid::Uuid;

use crate::secrets::{base32, token};

/// How many a set has.
pub const SET: usize = 10;
/// Random bytes of a code.
const BYTES: usize = 10;
/// Letters of a code, without its hyphens.
const LETTERS: usize = 16;
/// Letters of a group.
const GROUP: usize = 4;

/// A new set of codes, as they are shown: `abcd-efgh-ijkl-mnop`.
///
/// # Panics
/// When the operating system has no randomness to give; nothing may go on then.
#[must_use]
pub fn new_set() -> Vec<SecretString> {
    let one = |_| {
        let mut bytes = [0u8; BYTES];
        rand::fill(&mut bytes).expect("the operating system gives randomness");
        let mut text = base32::encode(&bytes).to_ascii_lowercase();
        for at in (1..LETTERS / GROUP).rev() {
            text.insert(at * GROUP, '-');
        }
        SecretString::from(text)
    };
    (0..SET).map(one).collect()
}

/// The hash of what somebody typed as a code of this user, however they wrote it; `None` for what is none.
#[must_use]
pub fn hash(user: Uuid, typed: &str) -> Option<Vec<u8>> {
    if typed.len() > 4 * LETTERS {
        return None;
    }
    let plain: String = typed.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    let plain = plain.to_ascii_lowercase();
    let fits = plain.len() == LETTERS && plain.bytes().all(|b| matches!(b, b'a'..=b'z' | b'2'..=b'7'));
    // Whose it is goes in, so that one guess is never held against everybody's codes at once.
    fits.then(|| token::hash(&format!("{user}/{plain}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn a_set_has_ten_different_codes_and_each_is_its_owners() {
        let (set, user) = (new_set(), Uuid::now_v7());
        let hashes: std::collections::BTreeSet<_> =
            set.iter().map(|code| hash(user, code.expose_secret()).unwrap()).collect();
        assert_eq!((set.len(), hashes.len()), (SET, SET));
        assert_ne!(hash(user, set[0].expose_secret()), hash(Uuid::now_v7(), set[0].expose_secret()));
    }

    #[test]
    fn a_code_is_read_however_it_is_typed_and_nothing_else_is_one() {
        let user = Uuid::nil();
        let shown = hash(user, "abcd-efgh-2345-67mn").unwrap();
        for typed in ["ABCDEFGH234567MN", " abcd efgh 2345 67mn ", "abcdefgh-234567mn"] {
            assert_eq!(hash(user, typed).as_deref(), Some(shown.as_slice()));
        }
        for bad in
            ["", "123456", "abcd-efgh-2345-67m", "abcd-efgh-2345-67m8", "abcd-efgh-2345-67mné", &"a".repeat(1 << 20)]
        {
            assert_eq!(hash(user, bad), None);
        }
    }
}
