//! The embedded PostgreSQL: what Doorward runs on when no `DATABASE_URL` is set.
//!
//! The data folder, and who may read what when Doorward runs as root (otherwise all of it is ours alone):
//!
//! ```text
//! data_dir/        0711 root      else 0700
//!   lock           0600 root      flock: its holder starts, adopts and stops the cluster; everybody else attaches
//!   password port  0600 root      how to reach the cluster
//!   sealing-keys   0600 root      one key, `k1:<base64>`, made once and never written again
//!   pg/            0700 postgres  the cluster; it only ever appears complete, by a rename
//! ```
//!
//! [`EmbeddedPostgres::open`] in order: take the lock, or wait until its holder's cluster answers and attach. With the
//! lock: make the secrets, find the programs (`install`), make the cluster if there is none (`initdb`), adopt a
//! postmaster that outlived its holder or start one (`cluster`). Everything here blocks: call it from no async task.
//! No environment variable is read here; `config` passes them in. This module imports nothing of the crate.

mod account;
mod cluster;
mod error;
mod folder;
mod initdb;
mod install;

use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use secrecy::{ExposeSecret, SecretString};

use cluster::Cluster;
pub use error::EmbeddedError;
use folder::Folder;
pub use folder::default_data_dir;

/// How long to rest between two looks at something that is not ready yet.
const PAUSE: Duration = Duration::from_millis(50);

/// Where the embedded PostgreSQL lives and where its programs are looked for.
#[derive(Clone, Debug)]
pub struct EmbeddedOptions {
    /// The data folder; without one, [`default_data_dir`] decides. Its parents must be open to the account that
    /// PostgreSQL runs as.
    pub data_dir: Option<PathBuf>,
    /// `PG_BIN`: the folder of `initdb`, `pg_ctl` and `postgres`. When set, no other folder is searched.
    pub pg_bin: Option<PathBuf>,
    /// The value of `PATH`.
    pub search_path: Option<OsString>,
    /// The value of `HOME`.
    pub home: Option<PathBuf>,
    /// The value of `XDG_DATA_HOME`.
    pub xdg_data_home: Option<PathBuf>,
    /// How long a start, or the wait for another process's start, may take; one minute by default.
    pub ready_within: Duration,
}

impl Default for EmbeddedOptions {
    fn default() -> Self {
        Self {
            data_dir: None,
            pg_bin: None,
            search_path: None,
            home: None,
            xdg_data_home: None,
            ready_within: Duration::from_secs(60),
        }
    }
}

/// A living cluster, owned or attached to. Dropping the owner stops it (`fast`); dropping an attached one does nothing.
///
/// A holder that dies without unwinding (`kill -9`, an unhandled Ctrl-C) leaves the cluster running for the next
/// [`EmbeddedPostgres::open`] to adopt.
#[derive(Debug)]
pub struct EmbeddedPostgres {
    url: SecretString,
    sealing_keys: PathBuf,
    owner: Option<Owner>,
}

/// What only the lock holder has.
#[derive(Debug)]
struct Owner {
    cluster: Cluster,
    /// Released when closed, which must come after the stop.
    _lock: File,
}

impl EmbeddedPostgres {
    /// Makes, starts, adopts or attaches to the cluster of `options.data_dir`, and returns when it takes connections.
    ///
    /// # Errors
    /// See [`EmbeddedError`]; nothing that this call started is left running, and a half-made cluster is made anew by
    /// the next call.
    pub fn open(options: &EmbeddedOptions) -> Result<Self, EmbeddedError> {
        let folder = Folder::open(options)?;
        let lock = folder.lock_file()?;
        let deadline = Instant::now() + options.ready_within;
        loop {
            // The lock comes first in every round: a holder that dies while we wait makes us its heir.
            match lock.try_lock() {
                Ok(()) => return Self::own(&folder, lock, options),
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(folder.io("lock", error)),
            }
            match folder.living_url() {
                Ok(url) => return Ok(Self::attached(&folder, url)),
                Err(reason) if Instant::now() >= deadline => {
                    return Err(EmbeddedError::NotReady { data_dir: folder.root().to_owned(), reason });
                }
                Err(_) => thread::sleep(PAUSE),
            }
        }
    }

    fn own(folder: &Folder, lock: File, options: &EmbeddedOptions) -> Result<Self, EmbeddedError> {
        let password = folder.make_secrets()?;
        let cluster = Cluster::prepare(folder, &password, options)?;
        let port = cluster.run(folder, &password, options.ready_within).inspect_err(|_| {
            // Leave nothing running; that it could not be stopped either would only hide the first error.
            let _ = cluster.stop();
        })?;
        let url = cluster::url(port, &password, cluster::DATABASE);
        Ok(Self { url, sealing_keys: folder.sealing_keys(), owner: Some(Owner { cluster, _lock: lock }) })
    }

    fn attached(folder: &Folder, url: SecretString) -> Self {
        tracing::info!(data_dir = %folder.root().display(), "attached to the running embedded PostgreSQL");
        Self { url, sealing_keys: folder.sealing_keys(), owner: None }
    }

    /// `postgres://doorward:<password>@127.0.0.1:<port>/doorward`, as the cluster's superuser. It insists on SCRAM, so
    /// that whoever takes the port of a cluster that crashed cannot ask for the password in clear.
    #[must_use]
    pub fn url(&self) -> SecretString {
        format!("{}?require_auth=scram-sha-256", self.url.expose_secret()).into()
    }

    /// Whether this value holds the lock, and so stops the cluster when it goes.
    #[must_use]
    pub fn owns_cluster(&self) -> bool {
        self.owner.is_some()
    }

    /// The file with the sealing key of this installation: one line, `k1:` and 32 random bytes in base64. It was made
    /// before the cluster, so it exists; back it up together with the database.
    #[must_use]
    pub fn sealing_key_file(&self) -> &Path {
        &self.sealing_keys
    }

    /// Stops the cluster if it is ours and waits for its end; an attached one is left alone. Dropping does the same,
    /// but can only log a failure.
    ///
    /// # Errors
    /// When `pg_ctl stop` fails and the postmaster still lives.
    pub fn stop(mut self) -> Result<(), EmbeddedError> {
        self.stop_owned()
    }

    fn stop_owned(&mut self) -> Result<(), EmbeddedError> {
        self.owner.take().map_or(Ok(()), |owner| owner.cluster.stop())
    }
}

impl Drop for EmbeddedPostgres {
    fn drop(&mut self) {
        if let Err(error) = self.stop_owned() {
            tracing::error!(%error, "the embedded PostgreSQL did not stop");
        }
    }
}
