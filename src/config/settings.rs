//! The settings themselves: names, defaults, checks. Each is read by a `Reader`, which collects what is wrong instead of
//! stopping at the first fault; in place of a setting that cannot be used something stands in, so that the others are
//! looked at too. Those of mail are in `mail`.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use figment::Figment;
use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::{Host, Url};

use super::mail::MailSettings;
use super::{ConfigError, Fault, Surroundings, unreadable};

/// Every setting: its name and what it does (also the table of docs/configuration.md).
pub const KEYS: &[(&str, &str)] = &[
    ("public_url", "The one URL that browsers and providers know; every link is made from it."),
    ("listen", "Address and port of the server; a bare address keeps port 8080."),
    ("admin_listen", "Address and port for Prometheus metrics; off when empty."),
    ("trusted_proxies", "Networks whose X-Forwarded-For is believed."),
    ("database_url", "PostgreSQL for the server; DATABASE_URL is read too. Neither: the embedded cluster."),
    ("migration_url", "PostgreSQL as the owner that migrates; default: the database URL."),
    ("database_pool_size", "Connections of the pool."),
    ("embedded", "Use the embedded PostgreSQL although the public URL is not a loopback one."),
    ("data_dir", "Folder of the embedded PostgreSQL."),
    ("sealing_keys", "Keys that seal secrets at rest: `id:base64 of 32 bytes`, the first one seals."),
    ("sealing_keys_file", "A file with the sealing keys."),
    ("outbound_allow", "Networks or hosts that may be called although they are private, or by plain http."),
    ("session_idle_minutes", "A session ends when it was not used for so long."),
    ("session_max_hours", "A session ends after so long in any case."),
    ("signing_key_days", "A key that signs tokens is replaced after so long."),
    ("login_rate_per_minute", "Logins that one address may begin per minute."),
    ("mail_from", "The address that letters come from."),
    ("mail_folder", "Folder for letters as .eml files, where there is no mail server; loopback only."),
    ("smtp_host", "The mail server."),
    ("smtp_port", "Its port."),
    ("smtp_tls", "`starttls`, `starttls_optional`, `tls` or `none`."),
    ("smtp_username", "Who we are to the mail server."),
    ("smtp_password", "The password for it."),
    ("smtp_ca_file", "Certificates that are trusted for the mail server beside the system's."),
    ("smtp_timeout_seconds", "How long one letter may take."),
    ("log_format", "`text` or `json`."),
    ("log_level", "A tracing filter, such as `info` or `doorward=debug`."),
    ("drain_seconds", "How long after SIGTERM new requests are still served, while /readyz says no."),
    ("shutdown_seconds", "How long SIGTERM waits for requests in flight and for a letter on its way."),
];

/// How logs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// The whole configuration, checked. Its `Debug` shows no secret.
#[derive(Debug, Clone)]
pub struct Config {
    /// The one URL that browsers and providers know, without a final slash in its path.
    pub public_url: Url,
    /// Where the server listens.
    pub listen: SocketAddr,
    /// Whether somebody said so; then no other address will do.
    pub listen_is_set: bool,
    /// Where metrics are served.
    pub admin_listen: Option<SocketAddr>,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// The server's PostgreSQL; none means the embedded one.
    pub database_url: Option<SecretString>,
    /// The migrating owner's PostgreSQL, when it differs.
    pub migration_url: Option<SecretString>,
    /// Size of the pool.
    pub database_pool_size: u32,
    /// Folder of the embedded PostgreSQL, when it is not the default one.
    pub data_dir: Option<PathBuf>,
    /// Sealing keys, given directly.
    pub sealing_keys: Option<SecretString>,
    /// Sealing keys, in a file.
    pub sealing_keys_file: Option<PathBuf>,
    /// What outbound calls may reach beyond the public internet.
    pub outbound_allow: Vec<String>,
    /// Idle end of a session, in minutes.
    pub session_idle_minutes: i64,
    /// Absolute end of a session, in hours.
    pub session_max_hours: i64,
    /// Life of a key that signs tokens, in days.
    pub signing_key_days: i64,
    /// Logins that one address may begin per minute.
    pub login_rate_per_minute: u32,
    /// How letters go.
    pub mail: MailSettings,
    /// Whether this is the demo, whose letters anybody may look at.
    pub demo: bool,
    /// How logs are written.
    pub log_format: LogFormat,
    /// Which logs are written.
    pub log_level: String,
    /// How long new requests are served after SIGTERM, in seconds.
    pub drain_seconds: u64,
    /// How long SIGTERM waits, in seconds.
    pub shutdown_seconds: u64,
    /// What the environment says beside our settings.
    pub surroundings: Surroundings,
}

