//! Passwords that others would guess: in the lists of common ones, or made of names, dates, keyboard rows and repeats.
//!
//! zxcvbn estimates how many guesses they take, by the lists that it brings along; what is known of the person and the
//! organisation counts as listed too.

use zxcvbn::feedback::Warning;
use zxcvbn::{Entropy, Score, zxcvbn};

use crate::model::password::Unfit;

/// Characters that are looked at. What begins so well that forty characters do not give it away is not weak for what
/// follows; and the estimate of a longer text costs more than its hash (D-09).
const LOOKED_AT: usize = 40;
/// The work of the estimate grows with each of these that occurs, as all combinations are undone.
const REPLACED: &str = "4@8({[<3690!1|75$+%2";
/// So many different ones are looked at; no word is spelled with more.
const MOST_REPLACED: usize = 8;
/// Where Unicode has characters that mean nothing.
const PRIVATE_USE: u32 = 0xE000;
/// Shortest part of a name that counts.
const MIN_NAME: usize = 3;

/// Refuses what takes less than 10^8 guesses by somebody who knows these names.
///
/// # Errors
/// Why it is easy to guess.
pub(super) fn check<'a>(password: &str, names: impl Iterator<Item = &'a str>) -> Result<(), Unfit> {
    let looked_at = bounded(password);
    let parts = names.flat_map(|name| std::iter::once(name).chain(name.split(|c: char| !c.is_alphanumeric())));
    let known: Vec<&str> = parts.filter(|part| part.chars().count() >= MIN_NAME).chain(["doorward"]).collect();
    let estimate = zxcvbn(&looked_at, &known);
    if estimate.score() >= Score::Three { Ok(()) } else { Err(why(&estimate)) }
}

/// The beginning of the text. Replacing characters beyond the most there may be are put where nothing is undone: each
/// stays one of its own.
fn bounded(password: &str) -> String {
    let mut seen: Vec<char> = Vec::new();
    let kept = |c: char| {
        if !REPLACED.contains(c) || seen.contains(&c) {
            return c;
        }
        if seen.len() == MOST_REPLACED {
            return char::from_u32(PRIVATE_USE + u32::from(c)).unwrap_or(c);
        }
        seen.push(c);
        c
    };
    password.chars().take(LOOKED_AT).map(kept).collect()
}

fn why(estimate: &Entropy) -> Unfit {
    match estimate.feedback().and_then(|feedback| feedback.warning()) {
        Some(
            Warning::ThisIsATop10Password
            | Warning::ThisIsATop100Password
            | Warning::ThisIsACommonPassword
            | Warning::ThisIsSimilarToACommonlyUsedPassword,
        ) => Unfit::Common,
        Some(Warning::RepeatsLikeAaaAreEasyToGuess | Warning::RepeatsLikeAbcAbcAreOnlySlightlyHarderToGuess) => {
            Unfit::Repeats
        }
        Some(Warning::SequencesLikeAbcAreEasyToGuess) => Unfit::Sequence,
        Some(Warning::StraightRowsOfKeysAreEasyToGuess | Warning::ShortKeyboardPatternsAreEasyToGuess) => {
            Unfit::Keyboard
        }
        Some(Warning::RecentYearsAreEasyToGuess | Warning::DatesAreOftenEasyToGuess) => Unfit::Date,
        Some(Warning::NamesAndSurnamesByThemselvesAreEasyToGuess | Warning::CommonNamesAndSurnamesAreEasyToGuess) => {
            Unfit::Names
        }
        Some(Warning::AWordByItselfIsEasyToGuess) | None => Unfit::Words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_guessed_first_is_refused_and_the_reason_is_named() {
        for (bad, why) in [
            ("password123", Unfit::Common),
            ("1234567890", Unfit::Common),
            ("P@ssw0rd2024", Unfit::Common),
            ("aaaaaaaaaaaaaaaa", Unfit::Repeats),
        ] {
            assert_eq!(check(bad, ["Ada Lovelace"].into_iter()), Err(why), "{bad}");
        }
        for bad in ["qwertzuiopqw", "lovelace1815", "Doorward2026"] {
            assert!(check(bad, ["Ada Lovelace"].into_iter()).is_err(), "{bad}");
        }
        for good in [
            "correct horse battery",
            "a staple of another kind",
            "vgnqtlwbxd",
            "lovelace wrote the notes G",
            "4@8({[<3690!1",
        ] {
            assert_eq!(check(good, ["Ada Lovelace"].into_iter()), Ok(()), "{good}");
        }
    }

    #[test]
    fn k_10_no_text_takes_long_or_panics() {
        let every_replacement = "4@8({[</369&#!1/|0$5+7%2/".repeat(10);
        let deep = "(((((((([[[[[[[[{{{{{{{{<<<<<<<<".repeat(8);
        let odd: String = ('\u{1}'..'\u{3000}').step_by(7).take(256).collect();
        for text in [every_replacement, deep, odd, "ab".repeat(128), "\u{1f511}".repeat(256), String::new()] {
            assert!(bounded(&text).chars().count() <= LOOKED_AT);
            let _ = check(&text, std::iter::once(text.as_str()));
        }
    }
}
