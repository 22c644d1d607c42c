//! The words of one letter: its sentences with what it tells put in.
//!
//! Names are data that others chose. They stand in one line, are bounded, hold nothing invisible (M-01, M-07), and what
//! would become a link in a mail program is taken apart (M-04): everywhere in the body, and in sender and subject, where
//! nothing does by itself, only of names that pose as links or addresses. They are put in once, so braces in them stay
//! braces (M-06).

use chrono::{DateTime, Utc};

use super::Outgoing;
use super::texts::{Sentences, Texts, texts};
use crate::model::email::EmailAddress;
use crate::model::letter::Letter;
use crate::model::text::{MAX_NAME, tamed};

/// A letter in words.
#[derive(Debug, Clone)]
pub(super) struct Words {
    pub lang: &'static str,
    /// The tenant's name, for the body.
    pub sender: String,
    /// And for the header.
    pub from: String,
    pub subject: String,
    pub lines: Vec<String>,
    pub button: Option<String>,
    pub or_copy: &'static str,
    pub after: Vec<String>,
    pub footer: Vec<String>,
}

/// What stands for a placeholder.
type Values = Vec<(&'static str, String)>;

/// The words of this letter.
pub(super) fn words(outgoing: &Outgoing) -> Words {
    let t = texts(outgoing.language);
    let (sender, from) = (harmless(&outgoing.sender.name), in_header(&outgoing.sender.name));
    let (sentences, mut values) = tells(t, &outgoing.letter);
    let subject = fill(sentences.subject, &vec![("tenant", from.clone())]);
    values.push(("tenant", sender.clone()));
    let known = |pattern: &&&str| placeholders(pattern).all(|name| values.iter().any(|(known, _)| *known == name));
    let all = |patterns: &[&str]| patterns.iter().filter(known).map(|pattern| fill(pattern, &values)).collect();
    let mut footer = vec![fill(t.automatic, &values)];
    footer.push(match &outgoing.sender.support_email {
        Some(support) => fill(t.support, &vec![("support", support.address.clone())]),
        None => t.unread.to_owned(),
    });
    Words {
        lang: t.lang,
        subject,
        lines: all(sentences.lines),
        button: sentences.button.filter(|_| outgoing.link.is_some()).map(str::to_owned),
        or_copy: t.or_copy,
        after: all(sentences.after),
        footer,
        sender,
        from,
    }
}

/// The sentences of a letter, and what it puts into them.
fn tells<'a>(t: &'a Texts, letter: &Letter) -> (&'a Sentences, Values) {
    let when = |time: &DateTime<Utc>| ("when", time.format(t.time).to_string());
    let ends = |connection: &str, days_left: i64, not_after: &DateTime<Utc>| {
        vec![("connection", harmless(connection)), ("days", days_left.max(0).to_string()), when(not_after)]
    };
    match letter {
        Letter::Invitation { inviter: None, expires_at } => (&t.invitation, vec![when(expires_at)]),
        Letter::Invitation { inviter: Some(inviter), expires_at } => {
            (&t.invitation_by, vec![("by", harmless(inviter)), when(expires_at)])
        }
        Letter::VerifyAddress { expires_at } => (&t.verify_address, vec![when(expires_at)]),
        Letter::ChangeAddress { expires_at } => (&t.change_address, vec![when(expires_at)]),
        Letter::AddressChanged { new_address } => (&t.address_changed, vec![("address", address(new_address))]),
        Letter::ResetPassword { expires_at } => (&t.reset_password, vec![when(expires_at)]),
        Letter::CertificateExpires { connection, days_left, not_after } => {
            (&t.certificate_expires, ends(connection, *days_left, not_after))
        }
        Letter::SecretExpires { connection, days_left, not_after } => {
            (&t.secret_expires, ends(connection, *days_left, not_after))
        }
        // Where nothing is to be confirmed there is no time, and the sentence about it is left out.
        Letter::SsoEnforced { by: None, confirm_by } => (&t.sso_enforced, confirm_by.iter().map(when).collect()),
        Letter::SsoEnforced { by: Some(by), confirm_by } => {
            (&t.sso_enforced_by, confirm_by.iter().map(when).chain([("by", harmless(by))]).collect())
        }
        Letter::SsoLifted { by: None } => (&t.sso_lifted, Vec::new()),
        Letter::SsoLifted { by: Some(by) } => (&t.sso_lifted_by, vec![("by", harmless(by))]),
        Letter::SsoWentBack {} => (&t.sso_went_back, Vec::new()),
        Letter::BreakGlassCodesMade { by } => (&t.break_glass_codes_made, vec![("by", harmless(by))]),
        Letter::BreakGlassUsed { by, at } => (&t.break_glass_used, vec![("by", harmless(by)), when(at)]),
    }
}

