//! Bearer secrets: 256 random bits, shown once, kept as SHA-256. (They are not passwords: there is nothing to guess
//! that a slow hash would protect.)

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;
use uuid::Uuid;

/// 256 bits from the operating system, base64url.
///
/// # Panics
/// When the operating system has no randomness to give; nothing may go on then.
#[must_use]
pub fn random() -> String {
    let mut bytes = [0u8; 32];
    rand::fill(&mut bytes).expect("the operating system gives randomness");
    URL_SAFE_NO_PAD.encode(bytes)
}

/// SHA-256 of a bearer secret: what is stored and looked up.
#[must_use]
pub fn hash(secret: &str) -> Vec<u8> {
    digest(&SHA256, secret.as_bytes()).as_ref().to_vec()
}

/// What a key looks like from outside: whose kind it is, and for a tenant's key which tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// `dwo_..`: an operator of the installation.
    Operator,
    /// `dwk_{tenant}_..`: a user or service account of that tenant.
    Tenant(Uuid),
}

/// A new key: the whole text (shown once) and its last four characters (shown always).
#[must_use]
pub fn new_key(kind: KeyKind) -> (SecretString, String) {
    let secret = random();
    let hint = secret[secret.len() - 4..].to_owned();
    let text = match kind {
        KeyKind::Operator => format!("dwo_{secret}"),
        KeyKind::Tenant(tenant) => format!("dwk_{}_{secret}", tenant.simple()),
    };
    (text.into(), hint)
}

/// A new client secret of an application, `dws_..`: the whole text (shown once) and its last four characters. It opens
/// nothing at `/v1`.
#[must_use]
pub fn new_client_secret() -> (SecretString, String) {
    let secret = random();
    let hint = secret[secret.len() - 4..].to_owned();
    (format!("dws_{secret}").into(), hint)
}

/// Reads what kind of key a bearer text claims to be; `None` when it has not the shape of a key.
#[must_use]
pub fn key_kind(text: &str) -> Option<KeyKind> {
    let is_secret = |s: &str| s.len() == 43 && s.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if let Some(secret) = text.strip_prefix("dwo_") {
        return is_secret(secret).then_some(KeyKind::Operator);
    }
    let (tenant, secret) = text.strip_prefix("dwk_")?.split_once('_')?;
    let tenant = (tenant.len() == 32).then(|| Uuid::try_parse(tenant).ok()).flatten()?;
    is_secret(secret).then_some(KeyKind::Tenant(tenant))
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn a_key_tells_its_kind_and_nothing_else_passes_for_one() {
        let tenant = Uuid::now_v7();
        for kind in [KeyKind::Operator, KeyKind::Tenant(tenant)] {
            let (text, hint) = new_key(kind);
            assert_eq!(key_kind(text.expose_secret()), Some(kind));
            assert!(text.expose_secret().ends_with(&hint));
        }
        assert_eq!(key_kind(new_client_secret().0.expose_secret()), None);
        for bad in ["", "dwk_", "dwo_short", "dwk_x_y", "Bearer", &format!("dwk_{tenant}_{}", random())] {
            assert_eq!(key_kind(bad), None, "{bad}");
        }
    }

    #[test]
    fn w_03_secrets_carry_256_bits_and_never_repeat() {
        assert_eq!(random().len(), 43);
        assert_ne!(random(), random());
    }
}
