//! Logout messages by POST, and signatures over a query: the same gate, the same structure, the same pinned keys.

use doorward::protocol::saml::{Policy, SamlError};

use super::rig::{POLICY, now, verifier};
use crate::support::saml::forge::{ECDSA_SHA256, RSA_SHA256};
use crate::support::saml::key::{IDP, MALLORY};
use crate::support::saml::{Forged, ProviderKey, Signing};

pub fn request() -> Forged {
    Forged(r#"<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_l" Version="2.0" IssueInstant="2026-01-01T12:00:00Z" Destination="https://sp.example/saml/slo"><saml:Issuer>https://idp.example/saml</saml:Issuer><saml:NameID>ada@tenant.example</saml:NameID><samlp:SessionIndex>_s</samlp:SessionIndex></samlp:LogoutRequest>"#.to_owned())
}

fn answer(message: &Forged, name: &'static str) -> Result<(), SamlError> {
    verifier(POLICY).message(message.0.as_bytes(), name, now()).map(|_| ())
}

#[track_caller]
fn refuse(message: &Forged, code: &str, why: &str) {
    let error = answer(message, "LogoutRequest").expect_err("refused");
    assert!(error.code() == code && error.to_string().contains(why), "{}: {error}", error.code());
}

#[test]
fn c_42_an_unsigned_logout_message() {
    refuse(&request(), "saml_signature_missing", "LogoutRequest");
    refuse(&request().sign_with("_l", &Signing::by(&MALLORY)), "saml_signature_invalid", "LogoutRequest");
    refuse(&request().sign("_l").change(">_s<", ">_t<"), "saml_signature_invalid", "LogoutRequest");
    assert!(answer(&request().sign("_l"), "LogoutRequest").is_ok());
    let response = Forged(request().sign("_l").0);
    assert_eq!(answer(&response, "LogoutResponse").unwrap_err().code(), "saml_structure_refused");
}

#[test]
fn c_43_a_signed_assertion_or_request_inside_a_forged_one() {
    let assertion = Forged::response().sign("_a").assertion();
    let original = request().sign("_l");
    let evil = request().change("\"_l\"", "\"_e\"").change("ada@", "eve@");
    for inside in [assertion.clone(), format!("<samlp:Extensions>{assertion}</samlp:Extensions>")] {
        let forged = evil.change("<saml:NameID>", &format!("{inside}<saml:NameID>"));
        refuse(&forged, "saml_structure_refused", "");
        refuse(&forged.sign("_e"), "saml_structure_refused", "");
    }
    let moved = evil.change("<saml:NameID>", &format!("{}<saml:NameID>", original.signature()));
    refuse(&moved, "saml_structure_refused", "does not refer");
    let nested =
        evil.change("<saml:NameID>", &format!("<samlp:Extensions>{}</samlp:Extensions><saml:NameID>", original.0));
    refuse(&nested, "saml_structure_refused", "a signature is where none belongs");
}

#[test]
fn c_45_a_signature_over_a_query_is_by_a_pinned_key_and_an_allowed_algorithm() {
    let octets = b"SAMLRequest=x&RelayState=y&SigAlg=z";
    let verifier = verifier(Policy { ..POLICY });
    let signature = IDP.sign(octets);
    assert_eq!(verifier.octets(ECDSA_SHA256, octets, &signature), Ok(()));
    for (algorithm, octets, signature, code) in [
        (ECDSA_SHA256, &octets[1..], signature.clone(), "saml_signature_invalid"),
        (ECDSA_SHA256, &octets[..], MALLORY.sign(octets), "saml_signature_invalid"),
        (ECDSA_SHA256, &octets[..], Vec::new(), "saml_signature_invalid"),
        (RSA_SHA256, &octets[..], signature.clone(), "saml_signature_invalid"),
        (RSA_SHA256, &octets[..], ProviderKey::rsa().sign(octets), "saml_signature_invalid"),
        ("http://www.w3.org/2000/09/xmldsig#rsa-sha1", &octets[..], signature.clone(), "saml_algorithm_refused"),
        ("http://www.w3.org/2000/09/xmldsig#hmac-sha1", &octets[..], signature.clone(), "saml_algorithm_refused"),
        ("", &octets[..], signature.clone(), "saml_algorithm_refused"),
    ] {
        assert_eq!(verifier.octets(algorithm, octets, &signature).unwrap_err().code(), code, "{algorithm}");
    }
}
