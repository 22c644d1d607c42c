//! Faults: what is wrong with what an admin wrote, collected field by field so that all of it is told at once.

use crate::context::Context;
use crate::flows::{Error, Fault};
use crate::model::text::check_line;

/// Longest URL that is kept, in bytes.
pub const MAX_URL: usize = 2048;

/// Collects faults.
pub struct Faults<'a> {
    ctx: &'a Context,
    list: Vec<Fault>,
}

impl<'a> Faults<'a> {
    /// None yet.
    #[must_use]
    pub fn new(ctx: &'a Context) -> Self {
        Self { ctx, list: Vec::new() }
    }

    /// Notes one.
    pub fn add(&mut self, field: &str, message: impl Into<String>) {
        self.list.push(Fault { field: field.into(), message: message.into() });
    }

    /// One line of at most `max` characters.
    pub fn line(&mut self, field: &str, text: &str, max: usize) {
        if let Err(message) = check_line(text, max) {
            self.add(field, message);
        }
    }

    /// At most `most` lines of at most `max` characters.
    pub fn lines(&mut self, field: &str, texts: &[String], most: usize, max: usize) {
        if texts.len() > most {
            self.add(field, format!("must have at most {most} entries"));
        }
        for (n, text) in texts.iter().enumerate().take(most) {
            self.line(&format!("{field}[{n}]"), text, max);
        }
    }

    /// A URL that we would call.
    pub fn url(&mut self, field: &str, text: &str) {
        if text.len() > MAX_URL {
            self.add(field, format!("must have at most {MAX_URL} bytes"));
        } else if text.contains('#') {
            self.add(field, "must not have a fragment"); // O-41
        } else if let Err(refused) = self.ctx.outbound.check_url(field, text) {
            self.add(field, refused.fault.to_string());
        }
    }

    /// The verdict.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every fault there is.
    pub fn told(self) -> Result<(), Error> {
        if self.list.is_empty() { Ok(()) } else { Err(Error::Invalid(self.list)) }
    }
}
