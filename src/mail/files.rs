//! Letters as `.eml` files in a folder: for development, where no mail server is. A letter that is sent again replaces its
//! file, since both have the delivery's id.

use std::collections::VecDeque;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use uuid::Uuid;

use super::words::Words;
use super::{Failure, FailureKind, Outgoing};

/// A letter as it can be looked at in the demo.
#[derive(Debug, Clone)]
pub struct Kept {
    /// To whom.
    pub to: String,
    /// What about.
    pub subject: String,
    /// The paragraphs.
    pub lines: Vec<String>,
    /// What its button says and where that leads.
    pub button: Option<(String, SecretString)>,
    /// When it was written.
    pub at: DateTime<Utc>,
}

/// The folder, and the last letters where they may be looked at.
#[derive(Debug)]
pub(super) struct Files {
    folder: PathBuf,
    keep: usize,
    last: Mutex<VecDeque<Kept>>,
}

impl Files {
    pub(super) fn new(folder: PathBuf, keep: usize) -> Self {
        Self { folder, keep, last: Mutex::default() }
    }

    pub(super) async fn write(&self, letter: &Outgoing, words: &Words, bytes: Vec<u8>) -> Result<(), Failure> {
        let (folder, id) = (self.folder.clone(), letter.id);
        let written = tokio::task::spawn_blocking(move || write(&folder, id, &bytes)).await;
        if let Err(error) = written.unwrap_or_else(|error| Err(io::Error::other(error))) {
            let reason = format!("it cannot be written into {}: {error}", self.folder.display());
            return Err(Failure::new(FailureKind::Server, reason));
        }
        if self.keep > 0 {
            let kept = Kept {
                to: letter.to.address.clone(),
                subject: words.subject.clone(),
                lines: words.lines.clone(),
                button: words.button.clone().zip(letter.link.clone()),
                at: letter.at,
            };
            let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            last.push_front(kept);
            last.truncate(self.keep);
        }
        Ok(())
    }

    pub(super) fn kept(&self) -> Option<Vec<Kept>> {
        let last = || self.last.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect();
        (self.keep > 0).then(last)
    }
}

/// Whole or not at all, and for nobody else's eyes: letters hold links that let people in.
fn write(folder: &Path, id: Uuid, bytes: &[u8]) -> io::Result<()> {
    if let Some(data) = folder.parent() {
        // As the embedded PostgreSQL makes it, whose account passes through it when we are root.
        DirBuilder::new().recursive(true).mode(0o711).create(data)?;
    }
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let draft = folder.join(format!("{id}.{}.draft", Uuid::now_v7()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&draft, folder.join(format!("{id}.eml")))
}
