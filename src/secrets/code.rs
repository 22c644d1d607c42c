//! Codes that people type: bearer secrets on paper. 140 random bits in an alphabet without look-alikes (Crockford's), in
//! groups of four; read back in any case, with or without the hyphens. Kept as SHA-256, like every bearer secret.

use aws_lc_rs::rand;
use secrecy::{ExposeSecret, SecretString};

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Characters of a code, five bits each.
const LENGTH: usize = 28;
/// Characters between two hyphens.
const GROUP: usize = 4;
/// Longest text that is looked at, in bytes.
const LONGEST: usize = 100;

/// A new code, as it is shown.
///
/// # Panics
/// When the operating system has no randomness to give; nothing may go on then.
#[must_use]
pub fn new() -> SecretString {
    let mut bytes = [0u8; LENGTH];
    rand::fill(&mut bytes).expect("the operating system gives randomness");
    let characters: Vec<u8> = bytes.iter().map(|byte| ALPHABET[usize::from(byte % 32)]).collect();
    let groups: Vec<_> = characters.chunks(GROUP).map(String::from_utf8_lossy).collect();
    groups.join("-").into()
}

/// The code that somebody typed, in the form that is hashed; empty when it is none.
#[must_use]
pub fn typed(text: &SecretString) -> SecretString {
    let text = text.expose_secret();
    let plain = if text.len() <= LONGEST { text } else { "" };
    let kept = plain.chars().filter(|c| *c != '-' && !c.is_whitespace());
    let read: Option<String> = kept.map(canonical).collect();
    read.filter(|code| code.len() == LENGTH).unwrap_or_default().into()
}

/// The character of the alphabet that is meant.
fn canonical(c: char) -> Option<char> {
    let meant = match c.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    ALPHABET.iter().any(|known| char::from(*known) == meant).then_some(meant)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_carries_140_bits_and_is_read_however_it_is_typed() {
        let code = new();
        let shown = code.expose_secret();
        assert_eq!((shown.len(), shown.matches('-').count()), (LENGTH + 6, 6), "{shown}");
        assert_ne!(shown, new().expose_secret());
        let plain = shown.replace('-', "");
        let looks = plain.replace('0', "o").replace('1', "l");
        for text in [shown, &plain, &plain.to_lowercase(), &looks, &format!(" {shown}\r\n")] {
            assert_eq!(typed(&text.into()).expose_secret(), plain, "{text}");
        }
    }

    #[test]
    fn what_is_no_code_is_read_as_nothing() {
        let code = new();
        let shown = code.expose_secret();
        let (short, long) = (&shown[1..], format!("{shown}0"));
        for text in ["", "-", short, &long, &"0".repeat(5000), &shown.replace('-', "_"), "ÄÖÜ", "\0"] {
            assert_eq!(typed(&text.into()).expose_secret(), "", "{text}");
        }
    }
}
