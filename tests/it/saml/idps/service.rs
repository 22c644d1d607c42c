//! A service provider by hand: its messages, and what a response that comes back looks like.

use std::path::Path;
use std::process::Command;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use doorward::clock::Clock;
use regex::Regex;
use serde_json::json;
use url::form_urlencoded::byte_serialize;

use crate::support::Browser;
use crate::support::saml_idp::{Departure, SamlIdp, Software};

pub(super) const ENTITY: &str = "https://sp.example/saml";
pub(super) const PROTOCOL: &str =
    "xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"";
pub(super) const BINDING: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP";
pub(super) const FORMAT: &str = "urn:oasis:names:tc:SAML";

/// A service provider that only speaks; nobody serves its addresses.
pub(super) struct Service {
    key: RsaKeyPair,
    certificate: String,
    pub(super) browser: Browser,
}

impl Service {
    pub(super) fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("doorward-sp-{}", uuid::Uuid::now_v7()));
        std::fs::create_dir(&folder).unwrap();
        let mut openssl = Command::new("openssl");
        openssl.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "9", "-subj", "/CN=Service"]);
        let made = openssl.args(["-keyout", "key", "-out", "crt"]).current_dir(&folder).output().unwrap();
        assert!(made.status.success(), "{made:?}");
        let key = STANDARD.decode(pem_body(&folder.join("key"))).unwrap();
        let certificate = pem_body(&folder.join("crt"));
        std::fs::remove_dir_all(&folder).unwrap();
        let key = RsaKeyPair::from_pkcs8(&key).unwrap();
        Self { key, certificate, browser: Browser::new("https://sp.example", 443) }
    }

    pub(super) fn metadata(&self) -> String {
        format!(
            r#"<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{ENTITY}">
            <SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
            <KeyDescriptor><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>{}</X509Certificate>
            </X509Data></KeyInfo></KeyDescriptor>
            <SingleLogoutService Binding="{BINDING}-Redirect" Location="https://sp.example/slo"/>
            <SingleLogoutService Binding="{BINDING}-POST" Location="https://sp.example/slo"/>
            <AssertionConsumerService Binding="{BINDING}-POST" Location="https://sp.example/acs" index="0"/>
            </SPSSODescriptor></EntityDescriptor>"#,
            self.certificate
        )
    }

    /// A provider that knows this service.
    pub(super) fn provider(&self, software: &Software) -> SamlIdp {
        let idp = SamlIdp::start(software.clone(), json!({}));
        idp.trust(&self.metadata());
        idp
    }

    /// The URL that carries a message by the Redirect binding, signed.
    pub(super) fn redirect(&self, destination: &str, kind: &str, xml: &str, relay_state: &str) -> String {
        let query = format!("{}&SigAlg={}", unsigned(kind, xml, relay_state), encoded(RSA_SHA256.as_bytes()));
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), query.as_bytes(), &mut signature).unwrap();
        format!("{destination}?{query}&Signature={}", encoded(STANDARD.encode(signature).as_bytes()))
    }

    /// Where a browser is sent to sign in.
    pub(super) fn begin(&self, idp: &SamlIdp) -> String {
        let sign_on = idp.sign_on_url();
        self.redirect(&sign_on, "SAMLRequest", &authn_request(&sign_on), "r-1")
    }

    /// A sign-in in a new browser.
    pub(super) async fn sign_in(&self, idp: &SamlIdp, who: &str) -> Departure {
        idp.visit(&self.browser.another(), &self.begin(idp), who).await
    }
}

pub(super) const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";

pub(super) fn pem_body(file: &Path) -> String {
    let pem = std::fs::read_to_string(file).unwrap();
    pem.lines().filter(|line| !line.contains("-----")).collect()
}

pub(super) fn encoded(bytes: &[u8]) -> String {
    byte_serialize(bytes).collect()
}

