//! Encrypted assertions: what is decrypted, and that every broken ciphertext is the same refusal.

use aws_lc_rs::rsa::{OAEP_SHA256_MGF1SHA256, OAEP_SHA512_MGF1SHA512};
use doorward::protocol::saml::{Policy, SamlError, Verifier};

use super::rig::{POLICY, accept, expected, refuse, refused, verifier};
use crate::support::saml::forge::{AES_CBC, AES_GCM, OAEP, OAEP_MGF1P, SUBJECT};
use crate::support::saml::key::{IDP, SP};
use crate::support::saml::{Forged, ProviderKey, Sealing, Signing};

const FAILED: &str = "saml_decryption_failed";

/// A message whose assertion is encrypted in the ordinary way.
fn encrypted(message: &Forged) -> Forged {
    message.encrypt(&Sealing::to(&SP))
}

/// Likewise, only the encrypted assertion.
pub fn sealed_assertion(message: &Forged) -> String {
    encrypted(message).piece("<saml:EncryptedAssertion>", "</saml:EncryptedAssertion>")
}

/// The message with other plaintext in its encrypted assertion.
pub fn seal(message: &Forged, plain: &str) -> Forged {
    message.encrypt_as(&Sealing::to(&SP), plain.as_bytes())
}

/// Decrypts CBC where the response is signed.
fn with_cbc() -> Verifier {
    verifier(Policy { allow_cbc: true, ..POLICY })
}

#[test]
fn an_encrypted_assertion_is_demanded_only_where_the_connection_says_so() {
    let strict = verifier(Policy { require_encrypted_assertion: true, ..POLICY });
    let answer = |message: Forged| strict.response(message.0.as_bytes(), &expected());
    refused(answer(Forged::response().sign("_a")), "saml_encryption_missing", "");
    assert!(answer(encrypted(&Forged::response().sign("_a"))).is_ok());
}

#[test]
fn during_a_rotation_of_our_key_both_generations_decrypt() {
    let new = ProviderKey::rsa();
    let both = Verifier::new(&[IDP.certificate()], &[new.secret(), SP.secret()], POLICY).unwrap();
    for key in [&new, &*SP] {
        let message = Forged::response().sign("_a").encrypt(&Sealing::to(key));
        assert!(both.response(message.0.as_bytes(), &expected()).is_ok());
    }
}

#[test]
fn a_key_that_cannot_decrypt_is_told_when_the_connection_is_loaded() {
    let error = Verifier::new(&[IDP.certificate()], &[IDP.secret()], POLICY).unwrap_err();
    assert_eq!(error, SamlError::DecryptionKey);
}

#[test]
fn namespaces_declared_around_the_ciphertext_count_inside() {
    // The assertion's prefix is declared on the response only, whose default namespace must not leak into a value.
    let message =
        Forged::response().change("<samlp:Response ", "<samlp:Response xmlns=\"urn:d&amp;&quot;\" ").sign("_a");
    accept(&encrypted(&message));
}

#[test]
fn s_23_key_transport_by_pkcs1_v1_5_is_never_tried() {
    let old = Sealing { transport: "http://www.w3.org/2001/04/xmlenc#rsa-1_5", ..Sealing::to(&SP) };
    for id in ["_r", "_a"] {
        let message = if id == "_a" {
            Forged::response().sign("_a").encrypt(&old)
        } else {
            Forged::response().encrypt(&old).sign("_r")
        };
        refuse(&message, "saml_algorithm_refused", "rsa-1_5");
    }
}

#[test]
fn s_24_cbc_needs_to_be_allowed_and_the_response_signed() {
    let cbc = Sealing { cipher: AES_CBC, ..Sealing::to(&SP) };
    let inside = Forged::response().sign("_a").encrypt(&cbc);
    let outside = inside.sign("_r");
    let lenient = with_cbc();
    refuse(&inside, "saml_cbc_refused", "");
    refuse(&outside, "saml_cbc_refused", "");
    refused(lenient.response(inside.0.as_bytes(), &expected()), "saml_cbc_refused", "a signature on the response");
    assert_eq!(lenient.response(outside.0.as_bytes(), &expected()).unwrap().name_id.value, SUBJECT);
}

