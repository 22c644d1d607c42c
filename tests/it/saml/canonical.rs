//! Changes that the canonical form does not show, so that no signature notices them: each is refused, or changes nothing.

use std::ops::Range;
use std::sync::LazyLock;

use bergshamra::c14n::{self, C14nMode};
use chrono::Duration;
use doorward::protocol::saml::logout::{LogoutExpected, ReceivedLogoutRequest, read_request};
use doorward::protocol::saml::{SamlError, VerifiedResponse, Verifier};
use regex::Regex;

use super::logout_messages::request;
use super::rig::{POLICY, expected, now, refuse, verifier};
use crate::support::saml::forge::{AUDIENCE, ISSUER};
use crate::support::saml::key::SP;
use crate::support::saml::{Forged, Sealing};

static VERIFIER: LazyLock<Verifier> = LazyLock::new(|| verifier(POLICY));

const HIDDEN: &str = "a prefix stands for no namespace";

/// Put into a start tag: declarations, of which a canonical form shows only those that are used and new.
const DECLARATIONS: [&str; 19] = [
    "xmlns:samlp=\"\"",
    "xmlns:saml=\"\"",
    "xmlns:saml=''",
    "xmlns:ds=\"\"",
    "xmlns:xenc=\"\"",
    "xmlns:a=\"\"",
    "xmlns:xml=\"\"",
    "xmlns=\"\"",
    "xmlns=\"urn:x\"",
    "xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\"",
    "xmlns:a=\"urn:x\"",
    "xmlns:a=\"urn:oasis:names:tc:SAML:2.0:assertion\"",
    "xmlns:samlp=\"urn:x\"",
    "xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:protocol\"",
    "xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"",
    "xmlns:saml=\"urn&#58;oasis:names:tc:SAML:2.0:assertion\"",
    "xmlns:xml=\"http://www.w3.org/XML/1998/namespace\"",
    "xmlns:xml=\"urn:oasis:names:tc:SAML:2.0:assertion\"",
    "xmlns:xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\"",
];

/// The signed bytes, by the library that verifies them; of the whole message, so nothing else changed either.
fn canonical(message: &str) -> Option<Vec<u8>> {
    c14n::canonicalize::<&str>(message, C14nMode::Exclusive, None, &[]).ok()
}

fn with(message: &str, at: Range<usize>, instead: &str) -> String {
    format!("{}{instead}{}", &message[..at.start], &message[at.end..])
}

