//! A provider's certificate: read strictly, weak keys refused, and used for its key alone.
//!
//! No chain and no name is checked, because the certificate itself is pinned (S-07). Its dates are told, not enforced (S-18).

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bergshamra::Key;
use chrono::{DateTime, Utc};
use x509_cert::Certificate as X509;
use x509_cert::der::asn1::{ObjectIdentifier, UintRef};
use x509_cert::der::{Decode, Reader, SliceReader};
use x509_cert::spki::SubjectPublicKeyInfoOwned;
use x509_cert::time::Time;

use crate::protocol::jwt::has_roca_fingerprint;

const MAX_BYTES: usize = 64 * 1024;
const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const CURVES: [(ObjectIdentifier, &str); 3] = [
    (ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7"), "EC P-256"),
    (ObjectIdentifier::new_unwrap("1.3.132.0.34"), "EC P-384"),
    (ObjectIdentifier::new_unwrap("1.3.132.0.35"), "EC P-521"),
];

/// Why a text is not a certificate that can be pinned. Carries no input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// A private key was pasted (S-20).
    #[error("this is a private key; keep it where it was made, and paste the certificate")]
    PrivateKey,
    /// Several PEM blocks were pasted (S-20).
    #[error("there is more than one certificate; add them one by one")]
    Several,
    /// Neither one PEM block nor base64 of DER.
    #[error("this is not an X.509 certificate in PEM or base64")]
    Unreadable,
    /// RSA below 2048 or above 8192 bits, an exponent that nobody uses, or a key known to be factorable (S-15).
    #[error("its RSA key is weak: it needs 2048 to 8192 bits and an ordinary exponent")]
    WeakKey,
    /// Neither RSA nor an EC key on P-256, P-384 or P-521.
    #[error("its key is neither RSA nor EC on P-256, P-384 or P-521")]
    KeyKind,
}

impl CertificateError {
    /// A stable, machine-readable reason.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::PrivateKey => "certificate_is_private_key",
            Self::Several => "certificate_several",
            Self::Unreadable => "certificate_unreadable",
            Self::WeakKey => "certificate_key_weak",
            Self::KeyKind => "certificate_key_unsupported",
        }
    }
}

/// A certificate whose key can be pinned.
#[derive(Clone)]
pub struct Certificate {
    der: Vec<u8>,
    subject: String,
    not_before: DateTime<Utc>,
    not_after: DateTime<Utc>,
    algorithm: String,
    key: Key,
}

impl Certificate {
    /// Reads one PEM block, or the base64 of DER as metadata has it.
    ///
    /// # Errors
    /// [`CertificateError`] for private keys, several blocks, anything else, and weak keys.
    pub fn parse(text: &str) -> Result<Self, CertificateError> {
        if text.contains("PRIVATE KEY") {
            return Err(CertificateError::PrivateKey);
        }
        let body = match text.matches("-----BEGIN ").count() {
            0 => text,
            1 => {
                let begun = text.split_once(BEGIN).ok_or(CertificateError::Unreadable)?.1;
                begun.split_once(END).ok_or(CertificateError::Unreadable)?.0
            }
            _ => return Err(CertificateError::Several),
        };
        if body.len() > MAX_BYTES {
            return Err(CertificateError::Unreadable);
        }
        let compact: String = body.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        Self::from_der(&STANDARD.decode(compact).map_err(|_| CertificateError::Unreadable)?)
    }

    /// Reads DER.
    ///
    /// # Errors
    /// [`CertificateError`] if it is no certificate or its key is weak or of another kind.
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        let x509 = X509::from_der(der).map_err(|_| CertificateError::Unreadable)?;
        let tbs = &x509.tbs_certificate;
        let algorithm = check_key(&tbs.subject_public_key_info)?;
        let key = bergshamra::keys::loader::load_x509_cert_der(der).map_err(|_| CertificateError::Unreadable)?;
        key.to_signing_key().map_err(|_| CertificateError::WeakKey)?;
        Ok(Self {
            der: der.to_vec(),
            subject: super::error::tame(&tbs.subject.to_string()),
            not_before: instant(tbs.validity.not_before),
            not_after: instant(tbs.validity.not_after),
            algorithm,
            key,
        })
    }

    /// The certificate, DER.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The certificate as one PEM block.
    #[must_use]
    pub fn pem(&self) -> String {
        let encoded = STANDARD.encode(&self.der);
        let mut pem = format!("{BEGIN}\n");
        for line in encoded.as_bytes().chunks(64) {
            pem.extend(line.iter().map(|b| char::from(*b)));
            pem.push('\n');
        }
        pem + END + "\n"
    }

    /// When it begins to be valid.
    #[must_use]
    pub fn not_before(&self) -> DateTime<Utc> {
        self.not_before
    }

    /// When it ends to be valid.
    #[must_use]
    pub fn not_after(&self) -> DateTime<Utc> {
        self.not_after
    }

    /// Its subject, printable and at most 200 characters.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The kind and size of its key, like `RSA 2048` or `EC P-256`.
    #[must_use]
    pub fn algorithm(&self) -> &str {
        &self.algorithm
    }

    /// The SHA-256 fingerprint, in hex.
    #[must_use]
    pub fn sha256(&self) -> String {
        digest(&SHA256, &self.der).as_ref().iter().map(|b| format!("{b:02x}")).collect()
    }

    /// Its key as the verifier takes it.
    pub(super) fn key(&self) -> Key {
        self.key.clone()
    }
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Certificate({}, {})", self.sha256(), self.algorithm)
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for Certificate {}

fn instant(time: Time) -> DateTime<Utc> {
    DateTime::from(time.to_system_time())
}

/// S-15: the kind and strength of a key.
fn check_key(spki: &SubjectPublicKeyInfoOwned) -> Result<String, CertificateError> {
    if spki.algorithm.oid == RSA {
        return check_rsa(spki.subject_public_key.raw_bytes());
    }
    let curve = spki.algorithm.parameters.as_ref().and_then(|p| p.decode_as::<ObjectIdentifier>().ok());
    let known = CURVES.iter().find(|(oid, _)| spki.algorithm.oid == EC && curve == Some(*oid));
    known.map(|(_, name)| (*name).to_owned()).ok_or(CertificateError::KeyKind)
}

fn check_rsa(key: &[u8]) -> Result<String, CertificateError> {
    let unreadable = |_| CertificateError::Unreadable;
    let mut reader = SliceReader::new(key).map_err(unreadable)?;
    let read = reader.sequence(|inner| Ok((UintRef::decode(inner)?, UintRef::decode(inner)?)));
    let (modulus, exponent) = read.map_err(unreadable)?;
    let (modulus, exponent) = (modulus.as_bytes(), exponent.as_bytes());
    let bits = modulus.len() * 8 - modulus.first().map_or(8, |b| b.leading_zeros() as usize).min(modulus.len() * 8);
    let odd = |number: &[u8]| number.last().is_some_and(|b| b % 2 == 1);
    let ordinary = exponent.len() <= 4 && odd(exponent) && exponent != [1];
    if !(2048..=8192).contains(&bits) || !odd(modulus) || !ordinary || has_roca_fingerprint(modulus) {
        return Err(CertificateError::WeakKey);
    }
    Ok(format!("RSA {bits}"))
}