#[test]
fn s_24_a_changed_ciphertext_is_the_same_refusal_whichever_byte_it_is() {
    let lenient = with_cbc();
    let mut answers = Vec::new();
    for cipher in [AES_CBC, AES_GCM] {
        for spoil in [
            (|mut bytes: Vec<u8>| {
                bytes[0] ^= 1;
                bytes
            }) as fn(Vec<u8>) -> Vec<u8>,
            |mut bytes| {
                let last = bytes.len() - 1;
                bytes[last] ^= 1;
                bytes
            },
            |mut bytes| {
                let last = bytes.len() - 17;
                bytes[last] ^= 0x7f;
                bytes
            },
            |mut bytes| {
                bytes.truncate(bytes.len() - 16);
                bytes
            },
            |mut bytes| {
                bytes.truncate(bytes.len() - 1);
                bytes
            },
            |mut bytes| {
                let middle = bytes.len() / 2;
                bytes[middle] ^= 0x80;
                bytes
            },
        ] {
            let message = Forged::response().sign("_a").encrypt(&Sealing { cipher, spoil, ..Sealing::to(&SP) });
            // Unsigned, CBC is not even decrypted; what is signed over a broken ciphertext comes from the provider itself.
            if cipher == AES_CBC {
                refused(lenient.response(message.0.as_bytes(), &expected()), "saml_cbc_refused", "");
            } else {
                answers.push(lenient.response(message.0.as_bytes(), &expected()).unwrap_err());
            }
        }
    }
    assert!(answers.iter().all(|answer| *answer == SamlError::Decryption), "{answers:?}");
    // Whoever changes a signed CBC ciphertext learns only that the signature is broken.
    let signed = Forged::response().sign("_a").encrypt(&Sealing { cipher: AES_CBC, ..Sealing::to(&SP) }).sign("_r");
    let start = signed.0.rfind("<xenc:CipherValue>").unwrap() + "<xenc:CipherValue>".len();
    for at in [start, start + 20, start + 1000] {
        let mut changed = signed.0.clone();
        let other = if &changed[at..=at] == "A" { "B" } else { "A" };
        changed.replace_range(at..=at, other);
        refused(lenient.response(changed.as_bytes(), &expected()), "saml_signature_invalid", "Response");
    }
}

#[test]
fn s_25_a_ciphertext_that_is_too_short() {
    let lenient = with_cbc();
    for cipher in [AES_GCM, AES_CBC] {
        for spoil in [
            (|_| vec![]) as fn(Vec<u8>) -> Vec<u8>,
            |b| b[..4].to_vec(),
            |b| b[..12].to_vec(),
            |b| b[..15].to_vec(),
            |b| b[..16].to_vec(),
            |b| b[..27].to_vec(),
            |b| b[..28].to_vec(),
        ] {
            let message = Forged::response().encrypt(&Sealing { cipher, spoil, ..Sealing::to(&SP) }).sign("_r");
            refused(lenient.response(message.0.as_bytes(), &expected()), FAILED, "");
        }
    }
    assert!(lenient.response(encrypted(&Forged::response()).sign("_r").0.as_bytes(), &expected()).is_ok());
}

#[test]
fn s_26_a_plaintext_that_is_no_assertion() {
    let lenient = with_cbc();
    for plain in [
        &b""[..],
        b"\xff\xfe",
        b"no markup",
        b"<",
        b"<a>",
        b"<a/>",
        b"<!DOCTYPE a><a/>",
        b"<?xml version=\"1.0\"?><a/>",
        b"</Decrypted>",
        &[0; 1000],
    ] {
        for cipher in [AES_GCM, AES_CBC] {
            let message = Forged::response().encrypt_as(&Sealing { cipher, ..Sealing::to(&SP) }, plain).sign("_r");
            refused(lenient.response(message.0.as_bytes(), &expected()), FAILED, "");
        }
    }
    let long = vec![b'x'; 300 * 1024 / 2];
    refuse(&Forged::response().encrypt_as(&Sealing::to(&SP), &long).sign("_r"), FAILED, "");
}

#[test]
fn s_27_a_session_key_of_another_length() {
    for length in [0, 1, 15, 16, 24, 31] {
        refuse(
            &Forged::response().sign("_a").encrypt(&Sealing { key_length: Some(length), ..Sealing::to(&SP) }),
            FAILED,
            "",
        );
    }
    accept(&encrypted(&Forged::response().sign("_a")));
}

#[test]
fn s_28_encrypted_to_somebody_else() {
    refuse(&Forged::response().sign("_a").encrypt(&Sealing::to(&ProviderKey::rsa())), FAILED, "");
    let without = Verifier::new(&[IDP.certificate()], &[], POLICY).unwrap();
    refused(without.response(encrypted(&Forged::response().sign("_a")).0.as_bytes(), &expected()), FAILED, "");
}

#[test]
fn s_29_an_unsigned_assertion_inside_a_signed_response_where_assertions_must_be_signed() {
    let strict = verifier(Policy { require_signed_assertion: true, ..POLICY });
    let answer = |message: Forged| strict.response(message.0.as_bytes(), &expected());
    refused(answer(encrypted(&Forged::response()).sign("_r")), "saml_signature_missing", "assertion");
    assert!(answer(encrypted(&Forged::response().sign("_a")).sign("_r")).is_ok());
    accept(&encrypted(&Forged::response()).sign("_r"));
}

#[test]
fn s_29_a_signature_inside_is_verified_like_one_outside() {
    let stranger = ProviderKey::ec();
    let inner = Forged::response().sign_with("_a", &Signing::by(&stranger));
    refuse(&encrypted(&inner), "saml_signature_invalid", "Assertion");
    refuse(&encrypted(&inner).sign("_r"), "saml_signature_invalid", "Assertion");
    refuse(&encrypted(&Forged::response()), "saml_signature_missing", "assertion");
}

