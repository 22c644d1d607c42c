//! What settings mean to those who use them: sealing keys, exceptions for calls, how letters go, the log's filter.
//!
//! The same functions tell `doorward config check` what is wrong and hand `doorward serve` what is right, so that neither
//! knows more than the other.

use std::path::{Path, PathBuf};

use lettre::Address;
use secrecy::SecretString;

use crate::config::{Config, Fault};
use crate::embedded::default_data_dir;
use crate::mail::{Mailer, Smtp};
use crate::model::email::EmailAddress;
use crate::outbound::AllowRule;
use crate::secrets::sealed::Sealer;
use crate::telemetry;

/// How a sealing key is made.
const MAKE_A_KEY: &str = "make a key with: echo \"k1:$(openssl rand -base64 32)\"";

/// So many letters the demo shows.
const SHOWN_LETTERS: usize = 20;

/// Every fault that the settings' own types do not show.
#[must_use]
pub fn faults(config: &Config) -> Vec<Fault> {
    let mut found: Vec<Fault> = sealer(config).err().into_iter().collect();
    found.extend(allow_rules(config).err().unwrap_or_default());
    found.extend(mailer(config).err());
    found.extend(telemetry::filter(&config.log_level).err().map(|message| fault("log_level", message)));
    found
}

/// The configured sealing keys; none means those of the embedded cluster's folder.
///
/// # Errors
/// The [`Fault`], when they cannot be read or there must be some and are not.
pub fn sealer(config: &Config) -> Result<Option<Sealer>, Fault> {
    match (&config.sealing_keys, &config.sealing_keys_file) {
        (Some(text), _) => read("sealing_keys", text).map(Some),
        (None, Some(file)) => sealer_of_file(file).map(Some),
        (None, None) if config.database_url.is_some() => Err(no_sealing_key()),
        (None, None) => Ok(None),
    }
}

/// The sealing keys in a file.
///
/// # Errors
/// The [`Fault`], when it cannot be read.
pub fn sealer_of_file(file: &Path) -> Result<Sealer, Fault> {
    let text = std::fs::read_to_string(file);
    let text = text.map_err(|e| fault("sealing_keys_file", format!("{} cannot be read: {e}", file.display())))?;
    read("sealing_keys_file", &text.into())
}

/// A database of its own without keys is refused.
#[must_use]
pub fn no_sealing_key() -> Fault {
    let how =
        "is missing: with a database of its own the server needs DOORWARD_SEALING_KEYS or DOORWARD_SEALING_KEYS_FILE";
    fault("sealing_keys", format!("{how}; {MAKE_A_KEY}"))
}

fn read(key: &str, text: &SecretString) -> Result<Sealer, Fault> {
    Sealer::from_text(text).map_err(|error| fault(key, format!("{error}; {MAKE_A_KEY}")))
}

/// What may be called although it is private.
///
/// # Errors
/// A [`Fault`] for each entry that is none.
pub fn allow_rules(config: &Config) -> Result<Vec<AllowRule>, Vec<Fault>> {
    let (mut rules, mut faults) = (Vec::new(), Vec::new());
    for text in &config.outbound_allow {
        match text.parse() {
            Ok(rule) => rules.push(rule),
            Err(message) => faults.push(fault("outbound_allow", message)),
        }
    }
    if faults.is_empty() { Ok(rules) } else { Err(faults) }
}

/// How letters go: by the mail server, else into a folder. The demo shows the last ones.
///
/// # Errors
/// The [`Fault`], when the sender is no address, the server's certificates cannot be read, or there is no folder.
pub fn mailer(config: &Config) -> Result<Mailer, Fault> {
    let from = match &config.mail.from {
        Some(text) => {
            sender(text).ok_or_else(|| fault("mail_from", "must be an address such as sso@example.com".into()))?
        }
        None => sender("doorward@doorward.localhost").ok_or_else(|| fault("mail_from", "is missing".into()))?,
    };
    let Some(smtp) = &config.mail.smtp else {
        let folder = config.mail.folder.clone().or_else(|| mail_folder(config));
        let missing =
            || fault("mail_folder", "is missing: there is neither a mail server nor a home for a folder".into());
        return Ok(Mailer::files(from, folder.ok_or_else(missing)?, if config.demo { SHOWN_LETTERS } else { 0 }));
    };
    let roots = smtp.ca_file.as_ref().map(|file| {
        let text = std::fs::read(file);
        text.map_err(|e| fault("smtp_ca_file", format!("{} cannot be read: {e}", file.display())))
    });
    let host = config.public_url.host_str().unwrap_or("localhost");
    let smtp = Smtp::new(smtp, roots.transpose()?.as_deref(), host);
    Ok(Mailer::smtp(from, smtp.map_err(|e| fault("smtp_ca_file", format!("cannot be used: {e}")))?))
}

fn sender(text: &str) -> Option<Address> {
    let email = EmailAddress::parse(text).ok()?;
    let (local, _) = email.address.rsplit_once('@')?;
    Address::new(local, &email.domain).ok()
}

/// `mail` in the data folder.
fn mail_folder(config: &Config) -> Option<PathBuf> {
    let around = &config.surroundings;
    let uid = rustix::process::getuid().as_raw();
    let default = || default_data_dir(uid, around.home.as_deref(), around.xdg_data_home.as_deref());
    config.data_dir.clone().or_else(default).map(|folder| folder.join("mail"))
}

fn fault(key: &str, message: String) -> Fault {
    Fault { key: key.into(), message }
}
