//! Configuration: one file (TOML) and the environment (`DOORWARD_*` wins), read here and nowhere else.
//!
//! Every fault is told, all together, before anything starts. docs/configuration.md lists every setting; a test keeps
//! that page and [`settings::KEYS`] equal.

pub mod mail;
pub mod settings;

use std::path::PathBuf;

use figment::Figment;
use figment::providers::{Env, Format, Toml};
use secrecy::SecretString;

pub use settings::Config;

/// One setting that cannot be used, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The setting's name in the file; in the environment it is `DOORWARD_` and this in capitals.
    pub key: String,
    /// What is wrong with it. Never holds the value of a secret.
    pub message: String,
}

/// Everything that is wrong with the configuration.
#[derive(Debug, thiserror::Error)]
#[error("the configuration cannot be used:{}", .0.iter().map(|f| format!("\n  {}: {}", f.key, f.message)).collect::<String>())]
pub struct ConfigError(pub Vec<Fault>);

/// What the surroundings say beside our own settings; kept as data so that tests need no real environment.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// `DATABASE_URL`.
    pub database_url: Option<SecretString>,
    /// `PG_BIN`.
    pub pg_bin: Option<PathBuf>,
    /// `PATH`.
    pub path: Option<std::ffi::OsString>,
    /// `HOME`.
    pub home: Option<PathBuf>,
    /// `XDG_DATA_HOME`.
    pub xdg_data_home: Option<PathBuf>,
}

impl Surroundings {
    /// Reads the process environment.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn from_env() -> Self {
        Self {
            database_url: std::env::var("DATABASE_URL").ok().filter(|u| !u.is_empty()).map(SecretString::from),
            pg_bin: std::env::var_os("PG_BIN").map(PathBuf::from),
            path: std::env::var_os("PATH"),
            home: std::env::var_os("HOME").map(PathBuf::from),
            xdg_data_home: std::env::var_os("XDG_DATA_HOME").map(PathBuf::from),
        }
    }
}

/// Reads the file (`--config`, else `DOORWARD_CONFIG`, else `doorward.toml` when there is one) and the environment.
/// `embedded` is the command line's `--embedded`; `more` finds the faults that only those see who use a setting.
///
/// # Errors
/// [`ConfigError`] with every fault.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
pub fn load(
    file: Option<PathBuf>,
    embedded: bool,
    more: impl FnOnce(&Config) -> Vec<Fault>,
) -> Result<Config, ConfigError> {
    let named = file.or_else(|| std::env::var_os("DOORWARD_CONFIG").map(PathBuf::from));
    let mut figment = Figment::new();
    match named {
        Some(path) if !path.is_file() => {
            let message = format!("there is no file {}", path.display());
            return Err(ConfigError(vec![Fault { key: "config".into(), message }]));
        }
        Some(path) => figment = figment.merge(Toml::file_exact(path)),
        None => figment = figment.merge(Toml::file("doorward.toml")),
    }
    let env =
        Env::prefixed("DOORWARD_").filter(|k| k != "config" && !k.as_str().to_ascii_lowercase().starts_with("test_"));
    let flags = embedded.then_some(("embedded", true));
    let flags =
        figment::providers::Serialized::globals(flags.into_iter().collect::<std::collections::BTreeMap<_, _>>());
    Config::read_and(&figment.merge(env).merge(flags), Surroundings::from_env(), more)
}

/// Why the file cannot be read: which one, where and why. The line itself is left out, since it may hold a secret.
fn unreadable(error: figment::Error) -> Vec<Fault> {
    let told = |e: figment::Error| {
        let source = e.metadata.as_ref().and_then(|m| m.source.as_ref());
        let file = source.and_then(figment::Source::file_path).map(|path| format!("{}: ", path.display()));
        let text = e.kind.to_string();
        let is_excerpt =
            |line: &&str| line.trim_start_matches(|c: char| c == ' ' || c.is_ascii_digit()).starts_with('|');
        let (place, reason): (Vec<&str>, Vec<&str>) =
            text.lines().filter(|line| !is_excerpt(line)).partition(|line| line.starts_with("TOML parse error at "));
        let place =
            place.iter().filter_map(|line| line.strip_prefix("TOML parse error at ")).map(|at| format!("{at}: "));
        let message = format!("{}{}{}", file.unwrap_or_default(), place.collect::<String>(), reason.join(", "));
        Fault { key: "config".into(), message }
    };
    error.into_iter().map(told).collect()
}
