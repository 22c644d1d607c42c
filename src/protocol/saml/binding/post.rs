//! The POST binding (SAML bindings section 3.5): base64 in a form, with the signature inside the message.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bergshamra::c14n::{self, C14nMode};

use super::decode;
use crate::protocol::saml::SamlError;
use crate::protocol::saml::key::{KeyError, SpKey};
use crate::protocol::saml::message::Message;
use crate::protocol::saml::structure::{ENVELOPED, EXCLUSIVE};
use crate::protocol::saml::tree::DS;

/// Where the schema wants the signature: after this.
const ISSUER_END: &str = "</saml:Issuer>";

/// The value of the form's field, signed when there is a key. The field is [`Message::kind`]'s parameter.
///
/// # Errors
/// [`KeyError::Failed`] when signing fails.
pub fn encode(message: &Message, key: Option<&SpKey>) -> Result<String, KeyError> {
    let signed = key.map(|key| sign(message, key)).transpose()?;
    Ok(STANDARD.encode(signed.as_ref().unwrap_or(&message.xml)))
}

/// The message in a form's field. What comes out is not compressed (C-32): the gate takes XML only.
///
/// # Errors
/// [`SamlError`] when it is too long or not base64.
pub fn read(field: &str) -> Result<Vec<u8>, SamlError> {
    decode(field)
}

/// XML Signature over the whole message: exclusive canonicalisation, SHA-256.
fn sign(message: &Message, key: &SpKey) -> Result<String, KeyError> {
    let hash = STANDARD.encode(digest(&SHA256, &canonical(&message.xml)?));
    let info = signed_info(&message.id, key.algorithm(), &hash);
    let value = STANDARD.encode(key.sign(&canonical(&info)?)?);
    let certificate = STANDARD.encode(key.certificate().der());
    let signature = format!(
        "<ds:Signature xmlns:ds=\"{DS}\">{info}<ds:SignatureValue>{value}</ds:SignatureValue><ds:KeyInfo><ds:X509Data>\
         <ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>"
    );
    let (head, body) = message.xml.split_once(ISSUER_END).ok_or(KeyError::Failed)?;
    Ok([head, ISSUER_END, &signature, body].concat())
}

fn canonical(xml: &str) -> Result<Vec<u8>, KeyError> {
    c14n::canonicalize::<&str>(xml, C14nMode::Exclusive, None, &[]).map_err(|_| KeyError::Failed)
}

fn signed_info(id: &str, algorithm: &str, hash: &str) -> String {
    format!(
        "<ds:SignedInfo xmlns:ds=\"{DS}\"><ds:CanonicalizationMethod Algorithm=\"{EXCLUSIVE}\"/>\
         <ds:SignatureMethod Algorithm=\"{algorithm}\"/><ds:Reference URI=\"#{id}\"><ds:Transforms>\
         <ds:Transform Algorithm=\"{ENVELOPED}\"/><ds:Transform Algorithm=\"{EXCLUSIVE}\"/></ds:Transforms>\
         <ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/><ds:DigestValue>{hash}</ds:DigestValue>\
         </ds:Reference></ds:SignedInfo>"
    )
}