/// A list written as a TOML array or as one text with commas.
#[derive(Deserialize)]
#[serde(untagged)]
enum Listed {
    Many(Vec<String>),
    One(String),
}

/// Reads settings one by one and collects what is wrong with them.
pub(super) struct Reader<'a> {
    figment: &'a Figment,
    faults: Vec<Fault>,
}

impl Reader<'_> {
    /// The value, if there is one; `rule` says what a right one looks like. A wrong one is never shown: it may be a secret.
    pub(super) fn get<T: DeserializeOwned>(&mut self, key: &str, rule: &str) -> Option<T> {
        if self.figment.find_value(key).is_err() {
            return None;
        }
        self.figment.extract_inner(key).map_err(|_| self.fault(key, rule.to_owned())).ok()
    }

    pub(super) fn text(&mut self, key: &str) -> Option<String> {
        let rule = "must be text";
        self.get::<figment::value::Value>(key, rule)
            .and_then(|v| v.into_string().or_else(|| self.get::<i64>(key, rule).map(|n| n.to_string())))
            .filter(|t| !t.is_empty())
    }

    /// The URL of a database, which holds a password.
    fn database(&mut self, key: &str, else_from: Option<&SecretString>) -> Option<SecretString> {
        let url = self.text(key).map(SecretString::from).or_else(|| else_from.cloned())?;
        if !["postgres://", "postgresql://"].iter().any(|scheme| url.expose_secret().starts_with(scheme)) {
            self.fault(key, "must look like postgres://user:password@host:port/database".into());
        }
        Some(url)
    }

    fn list(&mut self, key: &str) -> Vec<String> {
        match self.get::<Listed>(key, "must be a list of texts, or one text with commas") {
            Some(Listed::Many(many)) => many,
            Some(Listed::One(one)) => {
                one.split(',').map(str::trim).filter(|p| !p.is_empty()).map(str::to_owned).collect()
            }
            None => Vec::new(),
        }
    }

    pub(super) fn number<T: DeserializeOwned + PartialOrd + std::fmt::Display + Copy>(
        &mut self,
        key: &str,
        default: T,
        min: T,
        max: T,
    ) -> T {
        let rule = format!("must be a whole number between {min} and {max}");
        let value = self.get(key, &rule).unwrap_or(default);
        if value < min || value > max {
            self.fault(key, rule);
        }
        value
    }

    pub(super) fn fault(&mut self, key: &str, message: String) {
        self.faults.push(Fault { key: key.into(), message });
    }
}

impl Config {
    /// Reads and checks every setting of `figment`.
    ///
    /// # Errors
    /// [`ConfigError`] with every fault, unknown settings among them.
    pub fn read(figment: &Figment, surroundings: Surroundings) -> Result<Self, ConfigError> {
        Self::read_and(figment, surroundings, |_| Vec::new())
    }

    /// The same with the faults that `more` finds, which knows how the settings are used.
    ///
    /// # Errors
    /// [`ConfigError`] with every fault; with the first alone when the file is not TOML, since nothing else is known then.
    pub fn read_and(
        figment: &Figment,
        surroundings: Surroundings,
        more: impl FnOnce(&Self) -> Vec<Fault>,
    ) -> Result<Self, ConfigError> {
        let given = figment.extract::<figment::value::Dict>().map_err(|e| ConfigError(unreadable(e)))?;
        let mut r = Reader { figment, faults: Vec::new() };
        for key in given.keys() {
            if !KEYS.iter().any(|(known, _)| known == key) {
                r.fault(key, "is not a setting".into());
            }
        }
        let config = Self::assemble(&mut r, surroundings);
        r.faults.extend(more(&config));
        if r.faults.is_empty() { Ok(config) } else { Err(ConfigError(r.faults)) }
    }

