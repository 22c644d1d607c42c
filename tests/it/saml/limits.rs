//! Bodies that cost much to read, and bytes that are no XML of ours. Sizes are tested here; time is printed by `make bench`.

use doorward::protocol::saml::VerifiedResponse;

use super::rig::{POLICY, accept, expected, refused, verifier};
use crate::support::saml::forge::TRANSFORMS;
use crate::support::saml::{Forged, Signing};

const MALFORMED: &str = "saml_message_malformed";
const LARGE: &str = "saml_message_too_large";

const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";

/// The bytes are refused; the message that they were made from is accepted.
#[track_caller]
fn refuse_bytes(bytes: &[u8], code: &str, why: &str) {
    refused(verifier(POLICY).response(bytes, &expected()), code, why);
}

/// A good message with something put before its status.
fn with(inside: &str) -> Vec<u8> {
    let signed = Forged::response().sign("_a");
    signed.change("<samlp:Status>", &format!("{inside}<samlp:Status>")).0.into_bytes()
}

#[track_caller]
fn accepted(bytes: &[u8]) -> VerifiedResponse {
    verifier(POLICY).response(bytes, &expected()).unwrap()
}

#[test]
fn c_32_a_deflated_body_is_no_post() {
    // Raw deflate of `<a/>`, and zlib's and gzip's first bytes.
    for bytes in [&[0xb3, 0x49, 0xd4, 0xb7, 0x03, 0x00][..], &[0x78, 0x9c, 0xb3], &[0x1f, 0x8b, 0x08]] {
        refuse_bytes(bytes, MALFORMED, "");
    }
}

#[test]
fn c_34_nothing_outside_is_read() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}/x", listener.local_addr().unwrap());
    let signed = Forged::response().sign("_a").0;
    for dtd in [
        format!("<!DOCTYPE r [<!ENTITY x SYSTEM \"{url}\">]>"),
        "<!DOCTYPE r [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>".to_owned(),
        format!("<!DOCTYPE r [<!ENTITY % x SYSTEM \"{url}\"> %x;]>"),
        format!("<!DOCTYPE r SYSTEM \"{url}\">"),
        format!("<?xml version=\"1.0\"?><!DOCTYPE r PUBLIC \"x\" \"{url}\">"),
    ] {
        refuse_bytes(format!("{dtd}{signed}").as_bytes(), MALFORMED, "DTD");
    }
    // An inclusion is an element that nobody asks for.
    accepted(&with(&format!("<xi:include xmlns:xi=\"http://www.w3.org/2001/XInclude\" href=\"{url}\"/>")));
    assert!(listener.accept().is_err(), "something outside was asked");
}

#[test]
fn c_35_entities_that_grow() {
    let laughs: String =
        (1..10).map(|n| format!("<!ENTITY l{n} \"{}\">", format!("&l{};", n - 1).repeat(10))).collect();
    let body = format!("<!DOCTYPE r [<!ENTITY l0 \"lol\">{laughs}]><r>&l9;</r>");
    refuse_bytes(body.as_bytes(), MALFORMED, "DTD");
    refuse_bytes(&with("<x a=\"&l9;\"/>"), MALFORMED, "");
}

#[test]
fn c_36_more_attributes_than_an_element_has() {
    let element = |count: usize| {
        let attributes: String = (0..count).map(|n| format!(" a{n}=\"\"")).collect();
        format!("<x{attributes}/>")
    };
    accepted(&with(&element(64)));
    refuse_bytes(&with(&element(65)), LARGE, "64 attributes");
    refuse_bytes(&with(&element(15_000)), LARGE, "64 attributes");
    refuse_bytes(&with(&element(100_000)), LARGE, "256 KiB");
}

#[test]
fn c_37_more_namespaces_than_an_element_has() {
    let element = |count: usize| {
        let namespaces: String = (0..count).map(|n| format!(" xmlns:n{n}=\"urn:{n}\"")).collect();
        format!("<x{namespaces}/>")
    };
    accepted(&with(&element(64)));
    refuse_bytes(&with(&element(65)), LARGE, "64 attributes");
    refuse_bytes(&with(&element(8_000)), LARGE, "64 attributes");
}

