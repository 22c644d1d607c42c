//! The Redirect binding (SAML bindings section 3.4): deflated into the query, with a signature over the query itself.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::write::DeflateEncoder;
use flate2::{Compression, Decompress, FlushDecompress, Status};
use url::{Url, form_urlencoded};

use super::decode;
use crate::protocol::saml::gate::MAX_MESSAGE;
use crate::protocol::saml::key::{KeyError, SpKey};
use crate::protocol::saml::message::{Message, MessageKind};
use crate::protocol::saml::{SamlError, VerifiedMessage, Verifier};

const DEFLATE: &str = "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE";
/// Bytes of a query.
const MAX_QUERY: usize = 64 * 1024;

/// The URL that the browser is sent to, signed when there is a key.
///
/// # Errors
/// [`KeyError::Failed`] when signing fails.
pub fn url(message: &Message, to: &Url, relay_state: Option<&str>, key: Option<&SpKey>) -> Result<Url, KeyError> {
    let encoded = STANDARD.encode(deflate(message.xml.as_bytes()).map_err(|_| KeyError::Failed)?);
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair(message.kind.parameter(), &encoded);
    if let Some(relay_state) = relay_state {
        query.append_pair("RelayState", relay_state);
    }
    let query = match key {
        None => query.finish(),
        Some(key) => {
            let signed = query.append_pair("SigAlg", key.algorithm()).finish();
            let signature = STANDARD.encode(key.sign(signed.as_bytes())?);
            form_urlencoded::Serializer::new(signed).append_pair("Signature", &signature).finish()
        }
    };
    let mut url = to.clone();
    url.set_fragment(None);
    // The endpoint may have a query of its own, which stays and is not signed.
    let whole = url.query().filter(|own| !own.is_empty()).map_or_else(|| query.clone(), |own| format!("{own}&{query}"));
    url.set_query(Some(&whole));
    Ok(url)
}

/// A logout message whose query was signed by one of the pinned certificates. Only [`verify`] makes one.
pub struct VerifiedQuery {
    /// A `LogoutRequest` or a `LogoutResponse`, the only messages that a provider sends this way.
    pub kind: MessageKind,
    /// The message.
    pub message: VerifiedMessage,
    /// What came with it, to be given back.
    pub relay_state: Option<String>,
}

/// Reads the query of a request, exactly as it arrived, and verifies its signature.
///
/// # Errors
/// [`SamlError`]: no signature, an algorithm that is not allowed, another signer, parameters that are repeated or
/// disguised, or a message that cannot be inflated.
pub fn verify(raw_query: &str, verifier: &Verifier) -> Result<VerifiedQuery, SamlError> {
    let query = Query::read(raw_query)?;
    let (kind, message) = match (&query.request, &query.response) {
        (Some(message), None) => (MessageKind::Request, message),
        (None, Some(message)) => (MessageKind::Response, message),
        _ => return Err(SamlError::Binding("one SAMLRequest or SAMLResponse is needed")),
    };
    if query.encoding.as_ref().is_some_and(|encoding| encoding.value != DEFLATE) {
        return Err(SamlError::Binding("SAMLEncoding is unknown"));
    }
    let (Some(algorithm), Some(signature)) = (&query.algorithm, &query.signature) else {
        return Err(SamlError::SignatureMissing("query")); // C-42
    };
    // C-45: the order is the specification's, whatever the order of arrival, so each name has one meaning; and the octets
    // are those that arrived, because encoders differ (ADFS writes %2b where others write %2B).
    let parts = [Some(message), query.relay_state.as_ref(), Some(algorithm)];
    let signed = parts.into_iter().flatten().map(|parameter| parameter.raw).collect::<Vec<_>>().join("&");
    verifier.octets(&algorithm.value, signed.as_bytes(), &decode(&signature.value)?)?;
    let name = match kind {
        MessageKind::Request => "LogoutRequest",
        MessageKind::Response => "LogoutResponse",
    };
    let message = VerifiedMessage::signed_elsewhere(&inflate(&decode(&message.value)?)?, name)?;
    Ok(VerifiedQuery { kind, message, relay_state: query.relay_state.map(|parameter| parameter.value) })
}

/// A parameter as it arrived, name and all, and its decoded value.
struct Parameter<'a> {
    raw: &'a str,
    value: String,
}

#[derive(Default)]
struct Query<'a> {
    request: Option<Parameter<'a>>,
    response: Option<Parameter<'a>>,
    relay_state: Option<Parameter<'a>>,
    algorithm: Option<Parameter<'a>>,
    signature: Option<Parameter<'a>>,
    encoding: Option<Parameter<'a>>,
}

impl<'a> Query<'a> {
    fn read(raw_query: &'a str) -> Result<Self, SamlError> {
        if raw_query.len() > MAX_QUERY {
            return Err(SamlError::TooLarge("64 KiB of query"));
        }
        let mut query = Self::default();
        for raw in raw_query.split('&') {
            let Some((name, value)) = form_urlencoded::parse(raw.as_bytes()).next() else { continue };
            let slot = match name.as_ref() {
                "SAMLRequest" => &mut query.request,
                "SAMLResponse" => &mut query.response,
                "RelayState" => &mut query.relay_state,
                "SigAlg" => &mut query.algorithm,
                "Signature" => &mut query.signature,
                "SAMLEncoding" => &mut query.encoding,
                _ => continue,
            };
            // C-45: a name that is repeated, or written so that another reader would not know it.
            if !raw.starts_with(&*name) {
                return Err(SamlError::Binding("the name of a parameter is encoded"));
            }
            if slot.replace(Parameter { raw, value: value.into_owned() }).is_some() {
                return Err(SamlError::Binding("a parameter occurs twice"));
            }
        }
        Ok(query)
    }
}

/// Raw DEFLATE (RFC 1951).
fn deflate(message: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(message)?;
    encoder.finish()
}

/// The reverse, which stops at the size of the largest message whatever was promised (C-33).
///
/// # Errors
/// [`SamlError`] when there is more, or it is not DEFLATE and nothing else.
pub fn inflate(deflated: &[u8]) -> Result<Vec<u8>, SamlError> {
    let mut message = Vec::with_capacity(MAX_MESSAGE + 1);
    let mut inflater = Decompress::new(false);
    let status = inflater.decompress_vec(deflated, &mut message, FlushDecompress::Finish);
    if message.len() > MAX_MESSAGE {
        return Err(SamlError::TooLarge("256 KiB"));
    }
    let whole = inflater.total_in() == deflated.len() as u64;
    match status {
        Ok(Status::StreamEnd) if whole => Ok(message),
        _ => Err(SamlError::Malformed("it is not DEFLATE")),
    }
}
