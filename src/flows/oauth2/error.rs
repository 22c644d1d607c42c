//! Errors of the token endpoint and its neighbours (RFC 6749 section 5.2, RFC 6750 section 3.1).

use crate::context::issuer::KeysError;
use crate::flows::Error;
use crate::store::db::DbError;

/// Why a client gets no token.
#[derive(Debug, thiserror::Error)]
pub enum OAuthError {
    /// The client's fault, in the words of the specification.
    #[error("{code}: {description}")]
    Refused {
        /// `error`.
        code: &'static str,
        /// `error_description`: for the client's developers, holds nothing of the request.
        description: &'static str,
    },
    /// Ours.
    #[error(transparent)]
    Inside(#[from] Error),
}

impl OAuthError {
    /// The client's fault.
    #[must_use]
    pub fn new(code: &'static str, description: &'static str) -> Self {
        Self::Refused { code, description }
    }

    /// `invalid_request`.
    #[must_use]
    pub fn invalid_request(description: &'static str) -> Self {
        Self::new("invalid_request", description)
    }

    /// `invalid_client`: one answer for every reason.
    #[must_use]
    pub fn invalid_client() -> Self {
        Self::new("invalid_client", "the client is unknown or did not prove who it is")
    }

    /// `invalid_grant`.
    #[must_use]
    pub fn invalid_grant(description: &'static str) -> Self {
        Self::new("invalid_grant", description)
    }
}

impl From<DbError> for OAuthError {
    fn from(error: DbError) -> Self {
        Self::Inside(error.into())
    }
}

impl From<diesel::result::Error> for OAuthError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Inside(error.into())
    }
}

impl From<KeysError> for OAuthError {
    fn from(error: KeysError) -> Self {
        Self::Inside(error.into())
    }
}
