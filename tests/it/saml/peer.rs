//! Keys of a test provider, openssl as a second opinion, and the corpus.

use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

use chrono::{DateTime, Duration, Utc};
use doorward::protocol::saml::key::{KeyKind, SpKey};
use doorward::protocol::saml::{Certificate, Policy, Verifier};
use serde_json::Value;

/// The provider's entity id.
pub const IDP: &str = "https://idp.example/metadata";
/// Our entity id.
pub const SP: &str = "https://sp.example/metadata";

/// The provider's key; RSA, made once.
pub static PROVIDER: LazyLock<SpKey> = LazyLock::new(|| key(KeyKind::Rsa2048));
/// Somebody else's.
pub static STRANGER: LazyLock<SpKey> = LazyLock::new(|| key(KeyKind::Rsa2048));

/// A fresh key pair.
pub fn key(kind: KeyKind) -> SpKey {
    SpKey::generate(kind, "idp.example", now()).unwrap()
}

/// The present moment of these tests.
pub fn now() -> DateTime<Utc> {
    at("2026-03-01T12:00:00Z")
}

/// A moment.
pub fn at(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

/// A connection that pins one certificate.
pub fn verifier(certificate: &Certificate, allow_sha1: bool) -> Verifier {
    let policy = Policy {
        require_signed_assertion: true,
        require_signed_response: false,
        require_encrypted_assertion: false,
        allow_sha1,
        allow_cbc: false,
        skew: Duration::seconds(60),
    };
    Verifier::new(std::slice::from_ref(certificate), &[], policy).unwrap()
}

/// A folder of its own for files of openssl, removed afterwards.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        let path = std::env::temp_dir().join(format!("doorward-saml-{}", uuid::Uuid::now_v7()));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    /// Runs openssl in it; the arguments are separated by blanks.
    pub fn openssl(&self, arguments: &str) -> String {
        let ran = Command::new("openssl").args(arguments.split(' ')).current_dir(&self.0).output().unwrap();
        assert!(ran.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&ran.stderr));
        String::from_utf8_lossy(&ran.stdout).into_owned()
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.join(name)).unwrap()
    }

    pub fn read_bytes(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.0.join(name)).unwrap()
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.0.join(name), content).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The corpus' folder and its manifest, or `None` where it is not beside the project.
pub fn corpus() -> Option<(PathBuf, Vec<Value>)> {
    let folder = super::corpus::folder()?;
    let manifest = std::fs::read_to_string(folder.join("manifest.json")).unwrap();
    Some((folder, serde_json::from_str(&manifest).unwrap()))
}
