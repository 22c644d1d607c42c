//! Key pairs of our own: what we sign with, and what assertions are encrypted for.
//!
//! Each has a certificate, because providers are configured with certificates: `certify` makes one, `pem` reads the keys
//! that admins paste.

mod certify;
mod pem;

use std::fmt;

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair,
    RSA_PKCS1_SHA256, RsaKeyPair,
};
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretSlice, SecretString};

use super::{Certificate, CertificateError};

/// What kind of key pair is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// RSA of 2048 bits, which every provider understands.
    Rsa2048,
    /// Elliptic curve P-256, smaller and faster.
    EcP256,
}

/// Why a key pair cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not one PEM block of a private key.
    #[error("one private key in PEM is needed")]
    NotPem,
    /// The key needs a passphrase.
    #[error("the private key is encrypted: remove its passphrase first")]
    Encrypted,
    /// Another kind of key, or a weak one.
    #[error("an RSA key of at least 2048 bits or an EC key of P-256 or P-384 is needed")]
    Unusable,
    /// The certificate cannot be used.
    #[error("the certificate: {0}")]
    Certificate(#[from] CertificateError),
    /// The certificate is for another key.
    #[error("the certificate does not belong to the private key")]
    Mismatch,
    /// No randomness, or a key that does not sign.
    #[error("the key cannot be made or used")]
    Failed,
}

impl KeyError {
    /// A stable, machine-readable reason.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::NotPem => "key_not_pem",
            Self::Encrypted => "key_encrypted",
            Self::Unusable => "key_unsupported",
            Self::Certificate(error) => error.code(),
            Self::Mismatch => "key_certificate_mismatch",
            Self::Failed => "key_failed",
        }
    }
}

/// A private key and its certificate.
pub struct SpKey {
    signer: Signer,
    pkcs8: SecretSlice<u8>,
    certificate: Certificate,
}

/// Shows the certificate only.
impl fmt::Debug for SpKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SpKey").field("certificate", &self.certificate.sha256()).finish_non_exhaustive()
    }
}

impl SpKey {
    /// Makes a key pair with a self-signed certificate that is valid for ten years from `now`. An RSA key takes a good
    /// part of a second.
    ///
    /// # Errors
    /// [`KeyError::Failed`] when the operating system gives no randomness.
    pub fn generate(kind: KeyKind, common_name: &str, now: DateTime<Utc>) -> Result<Self, KeyError> {
        let signer = match kind {
            KeyKind::Rsa2048 => Signer::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| KeyError::Failed)?),
            KeyKind::EcP256 => Signer::Ec(
                EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|_| KeyError::Failed)?,
                Curve::P256,
            ),
        };
        let certificate = certify::self_signed(&signer, common_name, now).ok_or(KeyError::Failed)?;
        Self::new(signer, Certificate::from_der(&certificate)?)
    }

    /// Reads what an admin pasted, as openssl writes it: a key in PKCS#1, PKCS#8 or SEC1, and its certificate.
    ///
    /// # Errors
    /// [`KeyError`]
    pub fn from_pem(key: &SecretString, certificate: &str) -> Result<Self, KeyError> {
        let signer = Signer::read(pem::private_key(key)?.expose_secret())?;
        Self::new(signer, Certificate::parse(certificate)?)
    }

    /// Reads what [`Self::pkcs8`] and [`Certificate::der`] gave.
    ///
    /// # Errors
    /// [`KeyError`]
    pub fn from_der(pkcs8: &SecretSlice<u8>, certificate: &[u8]) -> Result<Self, KeyError> {
        Self::new(Signer::read(pkcs8.expose_secret())?, Certificate::from_der(certificate)?)
    }

    fn new(signer: Signer, certificate: Certificate) -> Result<Self, KeyError> {
        if certify::public_key_of(&certificate) != Some(signer.public_key()?) {
            return Err(KeyError::Mismatch);
        }
        Ok(Self { pkcs8: signer.pkcs8()?, signer, certificate })
    }

    /// The private key in PKCS#8 DER, to be sealed and kept, or to decrypt with.
    #[must_use]
    pub fn pkcs8(&self) -> &SecretSlice<u8> {
        &self.pkcs8
    }

    /// The public part, for the provider.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The URI of the algorithm that [`Self::sign`] uses.
    #[must_use]
    pub fn algorithm(&self) -> &'static str {
        match self.signer {
            Signer::Rsa(_) => "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
            Signer::Ec(_, Curve::P256) => "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
            Signer::Ec(_, Curve::P384) => "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384",
        }
    }

    /// Signs octets, as XML Signature and the Redirect binding want it.
    ///
    /// # Errors
    /// [`KeyError::Failed`]
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.signer.sign(message)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Curve {
    P256,
    P384,
}

enum Signer {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair, Curve),
}

impl Signer {
    /// Reads PKCS#8, PKCS#1 or SEC1 DER.
    fn read(der: &[u8]) -> Result<Self, KeyError> {
        if let Ok(rsa) = RsaKeyPair::from_pkcs8(der).or_else(|_| RsaKeyPair::from_der(der)) {
            return Ok(Self::Rsa(rsa));
        }
        let curves: [(Curve, &'static EcdsaSigningAlgorithm); 2] =
            [(Curve::P256, &ECDSA_P256_SHA256_FIXED_SIGNING), (Curve::P384, &ECDSA_P384_SHA384_FIXED_SIGNING)];
        let mut keys = curves.into_iter().filter_map(|(curve, algorithm)| {
            EcdsaKeyPair::from_private_key_der(algorithm, der).ok().map(|key| Self::Ec(key, curve))
        });
        keys.next().ok_or(KeyError::Unusable)
    }

    fn pkcs8(&self) -> Result<SecretSlice<u8>, KeyError> {
        let der = match self {
            Self::Rsa(key) => key.as_der().map_err(|_| KeyError::Failed)?.as_ref().to_vec(),
            Self::Ec(key, _) => key.to_pkcs8v1().map_err(|_| KeyError::Failed)?.as_ref().to_vec(),
        };
        Ok(der.into())
    }

    /// The public key as SubjectPublicKeyInfo.
    fn public_key(&self) -> Result<Vec<u8>, KeyError> {
        let der: Result<PublicKeyX509Der<'_>, _> = match self {
            Self::Rsa(key) => key.public_key().as_der(),
            Self::Ec(key, _) => key.public_key().as_der(),
        };
        Ok(der.map_err(|_| KeyError::Failed)?.as_ref().to_vec())
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let random = SystemRandom::new();
        match self {
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).map_err(|_| KeyError::Failed)?;
                Ok(signature)
            }
            Self::Ec(key, _) => Ok(key.sign(&random, message).map_err(|_| KeyError::Failed)?.as_ref().to_vec()),
        }
    }
}