#[test]
fn c_38_bodies_that_are_too_deep_too_long_or_too_many() {
    let nested = |depth: usize| format!("{}{}", "<x>".repeat(depth), "</x>".repeat(depth));
    accepted(&with(&nested(31)));
    refuse_bytes(&with(&nested(32)), LARGE, "32 elements");
    refuse_bytes(&with(&nested(5_000)), LARGE, "32 elements");
    let ids: String = (0..10_000).map(|n| format!("<x ID=\"{n}\"/>")).collect();
    refuse_bytes(&with(&ids), LARGE, "20000 nodes");
    refuse_bytes(&with(&"<x/>".repeat(20_000)), LARGE, "20000 nodes");
    accepted(&with(&"<x/>".repeat(10_000)));
    refuse_bytes(&with(&"<Signature/>".repeat(5_000)), "saml_structure_refused", "a signature is where none belongs");
    let attribute = "x".repeat(20 * 1024 * 1024);
    refuse_bytes(&with(&format!("<x a=\"{attribute}\"/>")), LARGE, "256 KiB");
    // 256 KiB to the byte.
    let room = 256 * 1024 - with("").len();
    accepted(&with(&"\n".repeat(room)));
    refuse_bytes(&with(&"\n".repeat(room + 1)), LARGE, "256 KiB");
}

#[test]
fn s_22_a_list_of_prefixes_is_short() {
    let listed = |prefixes: &str| {
        let list = format!("<e:InclusiveNamespaces xmlns:e=\"{EXCLUSIVE}\" PrefixList=\"{prefixes}\"/>");
        let exclusive = format!("<ds:Transform Algorithm=\"{EXCLUSIVE}\"/>");
        let with_list = format!("<ds:Transform Algorithm=\"{EXCLUSIVE}\">{list}</ds:Transform>");
        let transforms = TRANSFORMS.replace(&exclusive, &with_list);
        let signed = Forged::response().sign_with("_a", &Signing { transforms: &transforms, ..Signing::default() });
        let method = format!("<ds:CanonicalizationMethod Algorithm=\"{EXCLUSIVE}\"/>");
        let both = format!("<ds:CanonicalizationMethod Algorithm=\"{EXCLUSIVE}\">{list}</ds:CanonicalizationMethod>");
        (signed.clone(), Forged::response().sign("_a").change(&method, &both))
    };
    let prefixes = |count: usize| (0..count).map(|n| format!("p{n}")).collect::<Vec<_>>().join(" ");
    accept(&listed(&prefixes(16)).0);
    accept(&listed(&format!(" {}", "x".repeat(255))).0);
    for long in [prefixes(17), prefixes(30_000), "p ".repeat(17), "x".repeat(257)] {
        let (transform, method) = listed(&long);
        refuse_bytes(transform.0.as_bytes(), LARGE, "16 prefixes");
        refuse_bytes(method.0.as_bytes(), LARGE, "16 prefixes");
    }
}

#[test]
fn c_39_other_encodings_and_versions() {
    let signed = Forged::response().sign("_a").0;
    accepted(signed.as_bytes());
    let utf16: Vec<u8> = format!("\u{feff}{signed}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut latin1 = signed.replace("ada@", "ad#@").into_bytes();
    let at = latin1.iter().position(|b| *b == b'#').unwrap();
    latin1[at] = 0xe9;
    for bytes in
        [utf16, latin1, signed.replace("ada@", "ada\0@").into_bytes(), b"\0".to_vec(), Vec::new(), b" ".to_vec()]
    {
        refuse_bytes(&bytes, MALFORMED, "");
    }
    refuse_bytes(format!("\u{feff}{signed}").as_bytes(), MALFORMED, "byte order mark");
    for declaration in [
        "version=\"1.1\"",
        "version=\"1.0\" encoding=\"ISO-8859-1\"",
        "version=\"1.0\" encoding=\"UTF-16\"",
        "encoding=\"UTF-8\"",
        "",
    ] {
        refuse_bytes(format!("<?xml {declaration}?>{signed}").as_bytes(), MALFORMED, "");
    }
    accepted(format!("<?xml version=\"1.0\" encoding=\"utf-8\" standalone=\"yes\"?>{signed}").as_bytes());
}

#[test]
fn c_56_what_a_provider_writes_is_told_short_and_without_control_characters() {
    let evil = format!("<![CDATA[<script>]]>\u{9}\u{85}{}", "x".repeat(500));
    let message = Forged::response().change("https://sp.example/saml/metadata", &evil).sign("_a");
    let error = verifier(POLICY).response(message.0.as_bytes(), &expected()).unwrap_err();
    let text = error.to_string();
    assert!(error.code() == "saml_audience_mismatch" && text.len() < 300, "{text}");
    assert!(text.contains("<script>x") && !text.contains(char::is_control), "{text}");
    accept(&Forged::response().sign("_a"));
}
