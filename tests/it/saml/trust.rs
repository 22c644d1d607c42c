//! Whose signature counts, made how, and which certificates may be pinned at all.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use doorward::protocol::saml::{Certificate, CertificateError, Policy, SamlError, Verifier, Warning};

use super::rig::{POLICY, accept, expected, refuse, refused, verifier};
use crate::support::saml::forge::{RSA_SHA256, SUBJECT};
use crate::support::saml::key::{IDP, MALLORY, certificate, der};
use crate::support::saml::{Forged, ProviderKey, Signing};

const INVALID: &str = "saml_signature_invalid";
const ALGORITHM: &str = "saml_algorithm_refused";

#[test]
fn s_01_nothing_is_signed() {
    refuse(&Forged::response(), "saml_signature_missing", "assertion");
    accept(&Forged::response().sign("_a"));
}

#[test]
fn s_01_what_the_connection_demands_is_signed() {
    let assertion = Policy { require_signed_assertion: true, ..POLICY };
    let response = Policy { require_signed_response: true, ..POLICY };
    for (policy, good, bad, why) in [(assertion, "_a", "_r", "assertion"), (response, "_r", "_a", "response")] {
        let verifier = verifier(policy);
        let answer = |message: Forged| verifier.response(message.0.as_bytes(), &expected());
        refused(answer(Forged::response().sign(bad)), "saml_signature_missing", why);
        assert!(answer(Forged::response().sign(good)).is_ok());
        assert!(answer(Forged::response().sign("_a").sign("_r")).is_ok());
    }
}

#[test]
fn s_02_without_a_certificate_there_is_no_verifier() {
    assert_eq!(Verifier::new(&[], &[], POLICY).unwrap_err(), SamlError::NoCertificate);
}

#[test]
fn s_04_another_key_with_the_same_names() {
    for id in ["_r", "_a"] {
        refuse(&Forged::response().sign_with(id, &Signing::by(&MALLORY)), INVALID, "");
        accept(&Forged::response().sign(id));
    }
}

fn key_info(certificate: &Certificate) -> String {
    let pem = certificate.pem();
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    format!("<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{body}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>")
}

#[test]
fn s_05_a_certificate_that_comes_along_is_not_believed() {
    let hers = key_info(&MALLORY.certificate());
    for id in ["_r", "_a"] {
        refuse(&Forged::response().sign_with(id, &Signing { key_info: &hers, ..Signing::by(&MALLORY) }), INVALID, "");
        accept(&Forged::response().sign_with(id, &Signing { key_info: &hers, ..Signing::default() }));
    }
}

#[test]
fn s_06_keys_named_enclosed_or_to_be_fetched_are_ignored() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}/key", listener.local_addr().unwrap());
    for inside in [
        "<ds:KeyName>idp</ds:KeyName>".to_owned(),
        format!("<ds:RetrievalMethod URI=\"{url}\"/>"),
        format!("<ds:RetrievalMethod Type=\"http://www.w3.org/2000/09/xmldsig#rawX509Certificate\" URI=\"{url}\"/>"),
        "<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>AQAB</ds:Modulus><ds:Exponent>AQAB</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>".to_owned(),
    ] {
        let info = format!("<ds:KeyInfo>{inside}</ds:KeyInfo>");
        for id in ["_r", "_a"] {
            accept(&Forged::response().sign_with(id, &Signing { key_info: &info, ..Signing::default() }));
            refuse(&Forged::response().sign_with(id, &Signing { key_info: &info, ..Signing::by(&MALLORY) }), INVALID, "");
        }
    }
    assert!(listener.accept().is_err(), "somebody was asked for a key");
}

#[test]
fn s_07_a_certificate_of_the_same_issuer_is_another_certificate() {
    // Both are issued by `idp.example`, and name it as their subject.
    assert_eq!(IDP.certificate().subject(), MALLORY.certificate().subject());
    let info = key_info(&MALLORY.certificate());
    refuse(&Forged::response().sign_with("_a", &Signing { key_info: &info, ..Signing::by(&MALLORY) }), INVALID, "");
    accept(&Forged::response().sign("_a"));
}

