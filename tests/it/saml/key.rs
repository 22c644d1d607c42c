//! Key pairs of our own, as made here and as admins paste them.

use aws_lc_rs::signature::{self, UnparsedPublicKey};
use chrono::TimeDelta;
use doorward::protocol::saml::CertificateError;
use doorward::protocol::saml::key::{KeyError, KeyKind, SpKey};
use secrecy::{ExposeSecret, SecretString};

use super::peer::{Folder, key, now};

const MESSAGE: &[u8] = b"SAMLRequest=..&SigAlg=..";

fn pasted(folder: &Folder, key: &str, certificate: &str) -> Result<SpKey, KeyError> {
    SpKey::from_pem(&SecretString::from(folder.read(key)), &folder.read(certificate))
}

/// A certificate for a key that openssl made.
fn certify(folder: &Folder, key: &str) {
    folder.openssl(&format!("req -x509 -new -key {key} -out cert.pem -subj /CN=sp.example -days 30"));
}

#[test]
fn what_openssl_makes_in_one_command_can_be_pasted_and_signs() {
    let folder = Folder::new();
    folder.openssl("req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 365 -subj /CN=sp.example");
    let key = pasted(&folder, "key.pem", "cert.pem").unwrap();
    folder.write("message", MESSAGE);
    folder.write("signature", key.sign(MESSAGE).unwrap());
    folder.write("public.pem", folder.openssl("x509 -in cert.pem -pubkey -noout"));
    folder.openssl("dgst -sha256 -verify public.pem -signature signature message");
    assert_eq!(key.algorithm(), "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256");
}

#[test]
fn keys_in_pkcs1_pkcs8_and_sec1_are_read() {
    for make in [
        "genrsa -traditional -out key.pem 2048",
        "genrsa -out key.pem 3072",
        "ecparam -name prime256v1 -genkey -out key.pem",
        "ecparam -name secp384r1 -genkey -noout -out key.pem",
        "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem",
    ] {
        let folder = Folder::new();
        folder.openssl(make);
        certify(&folder, "key.pem");
        let key = pasted(&folder, "key.pem", "cert.pem").unwrap_or_else(|error| panic!("{make}: {error}"));
        let again = SpKey::from_der(key.pkcs8(), key.certificate().der()).unwrap();
        assert_eq!((again.certificate(), again.algorithm()), (key.certificate(), key.algorithm()), "{make}");
        assert!(!again.sign(MESSAGE).unwrap().is_empty());
    }
}

#[test]
fn blanks_line_ends_and_what_openssl_writes_around_a_key_do_no_harm() {
    let folder = Folder::new();
    folder.openssl("req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -subj /CN=a");
    let windows = |name| format!("Bag Attributes\r\n\r\n  {}\r\n", folder.read(name).replace('\n', "\r\n"));
    let key = SpKey::from_pem(&windows("key.pem").into(), &windows("cert.pem")).unwrap();
    assert_eq!(key.certificate(), pasted(&folder, "key.pem", "cert.pem").unwrap().certificate());
}

#[test]
fn a_key_that_is_weak_locked_foreign_or_none_is_refused_with_its_reason() {
    let folder = Folder::new();
    folder.openssl("req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -subj /CN=a");
    folder.openssl("genrsa -out other.pem 2048");
    folder.openssl("genrsa -out weak.pem 1024");
    folder.openssl("genrsa -aes256 -passout pass:secret -out locked.pem 2048");
    folder.openssl("genrsa -traditional -aes256 -passout pass:secret -out locked1.pem 2048");
    folder.openssl("genpkey -algorithm ED25519 -out ed.pem");
    folder.write("two.pem", folder.read("key.pem") + &folder.read("other.pem"));
    for (name, expected) in [
        ("other.pem", KeyError::Mismatch),
        ("weak.pem", KeyError::Unusable),
        ("locked.pem", KeyError::Encrypted),
        ("locked1.pem", KeyError::Encrypted),
        ("ed.pem", KeyError::Unusable),
        ("two.pem", KeyError::NotPem),
        ("cert.pem", KeyError::NotPem),
    ] {
        assert_eq!(pasted(&folder, name, "cert.pem").unwrap_err(), expected, "{name}");
    }
    assert_eq!(pasted(&folder, "key.pem", "key.pem").unwrap_err(), KeyError::Certificate(CertificateError::PrivateKey));
    folder.openssl("req -x509 -key weak.pem -out weak_cert.pem -subj /CN=a");
    assert_eq!(pasted(&folder, "weak.pem", "weak_cert.pem").unwrap_err(), KeyError::Unusable);
}

#[test]
fn a_generated_key_has_a_certificate_of_ten_years_that_openssl_reads_and_verifies() {
    for kind in [KeyKind::Rsa2048, KeyKind::EcP256] {
        let key = SpKey::generate(kind, "sso, \"Müller\" + Co=.example", now()).unwrap();
        let folder = Folder::new();
        folder.write("cert.pem", key.certificate().pem());
        let text = folder.openssl("x509 -in cert.pem -noout -subject -dates -nameopt utf8");
        assert!(text.contains("sso, \"Müller\" + Co=.example"), "{text}");
        assert!(text.contains("notBefore=Mar  1 12:00:00 2026 GMT"), "{text}");
        assert!(text.contains("notAfter=Feb 29 12:00:00 2036 GMT"), "{text}");
        folder.openssl(&format!("verify -attime {} -CAfile cert.pem -check_ss_sig cert.pem", now().timestamp() + 60));
        assert_eq!(key.certificate().not_after() - key.certificate().not_before(), TimeDelta::days(3652));
    }
}

#[test]
fn an_ec_key_signs_as_xml_signature_wants_it_both_numbers_side_by_side() {
    let key = key(KeyKind::EcP256);
    let signed = key.sign(MESSAGE).unwrap();
    assert_eq!(signed.len(), 64);
    let folder = Folder::new();
    folder.write("cert.pem", key.certificate().pem());
    folder.write("public.pem", folder.openssl("x509 -in cert.pem -pubkey -noout"));
    folder.openssl("pkey -pubin -in public.pem -outform DER -out public.der");
    let public = folder.read_bytes("public.der");
    UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, &public).verify(MESSAGE, &signed).unwrap();
}

#[test]
fn a_key_shows_its_certificates_fingerprint_and_nothing_else() {
    let key = key(KeyKind::EcP256);
    let fingerprint = key.certificate().sha256();
    assert_eq!(format!("{key:?}"), format!("SpKey {{ certificate: \"{fingerprint}\", .. }}"));
    assert!(key.pkcs8().expose_secret().len() > 60);
}
