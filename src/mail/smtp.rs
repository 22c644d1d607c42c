//! Letters by SMTP: one connection for each letter, so that a crash leaves at most one whose fate nobody knows.
//!
//! The stages are told apart. What goes wrong before a recipient is named (connecting, TLS, authentication, our own address
//! as the sender), and that a recipient is not for us to write to, is the server's or the configuration's fault, and no
//! letter dies of it. What else the server says to a recipient or to what it has read is about this letter: 4xx means later,
//! 5xx never.

use std::time::Duration;

use lettre::Message;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter, ServerInfo};
use lettre::transport::smtp::{Error, response::Code};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::timeout;

use super::{Failure, FailureKind};
use crate::config::mail::{SmtpSettings, SmtpTls};

/// Replies that speak of who we are, not of the letter: authentication is needed or was refused (RFC 4954).
const ABOUT_US: [u16; 4] = [530, 534, 535, 538];
/// How long a server may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(5);

/// Why a mail server cannot be used as it is configured.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unusable(String);

/// A mail server and how to talk to it.
pub struct Smtp {
    host: String,
    port: u16,
    mode: SmtpTls,
    tls: Option<TlsParameters>,
    credentials: Option<(String, SecretString)>,
    within: Duration,
    hello: ClientId,
}

impl std::fmt::Debug for Smtp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Smtp")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}

impl Smtp {
    /// The server of these settings. `roots`: certificates in PEM that are trusted beside the system's. `host` is how we
    /// greet it.
    ///
    /// # Errors
    /// [`Unusable`] when the certificates cannot be read.
    pub fn new(settings: &SmtpSettings, roots: Option<&[u8]>, host: &str) -> Result<Self, Unusable> {
        let tls = match settings.tls {
            SmtpTls::None => None,
            _ => Some(parameters(&settings.host, roots)?),
        };
        let hello = match host.trim_matches(['[', ']']).parse() {
            Ok(std::net::IpAddr::V4(ip)) => ClientId::Ipv4(ip),
            Ok(std::net::IpAddr::V6(ip)) => ClientId::Ipv6(ip),
            Err(_) => ClientId::Domain(host.to_owned()),
        };
        Ok(Self {
            host: settings.host.clone(),
            port: settings.port,
            mode: settings.tls,
            tls,
            credentials: settings.credentials.clone(),
            within: settings.timeout,
            hello,
        })
    }

    /// Sends it, within the time that there is.
    pub(super) async fn send(&self, message: &Message) -> Result<(), Failure> {
        match timeout(self.within, self.attempt(message)).await {
            Ok(done) => done,
            Err(_) => Err(Failure::new(FailureKind::Server, "the mail server took too long")),
        }
    }

    async fn attempt(&self, message: &Message) -> Result<(), Failure> {
        let mut conn = self.connect().await.map_err(|error| of_server(&error))?;
        if let Some((name, password)) = &self.credentials {
            if !conn.is_encrypted() {
                return Err(Failure::new(FailureKind::Server, "the password is not sent without TLS"));
            }
            let credentials = Credentials::new(name.clone(), password.expose_secret().to_owned());
            let done = conn.auth(DEFAULT_MECHANISMS, &credentials).await;
            done.map_err(|error| of_server(&error))?;
        }
        let done = offer(&mut conn, message).await;
        // It is settled now: whoever waits need not wait for the goodbye.
        tokio::spawn(async move { timeout(GOODBYE, conn.abort()).await.is_ok() });
        done
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Error> {
        let wrapper = self.tls.clone().filter(|_| self.mode == SmtpTls::Tls);
        let server = (self.host.as_str(), self.port);
        let mut conn =
            AsyncSmtpConnection::connect_tokio1(server, Some(self.within), &self.hello, wrapper, None).await?;
        let upgrades = match self.mode {
            SmtpTls::Starttls => true,
            SmtpTls::StarttlsOptional => conn.can_starttls(),
            SmtpTls::Tls | SmtpTls::None => false,
        };
        if let Some(tls) = self.tls.clone().filter(|_| upgrades) {
            conn.starttls(tls, &self.hello).await?;
        }
        Ok(conn)
    }
}

/// Hands the letter over.
async fn offer(conn: &mut AsyncSmtpConnection, message: &Message) -> Result<(), Failure> {
    let (envelope, letter) = (message.envelope(), message.formatted());
    let addresses = envelope.from().into_iter().chain(envelope.to()).any(|address| !address.to_string().is_ascii());
    let mail = Mail::new(envelope.from().cloned(), extensions(conn.server_info(), (addresses, !letter.is_ascii()))?);
    conn.command(mail).await.map_err(|error| of_server(&error))?;
    for to in envelope.to() {
        conn.command(Rcpt::new(to.clone(), Vec::new())).await.map_err(|error| of_recipient(&error))?;
    }
    conn.command(Data).await.map_err(|error| of_server(&error))?;
    conn.message(&letter).await.map_err(|error| of_letter(&error))?;
    Ok(())
}

/// What the server has to be able to do for addresses and for a text beyond ASCII.
fn extensions(server: &ServerInfo, (addresses, text): (bool, bool)) -> Result<Vec<MailParameter>, Failure> {
    let wanted = [
        (addresses, Extension::SmtpUtfEight, MailParameter::SmtpUtfEight),
        (text, Extension::EightBitMime, MailParameter::Body(MailBodyParameter::EightBitMime)),
    ];
    let mut parameters = Vec::new();
    for (_, extension, parameter) in wanted.into_iter().filter(|(needed, ..)| *needed) {
        if !server.supports_feature(extension) {
            let reason = format!("the mail server does not have {extension}, which this letter needs");
            return Err(Failure::new(FailureKind::Lasting, reason));
        }
        parameters.push(parameter);
    }
    Ok(parameters)
}

fn parameters(host: &str, roots: Option<&[u8]>) -> Result<TlsParameters, Unusable> {
    let unusable = |error: Error| Unusable(says(&error));
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(pem) = roots {
        builder = builder.add_root_certificate(Certificate::from_pem(pem).map_err(unusable)?);
    }
    builder.build_rustls().map_err(unusable)
}

/// What the server says of itself or of us.
fn of_server(error: &Error) -> Failure {
    Failure::new(FailureKind::Server, says(error))
}

/// What it says of a recipient. 5.7 is about who may write to whom (RFC 3463), such as "relay access denied".
fn of_recipient(error: &Error) -> Failure {
    let refused = std::error::Error::source(error).is_some_and(|said| said.to_string().starts_with("5.7."));
    if refused { of_server(error) } else { of_letter(error) }
}

/// What it says of the letter.
fn of_letter(error: &Error) -> Failure {
    let code = error.status().map(|code: Code| u16::from(code));
    let kind = if code.is_some_and(|code| ABOUT_US.contains(&code)) {
        FailureKind::Server
    } else if error.is_permanent() {
        FailureKind::Lasting
    } else if error.is_transient() {
        FailureKind::Passing
    } else {
        FailureKind::Server
    };
    Failure::new(kind, says(error))
}

/// The error and what caused it.
fn says(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error).and_then(std::error::Error::source);
    while let Some(deeper) = cause {
        text.push_str(&format!(": {deeper}"));
        cause = deeper.source();
    }
    text
}