/// Two connections, each with its own certificate: neither takes what was signed for the other.
#[track_caller]
fn keep_apart(id: &str) {
    let theirs = Verifier::new(&[MALLORY.certificate()], &[], POLICY).unwrap();
    let (ours, other) = (Forged::response().sign(id), Forged::response().sign_with(id, &Signing::by(&MALLORY)));
    assert!(theirs.response(other.0.as_bytes(), &expected()).is_ok());
    refused(theirs.response(ours.0.as_bytes(), &expected()), INVALID, "");
    accept(&ours);
    refuse(&other, INVALID, "");
}

#[test]
fn s_08_a_certificate_of_another_connection() {
    keep_apart("_a");
}

#[test]
fn s_09_a_certificate_of_another_tenant() {
    keep_apart("_r");
}

/// An honest message whose signature claims another algorithm.
fn claiming(method: &str) -> Forged {
    Forged::response().sign("_a").change("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256", method)
}

#[test]
fn s_10_a_secret_key_algorithm() {
    for method in ["http://www.w3.org/2000/09/xmldsig#hmac-sha1", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"]
    {
        refuse(&claiming(method), ALGORITHM, method);
    }
}

#[test]
fn s_11_weak_signatures_are_refused_and_sha1_only_until_it_is_allowed() {
    // AWS-LC does not sign with SHA-1, so these were signed once by xmlsec1.
    let lines = include_str!("rsa_sha1/public.pem").lines().filter(|line| !line.starts_with('-')).collect::<String>();
    let spki = STANDARD.decode(lines).unwrap();
    let certificate = Certificate::from_der(&certificate(&spki, "200101000000Z", "400101000000Z")).unwrap();
    let verifier =
        |allow_sha1| Verifier::new(std::slice::from_ref(&certificate), &[], Policy { allow_sha1, ..POLICY }).unwrap();
    let (strict, lenient) = (verifier(false), verifier(true));
    for text in [include_str!("rsa_sha1/response.xml"), include_str!("rsa_sha1/assertion.xml")] {
        refused(strict.response(text.as_bytes(), &expected()), ALGORITHM, "rsa-sha1");
        let response = lenient.response(text.as_bytes(), &expected()).unwrap();
        assert_eq!((response.name_id.value.as_str(), &response.warnings[..]), (SUBJECT, &[Warning::Sha1][..]));
        refused(lenient.response(text.replace("ada@", "eve@").as_bytes(), &expected()), INVALID, "");
        for other in ["2000/09/xmldsig#dsa-sha1", "2001/04/xmldsig-more#rsa-md5", "2001/04/xmldsig-more#rsa-ripemd160"]
        {
            let weak = text.replace("2000/09/xmldsig#rsa-sha1", other);
            refused(lenient.response(weak.as_bytes(), &expected()), ALGORITHM, other);
        }
    }
}

#[test]
fn s_11_strong_rsa_signatures_are_accepted() {
    let key = ProviderKey::rsa();
    let verifier = Verifier::new(&[key.certificate()], &[], POLICY).unwrap();
    for hash in ["256", "384", "512"] {
        let method = RSA_SHA256.replace("256", hash);
        for id in ["_r", "_a"] {
            let message = Forged::response().sign_with(id, &Signing { method: &method, ..Signing::by(&key) });
            assert!(verifier.response(message.0.as_bytes(), &expected()).unwrap().warnings.is_empty());
        }
    }
}

#[test]
fn s_12_a_sha1_digest_inside_a_strong_signature() {
    let weak = Signing { digest: "http://www.w3.org/2000/09/xmldsig#sha1", ..Signing::default() };
    let lenient = verifier(Policy { allow_sha1: true, ..POLICY });
    for id in ["_r", "_a"] {
        let message = Forged::response().sign_with(id, &weak);
        refuse(&message, ALGORITHM, "sha1");
        assert_eq!(lenient.response(message.0.as_bytes(), &expected()).unwrap().warnings, [Warning::Sha1]);
    }
    refuse(&claiming("http://www.w3.org/2001/04/xmldsig-more#md5"), ALGORITHM, "md5");
}

#[test]
fn s_13_a_truncated_signature() {
    let signed = Forged::response().sign("_a");
    let method = signed.piece("<ds:SignatureMethod ", "/>");
    let truncated = method.replace("/>", "><ds:HMACOutputLength>8</ds:HMACOutputLength></ds:SignatureMethod>");
    refuse(&signed.change(&method, &truncated), "saml_structure_refused", "another form");
}

#[test]
fn s_14_an_ecdsa_signature_of_nothing_but_zeros() {
    let signed = Forged::response().sign("_a");
    let value = signed.piece("<ds:SignatureValue>", "</ds:SignatureValue>");
    for bytes in [vec![0; 64], vec![], vec![0x30, 6, 2, 1, 0, 2, 1, 0], vec![0xff; 64]] {
        let zeros = STANDARD.encode(bytes);
        refuse(&signed.change(&value, &format!("<ds:SignatureValue>{zeros}</ds:SignatureValue>")), INVALID, "");
    }
    accept(&signed);
}

/// The public half of an RSA key with this modulus and exponent.
fn rsa_spki(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    let sign: &[u8] = if modulus[0] < 0x80 { &[] } else { &[0] };
    let key = der(0x30, &[der(2, &[sign, modulus].concat()), der(2, exponent)].concat());
    let algorithm = der(0x30, &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 5, 0]);
    der(0x30, &[algorithm, der(3, &[&[0], &key[..]].concat())].concat())
}

