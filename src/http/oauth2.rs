//! Doorward as OpenID provider on the wire.
//!
//! Every endpoint is there twice, below `/t/{tenant}` for the tenant's issuer and at the root for the installation's;
//! [`issuer_of`] tells which was meant. People see pages (`authorize`, `consent`, `organization`, `logout`); clients see
//! JSON in the words of OAuth (`token`, `userinfo`, `metadata`), where [`OAuthProblem`] is what `Problem` is under `/v1`.

pub mod authorize;
pub mod consent;
pub mod logout;
pub mod metadata;
pub mod organization;
pub mod token;
pub mod userinfo;

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use serde_json::json;

use crate::context::issuer::Issuer;
use crate::flows::Error;
use crate::flows::oauth2::OAuthError;
use crate::flows::oauth2::request::Pairs;
use crate::http::Ctx;

/// The issuer of the path.
///
/// # Errors
/// [`Error::NotFound`] for a tenant that is not there, [`Error::Unavailable`].
pub async fn issuer_of(ctx: &Ctx, req: &HttpRequest) -> Result<Issuer, Error> {
    match req.match_info().get("tenant") {
        Some(slug) => Ok(Issuer::Tenant(ctx.tenant(slug).await?.ok_or(Error::NotFound)?)),
        None => Ok(Issuer::Installation),
    }
}

/// Reads `a=b&c=d`; `None` when a parameter comes twice (RFC 6749, section 3.1), or holds a control character.
#[must_use]
pub fn read_parameters(text: &str) -> Option<Pairs> {
    let mut pairs = BTreeMap::new();
    for (name, value) in url::form_urlencoded::parse(text.as_bytes()) {
        let plain = !name.chars().chain(value.chars()).any(char::is_control);
        if !plain || pairs.insert(name.into_owned(), value.into_owned()).is_some() {
            return None;
        }
    }
    Some(pairs)
}

/// An error on its way to a client (RFC 6749 section 5.2).
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct OAuthProblem(OAuthError);

impl<E: Into<OAuthError>> From<E> for OAuthProblem {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl OAuthProblem {
    fn told(&self) -> (StatusCode, &'static str, &'static str) {
        match &self.0 {
            OAuthError::Refused { code: code @ "invalid_client", description } => {
                (StatusCode::UNAUTHORIZED, code, description)
            }
            OAuthError::Refused { code, description } => (StatusCode::BAD_REQUEST, code, description),
            OAuthError::Inside(Error::Unavailable | Error::Conflict { code: "concurrent_change", .. }) => {
                (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", "try again in a moment")
            }
            OAuthError::Inside(Error::RateLimited { .. }) => {
                (StatusCode::TOO_MANY_REQUESTS, "temporarily_unavailable", "too many requests")
            }
            OAuthError::Inside(inside) => {
                tracing::error!(error = %inside, "an OAuth endpoint failed inside");
                (StatusCode::INTERNAL_SERVER_ERROR, "server_error", "something went wrong here; it was logged")
            }
        }
    }
}

impl ResponseError for OAuthProblem {
    fn status_code(&self) -> StatusCode {
        self.told().0
    }

    fn error_response(&self) -> HttpResponse {
        let (status, error, description) = self.told();
        let mut response = HttpResponse::build(status);
        if status == StatusCode::UNAUTHORIZED {
            response.insert_header((WWW_AUTHENTICATE, "Basic realm=\"doorward\""));
        }
        if let OAuthError::Inside(Error::RateLimited { retry_after }) = &self.0 {
            response.insert_header((RETRY_AFTER, retry_after.to_string()));
        }
        response.json(json!({"error": error, "error_description": description}))
    }
}