/// The names of a pattern's placeholders.
fn placeholders(pattern: &str) -> impl Iterator<Item = &str> {
    pattern.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|(name, _)| name)
}

/// A pattern with its placeholders filled, once: what is put in is never read again.
fn fill(pattern: &str, values: &Values) -> String {
    let mut parts = pattern.split('{');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once('}').unwrap_or(("", part));
        text.push_str(values.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value));
        // "Acme Inc." ends a sentence itself.
        text.push_str(if text.ends_with('.') { rest.strip_prefix('.').unwrap_or(rest) } else { rest });
    }
    text
}

/// An address as it may stand in a letter; what is none is a name.
fn address(text: &str) -> String {
    EmailAddress::parse(text).map_or_else(|_| harmless(text), |email| email.address)
}

/// A name as it may stand in a header: as it is, unless somebody could take it for a link or for whom the letter is from.
fn in_header(name: &str) -> String {
    let name = tamed(name, MAX_NAME);
    let lower = name.to_lowercase();
    let poses = lower.contains("://") || lower.contains("www.") || lower.contains(['@', '\u{ff20}']);
    if poses { harmless(&name) } else { name }
}

/// A name as it may stand in a letter's body.
fn harmless(name: &str) -> String {
    let name = tamed(name, MAX_NAME).replace("://", ": ");
    let mut text = String::with_capacity(name.len());
    let mut chars = name.chars().peekable();
    while let Some(c) = chars.next() {
        text.push(c);
        // "evil.example" becomes a link by itself; "evil. example" does not, and "Dr. Who" stays what it was.
        let joins = matches!(c, '.' | '\u{3002}' | '\u{ff0e}' | '\u{ff61}');
        if joins && chars.peek().is_some_and(|next| next.is_alphanumeric()) {
            text.push(' ');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m_04_what_would_become_a_link_in_a_mail_program_is_taken_apart() {
        assert_eq!(harmless("Visit https://evil.example/x now"), "Visit https: evil. example/x now");
        assert_eq!(harmless("www.evil.example"), "www. evil. example");
        assert_eq!(harmless("Acme Inc."), "Acme Inc.");
        assert_eq!(harmless("Dr. Who"), "Dr. Who");
        assert_eq!(harmless(&"x".repeat(500)).len(), MAX_NAME);
    }

    #[test]
    fn m_04_a_name_in_a_header_is_left_alone_unless_it_poses_as_a_link_or_an_address() {
        for honest in ["Booking.com B.V.", "Acme Inc.", "St.Gallen"] {
            assert_eq!(in_header(honest), honest);
        }
        assert_eq!(in_header("Visit HTTPS://evil.example"), "Visit HTTPS: evil. example");
        assert_eq!(in_header("WWW.evil.example"), "WWW. evil. example");
        assert_eq!(in_header("security@bank.example"), "security@bank. example");
        assert_eq!(in_header("security\u{ff20}bank.example"), "security\u{ff20}bank. example");
        assert_eq!(in_header("Bank\r\nBcc: eve"), "BankBcc: eve");
    }

    #[test]
    fn m_06_braces_in_a_name_stay_braces() {
        let values = vec![("by", "{tenant} {{7*7}} {% x %}".to_owned()), ("tenant", "Acme".to_owned())];
        assert_eq!(fill("{by} invites you to {tenant}.", &values), "{tenant} {{7*7}} {% x %} invites you to Acme.");
    }
}
