//! How messages travel through the browser (SAML bindings section 3): in a URL ([`redirect`]) or in a form ([`post`]).
//!
//! What arrives is decoded within the limits of the gate, and nothing is read from it before its signature was verified: over
//! the query as it arrived, or inside the message by the connection's [`super::Verifier`].

pub mod post;
pub mod redirect;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::SamlError;
use super::gate::MAX_MESSAGE;

/// The name of the Redirect binding.
pub const REDIRECT: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";
/// The name of the POST binding.
pub const POST: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";

/// Base64 of the biggest message: a third longer, and broken into lines.
const MAX_BASE64: usize = MAX_MESSAGE * 3 / 2;

/// The octets behind base64 that may be broken into lines.
fn decode(text: &str) -> Result<Vec<u8>, SamlError> {
    if text.len() > MAX_BASE64 {
        return Err(SamlError::TooLarge("256 KiB"));
    }
    let line: String = text.split(['\r', '\n']).collect();
    STANDARD.decode(line).map_err(|_| SamlError::Malformed("it is not base64")) // C-39
}
