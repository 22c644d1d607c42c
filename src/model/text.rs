//! Rules for text that people type: bounds, hostile characters, and the key under which two texts are the same.

use unicode_normalization::UnicodeNormalization;

/// The most characters a name, title or other one-line text may have.
pub const MAX_NAME: usize = 100;
/// The most characters an id from another system may have.
pub const MAX_EXTERNAL_ID: usize = 255;

/// The key of a name: NFKC, lower case, trimmed. Two names with one key are the same name.
#[must_use]
pub fn name_key(name: &str) -> String {
    name.nfkc().collect::<String>().to_lowercase().trim().to_owned()
}

/// Whether a character may not stand in a one-line text: controls (M-01, K-04), and the invisible and
/// direction-changing ones that make one name look like another (M-07).
#[must_use]
pub fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2028}' | '\u{2029}'
            | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Checks a one-line text: not empty, at most `max` characters, no surrounding blanks, nothing hostile.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn check_line(text: &str, max: usize) -> Result<(), String> {
    if text.is_empty() {
        Err("must not be empty".into())
    } else if text.chars().count() > max {
        Err(format!("must have at most {max} characters"))
    } else if text.trim() != text {
        Err("must not begin or end with blanks".into())
    } else if text.chars().any(is_hostile) {
        Err("must not hold control, invisible or direction-changing characters".into())
    } else {
        Ok(())
    }
}

/// `check_line` for names, in the form that garde calls.
///
/// # Errors
/// What `check_line` says.
pub fn valid_name(text: &str, _: &()) -> garde::Result {
    check_line(text, MAX_NAME).map_err(garde::Error::new)
}

/// `check_line` for ids of other systems, in the form that garde calls.
///
/// # Errors
/// What `check_line` says.
pub fn valid_external_id(text: &str, _: &()) -> garde::Result {
    check_line(text, MAX_EXTERNAL_ID).map_err(garde::Error::new)
}

/// The text cut to `max` characters with hostile ones taken out: for what providers and browsers send us.
#[must_use]
pub fn tamed(text: &str, max: usize) -> String {
    text.chars().filter(|c| !is_hostile(*c)).take(max).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_differ_in_case_or_width_have_one_key() {
        assert_eq!(name_key("Ｅngineering "), name_key("engineering"));
        assert_ne!(name_key("аdmins"), name_key("admins"), "a Cyrillic letter is another letter");
    }

    #[test]
    fn hostile_text_is_told_apart() {
        for bad in ["", " a", "a\r\nb", "a\u{202e}b", "a\u{200b}b", &"x".repeat(101)] {
            assert!(check_line(bad, 100).is_err(), "{bad:?}");
        }
        assert!(check_line("Çarol Ünal", 100).is_ok());
    }
}
