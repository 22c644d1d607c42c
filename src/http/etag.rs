//! ETag and If-Match (RFC 9110 sections 8.8.3 and 13.1.1): the version of an object is its entity tag.

use std::future::{Ready, ready};

use actix_web::http::StatusCode;
use actix_web::http::header::{ETAG, IF_MATCH, LOCATION};
use actix_web::{FromRequest, HttpRequest, HttpResponse, dev::Payload};
use serde::Serialize;

use crate::http::problem::Problem;

/// The version that the caller read, where they say so with If-Match. Read once the caller is known.
pub struct IfMatch(Result<Option<i64>, Problem>);

impl IfMatch {
    /// The version, if there is one.
    ///
    /// # Errors
    /// 400 `malformed_if_match`.
    pub fn read(self) -> Result<Option<i64>, Problem> {
        self.0
    }
}

impl FromRequest for IfMatch {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(read(req))))
    }
}

fn read(req: &HttpRequest) -> Result<Option<i64>, Problem> {
    let Some(value) = req.headers().get(IF_MATCH) else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default();
    if text == "*" {
        return Ok(None);
    }
    let version = text.strip_prefix('"').and_then(|t| t.strip_suffix('"')).and_then(|t| t.parse().ok());
    match version {
        Some(version) => Ok(Some(version)),
        None => {
            let detail = "If-Match must be the ETag of an earlier answer, such as \"3\"";
            Err(Problem::new(StatusCode::BAD_REQUEST, "malformed_if_match", detail))
        }
    }
}

/// 200 with the object and its ETag.
pub fn ok(version: i64, body: &impl Serialize) -> HttpResponse {
    HttpResponse::Ok().insert_header((ETAG, format!("\"{version}\""))).json(body)
}

/// 201 with the object, its ETag and where it is.
pub fn created(location: String, version: i64, body: &impl Serialize) -> HttpResponse {
    HttpResponse::Created()
        .insert_header((ETAG, format!("\"{version}\"")))
        .insert_header((LOCATION, location))
        .json(body)
}
