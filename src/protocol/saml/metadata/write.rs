//! Our metadata: what a provider needs to know about one connection.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bergshamra::xml::uppsala::XmlWriter;
use chrono::{DateTime, Utc};

use super::MD;
use crate::protocol::saml::Certificate;
use crate::protocol::saml::binding::{POST, REDIRECT};
use crate::protocol::saml::message::{element, instant};
use crate::protocol::saml::tree::{DS, SAMLP};

/// What we can decrypt, best first: content, then key.
const ENCRYPTION_METHODS: [&str; 4] = [
    "http://www.w3.org/2009/xmlenc11#aes256-gcm",
    "http://www.w3.org/2009/xmlenc11#aes128-gcm",
    "http://www.w3.org/2009/xmlenc11#rsa-oaep",
    "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p",
];

/// What is told about a connection.
pub struct SpMetadata<'a> {
    /// Our entity id.
    pub entity_id: &'a str,
    /// Where responses go; the first is the default, former ones follow.
    pub acs_urls: &'a [String],
    /// Where logout messages go.
    pub slo_url: Option<&'a str>,
    /// What we sign with: the key in use and, during a rotation, the next or the former one.
    pub signing: &'a [&'a Certificate],
    /// What may be encrypted for: RSA only, all generations that we can still decrypt with.
    pub encryption: &'a [&'a Certificate],
    /// The form of NameID that we ask for.
    pub name_id_format: Option<&'a str>,
    /// Whether our requests are signed.
    pub authn_requests_signed: bool,
    /// Whether assertions must be signed.
    pub want_assertions_signed: bool,
    /// When it shall be fetched anew.
    pub valid_until: Option<DateTime<Utc>>,
}

/// The metadata document.
#[must_use]
pub fn write(metadata: &SpMetadata<'_>) -> String {
    let valid_until = metadata.valid_until.map(instant);
    let mut attributes = vec![("xmlns:md", MD), ("entityID", metadata.entity_id)];
    attributes.extend(valid_until.as_deref().map(|at| ("validUntil", at)));
    let mut xml = XmlWriter::new();
    xml.write_declaration();
    xml.start_element("md:EntityDescriptor", &attributes);
    role(&mut xml, metadata);
    xml.end_element("md:EntityDescriptor");
    xml.into_string()
}

/// The schema fixes the order: keys, logout, NameID, assertion consumers.
fn role(xml: &mut XmlWriter, metadata: &SpMetadata<'_>) {
    let attributes = [
        ("protocolSupportEnumeration", SAMLP),
        ("AuthnRequestsSigned", boolean(metadata.authn_requests_signed)),
        ("WantAssertionsSigned", boolean(metadata.want_assertions_signed)),
    ];
    xml.start_element("md:SPSSODescriptor", &attributes);
    for certificate in metadata.signing {
        key(xml, "signing", certificate, &[]);
    }
    for certificate in metadata.encryption {
        key(xml, "encryption", certificate, &ENCRYPTION_METHODS);
    }
    for binding in metadata.slo_url.iter().flat_map(|_| [REDIRECT, POST]) {
        let location = metadata.slo_url.unwrap_or_default();
        xml.empty_element("md:SingleLogoutService", &[("Binding", binding), ("Location", location)]);
    }
    if let Some(format) = metadata.name_id_format {
        element(xml, "md:NameIDFormat", &[], format);
    }
    for (index, location) in metadata.acs_urls.iter().enumerate() {
        let (index, default) = (index.to_string(), boolean(index == 0));
        let attributes = [("Binding", POST), ("Location", location), ("index", &index), ("isDefault", default)];
        xml.empty_element("md:AssertionConsumerService", &attributes);
    }
    xml.end_element("md:SPSSODescriptor");
}

fn key(xml: &mut XmlWriter, usage: &str, certificate: &Certificate, methods: &[&str]) {
    xml.start_element("md:KeyDescriptor", &[("use", usage)]);
    xml.start_element("ds:KeyInfo", &[("xmlns:ds", DS)]);
    xml.start_element("ds:X509Data", &[]);
    element(xml, "ds:X509Certificate", &[], &STANDARD.encode(certificate.der()));
    xml.end_element("ds:X509Data");
    xml.end_element("ds:KeyInfo");
    for method in methods {
        xml.empty_element("md:EncryptionMethod", &[("Algorithm", method)]);
    }
    xml.end_element("md:KeyDescriptor");
}

fn boolean(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}