#[test]
fn s_15_weak_keys_are_not_pinned() {
    let modulus = |bytes: usize| [vec![0xc1], vec![0x5b; bytes - 2], vec![0x2f]].concat();
    let even = [vec![0xc1], vec![0x5b; 254], vec![0x2e]].concat();
    let short = [vec![0x41], vec![0x5b; 254], vec![0x2f]].concat();
    for (modulus, exponent) in [
        (modulus(64), &[1, 0, 1][..]),
        (modulus(128), &[1, 0, 1]),
        (short, &[1, 0, 1]),
        (even, &[1, 0, 1]),
        (modulus(256), &[1]),
        (modulus(256), &[4]),
        (modulus(256), &[1, 0, 0, 0, 1]),
        (modulus(1040), &[1, 0, 1]),
    ] {
        let weak = certificate(&rsa_spki(&modulus, exponent), "200101000000Z", "400101000000Z");
        assert_eq!(Certificate::from_der(&weak).unwrap_err(), CertificateError::WeakKey, "{}", modulus.len());
    }
    let ordinary = ProviderKey::rsa().certificate();
    assert_eq!(ordinary.algorithm(), "RSA 2048");
    assert_eq!(IDP.certificate().algorithm(), "EC P-256");
}

#[test]
fn s_16_whatever_is_changed_after_signing_is_noticed() {
    for id in ["_r", "_a"] {
        let signed = Forged::response().sign(id);
        for (from, to) in
            [(SUBJECT, "eve@tenant.example"), (">admins<", ">owners<"), ("SessionIndex=\"_s\"", "SessionIndex=\"_t\"")]
        {
            refuse(&signed.change(from, to), INVALID, "");
        }
        accept(&signed);
    }
    refuse(&Forged::response().sign("_r").change("<samlp:Status>", "<samlp:Status> "), INVALID, "Response");
}

