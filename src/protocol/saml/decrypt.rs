//! Encrypted assertions: what may be decrypted is decided first, then bergshamra's primitives do it.
//!
//! `EncryptedAssertion( EncryptedData( EncryptionMethod, KeyInfo, CipherData ), EncryptedKey? )`, the key inside the KeyInfo
//! or, as Okta has it, the sibling that a RetrievalMethod names. RSA-OAEP and AES-GCM; AES-CBC only where it is allowed and the
//! ciphertext is signed. There is no PKCS#1 v1.5 (S-23), no named or derived key, and nothing is fetched. Whatever goes wrong
//! once a key is tried has one name (S-24 to S-28).

use std::panic::{AssertUnwindSafe, catch_unwind};

use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OAEP_SHA384_MGF1SHA384, OAEP_SHA512_MGF1SHA512, OaepAlgorithm,
    OaepPrivateDecryptingKey, PrivateDecryptingKey,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bergshamra::crypto::cipher;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretSlice};

use super::SamlError;
use super::error::tame;
use super::tree::{DS, Node, XENC, XENC11};

/// OAEP with the mask of SHA-1 unless told otherwise.
const OAEP_MGF1P: &str = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p";
/// OAEP with the mask of its digest unless told otherwise.
const OAEP: &str = "http://www.w3.org/2009/xmlenc11#rsa-oaep";

/// Digest, mask and what AWS-LC calls the two together; it has no others.
const OAEPS: [(&str, &str, &OaepAlgorithm); 4] = [
    ("http://www.w3.org/2000/09/xmldsig#sha1", "http://www.w3.org/2009/xmlenc11#mgf1sha1", &OAEP_SHA1_MGF1SHA1),
    ("http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2009/xmlenc11#mgf1sha256", &OAEP_SHA256_MGF1SHA256),
    (
        "http://www.w3.org/2001/04/xmldsig-more#sha384",
        "http://www.w3.org/2009/xmlenc11#mgf1sha384",
        &OAEP_SHA384_MGF1SHA384,
    ),
    ("http://www.w3.org/2001/04/xmlenc#sha512", "http://www.w3.org/2009/xmlenc11#mgf1sha512", &OAEP_SHA512_MGF1SHA512),
];
const GCM: &[&str] = &["http://www.w3.org/2009/xmlenc11#aes128-gcm", "http://www.w3.org/2009/xmlenc11#aes256-gcm"];
const CBC: &[&str] = &["http://www.w3.org/2001/04/xmlenc#aes128-cbc", "http://www.w3.org/2001/04/xmlenc#aes256-cbc"];
const RETRIEVED_KEY: &str = "http://www.w3.org/2001/04/xmlenc#EncryptedKey";

/// Our decryption keys, imported once: the first use of an RSA private key costs about 50 ms.
pub(super) struct DecryptionKeys(Vec<OaepPrivateDecryptingKey>);

impl DecryptionKeys {
    /// Of RSA keys in PKCS#8 DER.
    ///
    /// # Errors
    /// [`SamlError::DecryptionKey`] if one cannot be used.
    pub(super) fn new(keys: &[SecretSlice<u8>]) -> Result<Self, SamlError> {
        let import = |key: &SecretSlice<u8>| {
            let key = PrivateDecryptingKey::from_pkcs8(key.expose_secret()).map_err(|_| SamlError::DecryptionKey)?;
            OaepPrivateDecryptingKey::new(key).map_err(|_| SamlError::DecryptionKey)
        };
        keys.iter().map(import).collect::<Result<_, _>>().map(Self)
    }

    /// The XML inside an `EncryptedAssertion`, in an element that declares the namespaces that were in scope around it.
    ///
    /// # Errors
    /// [`SamlError::Structure`], [`SamlError::Algorithm`] or [`SamlError::CbcRefused`] for what is not even tried, and
    /// [`SamlError::Decryption`] for everything else.
    pub(super) fn open(&self, element: Node<'_>, allow_cbc: bool) -> Result<Zeroizing<String>, SamlError> {
        let sealed = Sealed::read(element, allow_cbc)?;
        // One answer for whatever a library makes of hostile bytes, a panic included (S-25, S-26).
        let plain = catch_unwind(AssertUnwindSafe(|| self.0.iter().find_map(|key| sealed.open(key))));
        let plain = plain.ok().flatten().ok_or(SamlError::Decryption)?;
        let plain = std::str::from_utf8(&plain).map_err(|_| SamlError::Decryption)?;
        let namespaces = in_scope(element).iter().map(|(prefix, uri)| declaration(prefix, uri)).collect::<String>();
        Ok(Zeroizing::new(format!("<Decrypted{namespaces}>{plain}</Decrypted>")))
    }
}

/// What an encrypted assertion consists of, when all of it is allowed.
struct Sealed<'t> {
    oaep: &'static OaepAlgorithm,
    key: Vec<u8>,
    cipher: &'t str,
    data: Vec<u8>,
}

