//! The data folder: where it is, whose it is, and the private files in it.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};

use super::account::{is_root, our_uid};
use super::{EmbeddedError, EmbeddedOptions, cluster};

/// The data folder when none is named: `/var/lib/doorward` for root, else the platform's folder for a user's data.
/// A relative `xdg_data_home` is ignored, as the XDG base directory specification asks. `None` without a home.
#[must_use]
pub fn default_data_dir(uid: u32, home: Option<&Path>, xdg_data_home: Option<&Path>) -> Option<PathBuf> {
    if uid == 0 {
        return Some(PathBuf::from("/var/lib/doorward"));
    }
    if cfg!(target_os = "macos") {
        return home.map(|home| home.join("Library/Application Support/doorward"));
    }
    let xdg = xdg_data_home.filter(|xdg| xdg.is_absolute()).map(Path::to_owned);
    xdg.or_else(|| home.map(|home| home.join(".local/share"))).map(|base| base.join("doorward"))
}

/// An existing data folder that is ours.
#[derive(Debug)]
pub(super) struct Folder {
    root: PathBuf,
}

impl Folder {
    /// Makes the folder if it is missing, and refuses one that others could have prepared.
    pub(super) fn open(options: &EmbeddedOptions) -> Result<Self, EmbeddedError> {
        let default = || default_data_dir(our_uid(), options.home.as_deref(), options.xdg_data_home.as_deref());
        let path = options.data_dir.clone().or_else(default).ok_or(EmbeddedError::NoDataFolder)?;
        let fail = |action, source| EmbeddedError::Io { action, path: path.clone(), source };
        // Root's folder is passable, not readable: PostgreSQL's account must come through to `pg`.
        let mode = if is_root() { 0o711 } else { 0o700 };
        if !path.exists() {
            DirBuilder::new().recursive(true).mode(mode).create(&path).map_err(|error| fail("make", error))?;
            let exact = Permissions::from_mode(mode);
            fs::set_permissions(&path, exact).map_err(|error| fail("set the permissions of", error))?;
        }
        let root = path.canonicalize().map_err(|error| fail("find", error))?;
        let found = fs::metadata(&root).map_err(|error| fail("look at", error))?;
        let refuse = |reason| Err(EmbeddedError::Folder { path: path.clone(), reason });
        match () {
            () if !found.is_dir() => refuse("it is not a folder"),
            () if found.uid() != our_uid() => refuse("it belongs to another account"),
            () if found.mode() & 0o022 != 0 => refuse("other accounts may write to it"),
            () => Ok(Self { root }),
        }
    }

    /// The folder, absolute and without symbolic links.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of the cluster; if it exists, it is complete.
    pub(super) fn cluster(&self) -> PathBuf {
        self.root.join("pg")
    }

    /// The file with the sealing key.
    pub(super) fn sealing_keys(&self) -> PathBuf {
        self.root.join("sealing-keys")
    }

    /// The file to lock, opened.
    pub(super) fn lock_file(&self) -> Result<File, EmbeddedError> {
        private().truncate(false).open(self.root.join("lock")).map_err(|error| self.io("open the lock of", error))
    }

    /// The password of the cluster. It and the sealing key are made here, before there is a cluster; afterwards a
    /// missing one is an error, because a new one would lock the data away while looking fine. Needs the lock.
    pub(super) fn make_secrets(&self) -> Result<SecretString, EmbeddedError> {
        let sealing_key = || format!("k1:{}\n", STANDARD.encode(random::<32>()));
        let password = || format!("{}\n", URL_SAFE_NO_PAD.encode(random::<32>()));
        self.make_once(&self.sealing_keys(), sealing_key)?;
        self.make_once(&self.root.join("password"), password)?;
        self.password().map_err(|error| self.io("read the password in", error))
    }

    fn make_once(&self, path: &Path, content: impl FnOnce() -> String) -> Result<(), EmbeddedError> {
        match path.exists() {
            true => Ok(()),
            false if self.cluster().exists() => Err(EmbeddedError::SecretLost { path: path.to_owned() }),
            false => self.write(path, &content()),
        }
    }

    fn password(&self) -> io::Result<SecretString> {
        Ok(fs::read_to_string(self.root.join("password"))?.trim_end().into())
    }

    /// The port that the cluster last listened on.
    pub(super) fn port(&self) -> Option<u16> {
        fs::read_to_string(self.root.join("port")).ok()?.trim_end().parse().ok()
    }

    /// Tells those who attach where the cluster listens. Needs the lock.
    pub(super) fn set_port(&self, port: u16) -> Result<(), EmbeddedError> {
        self.write(&self.root.join("port"), &format!("{port}\n"))
    }

    /// The cluster's URL if the cluster answers, else why it does not.
    pub(super) fn living_url(&self) -> Result<SecretString, String> {
        let password = self.password().map_err(|error| format!("its password cannot be read: {error}"))?;
        let port = self.port().ok_or("its port is not known yet")?;
        cluster::connect(port, &password, cluster::DATABASE).map_err(|error| error.to_string())?;
        Ok(cluster::url(port, &password, cluster::DATABASE))
    }

    /// Writes a file of mode 0600 so that a reader, or a crash, sees all of it or the old one. Needs the lock.
    fn write(&self, path: &Path, content: &str) -> Result<(), EmbeddedError> {
        let draft = path.with_extension("draft");
        let write = || -> io::Result<()> {
            let mut file = private().truncate(true).open(&draft)?;
            file.write_all(content.as_bytes())?;
            file.sync_all()?;
            fs::rename(&draft, path)?;
            self.sync()
        };
        write().map_err(|source| EmbeddedError::Io { action: "write", path: path.to_owned(), source })
    }

    /// Makes renames in the folder durable.
    pub(super) fn sync(&self) -> io::Result<()> {
        File::open(&self.root)?.sync_all()
    }

    /// An error about this folder.
    pub(super) fn io(&self, action: &'static str, source: io::Error) -> EmbeddedError {
        EmbeddedError::Io { action, path: self.root.clone(), source }
    }
}

/// Writes `secret` into a new file of mode 0600.
pub(super) fn write_secret(path: &Path, secret: &SecretString) -> io::Result<()> {
    private().create_new(true).open(path)?.write_all(secret.expose_secret().as_bytes())
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true).mode(0o600);
    options
}

/// `N` bytes from the operating system's randomness.
pub(super) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

#[cfg(all(test, not(target_os = "macos")))]
mod tests {
    use std::path::{Path, PathBuf};

    use super::default_data_dir;

    #[test]
    fn embedded_data_lies_where_the_account_expects_it() {
        let home = Some(Path::new("/home/ada"));
        let at = |path: &str| Some(PathBuf::from(path));
        assert_eq!(default_data_dir(0, home, None), at("/var/lib/doorward"));
        assert_eq!(default_data_dir(1000, home, None), at("/home/ada/.local/share/doorward"));
        assert_eq!(default_data_dir(1000, home, Some(Path::new("/data"))), at("/data/doorward"));
        assert_eq!(default_data_dir(1000, home, Some(Path::new("data"))), at("/home/ada/.local/share/doorward"));
        assert_eq!(default_data_dir(1000, None, None), None);
    }
}
