//! The settings of mail: a mail server, or for development a folder.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;

use super::settings::Reader;

/// Whether and when the connection to the mail server is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SmtpTls {
    /// By STARTTLS, or no letter goes.
    Starttls,
    /// By STARTTLS where the server offers it.
    StarttlsOptional,
    /// From the first byte.
    Tls,
    /// Never.
    None,
}

/// The mail server.
#[derive(Debug, Clone)]
pub struct SmtpSettings {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is encrypted.
    pub tls: SmtpTls,
    /// Name and password, where it wants them.
    pub credentials: Option<(String, SecretString)>,
    /// Certificates that are trusted beside the system's.
    pub ca_file: Option<PathBuf>,
    /// How long one letter may take.
    pub timeout: Duration,
}

/// How letters go.
#[derive(Debug, Clone)]
pub struct MailSettings {
    /// The mail server; none means files.
    pub smtp: Option<SmtpSettings>,
    /// The address that letters come from.
    pub from: Option<String>,
    /// Folder for letters, when it is not `mail` in the data folder.
    pub folder: Option<PathBuf>,
}

impl MailSettings {
    /// Reads and checks them. Without a mail server letters would be lost in a file: only a loopback installation starts so.
    pub(super) fn read(r: &mut Reader<'_>, is_loopback: bool) -> Self {
        let host = r.text("smtp_host");
        let from = r.text("mail_from");
        let folder = r.text("mail_folder").map(PathBuf::from);
        match (&host, is_loopback) {
            (None, false) => {
                r.fault("smtp_host", "is missing: behind a public URL letters need a mail server".into());
            }
            (Some(_), _) if from.is_none() => {
                r.fault("mail_from", "is missing: the address that letters come from".into())
            }
            _ => {}
        }
        if host.is_some() && folder.is_some() {
            r.fault("mail_folder", "is set and smtp_host too; one of them".into());
        }
        let smtp = read_smtp(r, host);
        Self { smtp, from, folder }
    }

    /// How long one letter may take.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.smtp.as_ref().map_or(Duration::from_secs(30), |smtp| smtp.timeout)
    }
}

/// Every setting of the mail server is read and checked, whether there is one or not.
fn read_smtp(r: &mut Reader<'_>, host: Option<String>) -> Option<SmtpSettings> {
    let rule = "must be starttls, starttls_optional, tls or none";
    let tls = r.get("smtp_tls", rule).unwrap_or(SmtpTls::Starttls);
    let port = if tls == SmtpTls::Tls { 465 } else { 587 };
    let port = r.number("smtp_port", port, 1, u16::MAX);
    let (name, password) = (r.text("smtp_username"), r.text("smtp_password").map(SecretString::from));
    let ca_file = r.text("smtp_ca_file").map(PathBuf::from);
    let timeout = Duration::from_secs(r.number("smtp_timeout_seconds", 30, 1, 120));
    match (&name, &password) {
        (Some(_), None) => r.fault("smtp_password", "is missing for smtp_username".into()),
        (None, Some(_)) => r.fault("smtp_username", "is missing for smtp_password".into()),
        (Some(_), Some(_)) if !matches!(tls, SmtpTls::Starttls | SmtpTls::Tls) => {
            r.fault("smtp_tls", "must be starttls or tls where there is a password".into());
        }
        _ => {}
    }
    Some(SmtpSettings { host: host?, port, tls, credentials: name.zip(password), ca_file, timeout })
}