    /// Every setting; where one cannot be used a fault is noted, and something stands in for it.
    fn assemble(r: &mut Reader<'_>, surroundings: Surroundings) -> Self {
        let listen = r.text("listen");
        let listen_is_set = listen.is_some();
        let listen = listen.map_or(Ok(([127, 0, 0, 1], 8080).into()), |t| parse_listen(&t));
        let listen = listen.unwrap_or_else(|message| {
            r.fault("listen", message);
            ([127, 0, 0, 1], 8080).into()
        });
        let admin_listen =
            r.text("admin_listen").and_then(|t| parse_listen(&t).map_err(|m| r.fault("admin_listen", m)).ok());
        if admin_listen.is_some_and(|admin| overlap(listen, admin)) {
            r.fault("admin_listen", "must be another address or port than listen".into());
        }
        let public_url = read_public_url(r, listen.port());
        let database_url = r.database("database_url", surroundings.database_url.as_ref());
        let embedded = r.get::<bool>("embedded", "must be true or false").unwrap_or(false);
        if database_url.is_none() && !embedded && !is_loopback(&public_url) {
            r.fault("database_url", "is missing (DATABASE_URL works too); to use the embedded PostgreSQL behind a public URL say so with --embedded".into());
        }
        let is_loopback = is_loopback(&public_url);
        let config = Self {
            public_url,
            listen,
            listen_is_set,
            admin_listen,
            trusted_proxies: read_networks(r, "trusted_proxies"),
            database_url,
            migration_url: r.database("migration_url", None),
            database_pool_size: r.number("database_pool_size", 8, 1, 100),
            data_dir: r.text("data_dir").map(PathBuf::from),
            sealing_keys: r.text("sealing_keys").map(SecretString::from),
            sealing_keys_file: r.text("sealing_keys_file").map(PathBuf::from),
            outbound_allow: r.list("outbound_allow"),
            session_idle_minutes: r.number("session_idle_minutes", 12 * 60, 2, 30 * 24 * 60),
            session_max_hours: r.number("session_max_hours", 24 * 7, 1, 24 * 90),
            signing_key_days: r.number("signing_key_days", 90, 2, 3650),
            login_rate_per_minute: r.number("login_rate_per_minute", 120, 1, 1_000_000),
            mail: MailSettings::read(r, is_loopback),
            demo: false,
            log_format: r.get("log_format", "must be text or json").unwrap_or(LogFormat::Text),
            log_level: r.text("log_level").unwrap_or_else(|| "info".into()),
            drain_seconds: r.number("drain_seconds", 2, 0, 300),
            shutdown_seconds: r.number("shutdown_seconds", 25, 1, 300),
            surroundings,
        };
        if config.sealing_keys.is_some() && config.sealing_keys_file.is_some() {
            r.fault("sealing_keys", "is set and sealing_keys_file too; one of them".into());
        }
        config
    }

    /// Whether cookies carry `Secure` and the `__Host-` prefix.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.public_url.scheme() == "https"
    }

    /// An absolute URL below the public one; `path` begins with a slash.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.public_url.as_str().trim_end_matches('/'))
    }

    /// What the `Host` header must say.
    #[must_use]
    pub fn host(&self) -> String {
        let host = self.public_url.host_str().unwrap_or_default();
        self.public_url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }
}

/// Whether two addresses cannot both be listened on. Port 0 is another one each time.
fn overlap(one: SocketAddr, other: SocketAddr) -> bool {
    let everywhere = one.ip().is_unspecified() || other.ip().is_unspecified();
    one.port() == other.port() && one.port() != 0 && (everywhere || one.ip() == other.ip())
}

fn parse_listen(text: &str) -> Result<SocketAddr, String> {
    let with_port = || text.parse::<SocketAddr>();
    let bare = || text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 8080));
    with_port()
        .or_else(|_| bare())
        .map_err(|_| "must be an IP address, with or without a port, such as 0.0.0.0:8080".to_owned())
}

fn read_public_url(r: &mut Reader<'_>, port: u16) -> Url {
    let fallback = Url::parse(&format!("http://localhost:{port}")).expect("a constant URL parses");
    let Some(text) = r.text("public_url") else {
        return fallback;
    };
    let complaint = match Url::parse(&text) {
        Ok(url) if url.scheme() == "http" && !is_loopback(&url) => "must be https (plain http is for loopback only)",
        Ok(url) if !matches!(url.scheme(), "http" | "https") || !url.has_host() => "must be an https URL",
        Ok(url)
            if url.path() != "/" || url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() =>
        {
            "must be scheme, host and port, nothing more"
        }
        Ok(url) => return url,
        Err(_) => "is not a URL",
    };
    r.fault("public_url", complaint.into());
    fallback
}

fn read_networks(r: &mut Reader<'_>, key: &str) -> Vec<IpNet> {
    let parse = |text: &String| text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    let mut nets = Vec::new();
    for text in r.list(key) {
        match parse(&text) {
            Ok(net) => nets.push(net),
            Err(_) => r.fault(key, format!("{text} is not a network such as 10.0.0.0/8")),
        }
    }
    nets
}

/// Whether a URL's host is this machine.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests;