/// Every small change: in each start tag, before and after each tag, and in each text.
fn changes(message: &str) -> Vec<String> {
    let tags = Regex::new(r#"<(/?[\w:]+)((?: [\w:]+="[^"]*")*)(/?)>"#).unwrap();
    let attributes = Regex::new(r#" ([\w:]+)="([^"]*)""#).unwrap();
    let mut changed = vec![
        format!("<!---->{message}<!---->"),
        format!("\n{message}\n"),
        format!("<?xml version=\"1.0\"?>{message}"),
        message.replace('>', "\n>"),
        message.replace('>', "\r\n>"),
    ];
    let mut text_from = message.len();
    for tag in tags.captures_iter(message) {
        let (whole, name, held, empty) = (tag.get(0).unwrap(), tag.get(1).unwrap(), tag.get(2).unwrap(), &tag[3]);
        for space in ["<!---->", "<!-- x -->", "<![CDATA[]]>"] {
            changed.push(with(message, whole.start()..whole.start(), space));
            changed.push(with(message, whole.end()..whole.end(), space));
        }
        if text_from < whole.start() {
            changed.extend(texts(message, text_from..whole.start()));
        }
        text_from = whole.end();
        if name.as_str().starts_with('/') {
            continue;
        }
        for declaration in DECLARATIONS {
            changed.push(with(message, name.end()..name.end(), &format!(" {declaration}")));
        }
        if empty == "/" {
            changed.push(with(message, whole.end() - 2..whole.end(), &format!("></{}>", name.as_str())));
        }
        let mut held_parts: Vec<_> = attributes.find_iter(held.as_str()).map(|a| a.as_str()).collect();
        held_parts.reverse();
        changed.push(with(message, held.range(), &held_parts.concat()));
        changed.push(with(message, held.range(), &held.as_str().replace('"', "'")));
        changed.push(with(message, held.range(), &held.as_str().replace("=\"_", "=\"&#x5f;")));
        changed.push(with(message, held.range(), &held.as_str().replace("=\"u", "=\"&#117;")));
        for attribute in attributes.captures_iter(held.as_str()) {
            // The same attribute under a prefix, which would be lost where the prefix stands for no namespace.
            let prefixed = format!(" xmlns:a=\"\" a:{}=\"{}\"", &attribute[1], &attribute[2]);
            changed.push(with(message, held.range(), &held.as_str().replace(&attribute[0], &prefixed)));
        }
    }
    changed
}

/// Other forms of one text, and what cuts it into two.
fn texts(message: &str, at: Range<usize>) -> Vec<String> {
    let text = &message[at.clone()];
    let (first, rest) = text.split_at(text.chars().next().unwrap().len_utf8());
    let code = u32::from(first.chars().next().unwrap());
    [
        format!("<![CDATA[{text}]]>"),
        format!("{first}<![CDATA[{rest}]]>"),
        format!("<![CDATA[{first}]]>{rest}"),
        format!("{first}<!---->{rest}"),
        format!("{first}<![CDATA[]]>{rest}"),
        format!("&#{code};{rest}"),
        format!("{first}&#x{:x};{}", u32::from(rest.chars().next().unwrap_or('x')), rest.get(1..).unwrap_or_default()),
    ]
    .into_iter()
    .map(|other| with(message, at.clone(), &other))
    .collect()
}

/// Reads every change that leaves the canonical form equal. Answers how many were accepted, and how many refused.
#[track_caller]
fn check<T: PartialEq>(message: &Forged, read: impl Fn(&str) -> Result<T, SamlError>) -> (usize, usize) {
    let (honest, signed) = (read(&message.0).unwrap(), canonical(&message.0).unwrap());
    let (mut accepted, mut refused) = (0, 0);
    for changed in changes(&message.0) {
        if canonical(&changed).as_deref() != Some(&signed) {
            continue;
        }
        match read(&changed) {
            Ok(answer) => {
                assert!(answer == honest, "something else is read of {changed}");
                accepted += 1;
            }
            Err(_) => refused += 1,
        }
    }
    (accepted, refused)
}

fn response(xml: &str) -> Result<VerifiedResponse, SamlError> {
    VERIFIER.response(xml.as_bytes(), &expected())
}

fn logout(xml: &str) -> Result<ReceivedLogoutRequest, SamlError> {
    let (slo_urls, entity_ids) = (["https://sp.example/saml/slo".to_owned()], [AUDIENCE.to_owned()]);
    let expected = LogoutExpected {
        idp_entity_id: ISSUER,
        slo_urls: &slo_urls,
        entity_ids: &entity_ids,
        now: now(),
        skew: Duration::seconds(60),
    };
    read_request(&VERIFIER.message(xml.as_bytes(), "LogoutRequest", now())?, &expected)
}

/// The template with everything that is read.
fn full() -> Forged {
    Forged::response()
        .change(" SessionIndex=", " SessionNotOnOrAfter=\"2026-01-01T20:00:00Z\" SessionIndex=")
        .change(
            "<saml:NameID ",
            "<saml:NameID SPNameQualifier=\"https://sp.example/saml/metadata\" NameQualifier=\"urn:q\" ",
        )
        .change(
            "</saml:AttributeStatement>",
            "<saml:Attribute Name=\"urn:id\" FriendlyName=\"id\"><saml:AttributeValue><saml:NameID>n</saml:NameID>\
             </saml:AttributeValue></saml:Attribute></saml:AttributeStatement>",
        )
}

#[test]
fn x_27_what_leaves_the_signed_bytes_equal_leaves_what_is_read_equal_or_is_refused() {
    for message in [
        full().sign("_a"),
        full().sign("_r"),
        full().sign("_a").sign("_r"),
        full().sign("_a").encrypt(&Sealing::to(&SP)),
        full().encrypt(&Sealing::to(&SP)).sign("_r"),
    ] {
        let (accepted, refused) = check(&message, response);
        assert!(accepted > 150 && refused > 50, "{accepted} accepted, {refused} refused");
    }
    let (accepted, refused) = check(&request().sign("_l"), logout);
    assert!(accepted > 100 && refused > 50, "{accepted} accepted, {refused} refused");
}

#[test]
fn x_27_a_prefix_without_a_namespace_hides_no_signed_element() {
    let start = Regex::new(r"<(samlp?):[A-Z]\w*").unwrap();
    for signed in ["_a", "_r"].map(|id| full().sign(id)) {
        for tag in start.captures_iter(&signed.0) {
            let place = tag.get(0).unwrap().end();
            let hidden = with(&signed.0, place..place, &format!(" xmlns:{}=\"\"", &tag[1]));
            // The response declares its prefixes itself: there the same prefix twice is not well-formed.
            let why = if tag.get(0).unwrap().start() == 0 { "not well-formed" } else { HIDDEN };
            refuse(&Forged(hidden), "saml_message_malformed", why);
        }
    }
    let signed = request().sign("_l");
    let hidden = signed.change("<samlp:SessionIndex>", "<samlp:SessionIndex xmlns:samlp=\"\">");
    assert_eq!(canonical(&hidden.0), canonical(&signed.0));
    assert_eq!(logout(&signed.0).unwrap().session_indexes, ["_s"]);
    assert_eq!(logout(&hidden.0), Err(SamlError::Malformed(HIDDEN)));
}

#[test]
fn x_27_a_namespace_around_a_ciphertext_hides_nothing_inside_that_only_the_response_signs() {
    // A prefix that only the plaintext uses is not in the canonical form of what is signed around it.
    let groups = Forged::response().piece("<saml:AttributeStatement>", "</saml:AttributeStatement>");
    let other = groups.replacen("<saml:AttributeStatement", "<a:AttributeStatement", 1);
    let other = other.replace("</saml:AttributeStatement", "</a:AttributeStatement");
    let message = Forged::response()
        .change(&groups, &other)
        .change("<samlp:Response ", "<samlp:Response xmlns:a=\"urn:oasis:names:tc:SAML:2.0:assertion\" ");
    let signed = message.encrypt(&Sealing::to(&SP)).sign("_r");
    let hidden = signed.change("<saml:EncryptedAssertion>", "<saml:EncryptedAssertion xmlns:a=\"urn:x\">");
    assert_eq!(canonical(&hidden.0), canonical(&signed.0));
    for message in [signed, hidden] {
        // One cannot be told from the other.
        let attributes = response(&message.0).map(|r| r.attributes);
        assert_eq!(attributes, Err(SamlError::Decryption));
    }
}