/// A query without signature. DEFLATE may hold its bytes as they are: one last block, its length, and that inverted.
pub(super) fn unsigned(kind: &str, xml: &str, relay_state: &str) -> String {
    let length = u16::try_from(xml.len()).unwrap();
    let header = [&[1][..], &length.to_le_bytes(), &(!length).to_le_bytes()].concat();
    let message = STANDARD.encode([&header, xml.as_bytes()].concat());
    format!("{kind}={}&RelayState={}", encoded(message.as_bytes()), encoded(relay_state.as_bytes()))
}

pub(super) fn attributes(destination: &str) -> String {
    let now = Clock::default().now().format("%Y-%m-%dT%H:%M:%SZ");
    let id = uuid::Uuid::new_v4().simple();
    format!(r#"{PROTOCOL} ID="_{id}" Version="2.0" IssueInstant="{now}" Destination="{destination}""#)
}

pub(super) fn authn_request(destination: &str) -> String {
    let attributes = attributes(destination);
    format!("<samlp:AuthnRequest {attributes}><saml:Issuer>{ENTITY}</saml:Issuer></samlp:AuthnRequest>")
}

/// Ends the session that this response began.
pub(super) fn logout_request(destination: &str, response: &str) -> String {
    let name_id = find(r"<(?:\w+:)?NameID([^>]*>[^<]*)</", response);
    let name_id = Regex::new(r#" xmlns(:\w+)?="[^"]*""#).unwrap().replace_all(&name_id, "").into_owned();
    format!(
        "<samlp:LogoutRequest {}><saml:Issuer>{ENTITY}</saml:Issuer><saml:NameID{name_id}</saml:NameID>\
         <samlp:SessionIndex>{}</samlp:SessionIndex></samlp:LogoutRequest>",
        attributes(destination),
        find("SessionIndex=\"([^\"]+)\"", response),
    )
}

/// What the expression's group matches.
#[track_caller]
pub(super) fn find(pattern: &str, text: &str) -> String {
    let found = Regex::new(pattern).unwrap().captures(text);
    found.unwrap_or_else(|| panic!("no {pattern} in {text}"))[1].to_owned()
}

pub(super) fn count(pattern: &str, text: &str) -> usize {
    Regex::new(pattern).unwrap().find_iter(text).count()
}

/// Is the assertion signed, is the response, and by which algorithm is the assertion encrypted? The response's own
/// signature comes before its status, the assertion's within the assertion.
pub(super) fn form_of(response: &str) -> (bool, bool, Option<String>) {
    let (before, after) = response.split_at(Regex::new(r"<(\w+:)?Status>").unwrap().find(response).unwrap().start());
    let signature = r"<(\w+:)?Signature[ >]";
    let data = Regex::new(r#"<(?:\w+:)?EncryptedData[^>]*>\s*<(?:\w+:)?EncryptionMethod Algorithm="[^\s#]*#([^"]+)""#);
    let encryption = data.unwrap().captures(after).map(|found| found[1].to_owned());
    assert_eq!(count(r"<(\w+:)?Assertion[ >]", after), usize::from(encryption.is_none()), "{response}");
    (count(signature, after) == 1, count(signature, before) == 1, encryption)
}

/// An attribute's values.
pub(super) fn values(name: &str, response: &str) -> Vec<String> {
    let attribute =
        Regex::new(&format!(r#"(?s)<(?:\w+:)?Attribute [^>]*\bName="{name}"[^>]*>(.*?)</(?:\w+:)?Attribute>"#));
    let attribute = attribute.unwrap().captures(response).map_or(String::new(), |found| found[1].to_owned());
    let value = Regex::new(r"<(?:\w+:)?AttributeValue[^>]*>([^<]*)<").unwrap();
    // xmlsec1 writes letters outside ASCII as references.
    let plain = |text: &str| text.replace("&#xC7;", "Ç").replace("&#xDC;", "Ü");
    value.captures_iter(&attribute).map(|found| plain(&found[1])).collect()
}
