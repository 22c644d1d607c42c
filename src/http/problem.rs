//! Errors on the wire: `application/problem+json` (RFC 9457) with a stable `code`. The only place that knows which
//! status an error has.

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use utoipa::ToSchema;

use crate::flows::{Error, Fault};
use crate::store::db::DbError;

/// The body of every error. Equal errors have equal bytes: the request's id is in the header `x-request-id` only.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ProblemBody {
    /// `about:blank`: the code says more than a page could.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The status in words.
    pub title: &'static str,
    /// The status.
    pub status: u16,
    /// Stable, for programs; docs/errors.md lists all.
    pub code: String,
    /// For people.
    pub detail: String,
    /// Fields that cannot be taken.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Fault>,
}

/// An error on its way out.
#[derive(Debug, thiserror::Error)]
#[error("{}: {}", body.code, body.detail)]
pub struct Problem {
    body: Box<ProblemBody>,
    retry_after: Option<u32>,
}

impl Problem {
    /// Its body, to be told within an answer.
    #[must_use]
    pub fn into_body(self) -> ProblemBody {
        *self.body
    }

    /// Its stable code.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.body.code
    }

    /// Seconds until another try makes sense, where that is known.
    #[must_use]
    pub const fn retry_after(&self) -> Option<u32> {
        self.retry_after
    }

    /// A problem with this status, code and sentence.
    #[must_use]
    pub fn new(status: StatusCode, code: &str, detail: impl Into<String>) -> Self {
        let body = ProblemBody {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            code: code.to_owned(),
            detail: detail.into(),
            errors: Vec::new(),
        };
        Self { body: Box::new(body), retry_after: None }
    }

    /// 404: there is none, or it is another tenant's. The same bytes for both.
    #[must_use]
    pub fn not_found() -> Self {
        Self::from(Error::NotFound)
    }

    /// 401: nobody is known to call.
    #[must_use]
    pub fn unauthenticated() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", "a valid API key or session is needed")
    }

    /// 422: fields that cannot be taken.
    #[must_use]
    pub fn invalid(errors: Vec<Fault>) -> Self {
        Self::from(Error::Invalid(errors))
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        match error {
            Error::NotFound => Self::new(StatusCode::NOT_FOUND, "not_found", text),
            Error::Invalid(errors) => {
                let detail = "some fields cannot be taken; see errors";
                let mut problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_fields", detail);
                problem.body.errors = errors;
                problem
            }
            Error::Conflict { code, message } => Self::new(StatusCode::CONFLICT, code, message),
            Error::Forbidden { code, message } => Self::new(StatusCode::FORBIDDEN, code, message),
            Error::Gone { code, message } => Self::new(StatusCode::GONE, code, message),
            Error::Stale => Self::new(StatusCode::PRECONDITION_FAILED, "version_mismatch", text),
            Error::RateLimited { retry_after } => {
                let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", text);
                Self { retry_after: Some(retry_after), ..problem }
            }
            Error::Provider { code, message } => Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, message),
            Error::Unavailable => {
                let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, "service_unavailable", text);
                Self { retry_after: Some(1), ..problem }
            }
            Error::Internal(inside) => {
                // K-05: what went wrong inside is for the log.
                tracing::error!(error = inside, "internal error");
                Self::new(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "internal_error",
                    "something went wrong here; it was logged",
                )
            }
        }
    }
}

impl From<DbError> for Problem {
    fn from(error: DbError) -> Self {
        Error::from(error).into()
    }
}

impl From<diesel::result::Error> for Problem {
    fn from(error: diesel::result::Error) -> Self {
        Error::from(error).into()
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.body.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        response.insert_header((CONTENT_TYPE, "application/problem+json"));
        if let Some(seconds) = self.retry_after {
            response.insert_header((RETRY_AFTER, seconds.to_string()));
        }
        if self.status_code() == StatusCode::UNAUTHORIZED {
            response.insert_header((WWW_AUTHENTICATE, "Bearer")); // RFC 6750 section 3
        }
        response.body(serde_json::to_vec(&self.body).unwrap_or_default())
    }
}
