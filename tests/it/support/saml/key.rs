//! Private keys and the certificates that go with them. Nobody checks who signed a pinned certificate, so nobody did.

use std::sync::LazyLock;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use doorward::protocol::saml::Certificate;
use secrecy::SecretSlice;

/// A key pair with its certificate.
pub struct ProviderKey {
    pkcs8: Vec<u8>,
    spki: Vec<u8>,
    /// Signs with RSA; otherwise with ECDSA.
    pub rsa: bool,
}

/// The provider's key in most tests.
pub static IDP: LazyLock<ProviderKey> = LazyLock::new(ProviderKey::ec);
/// The key of somebody who is not the provider.
pub static MALLORY: LazyLock<ProviderKey> = LazyLock::new(ProviderKey::ec);
/// Our own key for decryption.
pub static SP: LazyLock<ProviderKey> = LazyLock::new(ProviderKey::rsa);

impl ProviderKey {
    /// A fresh P-256 key.
    pub fn ec() -> Self {
        let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new()).unwrap().as_ref().to_vec();
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, &pkcs8).unwrap();
        let spki = AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key()).unwrap().as_ref().to_vec();
        Self { pkcs8, spki, rsa: false }
    }

    /// A fresh RSA key of 2048 bits.
    pub fn rsa() -> Self {
        let pair = aws_lc_rs::rsa::KeyPair::generate(KeySize::Rsa2048).unwrap();
        let pkcs8 = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).unwrap().as_ref().to_vec();
        let spki = AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key()).unwrap().as_ref().to_vec();
        Self { pkcs8, spki, rsa: true }
    }

    /// PKCS#8 DER.
    pub fn secret(&self) -> SecretSlice<u8> {
        SecretSlice::from(self.pkcs8.clone())
    }

    /// PKCS#8 PEM.
    pub fn pem(&self) -> String {
        let encoded = STANDARD.encode(&self.pkcs8);
        let lines: Vec<_> = encoded.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
        format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"))
    }

    /// A signature over octets, as XML Signature writes it.
    pub fn sign(&self, octets: &[u8]) -> Vec<u8> {
        let key = bergshamra::keys::loader::load_pem_auto(self.pem().as_bytes(), None).unwrap();
        let method = bergshamra::crypto::sign::from_uri(super::Signing::by(self).method).unwrap();
        method.sign(&key.to_signing_key().unwrap().unwrap(), octets).unwrap()
    }

    /// The public half, DER.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// A certificate of the years 2020 to 2040.
    pub fn certificate(&self) -> Certificate {
        self.certificate_of("200101000000Z", "400101000000Z")
    }

    /// A certificate with these dates (UTCTime).
    pub fn certificate_of(&self, not_before: &str, not_after: &str) -> Certificate {
        Certificate::from_der(&certificate(&self.spki, not_before, not_after)).unwrap()
    }
}

/// One element of DER.
pub fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let head = match length {
        0..=127 => vec![tag, length as u8],
        128..=255 => vec![tag, 0x81, length as u8],
        _ => vec![tag, 0x82, (length >> 8) as u8, length as u8],
    };
    [head, content.to_vec()].concat()
}

/// A certificate for any public key, with a signature that means nothing.
pub fn certificate(spki: &[u8], not_before: &str, not_after: &str) -> Vec<u8> {
    const SHA256_WITH_RSA: [u8; 11] = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b];
    let algorithm = der(0x30, &[&SHA256_WITH_RSA[..], &[5, 0]].concat());
    let common_name = der(0x30, &[&[0x06, 3, 0x55, 4, 3][..], &der(0x0c, b"idp.example")].concat());
    let name = der(0x30, &der(0x31, &common_name));
    let validity = der(0x30, &[der(0x17, not_before.as_bytes()), der(0x17, not_after.as_bytes())].concat());
    let version = der(0xa0, &der(2, &[2]));
    let parts = [version, der(2, &[1]), algorithm.clone(), name.clone(), validity, name, spki.to_vec()];
    der(0x30, &[der(0x30, &parts.concat()), algorithm, der(3, &[0, 0])].concat())
}