impl<'t> Sealed<'t> {
    fn read(element: Node<'t>, allow_cbc: bool) -> Result<Self, SamlError> {
        let (data, sibling) = match element.children().take(3).collect::<Vec<_>>()[..] {
            [data] if data.is(XENC, "EncryptedData") => (data, None),
            [data, key] if data.is(XENC, "EncryptedData") && key.is(XENC, "EncryptedKey") => (data, Some(key)),
            _ => return Err(form()),
        };
        let [method, info, cipher_data] = data.children().take(4).collect::<Vec<_>>()[..] else { return Err(form()) };
        if !method.is(XENC, "EncryptionMethod") || !info.is(DS, "KeyInfo") {
            return Err(form());
        }
        let cipher = method.attribute("Algorithm").unwrap_or_default();
        if CBC.contains(&cipher) && !allow_cbc {
            return Err(SamlError::CbcRefused);
        }
        if !CBC.contains(&cipher) && !GCM.contains(&cipher) {
            return Err(SamlError::Algorithm(tame(cipher)));
        }
        let key = encrypted_key(info, sibling)?;
        let oaep = key_transport(key.need(XENC, "EncryptionMethod")?)?;
        let key = cipher_value(key.need(XENC, "CipherData")?)?;
        Ok(Self { oaep, key, cipher, data: cipher_value(cipher_data)? })
    }

    /// None whatever is wrong.
    fn open(&self, key: &OaepPrivateDecryptingKey) -> Option<Zeroizing<Vec<u8>>> {
        let mut buffer = Zeroizing::new(vec![0; key.min_output_size()]);
        let session = key.decrypt(self.oaep, &self.key, &mut buffer, None).ok()?;
        let cipher = cipher::from_uri(self.cipher).ok()?;
        if session.len() != cipher.key_size() {
            return None; // S-27
        }
        cipher.decrypt(session, &self.data).ok().map(Zeroizing::new)
    }
}

fn form() -> SamlError {
    SamlError::Structure("the encrypted assertion has another form")
}

/// The one encrypted key: inside, or the sibling that is named.
fn encrypted_key<'t>(info: Node<'t>, sibling: Option<Node<'t>>) -> Result<Node<'t>, SamlError> {
    match (info.children().take(2).collect::<Vec<_>>()[..].as_ref(), sibling) {
        ([key], None) if key.is(XENC, "EncryptedKey") => Ok(*key),
        ([method], Some(key)) if method.is(DS, "RetrievalMethod") => {
            let named = method.attribute("URI").and_then(|u| u.strip_prefix('#'));
            let fits =
                method.attribute("Type") == Some(RETRIEVED_KEY) && named.is_some() && named == key.attribute("Id");
            if fits && method.children().next().is_none() { Ok(key) } else { Err(form()) }
        }
        _ => Err(form()),
    }
}

fn key_transport(method: Node<'_>) -> Result<&'static OaepAlgorithm, SamlError> {
    let uri = method.attribute("Algorithm").unwrap_or_default();
    if uri != OAEP && uri != OAEP_MGF1P {
        return Err(SamlError::Algorithm(tame(uri))); // S-23
    }
    let (mut digest, mut mask) = (None, None);
    for child in method.children() {
        let algorithm = child.attribute("Algorithm");
        if child.is(DS, "DigestMethod") && digest.is_none() {
            digest = algorithm;
        } else if child.is(XENC11, "MGF") && mask.is_none() {
            mask = algorithm;
        } else {
            return Err(form());
        }
    }
    let digest = digest.unwrap_or(OAEPS[0].0);
    let mask = mask.or((uri == OAEP_MGF1P).then_some(OAEPS[0].1));
    let known = OAEPS.iter().find(|(d, m, _)| *d == digest && mask.is_none_or(|mask| mask == *m));
    known
        .map(|(_, _, oaep)| *oaep)
        .ok_or_else(|| SamlError::Algorithm(tame(&format!("{uri} with {digest} and {}", mask.unwrap_or("its mask")))))
}

/// The bytes in a `CipherData`; a CipherReference is never followed.
fn cipher_value(data: Node<'_>) -> Result<Vec<u8>, SamlError> {
    match data.children().take(2).collect::<Vec<_>>()[..] {
        [value] if data.is(XENC, "CipherData") && value.is(XENC, "CipherValue") => {
            let compact: String = value.text()?.chars().filter(|c| !c.is_ascii_whitespace()).collect();
            STANDARD.decode(compact).map_err(|_| SamlError::Decryption)
        }
        _ => Err(form()),
    }
}

/// The namespaces in scope at an element: the nearest declaration of each prefix.
fn in_scope<'t>(element: Node<'t>) -> Vec<(&'t str, &'t str)> {
    let mut found: Vec<(&str, &str)> = Vec::new();
    for node in std::iter::successors(Some(element), |n| n.parent()) {
        for (prefix, uri) in node.declared() {
            if !found.iter().any(|(known, _)| *known == prefix) {
                found.push((prefix, uri));
            }
        }
    }
    found
}

fn declaration(prefix: &str, uri: &str) -> String {
    let uri = uri.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
    if prefix.is_empty() { format!(" xmlns=\"{uri}\"") } else { format!(" xmlns:{prefix}=\"{uri}\"") }
}
