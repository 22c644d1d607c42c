//! Which account PostgreSQL's programs run as: ours, or an unprivileged one when we are root (PostgreSQL refuses root).

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::EmbeddedError;

/// The accounts of `/etc/passwd` that root hands PostgreSQL to, best first.
const UNPRIVILEGED: [&str; 2] = ["postgres", "nobody"];

/// Runs programs as an account; `None` is our own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Account(Option<(u32, u32)>);

impl Account {
    /// Our own account unless we are root; then the one that owns the cluster in `data`, or the best of
    /// [`UNPRIVILEGED`] when there is no cluster yet.
    pub(super) fn for_cluster(data: &Path) -> Result<Self, EmbeddedError> {
        if !is_root() {
            return Ok(Self(None));
        }
        let owner = fs::symlink_metadata(data).ok().map(|found| (found.uid(), found.gid()));
        let passwd = || unprivileged(&fs::read_to_string("/etc/passwd").unwrap_or_default());
        let account = owner.or_else(passwd).filter(|(uid, _)| *uid != 0);
        account.map(|ids| Self(Some(ids))).ok_or(EmbeddedError::NoAccount)
    }

    /// A command that runs as this account, away from our terminal's signals, our secrets and our folder.
    pub(super) fn command(self, program: &Path) -> Command {
        let mut command = Command::new(program);
        // The environment may hold DOORWARD_* secrets, or PG* variables that would change what the programs do.
        command.env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C").env("TZ", "UTC");
        // Ctrl-C goes to the terminal's process group: the programs leave it. `/` is open to every account.
        command.process_group(0).current_dir("/").stdin(Stdio::null());
        if let Some((uid, gid)) = self.0 {
            // std clears the supplementary groups when root sets a uid and no groups.
            command.gid(gid).uid(uid);
        }
        command
    }

    /// Makes this account the owner of `path`.
    pub(super) fn give(self, path: &Path) -> io::Result<()> {
        self.0.map_or(Ok(()), |(uid, gid)| chown(path, Some(uid), Some(gid)))
    }

    /// Says which parent of a cluster (or the data folder itself) this account may not pass through.
    pub(super) fn check_reach(self, data_dir: &Path) -> Result<(), EmbeddedError> {
        let Some((uid, _)) = self.0 else { return Ok(()) };
        for path in data_dir.ancestors() {
            let found = fs::metadata(path);
            let found =
                found.map_err(|source| EmbeddedError::Io { action: "look at", path: path.to_owned(), source })?;
            let pass = if found.uid() == uid { 0o100 } else { 0o001 };
            if found.mode() & pass == 0 {
                let reason = "the unprivileged account that PostgreSQL runs as may not pass through it (chmod o+x)";
                return Err(EmbeddedError::Folder { path: path.to_owned(), reason });
            }
        }
        Ok(())
    }
}

/// Runs a program to its end and gives what it said on both streams.
pub(super) fn run(command: &mut Command) -> Result<String, EmbeddedError> {
    let ended = command.output();
    let program = || PathBuf::from(command.get_program());
    let ended = ended.map_err(|source| EmbeddedError::Io { action: "run", path: program(), source })?;
    let said = [ended.stdout, ended.stderr].concat();
    let said = String::from_utf8_lossy(&said).trim().to_owned();
    if ended.status.success() {
        return Ok(said);
    }
    Err(EmbeddedError::Program { program: program(), status: ended.status.to_string(), output: said })
}

/// Whether we are root.
pub(super) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Our own uid.
pub(super) fn our_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Uid and gid of the best of [`UNPRIVILEGED`] in the text of `/etc/passwd`.
fn unprivileged(passwd: &str) -> Option<(u32, u32)> {
    let ids_of = |wanted: &str| {
        passwd.lines().find_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            let uid: u32 = fields.nth(1)?.parse().ok()?;
            let gid = fields.next()?.parse().ok()?;
            (name == wanted && uid != 0).then_some((uid, gid))
        })
    };
    UNPRIVILEGED.into_iter().find_map(ids_of)
}

#[cfg(test)]
mod tests {
    use super::unprivileged;

    #[test]
    fn embedded_root_hands_postgres_to_the_best_unprivileged_account() {
        let nobody = "root:x:0:0::/root:/bin/sh\nnobody:x:65534:65533::/:/bin/false\n";
        assert_eq!(unprivileged(nobody), Some((65534, 65533)));
        let both = format!("{nobody}postgres:x:101:104::/var/lib/postgresql:/bin/sh\n");
        assert_eq!(unprivileged(&both), Some((101, 104)));
        let trap = format!("{nobody}postgres:x:0:0::/root:/bin/sh\nbroken line\n");
        assert_eq!(unprivileged(&trap), Some((65534, 65533)), "an alias of root is no drop of privileges");
        assert_eq!(unprivileged("root:x:0:0::/root:/bin/sh\n"), None);
    }
}
