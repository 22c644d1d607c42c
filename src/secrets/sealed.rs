//! Secrets at rest: AES-256-GCM under named keys. The first key seals; every key opens, so that keys can be rotated.
//!
//! Sealed bytes: `1`, length of the key id, key id, 12-byte nonce, ciphertext and tag. The place (tenant, table, row,
//! column) is authenticated, so a sealed value copied to another row does not open.

use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use uuid::Uuid;

const FORMAT: u8 = 1;

/// Where a sealed value lives; it opens nowhere else.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// The tenant (nil for the installation's own).
    pub tenant: Uuid,
    /// The table.
    pub table: &'static str,
    /// The row's id.
    pub row: Uuid,
    /// The column.
    pub column: &'static str,
}

impl Place {
    fn aad(self) -> Aad<Vec<u8>> {
        Aad::from(format!("{}/{}/{}/{}", self.tenant, self.table, self.row, self.column).into_bytes())
    }
}

/// Why something could not be sealed or opened. Says no secret.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SealError {
    /// The text of the keys is not `id:base64` lines of 32-byte keys.
    #[error(
        "must be lines (or entries with commas between) `id:base64 of 32 bytes`, each id once, of letters, digits and hyphens"
    )]
    Keys,
    /// Sealed with a key that is not configured.
    #[error("sealed with key `{0}`, which is not among the sealing keys")]
    UnknownKey(String),
    /// Not sealed by this key for this place, or damaged.
    #[error("a sealed value does not open: wrong sealing key, wrong place or damaged")]
    DoesNotOpen,
}

/// Seals and opens; cheap to clone.
#[derive(Clone)]
pub struct Sealer {
    keys: Arc<Vec<(String, RandomizedNonceKey)>>,
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sealer").field("key_ids", &self.key_ids()).finish()
    }
}

impl Sealer {
    /// Reads `id:base64` entries, separated by line ends or commas; the first one seals.
    ///
    /// # Errors
    /// [`SealError::Keys`].
    pub fn from_text(text: &SecretString) -> Result<Self, SealError> {
        let mut keys: Vec<(String, RandomizedNonceKey)> = Vec::new();
        for entry in text.expose_secret().split(['\n', ',']).map(str::trim).filter(|e| !e.is_empty()) {
            let (id, encoded) = entry.split_once(':').ok_or(SealError::Keys)?;
            let named = !id.is_empty() && id.len() <= 32 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
            let bytes = SecretSlice::from(STANDARD.decode(encoded).map_err(|_| SealError::Keys)?);
            let key = RandomizedNonceKey::new(&AES_256_GCM, bytes.expose_secret()).map_err(|_| SealError::Keys)?;
            if !named || keys.iter().any(|(known, _)| known == id) {
                return Err(SealError::Keys);
            }
            keys.push((id.to_owned(), key));
        }
        if keys.is_empty() { Err(SealError::Keys) } else { Ok(Self { keys: Arc::new(keys) }) }
    }

    /// The ids of the keys, the sealing one first.
    #[must_use]
    pub fn key_ids(&self) -> Vec<&str> {
        self.keys.iter().map(|(id, _)| id.as_str()).collect()
    }

    /// Seals with the first key.
    ///
    /// # Panics
    /// When the operating system has no randomness to give.
    #[must_use]
    pub fn seal(&self, place: Place, plaintext: &[u8]) -> Vec<u8> {
        let (id, key) = &self.keys[0];
        let mut body = plaintext.to_vec();
        let nonce =
            key.seal_in_place_append_tag(place.aad(), &mut body).expect("the operating system gives randomness");
        let id_length = u8::try_from(id.len()).expect("an id has at most 32 bytes");
        [&[FORMAT, id_length], id.as_bytes(), nonce.as_ref(), &body].concat()
    }

    /// Opens what was sealed for this very place.
    ///
    /// # Errors
    /// [`SealError::UnknownKey`] or [`SealError::DoesNotOpen`].
    pub fn open(&self, place: Place, sealed: &[u8]) -> Result<SecretSlice<u8>, SealError> {
        let (id, rest) = split(sealed).ok_or(SealError::DoesNotOpen)?;
        let (_, key) =
            self.keys.iter().find(|(known, _)| known == id).ok_or_else(|| SealError::UnknownKey(id.into()))?;
        let (nonce, body) = rest.split_at_checked(NONCE_LEN).ok_or(SealError::DoesNotOpen)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError::DoesNotOpen)?;
        let mut body = body.to_vec();
        let length = key.open_in_place(nonce, place.aad(), &mut body).map_err(|_| SealError::DoesNotOpen)?.len();
        body.truncate(length);
        Ok(SecretSlice::from(body))
    }

    /// Whether a value was sealed by the first key, so that rotation may pass it by.
    #[must_use]
    pub fn is_current(&self, sealed: &[u8]) -> bool {
        split(sealed).is_some_and(|(id, _)| id == self.keys[0].0)
    }
}

/// Key id and the rest of sealed bytes.
fn split(sealed: &[u8]) -> Option<(&str, &[u8])> {
    let [FORMAT, length, rest @ ..] = sealed else {
        return None;
    };
    let (id, rest) = rest.split_at_checked(usize::from(*length))?;
    Some((std::str::from_utf8(id).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealer(text: &str) -> Sealer {
        Sealer::from_text(&text.to_owned().into()).unwrap()
    }

    const A: &str = "a:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    const B: &str = "b:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

    fn place(row: u128) -> Place {
        Place { tenant: Uuid::nil(), table: "connections", row: Uuid::from_u128(row), column: "client_secret" }
    }

    #[test]
    fn k_02_a_value_opens_at_its_own_place_only() {
        let s = sealer(A);
        let sealed = s.seal(place(1), b"hello");
        assert_eq!(s.open(place(1), &sealed).unwrap().expose_secret(), b"hello");
        assert!(matches!(s.open(place(2), &sealed), Err(SealError::DoesNotOpen)));
        assert!(!sealed.windows(5).any(|w| w == b"hello"));
    }

    #[test]
    fn an_older_key_still_opens_and_the_first_one_seals() {
        let old = sealer(A).seal(place(1), b"x");
        let both = sealer(&format!("{B}\n{A}"));
        assert_eq!(both.open(place(1), &old).unwrap().expose_secret(), b"x");
        assert!(!both.is_current(&old));
        assert!(both.is_current(&both.seal(place(1), b"x")));
        assert!(matches!(sealer(B).open(place(1), &old), Err(SealError::UnknownKey(id)) if id == "a"));
    }

    #[test]
    fn damaged_or_foreign_bytes_do_not_open_and_do_not_panic() {
        let s = sealer(A);
        let sealed = s.seal(place(1), b"hello");
        for cut in 0..sealed.len() {
            assert!(s.open(place(1), &sealed[..cut]).is_err());
        }
        for bad in ["", "a", "a:xx", ":AAAA", &format!("{A},{A}")] {
            assert!(Sealer::from_text(&bad.to_owned().into()).is_err(), "{bad}");
        }
    }
}
