//! Letters by SMTP: one connection for each letter, so that a crash leaves at most one whose fate nobody knows.
//!
//! The stages are told apart. What goes wrong before the letter is offered (connecting, TLS, authentication) is the
//! server's or the configuration's fault, and no letter dies of it. Afterwards the server speaks of this letter: 4xx means
//! later, 5xx never.

use std::time::Duration;

use lettre::Message;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
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
        let mut conn = self.connect().await.map_err(|error| Failure::new(FailureKind::Server, says(&error)))?;
        if let Some((name, password)) = &self.credentials {
            if !conn.is_encrypted() {
                return Err(Failure::new(FailureKind::Server, "the password is not sent without TLS"));
            }
            let credentials = Credentials::new(name.clone(), password.expose_secret().to_owned());
            let done = conn.auth(DEFAULT_MECHANISMS, &credentials).await;
            done.map_err(|error| Failure::new(FailureKind::Server, says(&error)))?;
        }
        conn.send(message.envelope(), &message.formatted()).await.map_err(|error| verdict(&error))?;
        // It is the server's now: whoever waits need not wait for the goodbye.
        tokio::spawn(async move { timeout(GOODBYE, conn.quit()).await.is_ok() });
        Ok(())
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

fn parameters(host: &str, roots: Option<&[u8]>) -> Result<TlsParameters, Unusable> {
    let unusable = |error: Error| Unusable(says(&error));
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(pem) = roots {
        builder = builder.add_root_certificate(Certificate::from_pem(pem).map_err(unusable)?);
    }
    builder.build_rustls().map_err(unusable)
}

/// What the server says about the letter.
fn verdict(error: &Error) -> Failure {
    let code = error.status().map(|code: Code| u16::from(code));
    let kind = if code.is_some_and(|code| ABOUT_US.contains(&code)) {
        FailureKind::Server
    } else if error.is_permanent() || error.is_client() {
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
