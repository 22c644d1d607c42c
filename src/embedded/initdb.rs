//! Makes a new cluster beside its place and moves it there when it is complete.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use secrecy::SecretString;

use super::account::{Account, run};
use super::folder::{Folder, random, write_secret};
use super::install::Install;
use super::{EmbeddedError, cluster};

/// How the names of unfinished clusters, and of their password files, begin.
const UNFINISHED: &str = "pg.new-";

/// Since which version which locale is tried before plain `C`. All of them order by code point, so it is only upper and
/// lower case beyond ASCII that differ; the built-in provider needs nothing from the system, and some systems do not
/// know `C.UTF-8`.
const LOCALES: [(u32, &[&str]); 2] =
    [(17, &["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]), (0, &["--locale=C.UTF-8"])];

/// Makes the cluster of `folder`, with `doorward` as its superuser. Needs the lock, and that there is no cluster.
pub(super) fn make(
    folder: &Folder,
    password: &SecretString,
    account: Account,
    install: &Install,
) -> Result<(), EmbeddedError> {
    tracing::info!(data_dir = %folder.root().display(), version = install.major, "making the embedded PostgreSQL");
    for (_, locale) in LOCALES.iter().filter(|(since, _)| install.major >= *since) {
        match make_with(locale, folder, password, account, install) {
            Ok(()) => return Ok(()),
            Err(error) => tracing::debug!(%error, ?locale, "trying the next locale"),
        }
    }
    make_with(&["--locale=C"], folder, password, account, install)
}

fn make_with(
    locale: &[&str],
    folder: &Folder,
    password: &SecretString,
    account: Account,
    install: &Install,
) -> Result<(), EmbeddedError> {
    let draft = Draft::new(folder);
    draft.prepare(password, account).map_err(|error| folder.io("prepare a cluster in", error))?;
    let mut initdb = account.command(&install.program("initdb"));
    initdb.args(["--username", cluster::USER, "--auth=scram-sha-256", "--encoding=UTF8"]).args(locale);
    run(initdb.arg("--pgdata").arg(&draft.cluster).arg("--pwfile").arg(&draft.password))?;
    let finish = fs::rename(&draft.cluster, folder.cluster()).and_then(|()| folder.sync());
    finish.map_err(|error| folder.io("finish the cluster in", error))
}

/// A cluster in the making and the file that tells `initdb` the password; both are gone when this is.
struct Draft {
    cluster: PathBuf,
    password: PathBuf,
}

impl Draft {
    /// Names of its own: the initdb of a killed holder may still run, and cleans up after itself when it fails.
    fn new(folder: &Folder) -> Self {
        let name = format!("{UNFINISHED}{:016x}", u64::from_ne_bytes(random()));
        Self { cluster: folder.root().join(&name), password: folder.root().join(name + "-password") }
    }

    fn prepare(&self, password: &SecretString, account: Account) -> io::Result<()> {
        DirBuilder::new().mode(0o700).create(&self.cluster)?;
        account.give(&self.cluster)?;
        write_secret(&self.password, password)?;
        account.give(&self.password)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // Best effort (a finished cluster has moved away already); the next start sweeps what is left.
        let _ = fs::remove_file(&self.password);
        let _ = fs::remove_dir_all(&self.cluster);
    }
}

/// Removes what a killed `initdb` left behind. Needs the lock.
pub(super) fn sweep(folder: &Folder) -> io::Result<()> {
    for entry in fs::read_dir(folder.root())? {
        let entry = entry?;
        if !entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            continue;
        }
        let path: &Path = &entry.path();
        tracing::warn!(path = %path.display(), "removing a half-made cluster");
        let removed = if entry.file_type()?.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
        if let Err(error) = removed {
            // Its initdb may be writing still; it is in nobody's way, and the next start tries again.
            tracing::warn!(%error, path = %path.display(), "a half-made cluster cannot be removed yet");
        }
    }
    Ok(())
}
