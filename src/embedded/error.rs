//! Why there is no embedded PostgreSQL, in words that say what to do about it.

use std::io;
use std::path::PathBuf;

/// Why the embedded PostgreSQL cannot be had. No variant carries a secret.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// Neither a data folder nor a home folder was given.
    #[error("no data folder is known, and no home folder to put one in: name one, or set DATABASE_URL")]
    NoDataFolder,
    /// The data folder cannot be used safely, or not by the account that PostgreSQL runs as.
    #[error("{path} cannot hold the embedded PostgreSQL: {reason}", path = path.display())]
    Folder {
        /// The folder, or the parent, that is wrong.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A secret of an existing cluster is gone; a new one could not open what the old one closed.
    #[error("{path} is missing although the cluster beside it exists: bring it back from a backup", path = path.display())]
    SecretLost {
        /// The missing file.
        path: PathBuf,
    },
    /// We are root and `/etc/passwd` has neither `postgres` nor `nobody`.
    #[error("PostgreSQL does not run as root, and there is no account `postgres` or `nobody` to run it as")]
    NoAccount,
    /// No PostgreSQL of the right version.
    #[error(
        "PostgreSQL {needed} is needed, {found} was found: install it (Debian, Ubuntu: `apt install {apt}`; macOS: \
         `brew install {brew}`), set PG_BIN to its bin folder, or set DATABASE_URL to a server of your own"
    )]
    NotInstalled {
        /// The version that would do, and why.
        needed: String,
        /// The versions that are there.
        found: String,
        /// The package to install on Debian and Ubuntu.
        apt: String,
        /// The package to install with Homebrew.
        brew: String,
    },
    /// One of PostgreSQL's programs failed.
    #[error("{program} failed ({status}): {output}", program = program.display())]
    Program {
        /// The program.
        program: PathBuf,
        /// How it ended.
        status: String,
        /// What it said, and where to read more.
        output: String,
    },
    /// Every port that was tried got taken before PostgreSQL could listen on it.
    #[error("no free port on 127.0.0.1 was found for the embedded PostgreSQL")]
    NoPort,
    /// The cluster did not take connections in time.
    #[error("the embedded PostgreSQL in {path} is not ready: {reason}", path = data_dir.display())]
    NotReady {
        /// The data folder.
        data_dir: PathBuf,
        /// What the last attempt to connect said.
        reason: String,
    },
    /// A file or a program could not be used.
    #[error("cannot {action} {path}: {source}", path = path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// With what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}
