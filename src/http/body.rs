//! Bodies and queries, read strictly: bounded, of the right type, without unknown or repeated fields, checked by their
//! own rules. A fault names its field.

use std::future::{Future, Ready, ready};
use std::pin::Pin;

use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload, web};
use garde::Validate;
use serde::de::DeserializeOwned;

use crate::flows::{Error, Fault};
use crate::http::problem::Problem;

/// Largest JSON body, in bytes; a bulk import of a thousand people fits.
pub const MAX_JSON: usize = 1 << 20;
/// Largest form body, in bytes; what a provider posts fits.
pub const MAX_FORM: usize = 64 << 10;
/// Largest form with a SAML message, in bytes: 256 KiB of XML in base64, escaped.
pub const MAX_MESSAGE_FORM: usize = 640 << 10;

/// A JSON body. Extracting it never fails: what is wrong with it is told by [`Body::read`], once the caller is known
/// (T-08: a stranger is told that first, whatever the body).
pub struct Body<T>(Result<T, Problem>);

impl<T> Body<T> {
    /// The body, when it passes the checks of its type.
    ///
    /// # Errors
    /// 400, 413, 415, or 422 with every field.
    pub fn read(self) -> Result<T, Problem> {
        self.0
    }
}

impl<T: DeserializeOwned + Validate<Context = ()> + 'static> FromRequest for Body<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        // W-07: a form can be posted from any site, JSON cannot.
        let json = req.content_type().eq_ignore_ascii_case("application/json");
        let encoded = req.headers().contains_key("content-encoding");
        let bytes = web::Bytes::from_request(req, payload);
        Box::pin(async move {
            if !json || encoded {
                let detail = "the body must be plain application/json";
                let problem = Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail);
                return Ok(Self(Err(problem)));
            }
            Ok(Self(bytes.await.map_err(|e| unreadable(&e)).and_then(|bytes| read_json(&bytes))))
        })
    }
}

/// What the framework says about a body that it would not read.
pub fn unreadable(error: &actix_web::Error) -> Problem {
    match error.as_response_error().status_code() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", "the body is too large")
        }
        _ => Problem::new(StatusCode::BAD_REQUEST, "malformed_body", "the body cannot be read"),
    }
}

fn read_json<T: DeserializeOwned + Validate<Context = ()>>(bytes: &[u8]) -> Result<T, Problem> {
    let malformed = |detail: String| Problem::new(StatusCode::BAD_REQUEST, "malformed_json", detail);
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value: T = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let (path, inner) = (error.path().to_string(), error.inner());
        match inner.classify() {
            serde_json::error::Category::Data => {
                let message = strip_position(&inner.to_string());
                Problem::invalid(vec![Fault::unreadable(&path, message)])
            }
            _ => malformed(format!("not JSON: {}", strip_position(&inner.to_string()))),
        }
    })?;
    reader.end().map_err(|_| malformed("there is something after the JSON value".into()))?;
    value.validate().map_err(Error::from)?;
    Ok(value)
}

/// serde_json's message without " at line 1 column 2".
fn strip_position(message: &str) -> String {
    message.rsplit_once(" at line ").map_or(message, |(text, _)| text).to_owned()
}

/// A query without unknown or repeated parameters. Like [`Body`], it is read once the caller is known.
pub struct Query<T>(Result<T, Problem>);

impl<T> Query<T> {
    /// The query.
    ///
    /// # Errors
    /// 400 or 422 with the parameter's name.
    pub fn read(self) -> Result<T, Problem> {
        self.0
    }
}

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(without_nul(req.query_string()).and_then(read_pairs))))
    }
}

/// The text, unless a value holds a NUL: PostgreSQL's text has none, and a search for one would fail there (D-13).
fn without_nul(text: &str) -> Result<&str, Problem> {
    let mut pairs = url::form_urlencoded::parse(text.as_bytes());
    match pairs.find(|(name, value)| name.contains('\0') || value.contains('\0')) {
        None => Ok(text),
        Some((name, _)) => Err(Problem::invalid(vec![Fault {
            field: name.chars().filter(|c| !c.is_control()).take(40).collect(),
            message: "must not hold a NUL".into(),
        }])),
    }
}

/// Reads `a=b&c=d` text strictly (RFC 6749 section 3.1: no parameter twice, O-14).
///
/// # Errors
/// 422 with the parameter's name.
pub fn read_pairs<T: DeserializeOwned>(text: &str) -> Result<T, Problem> {
    let mut names: Vec<String> =
        url::form_urlencoded::parse(text.as_bytes()).map(|(name, _)| name.into_owned()).collect();
    names.sort_unstable();
    if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        let detail = format!("the parameter {} is given twice", twice[0].chars().take(40).collect::<String>());
        return Err(Problem::new(StatusCode::BAD_REQUEST, "repeated_parameter", detail));
    }
    web::Query::<T>::from_query(text).map(web::Query::into_inner).map_err(|error| {
        let message = match &error {
            actix_web::error::QueryPayloadError::Deserialize(inner) => inner.to_string(),
            _ => "cannot be read".into(),
        };
        Problem::invalid(vec![Fault::unreadable(".", message)])
    })
}

/// A posted form of at most so many bytes, as text to be read by [`read_pairs`].
#[derive(Debug)]
pub struct Form<const MAX: usize>(pub String);

/// A form.
pub type FormText = Form<MAX_FORM>;
/// A form with a SAML message.
pub type MessageForm = Form<MAX_MESSAGE_FORM>;

impl<const MAX: usize> FromRequest for Form<MAX> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let form = req.content_type().eq_ignore_ascii_case("application/x-www-form-urlencoded");
        let encoded = req.headers().contains_key("content-encoding");
        debug_assert!(req.headers().get(CONTENT_TYPE).is_some() || !form);
        let bytes = web::Bytes::from_request(req, payload);
        Box::pin(async move {
            if !form || encoded {
                let detail = "the body must be application/x-www-form-urlencoded";
                return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail));
            }
            let bytes = bytes.await.map_err(|e| unreadable(&e))?;
            if bytes.len() > MAX {
                return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", "the body is too large"));
            }
            let malformed = |_| Problem::new(StatusCode::BAD_REQUEST, "malformed_body", "the body is not UTF-8");
            String::from_utf8(bytes.to_vec()).map(Self).map_err(malformed)
        })
    }
}

/// An XML document in the body, as text. Like [`Body`], it is read once the caller is known.
pub struct XmlText(Result<String, Problem>);

impl XmlText {
    /// The text.
    ///
    /// # Errors
    /// 400, 413 or 415.
    pub fn read(self) -> Result<String, Problem> {
        self.0
    }
}

/// What SAML metadata is sent as. None of them can be posted by a form (W-07).
const XML: [&str; 3] = ["application/samlmetadata+xml", "application/xml", "text/xml"];

impl FromRequest for XmlText {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let xml = XML.iter().any(|name| req.content_type().eq_ignore_ascii_case(name));
        let encoded = req.headers().contains_key("content-encoding");
        let bytes = web::Bytes::from_request(req, payload);
        Box::pin(async move {
            if !xml || encoded {
                let detail = format!("the body must be plain {}", XML.join(", "));
                let problem = Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail);
                return Ok(Self(Err(problem)));
            }
            let malformed = |_| Problem::new(StatusCode::BAD_REQUEST, "malformed_body", "the body is not UTF-8");
            let text = bytes.await.map_err(|e| unreadable(&e));
            Ok(Self(text.and_then(|bytes| String::from_utf8(bytes.to_vec()).map_err(malformed))))
        })
    }
}
