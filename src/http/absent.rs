//! Who asks: a browser is told of an error by a page, a program and everybody below `/v1` by a problem. Paths and methods
//! that are not there among them.

use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, ALLOW, HeaderValue, RETRY_AFTER};
use actix_web::{HttpRequest, HttpResponse, ResponseError};

use crate::flows::Error;
use crate::http::login::{refusal, refused_page};
use crate::http::problem::Problem;

/// 404.
#[must_use]
pub fn not_found(req: &HttpRequest) -> HttpResponse {
    if wants_page(req) { refusal(req, None, &Error::NotFound) } else { Problem::not_found().error_response() }
}

/// 405, with the methods that the path has (RFC 9110 section 15.5.6).
#[must_use]
pub fn not_allowed(req: &HttpRequest, methods: &[&str]) -> HttpResponse {
    let methods = methods.join(", ");
    let problem =
        Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", format!("this path has {methods}"));
    let mut response = if wants_page(req) {
        refused_page(HttpResponse::build(problem.status_code()), req, None, "method_not_allowed", None)
    } else {
        problem.error_response()
    };
    if let Ok(methods) = HeaderValue::from_str(&methods) {
        response.headers_mut().insert(ALLOW, methods);
    }
    response
}

/// The page of a problem, for a browser.
#[must_use]
pub fn page_of(req: &HttpRequest, problem: &Problem) -> Option<HttpResponse> {
    if !wants_page(req) {
        return None;
    }
    let mut response = HttpResponse::build(problem.status_code());
    if let Some(seconds) = problem.retry_after() {
        response.insert_header((RETRY_AFTER, seconds.to_string()));
    }
    Some(refused_page(response, req, None, problem.code(), None))
}

fn wants_page(req: &HttpRequest) -> bool {
    let accept = req.headers().get(ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or_default();
    !req.path().starts_with("/v1/") && accept.contains("text/html")
}
