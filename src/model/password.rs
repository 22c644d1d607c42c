//! Passwords as people type them: one normal form, and the rules for a new one (NIST SP 800-63B section 3.1.1.2:
//! length counts, composition does not, and what everybody tries first is refused).
//!
//! `guessable` estimates what others would guess.

mod guessable;

use secrecy::{ExposeSecret, SecretString};
use unicode_normalization::UnicodeNormalization;

use crate::model::tenant::Tenant;
use crate::model::text::name_key;
use crate::model::user::User;

/// Fewest characters of a new password.
pub const MIN_CHARS: usize = 10;
/// Most characters of a password.
pub const MAX_CHARS: usize = 256;
/// Most bytes that are looked at (K-10): four for each character.
const MAX_BYTES: usize = 4 * MAX_CHARS;

/// Why a text is no new password: the rule that it breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Fewer characters than [`MIN_CHARS`].
    #[error("must have at least {MIN_CHARS} characters")]
    TooShort,
    /// More characters than [`MAX_CHARS`].
    #[error("must have at most {MAX_CHARS} characters")]
    TooLong,
    /// It holds control characters.
    #[error("must not hold control characters")]
    Control,
    /// It is what the person or the organisation is called.
    #[error("must not be the person's address or name, nor the organisation's")]
    Named,
    /// It is the one until now.
    #[error("must be another one than the current password")]
    Unchanged,
    /// It stands in the lists of common passwords, or next to one that does.
    #[error("is too easy to guess: it is a common password, or much like one")]
    Common,
    /// It repeats itself.
    #[error("is too easy to guess: it repeats the same characters")]
    Repeats,
    /// It follows the alphabet, or counts.
    #[error("is too easy to guess: it is a sequence such as abcd or 4321")]
    Sequence,
    /// It follows the keyboard.
    #[error("is too easy to guess: its keys are neighbours on the keyboard")]
    Keyboard,
    /// It is made of a date or a year.
    #[error("is too easy to guess: it is made of a date or a year")]
    Date,
    /// It is made of names.
    #[error("is too easy to guess: it is made of names")]
    Names,
    /// It is made of too few common words.
    #[error("is too easy to guess: add a word or two that nobody would expect")]
    Words,
}

impl From<Unfit> for String {
    fn from(unfit: Unfit) -> Self {
        unfit.to_string()
    }
}

/// A password in its normal form (NFKC): the same from every keyboard. Never shown.
#[derive(Clone)]
pub struct Password(SecretString);

impl Password {
    /// Reads what somebody typed; `None` when it is too long to be anybody's.
    #[must_use]
    pub fn typed(text: &SecretString) -> Option<Self> {
        let text = text.expose_secret();
        if text.len() > MAX_BYTES {
            return None;
        }
        let normal: String = text.nfkc().collect();
        (normal.chars().count() <= MAX_CHARS).then(|| Self(normal.into()))
    }

    /// Reads a new password of this user. Slow: flows ask the hasher for it.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn new_of(text: &SecretString, user: &User, tenant: &Tenant) -> Result<Self, Unfit> {
        let password = Self::typed(text).ok_or(Unfit::TooLong)?;
        let plain = password.0.expose_secret();
        if plain.chars().count() < MIN_CHARS {
            return Err(Unfit::TooShort);
        }
        if plain.chars().any(char::is_control) {
            return Err(Unfit::Control);
        }
        if names_of(user, tenant).any(|name| name_key(name) == name_key(plain)) {
            return Err(Unfit::Named);
        }
        guessable::check(plain, names_of(user, tenant))?;
        Ok(password)
    }

    /// The text, to be hashed.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

/// What a stranger would try first.
fn names_of<'a>(user: &'a User, tenant: &'a Tenant) -> impl Iterator<Item = &'a str> {
    let mailbox = user.email.as_deref().and_then(|email| email.split_once('@')).map(|(local, _)| local);
    let of_user = [&user.email, &user.name, &user.given_name, &user.family_name, &user.external_id];
    let of_user = of_user.into_iter().filter_map(Option::as_deref).chain(mailbox);
    of_user.chain([tenant.slug.as_str(), tenant.name.as_str()])
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use uuid::Uuid;

    use super::*;
    use crate::model::tenant::{Sso, TenantStatus};

    fn check(text: &str) -> Result<String, Unfit> {
        let mut user = User::new(Uuid::nil(), DateTime::UNIX_EPOCH);
        user.email = Some("alice.lovelace@northwind.example".into());
        user.name = Some("Alice Lovelace".into());
        let tenant = Tenant {
            id: Uuid::nil(),
            slug: "northwind-traders".into(),
            name: "Northwind Traders Inc.".into(),
            external_id: None,
            status: TenantStatus::Active,
            allowed_return_urls: Vec::new(),
            landing_url: None,
            version: 1,
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
            sso: Sso::Optional.into(),
            support_email: None,
            logo_url: None,
            technical_contacts: Vec::new(),
        };
        Password::new_of(&text.into(), &user, &tenant).map(|p| p.expose().to_owned())
    }

    #[test]
    fn length_counts_in_characters_and_composition_does_not_count() {
        let long: String = "correct horse battery staple ".chars().cycle().take(256).collect();
        for good in ["vgnqtlwbxd", "7490385162", "ten chars?!", "ünïcödé ßß", &long] {
            assert!(check(good).is_ok(), "{good}: {:?}", check(good));
        }
        for (bad, why) in [
            ("", Unfit::TooShort),
            ("123456789", Unfit::TooShort),
            ("ümlautßß9", Unfit::TooShort),
            (&"x".repeat(257), Unfit::TooLong),
            ("with a\0nul byte", Unfit::Control),
            ("with a\nnew line", Unfit::Control),
        ] {
            assert_eq!(check(bad), Err(why), "{bad:?}");
        }
    }

    #[test]
    fn what_a_stranger_tries_first_is_refused_in_every_case_and_width() {
        for bad in [
            "alice.lovelace@northwind.example",
            "ALICE.LOVELACE",
            "alice lovelace",
            "Ａlice Ｌovelace",
            "Northwind-Traders",
            "northwind traders inc.",
        ] {
            assert_eq!(check(bad), Err(Unfit::Named), "{bad}");
        }
        assert!(check("alice and the looking-glass of 1871").is_ok(), "a password may contain a name");
        assert!(check("alice lovelace 1815").is_err(), "but not be made of what is known of the person");
    }

    #[test]
    fn the_same_password_from_two_keyboards_is_the_same() {
        assert_eq!(check("pa\u{308}ssword 1").unwrap(), check("p\u{e4}ssword 1").unwrap());
        assert_eq!(check("ｗide letters").unwrap(), "wide letters");
    }

    #[test]
    fn k_10_a_password_that_is_too_long_is_not_even_normalised() {
        let grows = "\u{fdfa}".repeat(300); // 900 bytes that NFKC makes 5400 characters of
        for long in [grows, "x".repeat(1 << 20), "\u{1f511}".repeat(257)] {
            assert!(Password::typed(&long.as_str().into()).is_none(), "{} bytes", long.len());
        }
        assert!(Password::typed(&"x".repeat(256).into()).is_some());
    }
}
