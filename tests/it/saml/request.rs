//! What we ask a provider.

use std::collections::HashSet;

use bergshamra::xml::uppsala;
use doorward::protocol::saml::binding::post;
use doorward::protocol::saml::key::KeyKind;
use doorward::protocol::saml::message::new_id;
use doorward::protocol::saml::request::AuthnRequest;

use super::peer::{SP, key, now, verifier};

fn request<'a>(id: &'a str, issuer: &'a str) -> AuthnRequest<'a> {
    AuthnRequest {
        id,
        issue_instant: now(),
        destination: "https://idp.example/sso?idpid=1&x=2",
        issuer,
        acs_url: "https://sp.example/acs",
        name_id_format: None,
        force_authn: false,
        is_passive: false,
        authn_contexts: &[],
    }
}

#[test]
fn c_27_request_ids_carry_128_random_bits_and_never_repeat() {
    let ids: HashSet<String> = (0..1000).map(|_| new_id()).collect();
    assert_eq!(ids.len(), 1000);
    let hex = |id: &String| id.starts_with('_') && id.len() == 33 && id[1..].bytes().all(|b| b.is_ascii_hexdigit());
    assert!(ids.iter().all(hex));
    // Every bit of the 128 is seen both ways.
    let numbers = ids.iter().map(|id| u128::from_str_radix(&id[1..], 16).unwrap());
    let (ones, zeros) = numbers.fold((0, 0), |(ones, zeros), n| (ones | n, zeros | !n));
    assert_eq!((ones, zeros), (u128::MAX, u128::MAX));
}

#[test]
fn a_plain_request_asks_for_a_response_by_post_and_nothing_more() {
    insta::assert_snapshot!(request("_1", SP).message().xml, @r#"<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_1" Version="2.0" IssueInstant="2026-03-01T12:00:00Z" Destination="https://idp.example/sso?idpid=1&amp;x=2" AssertionConsumerServiceURL="https://sp.example/acs" ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"><saml:Issuer>https://sp.example/metadata</saml:Issuer><samlp:NameIDPolicy AllowCreate="true"/></samlp:AuthnRequest>"#);
}

#[test]
fn a_request_says_what_is_configured() {
    let contexts = ["urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport".to_owned(), "urn:b".to_owned()];
    let request = AuthnRequest {
        name_id_format: Some("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"),
        force_authn: true,
        is_passive: true,
        authn_contexts: &contexts,
        ..request("_1", SP)
    };
    insta::assert_snapshot!(request.message().xml, @r#"<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_1" Version="2.0" IssueInstant="2026-03-01T12:00:00Z" Destination="https://idp.example/sso?idpid=1&amp;x=2" AssertionConsumerServiceURL="https://sp.example/acs" ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" ForceAuthn="true" IsPassive="true"><saml:Issuer>https://sp.example/metadata</saml:Issuer><samlp:NameIDPolicy Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent" AllowCreate="true"/><samlp:RequestedAuthnContext Comparison="exact"><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport</saml:AuthnContextClassRef><saml:AuthnContextClassRef>urn:b</saml:AuthnContextClassRef></samlp:RequestedAuthnContext></samlp:AuthnRequest>"#);
}

#[test]
fn nothing_that_is_configured_becomes_markup() {
    let hostile = "https://sp.example/\"><evil a='&amp;\n\u{1}";
    let request = AuthnRequest { acs_url: hostile, name_id_format: Some(hostile), ..request("_1", hostile) };
    let xml = request.message().xml;
    let document = uppsala::parse(&xml).unwrap();
    assert!(document.get_elements_by_tag_name("evil").is_empty(), "{xml}");
    let root = document.document_element().unwrap();
    let acs = document.get_attribute(root, "AssertionConsumerServiceURL").unwrap();
    assert_eq!(acs, hostile.replace('\u{1}', "\u{fffd}"), "what XML cannot hold is replaced");
}

#[test]
fn a_request_by_post_is_signed_right_after_its_issuer_and_one_changed_octet_is_noticed() {
    for kind in [KeyKind::Rsa2048, KeyKind::EcP256] {
        let key = key(kind);
        let field = post::encode(&request("_1", SP).message(), Some(&key)).unwrap();
        let xml = String::from_utf8(post::read(&field).unwrap()).unwrap();
        assert!(xml.contains("</saml:Issuer><ds:Signature "), "{xml}");
        let verifier = verifier(key.certificate(), false);
        verifier.message(xml.as_bytes(), "AuthnRequest", now()).unwrap();
        let changed = xml.replace("https://sp.example/acs", "https://sp.example/acx");
        let error = verifier.message(changed.as_bytes(), "AuthnRequest", now()).err().unwrap();
        assert_eq!(error.code(), "saml_signature_invalid");
    }
}

#[test]
fn a_request_without_a_key_is_not_signed() {
    let message = request("_1", SP).message();
    let field = post::encode(&message, None).unwrap();
    assert_eq!(post::read(&field).unwrap(), message.xml.as_bytes());
}
