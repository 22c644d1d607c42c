//! The settings themselves: names, defaults, checks.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use figment::Figment;
use ipnet::IpNet;
use secrecy::SecretString;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::{Host, Url};

use super::{ConfigError, Fault, Surroundings};

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
    ("log_format", "`text` or `json`."),
    ("log_level", "A tracing filter, such as `info` or `doorward=debug`."),
    ("drain_seconds", "How long after SIGTERM new requests are still served, while /readyz says no."),
    ("shutdown_seconds", "How long SIGTERM waits for requests in flight."),
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
struct Reader<'a> {
    figment: &'a Figment,
    faults: Vec<Fault>,
}

impl Reader<'_> {
    fn get<T: DeserializeOwned>(&mut self, key: &str) -> Option<T> {
        if self.figment.find_value(key).is_err() {
            return None;
        }
        self.figment
            .extract_inner(key)
            .map_err(|e| {
                let secret = key.contains("key") || key.ends_with("_url") && key != "public_url";
                self.fault(key, if secret { "has a value of the wrong kind".into() } else { e.kind.to_string() });
            })
            .ok()
    }

    fn text(&mut self, key: &str) -> Option<String> {
        self.get::<figment::value::Value>(key)
            .and_then(|v| v.into_string().or_else(|| self.get::<i64>(key).map(|n| n.to_string())))
            .filter(|t| !t.is_empty())
    }

    fn list(&mut self, key: &str) -> Vec<String> {
        match self.get::<Listed>(key) {
            Some(Listed::Many(many)) => many,
            Some(Listed::One(one)) => {
                one.split(',').map(str::trim).filter(|p| !p.is_empty()).map(str::to_owned).collect()
            }
            None => Vec::new(),
        }
    }

    fn number<T: DeserializeOwned + PartialOrd + std::fmt::Display + Copy>(
        &mut self,
        key: &str,
        default: T,
        min: T,
        max: T,
    ) -> T {
        let value = self.get(key).unwrap_or(default);
        if value < min || value > max {
            self.fault(key, format!("must be between {min} and {max}"));
        }
        value
    }

    fn fault(&mut self, key: &str, message: String) {
        self.faults.push(Fault { key: key.into(), message });
    }
}

impl Config {
    /// Reads and checks every setting of `figment`.
    ///
    /// # Errors
    /// [`ConfigError`] with every fault, unknown settings among them.
    pub fn read(figment: &Figment, surroundings: Surroundings) -> Result<Self, ConfigError> {
        let mut r = Reader { figment, faults: Vec::new() };
        for key in figment.extract::<figment::value::Dict>().unwrap_or_default().keys() {
            if !KEYS.iter().any(|(known, _)| known == key) {
                r.fault(key, "is not a setting".into());
            }
        }
        let listen = r.text("listen");
        let listen_is_set = listen.is_some();
        let listen = listen.map_or(Ok(([127, 0, 0, 1], 8080).into()), |t| parse_listen(&t));
        let listen = listen.unwrap_or_else(|message| {
            r.fault("listen", message);
            ([127, 0, 0, 1], 8080).into()
        });
        let admin_listen =
            r.text("admin_listen").and_then(|t| parse_listen(&t).map_err(|m| r.fault("admin_listen", m)).ok());
        let public_url = read_public_url(&mut r, listen.port());
        let database_url = r.text("database_url").map(SecretString::from).or_else(|| surroundings.database_url.clone());
        let embedded = r.get::<bool>("embedded").unwrap_or(false);
        if database_url.is_none() && !embedded && !is_loopback(&public_url) {
            r.fault("database_url", "is missing (DATABASE_URL works too); to use the embedded PostgreSQL behind a public URL say so with --embedded".into());
        }
        let config = Self {
            public_url,
            listen,
            listen_is_set,
            admin_listen,
            trusted_proxies: read_networks(&mut r, "trusted_proxies"),
            database_url,
            migration_url: r.text("migration_url").map(SecretString::from),
            database_pool_size: r.number("database_pool_size", 8, 1, 100),
            data_dir: r.text("data_dir").map(PathBuf::from),
            sealing_keys: r.text("sealing_keys").map(SecretString::from),
            sealing_keys_file: r.text("sealing_keys_file").map(PathBuf::from),
            outbound_allow: r.list("outbound_allow"),
            session_idle_minutes: r.number("session_idle_minutes", 12 * 60, 2, 30 * 24 * 60),
            session_max_hours: r.number("session_max_hours", 24 * 7, 1, 24 * 90),
            signing_key_days: r.number("signing_key_days", 90, 2, 3650),
            login_rate_per_minute: r.number("login_rate_per_minute", 120, 1, 1_000_000),
            log_format: r.get("log_format").unwrap_or(LogFormat::Text),
            log_level: r.text("log_level").unwrap_or_else(|| "info".into()),
            drain_seconds: r.number("drain_seconds", 2, 0, 300),
            shutdown_seconds: r.number("shutdown_seconds", 25, 1, 300),
            surroundings,
        };
        if config.sealing_keys.is_some() && config.sealing_keys_file.is_some() {
            r.fault("sealing_keys", "is set and sealing_keys_file too; one of them".into());
        }
        if r.faults.is_empty() { Ok(config) } else { Err(ConfigError(r.faults)) }
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

fn parse_listen(text: &str) -> Result<SocketAddr, String> {
    let with_port = || text.parse::<SocketAddr>();
    let bare = || text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 8080));
    with_port().or_else(|_| bare()).map_err(|_| "must be an IP address, with or without a port".to_owned())
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
mod tests {
    use super::*;
    use figment::providers::{Format, Toml};

    fn read(toml: &str) -> Result<Config, ConfigError> {
        Config::read(&Figment::from(Toml::string(toml)), Surroundings::default())
    }

    #[test]
    fn every_fault_is_told_at_once_and_no_secret_with_it() {
        let ConfigError(faults) = read(
            "listen = 'x'\npublic_url = 'http://sso.example'\ntrusted_proxies = 'nonsense'\ndatabase_pool_size = 0\nsealing_keys = ['hush']\nshoe_size = 9",
        )
        .unwrap_err();
        let keys: Vec<&str> = faults.iter().map(|f| f.key.as_str()).collect();
        for key in ["listen", "public_url", "trusted_proxies", "database_pool_size", "shoe_size"] {
            assert!(keys.contains(&key), "{key} missing in {keys:?}");
        }
        assert!(!format!("{faults:?}").contains("hush"));
    }

    #[test]
    fn a_forgotten_database_url_is_not_a_silent_empty_database() {
        assert!(read("public_url = 'https://sso.example'").unwrap_err().0.iter().any(|f| f.key == "database_url"));
        assert!(read("public_url = 'https://sso.example'\nembedded = true").is_ok());
        assert!(read("").is_ok());
    }

    #[test]
    fn lists_are_arrays_or_text_with_commas() {
        assert_eq!(read("outbound_allow = ['a', 'b']").unwrap().outbound_allow, ["a", "b"]);
        assert_eq!(read("outbound_allow = 'a, b'").unwrap().outbound_allow, ["a", "b"]);
        assert_eq!(read("listen = '0.0.0.0'").unwrap().listen.port(), 8080);
    }
}
