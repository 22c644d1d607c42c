//! Mail: letters in words, and the ways that they go.
//!
//! 1. `texts`: the sentences, English and German; 2. `words`: those of one letter, with the names that stand in them made
//!    harmless; 3. `message`: the same link in text and in HTML, headers, a Message-ID that stays; 4. `smtp` sends it, or
//!    `files` writes it into a folder. `told` keeps what a server answers free of secrets.
//!
//! Knows no database. May import `model` and below.

mod files;
mod message;
mod smtp;
mod texts;
mod told;
mod words;

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use lettre::Address;
use secrecy::SecretString;
use uuid::Uuid;

use crate::model::delivery::Language;
use crate::model::email::EmailAddress;
use crate::model::letter::Letter;

pub use files::Kept;
pub use smtp::{Smtp, Unusable};

/// A letter that is to go.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// The delivery; the Message-ID is made of it.
    pub id: Uuid,
    /// To whom.
    pub to: EmailAddress,
    /// In which language.
    pub language: Language,
    /// What it tells.
    pub letter: Letter,
    /// Where its button leads.
    pub link: Option<SecretString>,
    /// Whose letter it is.
    pub sender: Sender,
    /// When it was written.
    pub at: DateTime<Utc>,
}

/// What a letter says of the tenant that it comes from.
#[derive(Debug, Clone)]
pub struct Sender {
    /// The tenant's name.
    pub name: String,
    /// Where its people find help.
    pub support_email: Option<EmailAddress>,
    /// Where its logo is.
    pub logo_url: Option<String>,
}

/// Why a letter did not go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Whose fault it is.
    pub kind: FailureKind,
    /// For people, without a secret.
    pub reason: String,
}

/// Whose fault it is that a letter did not go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// The server's, or the way to it: another letter would not go either.
    Server,
    /// This letter's, for now.
    Passing,
    /// This letter's, for good.
    Lasting,
}

impl Failure {
    fn new(kind: FailureKind, reason: impl Into<String>) -> Self {
        Self { kind, reason: reason.into() }
    }
}

/// Sends letters.
#[derive(Debug)]
pub struct Mailer {
    from: Address,
    way: Way,
}

/// How letters go.
#[derive(Debug)]
enum Way {
    Smtp(Smtp),
    Files(files::Files),
}

impl Mailer {
    /// By a mail server.
    #[must_use]
    pub fn smtp(from: Address, smtp: Smtp) -> Self {
        Self { from, way: Way::Smtp(smtp) }
    }

    /// Into a folder, a file for each letter, for development. The last `keep` can be looked at too.
    #[must_use]
    pub fn files(from: Address, folder: PathBuf, keep: usize) -> Self {
        Self { from, way: Way::Files(files::Files::new(folder, keep)) }
    }

    /// Sends a letter. When it returns, the other side has it, or has said no, or nobody can know.
    ///
    /// # Errors
    /// [`Failure`], which holds no secret.
    pub async fn send(&self, letter: &Outgoing) -> Result<(), Failure> {
        let (words, message) = message::compose(&self.from, letter)?;
        let done = match &self.way {
            Way::Smtp(smtp) => smtp.send(&message).await,
            Way::Files(files) => files.write(letter, &words, message.formatted()).await,
        };
        done.map_err(|failure| Failure { reason: told::clean(&failure.reason, letter.link.as_ref()), ..failure })
    }

    /// The last letters that were written into the folder, the newest first; `None` where nobody may look.
    #[must_use]
    pub fn kept(&self) -> Option<Vec<Kept>> {
        match &self.way {
            Way::Files(files) => files.kept(),
            Way::Smtp(_) => None,
        }
    }
}