#[test]
fn s_30_a_signed_assertion_encrypted_in_an_unsigned_response() {
    accept(&encrypted(&Forged::response().sign("_a")));
}

#[test]
fn s_31_what_okta_adfs_and_others_encrypt_with_is_decrypted() {
    const SHA256: &str = r#"<ds:DigestMethod xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>"#;
    const MGF256: &str = r#"<xenc11:MGF xmlns:xenc11="http://www.w3.org/2009/xmlenc11#" Algorithm="http://www.w3.org/2009/xmlenc11#mgf1sha256"/>"#;
    const SHA512: &str = r#"<ds:DigestMethod xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Algorithm="http://www.w3.org/2001/04/xmlenc#sha512"/>"#;
    let both = format!("{SHA256}{MGF256}");
    let to = || Sealing::to(&SP);
    let lenient = with_cbc();
    for how in [
        to(),
        Sealing { cipher: "http://www.w3.org/2009/xmlenc11#aes128-gcm", ..to() },
        Sealing { cipher: AES_CBC, ..to() },
        Sealing { cipher: "http://www.w3.org/2001/04/xmlenc#aes128-cbc", ..to() },
        Sealing { transport: OAEP, ..to() },
        Sealing { transport: OAEP, parameters: SHA256, oaep: &OAEP_SHA256_MGF1SHA256, ..to() },
        Sealing { transport: OAEP, parameters: &both, oaep: &OAEP_SHA256_MGF1SHA256, ..to() },
        Sealing { transport: OAEP_MGF1P, parameters: &both, oaep: &OAEP_SHA256_MGF1SHA256, ..to() },
        Sealing { transport: OAEP, parameters: SHA512, oaep: &OAEP_SHA512_MGF1SHA512, ..to() },
        Sealing { sibling: true, ..to() },
        Sealing { sibling: true, transport: OAEP, parameters: &both, oaep: &OAEP_SHA256_MGF1SHA256, ..to() },
    ] {
        let message = Forged::response().sign("_a").encrypt(&how).sign("_r");
        let answer = lenient.response(message.0.as_bytes(), &expected());
        assert_eq!(answer.map(|r| r.name_id.value), Ok(SUBJECT.to_owned()), "{} {}", how.cipher, how.parameters);
    }
    // Digest and mask that differ are not in our cryptography.
    let mixed = Sealing { transport: OAEP_MGF1P, parameters: SHA256, ..to() };
    refuse(&Forged::response().sign("_a").encrypt(&mixed), "saml_algorithm_refused", "sha256");
}

#[test]
fn only_the_forms_that_are_known_are_decrypted() {
    const FORM: &str = "the encrypted assertion has another form";
    let inside = encrypted(&Forged::response().sign("_a"));
    let beside = Forged::response().sign("_a").encrypt(&Sealing { sibling: true, ..Sealing::to(&SP) });
    accept(&inside);
    accept(&beside);
    let key = inside.piece("<xenc:EncryptedKey ", "</xenc:EncryptedKey>");
    let data = inside.piece("<xenc:EncryptedData ", "</xenc:EncryptedData>");
    let close = "</ds:KeyInfo>";
    for changed in [
        inside.change(&key, &format!("{key}{}", key.replace("\"_k\"", "\"_l\""))),
        inside.change(&key, "<ds:KeyName>key</ds:KeyName>"),
        inside.change(close, &format!("<ds:KeyName>key</ds:KeyName>{close}")),
        inside.change(close, &format!("<x:DerivedKey xmlns:x=\"http://www.w3.org/2009/xmlenc11#\"/>{close}")),
        inside.change(&key, ""),
        inside.change(&data, &data.replace("\"_k\"", "\"_l\"").repeat(2).replacen("\"_l\"", "\"_k\"", 1)),
        beside.change("URI=\"#_k\"", "URI=\"#_a\""),
        beside.change("URI=\"#_k\"", "URI=\"http://evil.example/\""),
        beside.change("xmlenc#EncryptedKey\" URI", "xmlenc#DerivedKey\" URI"),
        beside.change("</saml:EncryptedAssertion>", "<x/></saml:EncryptedAssertion>"),
        inside.change_last(
            "<xenc:CipherData><xenc:CipherValue>",
            "<xenc:CipherData><xenc:CipherReference URI=\"http://evil.example/\"/><xenc:CipherValue>",
        ),
        inside.change("rsa-oaep-mgf1p\">", "rsa-oaep-mgf1p\"><xenc:OAEPparams>AAAA</xenc:OAEPparams>"),
    ] {
        refuse(&changed, "saml_structure_refused", FORM);
    }
    for (from, to) in [
        (AES_GCM, "http://www.w3.org/2001/04/xmlenc#tripledes-cbc"),
        (OAEP_MGF1P, "http://www.w3.org/2001/04/xmlenc#kw-aes256"),
    ] {
        refuse(&inside.change(from, to), "saml_algorithm_refused", to);
    }
}
