//! Private keys as openssl writes them: `PRIVATE KEY` (PKCS#8), `RSA PRIVATE KEY` (PKCS#1), `EC PRIVATE KEY` (SEC1).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretSlice, SecretString};

use super::KeyError;

const LABELS: [&str; 3] = ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"];

/// The DER of the one private key in a text. What openssl puts before it (`EC PARAMETERS`, bag attributes) is skipped.
///
/// # Errors
/// [`KeyError::NotPem`] or [`KeyError::Encrypted`].
pub(super) fn private_key(text: &SecretString) -> Result<SecretSlice<u8>, KeyError> {
    let text = text.expose_secret();
    if text.contains("ENCRYPTED") {
        return Err(KeyError::Encrypted);
    }
    let mut blocks = LABELS.into_iter().flat_map(|label| blocks(text, label));
    let (Some(block), None) = (blocks.next(), blocks.next()) else {
        return Err(KeyError::NotPem);
    };
    let lines: SecretString = block.split_ascii_whitespace().collect::<String>().into();
    let der = STANDARD.decode(lines.expose_secret()).map_err(|_| KeyError::NotPem)?;
    Ok(der.into())
}

fn blocks<'t>(text: &'t str, label: &str) -> Vec<&'t str> {
    let (begin, end) = (format!("-----BEGIN {label}-----"), format!("-----END {label}-----"));
    text.split(&begin).skip(1).filter_map(|rest| rest.split_once(&end)).map(|(block, _)| block).collect()
}
