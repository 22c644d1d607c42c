//! E-mail addresses: one syntax check, one normal form, one key. Two addresses are the same when their keys are.

use unicode_normalization::{UnicodeNormalization, is_nfkc};

use crate::model::text::is_hostile;

/// An address that passed the check, with its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailAddress {
    /// As it was written.
    pub address: String,
    /// Local part lower-cased (NFKC), domain as lower-case A-labels; what is stored in `email_key` and compared.
    pub key: String,
    /// The domain part of the key.
    pub domain: String,
}

/// Why a text is no address we take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not an e-mail address of the form local@domain")]
pub struct InvalidEmail;

impl EmailAddress {
    /// Reads an address (the `addr-spec` subset of RFC 5321 without quoted local parts, comments and literals; at most
    /// 254 bytes, L-05). Dots and plus signs keep their meaning: what a provider's mailbox rules are is not ours to guess.
    ///
    /// # Errors
    /// [`InvalidEmail`] for everything else.
    pub fn parse(text: &str) -> Result<Self, InvalidEmail> {
        if text.len() > 254 || text.chars().any(|c| is_hostile(c) || c.is_whitespace()) {
            return Err(InvalidEmail);
        }
        let (local, domain) = text.rsplit_once('@').ok_or(InvalidEmail)?;
        if local.is_empty()
            || local.len() > 64
            || local.contains(['@', '"', '(', ')', ',', ':', ';', '<', '>', '[', ']', '\\'])
        {
            return Err(InvalidEmail);
        }
        if local.starts_with('.') || local.ends_with('.') || local.contains("..") {
            return Err(InvalidEmail);
        }
        // L-04: full-width and other compatibility forms are refused rather than folded into somebody else's address.
        if !is_nfkc(local) {
            return Err(InvalidEmail);
        }
        let domain = normal_domain(domain).ok_or(InvalidEmail)?;
        let local_key = local.to_lowercase().nfkc().collect::<String>();
        Ok(Self { address: text.to_owned(), key: format!("{local_key}@{domain}"), domain })
    }
}

/// A DNS domain in its normal form: lower-case A-labels, at least two of them, no trailing dot, no IP literal.
#[must_use]
pub fn normal_domain(text: &str) -> Option<String> {
    let ascii = idna::domain_to_ascii_strict(text).ok()?.to_ascii_lowercase();
    let labels: Vec<&str> = ascii.split('.').collect();
    let fits = |l: &&str| !l.is_empty() && l.len() <= 63 && !l.starts_with('-') && !l.ends_with('-');
    let named = labels.last().is_some_and(|tld| tld.chars().any(|c| c.is_ascii_alphabetic()));
    (labels.len() >= 2 && ascii.len() <= 253 && named && labels.iter().all(fits)).then_some(ascii)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Option<String> {
        EmailAddress::parse(text).ok().map(|e| e.key)
    }

    #[test]
    fn l_04_different_canonical_forms_never_meet_and_case_always_does() {
        assert_eq!(key("Carol.Unal@Acme.Example.COM"), key("carol.unal@acme.example.com"));
        assert_ne!(key("аdmin@acme.example"), key("admin@acme.example"), "Cyrillic а is another person");
        assert_ne!(key("a.b@acme.example"), key("ab@acme.example"), "dots count");
        assert_ne!(key("a+x@acme.example"), key("a@acme.example"), "plus counts");
        assert_ne!(key("ß@acme.example"), key("ss@acme.example"));
        assert_ne!(key("ı@acme.example"), key("i@acme.example"));
        assert_ne!(key("İ@acme.example"), key("i@acme.example"));
        assert_eq!(key("\u{ff41}dmin@acme.example"), None, "full width is refused");
        assert_eq!(key("a@bücher.example"), key("a@xn--bcher-kva.example"), "one domain, two spellings");
        assert_eq!(key("a@acme.example."), None, "a trailing dot is refused");
        assert_eq!(key("\"a b\"@acme.example"), None, "quoted local parts are refused");
    }

    #[test]
    fn l_05_what_is_no_address_is_refused() {
        for bad in [
            "",
            "a",
            "a@",
            "@b.example",
            "a@b",
            "a@b@c.example",
            "a(b)@c.example",
            "a@c.example\r\nBcc: x@y.example",
            "A <a@c.example>",
            "a\0@c.example",
            "a@127.0.0.1",
            "a@[127.0.0.1]",
            "a..b@c.example",
            ".a@c.example",
        ] {
            assert_eq!(key(bad), None, "{bad:?}");
        }
        assert_eq!(key(&format!("{}@c.example", "a".repeat(250))), None);
    }
}
