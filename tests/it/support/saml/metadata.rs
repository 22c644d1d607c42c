//! Metadata of a provider that is made for a test, and a place that serves it and can change its mind.

use std::io::Write;
use std::sync::{Arc, Mutex};

use doorward::protocol::saml::Certificate;

use crate::support::raw_server::RawServer;

const MD: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";

/// The base64 inside a certificate's PEM, in one line.
pub fn one_line(certificate: &Certificate) -> String {
    certificate.pem().lines().filter(|line| !line.starts_with('-')).collect()
}

/// A `KeyDescriptor`; `usage` is the attribute, such as `use="signing"`.
pub fn key(usage: &str, certificate: &str) -> String {
    format!(
        "<md:KeyDescriptor {usage}><ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:X509Data>\
         <ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
    )
}

/// Single sign-on at this URL, by both bindings.
pub fn sign_on(url: &str) -> String {
    let binding = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP";
    format!(
        "<md:SingleSignOnService Binding=\"{binding}-Redirect\" Location=\"{url}\"/>\
         <md:SingleSignOnService Binding=\"{binding}-POST\" Location=\"{url}\"/>"
    )
}

/// An entity with these attributes beside its id, and this inside its role of an identity provider.
pub fn entity(id: &str, attributes: &str, inside: &str) -> String {
    format!(
        "<md:EntityDescriptor xmlns:md=\"{MD}\" entityID=\"{id}\" {attributes}>\
         <md:IDPSSODescriptor protocolSupportEnumeration=\"{PROTOCOL}\">{inside}</md:IDPSSODescriptor>\
         </md:EntityDescriptor>"
    )
}

/// An honest provider with these certificates.
pub fn provider(id: &str, attributes: &str, certificates: &[&Certificate]) -> String {
    let keys: String = certificates.iter().map(|c| key("use=\"signing\"", &one_line(c))).collect();
    entity(id, attributes, &(keys + &sign_on("https://idp.example/sso")))
}

/// Several entities in one document.
pub fn group(entities: &[String]) -> String {
    format!("<md:EntitiesDescriptor xmlns:md=\"{MD}\">{}</md:EntitiesDescriptor>", entities.concat())
}

/// Serves metadata.
pub struct MetadataServer {
    pub url: String,
    answer: Arc<Mutex<Vec<u8>>>,
    server: RawServer,
}

impl MetadataServer {
    pub fn start(xml: &str) -> Self {
        let answer = Arc::new(Mutex::new(ok(xml)));
        let served = Arc::clone(&answer);
        let server = RawServer::start(move |stream| {
            let bytes = served.lock().unwrap().clone();
            let _ = stream.write_all(&bytes);
        });
        Self { url: format!("{}metadata.xml", server.url()), answer, server }
    }

    /// From now on it says this.
    pub fn say(&self, xml: &str) {
        *self.answer.lock().unwrap() = ok(xml);
    }

    /// From now on it fails.
    pub fn fail(&self) {
        let answer = b"HTTP/1.1 500 Oops\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        *self.answer.lock().unwrap() = answer.to_vec();
    }

    /// How often it was asked.
    pub fn asked(&self) -> usize {
        self.server.connections()
    }
}

fn ok(xml: &str) -> Vec<u8> {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/samlmetadata+xml\r\nconnection: close";
    format!("{head}\r\ncontent-length: {}\r\n\r\n{xml}", xml.len()).into_bytes()
}
