//! Certificates for our own keys: self-signed, because providers pin them and ask nobody.

use std::time::Duration;

use aws_lc_rs::rand;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
};
use chrono::{DateTime, TimeDelta, Utc};
use secrecy::ExposeSecret;
use x509_cert::TbsCertificate;
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::certificate::Version;
use x509_cert::der::asn1::{Any, BitString, GeneralizedTime, ObjectIdentifier, SetOfVec, UtcTime, Utf8StringRef};
use x509_cert::der::{Decode, Encode};
use x509_cert::name::{Name, RdnSequence, RelativeDistinguishedName};
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::time::{Time, Validity};

use super::{Curve, Signer};
use crate::protocol::saml::Certificate;

/// Ten years.
const LIFETIME: TimeDelta = TimeDelta::days(3652);
/// Longest common name that X.509 allows.
const MAX_COMMON_NAME: usize = 64;

const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
const RSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
const ECDSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const ECDSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");

/// The key that a certificate is for, as SubjectPublicKeyInfo.
pub(super) fn public_key_of(certificate: &Certificate) -> Option<Vec<u8>> {
    let certificate = x509_cert::Certificate::from_der(certificate.der()).ok()?;
    certificate.tbs_certificate.subject_public_key_info.to_der().ok()
}

/// A certificate in DER.
pub(super) fn self_signed(signer: &Signer, common_name: &str, now: DateTime<Utc>) -> Option<Vec<u8>> {
    let algorithm = algorithm(signer);
    let name = name(common_name)?;
    let tbs_certificate = TbsCertificate {
        version: Version::V3,
        serial_number: serial_number()?,
        signature: algorithm.clone(),
        issuer: name.clone(),
        validity: Validity { not_before: time(now)?, not_after: time(now + LIFETIME)? },
        subject: name,
        subject_public_key_info: SubjectPublicKeyInfoOwned::from_der(&signer.public_key().ok()?).ok()?,
        issuer_unique_id: None,
        subject_unique_id: None,
        extensions: None,
    };
    let signature = sign(signer, &tbs_certificate.to_der().ok()?)?;
    let signature = BitString::from_bytes(&signature).ok()?;
    x509_cert::Certificate { tbs_certificate, signature_algorithm: algorithm, signature }.to_der().ok()
}

fn algorithm(signer: &Signer) -> AlgorithmIdentifierOwned {
    let (oid, parameters) = match signer {
        Signer::Rsa(_) => (RSA_SHA256, Some(Any::null())),
        Signer::Ec(_, Curve::P256) => (ECDSA_SHA256, None),
        Signer::Ec(_, Curve::P384) => (ECDSA_SHA384, None),
    };
    AlgorithmIdentifierOwned { oid, parameters }
}

/// X.509 wants ECDSA signatures as ASN.1, XML Signature does not.
fn sign(signer: &Signer, message: &[u8]) -> Option<Vec<u8>> {
    let algorithm: &'static EcdsaSigningAlgorithm = match signer {
        Signer::Rsa(_) => return signer.sign(message).ok(),
        Signer::Ec(_, Curve::P256) => &ECDSA_P256_SHA256_ASN1_SIGNING,
        Signer::Ec(_, Curve::P384) => &ECDSA_P384_SHA384_ASN1_SIGNING,
    };
    let key = EcdsaKeyPair::from_pkcs8(algorithm, signer.pkcs8().ok()?.expose_secret()).ok()?;
    Some(key.sign(&aws_lc_rs::rand::SystemRandom::new(), message).ok()?.as_ref().to_vec())
}

fn name(common_name: &str) -> Option<Name> {
    let common_name: String = common_name.chars().take(MAX_COMMON_NAME).collect();
    let value = Any::from(Utf8StringRef::new(&common_name).ok()?);
    let attribute = AttributeTypeAndValue { oid: COMMON_NAME, value };
    Some(RdnSequence(vec![RelativeDistinguishedName(SetOfVec::try_from(vec![attribute]).ok()?)]))
}

/// 127 random bits, positive.
fn serial_number() -> Option<SerialNumber> {
    let mut bytes = [0; 16];
    rand::fill(&mut bytes).ok()?;
    bytes[0] = bytes[0] & 0x7f | 0x40;
    SerialNumber::new(&bytes).ok()
}

/// RFC 5280 section 4.1.2.5: two digits for the year until 2049, four from 2050.
fn time(at: DateTime<Utc>) -> Option<Time> {
    let since_1970 = Duration::from_secs(u64::try_from(at.timestamp()).ok()?);
    let early = UtcTime::from_unix_duration(since_1970).map(Time::UtcTime);
    early.or_else(|_| GeneralizedTime::from_unix_duration(since_1970).map(Time::GeneralTime)).ok()
}
