//! What holds for every answer: it was asked under our own name (W-11), it is not cached (W-13), it says no referrer
//! (W-14), it is framed nowhere (W-09) and it carries the request's id.

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, VARY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use actix_web::middleware::Next;
use actix_web::{Error, ResponseError};

use crate::config::Config;
use crate::http::absent::page_of;
use crate::http::problem::Problem;
use crate::http::{Ctx, auth};

/// The policy of everything that is no page: nothing may be loaded, nothing may frame it.
const NOTHING: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// The policy of the API reader, which brings scripts of its own.
const READER: &str =
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'";

/// Answers that need no Host: health checks come by address.
fn is_health(path: &str) -> bool {
    path == "/healthz" || path == "/readyz"
}

/// The middleware.
///
/// # Errors
/// What the handler returns.
pub async fn guard<B: MessageBody + 'static>(
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    let Some(ctx) = req.app_data::<Ctx>().cloned() else {
        return Ok(next.call(req).await?.map_into_left_body());
    };
    let request_id = auth::request_id(req.request());
    let policy = if req.path().starts_with("/docs/") { READER } else { NOTHING };
    let mut response = if is_health(req.path()) || host_is_ours(&req, &ctx.config) {
        in_words(next.call(req).await?)
    } else {
        let detail = format!("this server answers as {} only", ctx.config.host());
        let problem = Problem::new(StatusCode::MISDIRECTED_REQUEST, "unknown_host", detail);
        let page = page_of(req.request(), &problem);
        req.into_response(page.unwrap_or_else(|| problem.error_response())).map_into_right_body()
    };
    let headers = response.headers_mut();
    let mut put = |name: HeaderName, value: &'static str| {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    };
    put(CACHE_CONTROL, "no-store");
    put(CONTENT_SECURITY_POLICY, policy);
    put(REFERRER_POLICY, "no-referrer");
    put(X_CONTENT_TYPE_OPTIONS, "nosniff");
    put(X_FRAME_OPTIONS, "DENY");
    put(VARY, "Cookie, Authorization");
    if ctx.config.is_https() {
        put(STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
    if let Some(id) = request_id.and_then(|id| HeaderValue::from_str(&id.to_string()).ok()) {
        headers.insert(HeaderName::from_static("x-request-id"), id);
    }
    Ok(response)
}

/// A problem in words, where a person in front of a browser would have to read it.
fn in_words<B: MessageBody>(response: ServiceResponse<B>) -> ServiceResponse<EitherBody<B, BoxBody>> {
    let problem = response.response().error().and_then(|error| error.as_error::<Problem>());
    match problem.and_then(|problem| page_of(response.request(), problem)) {
        Some(page) => response.into_response(page).map_into_right_body(),
        None => response.map_into_left_body(),
    }
}

/// What clients exchange for tokens is told as it is: compressing it costs more than it saves, and the length of what was
/// compressed tells about secrets in it (BREACH). Goes around the compressor.
///
/// # Errors
/// What the handler returns.
pub async fn plain_tokens<B: MessageBody + 'static>(
    mut req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    if req.path().contains("/oauth2/") {
        req.headers_mut().remove(ACCEPT_ENCODING);
    }
    next.call(req).await
}

/// Exactly the public URL's host and port. `X-Forwarded-Host` and `Forwarded` are never looked at.
fn host_is_ours(req: &ServiceRequest, config: &Config) -> bool {
    let host = req.headers().get("host").and_then(|h| h.to_str().ok());
    host.is_some_and(|h| h.eq_ignore_ascii_case(&config.host()))
}
