//! Finds PostgreSQL's programs on this machine.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use super::account::{Account, run};
use super::{EmbeddedError, EmbeddedOptions};

/// The oldest major version that will do.
const OLDEST: u32 = 14;

/// Folders of folders with a `bin`, one per major version, and how those begin (Debian, Red Hat, Homebrew on both Macs).
const ROOTS: [(&str, &str); 4] = [
    ("/usr/lib/postgresql", ""),
    ("/usr", "pgsql-"),
    ("/opt/homebrew/opt", "postgresql"),
    ("/usr/local/opt", "postgresql"),
];

/// One installed PostgreSQL.
#[derive(Clone, Debug)]
pub(super) struct Install {
    bin: PathBuf,
    /// The major version, as in a cluster's `PG_VERSION`.
    pub(super) major: u32,
}

impl Install {
    /// The first of `PG_BIN` (then nothing else), `PATH` and [`ROOTS`] that `account` can run and that is of version
    /// `made_by` (the major version that made the cluster), or of [`OLDEST`] or newer when there is no cluster yet.
    pub(super) fn find(
        options: &EmbeddedOptions,
        account: Account,
        made_by: Option<u32>,
    ) -> Result<Self, EmbeddedError> {
        let fits = |install: &&Self| made_by.map_or(install.major >= OLDEST, |major| install.major == major);
        let bins = candidates(options);
        let found: Vec<Self> = bins.into_iter().filter_map(|bin| Self::probe(bin, account)).collect();
        found.iter().find(fits).cloned().ok_or_else(|| not_installed(options, &found, made_by))
    }

    /// The path of one of the programs.
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.bin.join(name)
    }

    fn probe(bin: PathBuf, account: Account) -> Option<Self> {
        if !["initdb", "pg_ctl", "postgres"].iter().all(|name| bin.join(name).is_file()) {
            return None;
        }
        // Asked as the account that will run it: a folder that is closed to it is passed over.
        let major = major(&run(account.command(&bin.join("postgres")).arg("--version")).ok()?)?;
        Some(Self { bin, major })
    }
}

fn candidates(options: &EmbeddedOptions) -> Vec<PathBuf> {
    if let Some(bin) = &options.pg_bin {
        return vec![bin.clone()];
    }
    let path = options.search_path.iter().flat_map(env::split_paths).filter(|bin| bin.is_absolute());
    path.chain(ROOTS.into_iter().flat_map(|(root, prefix)| newest_first(Path::new(root), prefix))).collect()
}

/// The `bin` folders of `root/{prefix}*`, the highest version first.
fn newest_first(root: &Path, prefix: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root).into_iter().flatten().flatten();
    let mut versions: Vec<(u32, PathBuf)> = entries
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
        .map(|entry| (major(&entry.file_name().to_string_lossy()).unwrap_or(0), entry.path().join("bin")))
        .collect();
    versions.sort_by(|a, b| b.cmp(a));
    versions.into_iter().map(|(_, bin)| bin).collect()
}

/// The first number in a text: `postgres (PostgreSQL) 15.20 (Debian 15.20-0)` is 15, `postgresql@17` is 17.
fn major(text: &str) -> Option<u32> {
    let digits = text.trim_start_matches(|c: char| !c.is_ascii_digit());
    digits.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

fn not_installed(options: &EmbeddedOptions, found: &[Install], made_by: Option<u32>) -> EmbeddedError {
    let versions: Vec<String> = found.iter().map(|install| install.major.to_string()).collect();
    let versions = if versions.is_empty() { "none".to_owned() } else { versions.join(", ") };
    let place = options.pg_bin.as_ref().map(|bin| format!(" in PG_BIN ({})", bin.display())).unwrap_or_default();
    EmbeddedError::NotInstalled {
        needed: made_by.map_or(format!("{OLDEST} or newer"), |major| format!("{major} (it made the data folder)")),
        found: versions + &place,
        apt: made_by.map_or("postgresql".to_owned(), |major| format!("postgresql-{major}")),
        brew: format!("postgresql@{}", made_by.unwrap_or(17)),
    }
}

#[cfg(test)]
mod tests {
    use super::major;

    #[test]
    fn embedded_reads_the_major_version_of_programs_and_folders() {
        assert_eq!(major("postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)"), Some(15));
        assert_eq!(major("postgres (PostgreSQL) 19beta2"), Some(19));
        assert_eq!(major("postgresql@17"), Some(17));
        assert_eq!(major("9.6"), Some(9));
        assert_eq!(major("postgresql"), None);
    }
}