#[test]
fn s_17_of_two_signatures_one_is_bad() {
    let good = |id: &str, message: &Forged| message.sign(id);
    let bad = |id: &str, message: &Forged| message.sign_with(id, &Signing::by(&MALLORY));
    let message = Forged::response();
    refuse(&good("_r", &bad("_a", &message)), INVALID, "Assertion");
    refuse(&bad("_r", &good("_a", &message)), INVALID, "Response");
    accept(&good("_r", &good("_a", &message)));
}

#[test]
fn s_18_dates_of_a_pinned_certificate_are_told_and_not_enforced() {
    for (from, to, warning) in [
        ("200101000000Z", "400101000000Z", None),
        ("200101000000Z", "250101000000Z", Some(Warning::CertificateExpired)),
        ("300101000000Z", "400101000000Z", Some(Warning::CertificateNotYetValid)),
    ] {
        let verifier = Verifier::new(&[IDP.certificate_of(from, to)], &[], POLICY).unwrap();
        let response = verifier.response(Forged::response().sign("_a").0.as_bytes(), &expected()).unwrap();
        assert_eq!(response.warnings, warning.into_iter().collect::<Vec<_>>());
    }
}

#[test]
fn s_19_during_a_rotation_both_certificates_count_and_afterwards_one() {
    let (old, new) = (MALLORY.certificate(), IDP.certificate());
    let during = Verifier::new(&[old, new], &[], POLICY).unwrap();
    let by_old = Forged::response().sign_with("_a", &Signing::by(&MALLORY));
    assert!(during.response(by_old.0.as_bytes(), &expected()).is_ok());
    assert!(during.response(Forged::response().sign("_a").0.as_bytes(), &expected()).is_ok());
    refuse(&by_old, INVALID, "");
}

#[test]
fn s_20_what_is_no_single_certificate_is_not_taken_for_one() {
    let pem = IDP.certificate().pem();
    assert_eq!(Certificate::parse(&pem).unwrap(), IDP.certificate());
    let bare: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    assert_eq!(Certificate::parse(&format!(" {bare}\n")).unwrap(), IDP.certificate());
    assert_eq!(Certificate::parse(&format!("subject=CN idp\n{pem}")).unwrap(), IDP.certificate());
    let error = |text: &str| Certificate::parse(text).unwrap_err();
    assert_eq!(error(&IDP.pem()), CertificateError::PrivateKey);
    assert_eq!(error(&format!("{pem}{}", IDP.pem())), CertificateError::PrivateKey);
    assert_eq!(error(&pem.repeat(2)), CertificateError::Several);
    for text in ["", "AAAA", "not base64!", "-----BEGIN CERTIFICATE-----", &pem.replace("CERTIFICATE", "PUBLIC KEY")] {
        assert_eq!(error(text), CertificateError::Unreadable, "{text}");
    }
    assert!(!error(&IDP.pem()).to_string().contains("MII"));
}

#[test]
fn s_22_a_signature_with_thousands_of_references_is_refused_unread() {
    for id in ["_r", "_a"] {
        let signed = Forged::response().sign(id);
        let transform = "<ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/>";
        let many = signed.change("</ds:Transforms>", &format!("{}</ds:Transforms>", transform.repeat(3000)));
        refuse(&many, "saml_structure_refused", "another form");
        let reference = "<ds:Reference URI=\"#_a\"/>".repeat(5000);
        refuse(
            &signed.change("</ds:SignedInfo>", &format!("{reference}</ds:SignedInfo>")),
            "saml_structure_refused",
            "another form",
        );
        refuse(
            &signed.change("</ds:SignedInfo>", &format!("{}</ds:SignedInfo>", reference.repeat(3))),
            "saml_message_too_large",
            "",
        );
    }
}

#[test]
fn s_32_an_id_that_begins_with_a_digit_is_taken_as_real_providers_send_it() {
    accept(&Forged::response().change("ID=\"_a\"", "ID=\"1a\"").sign("1a"));
    accept(&Forged::response().change("ID=\"_r\"", "ID=\"4f-r\"").sign("4f-r"));
}
