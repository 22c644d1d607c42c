//! A letter as a message: the same words and the same link in text and in HTML (M-08), a Message-ID that stays the same
//! however often it is sent, and headers that keep auto-responders quiet (M-09).

use std::time::SystemTime;

use askama::Template;
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::{Address, Message};
use secrecy::ExposeSecret;

use super::words::{Words, words};
use super::{Failure, FailureKind, Outgoing};
use crate::model::email::EmailAddress;

/// The letter in text.
#[derive(Template)]
#[template(path = "mail/letter.txt")]
struct Text<'a> {
    words: &'a Words,
    link: Option<&'a str>,
}

/// The letter in HTML.
#[derive(Template)]
#[template(path = "mail/letter.html")]
struct Html<'a> {
    words: &'a Words,
    link: Option<&'a str>,
    logo_url: Option<&'a str>,
}

/// Nobody's machine shall answer (RFC 3834).
#[derive(Debug, Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// The words and the message.
///
/// # Errors
/// [`Failure`] for a letter that can never go.
pub(super) fn compose(from: &Address, outgoing: &Outgoing) -> Result<(Words, Message), Failure> {
    let never = |error: &dyn std::fmt::Display| {
        Failure::new(FailureKind::Lasting, format!("no message can be made of it: {error}"))
    };
    let words = words(outgoing);
    let link = outgoing.link.as_ref().map(ExposeSecret::expose_secret);
    let text = Text { words: &words, link }.render().map_err(|e| never(&e))?;
    let logo_url = outgoing.sender.logo_url.as_deref();
    let html = Html { words: &words, link, logo_url }.render().map_err(|e| never(&e))?;
    let mut message = Message::builder()
        .from(Mailbox::new(Some(words.from.clone()), from.clone()))
        .to(Mailbox::new(None, address(&outgoing.to).map_err(|e| never(&e))?))
        .subject(words.subject.as_str())
        .date(SystemTime::from(outgoing.at))
        .message_id(Some(format!("<{}@{}>", outgoing.id, from.domain())))
        .header(AutoSubmitted);
    if let Some(support) = &outgoing.sender.support_email {
        message = message.reply_to(Mailbox::new(None, address(support).map_err(|e| never(&e))?));
    }
    let message = message.multipart(MultiPart::alternative_plain_html(text, html)).map_err(|e| never(&e))?;
    Ok((words, message))
}

/// The address with its domain as mail servers know it.
fn address(email: &EmailAddress) -> Result<Address, lettre::address::AddressError> {
    let local = email.address.rsplit_once('@').map_or("", |(local, _)| local);
    Address::new(local, &email.domain)
}
