//! The token response as it is read: the ID token stays whatever JSON it is until our verifier has it.
//!
//! `openidconnect`'s own type would parse the ID token's claims, and fails on an `email_verified` that is a string.

use std::time::Duration;

use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreErrorResponseType, CoreGenderClaim, CoreJsonWebKey,
    CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm, CoreRevocableToken, CoreRevocationErrorResponse,
    CoreTokenIntrospectionResponse,
};
use openidconnect::{
    AccessToken, Client, EmptyAdditionalClaims, EndpointNotSet, EndpointSet, IdToken, OAuth2TokenResponse,
    RefreshToken, Scope, StandardErrorResponse, TokenResponse, TokenType,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An `openidconnect` client with a token endpoint that answers [`Tokens`].
pub(super) type TokenClient<HasTokenUrl = EndpointSet> = Client<
    EmptyAdditionalClaims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    ErrorAnswer,
    Tokens,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    HasTokenUrl,
    EndpointNotSet,
>;

/// The error of RFC 6749 section 5.2.
pub(super) type ErrorAnswer = StandardErrorResponse<CoreErrorResponseType>;

/// A successful token response.
#[derive(Deserialize, Serialize)]
pub(super) struct Tokens {
    pub(super) access_token: AccessToken,
    pub(super) token_type: AnyTokenType,
    pub(super) refresh_token: Option<RefreshToken>,
    pub(super) id_token: Option<Value>,
}

/// Shows no token.
impl std::fmt::Debug for Tokens {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Tokens").field("token_type", &self.token_type).finish_non_exhaustive()
    }
}

/// Any `token_type`; which one is acceptable is decided by the caller.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub(super) struct AnyTokenType(pub(super) String);

impl TokenType for AnyTokenType {}

impl OAuth2TokenResponse for Tokens {
    type TokenType = AnyTokenType;

    fn access_token(&self) -> &AccessToken {
        &self.access_token
    }

    fn token_type(&self) -> &AnyTokenType {
        &self.token_type
    }

    fn expires_in(&self) -> Option<Duration> {
        None
    }

    fn refresh_token(&self) -> Option<&RefreshToken> {
        self.refresh_token.as_ref()
    }

    fn scopes(&self) -> Option<&Vec<Scope>> {
        None
    }
}

type Jwe = CoreJweContentEncryptionAlgorithm;
type Jws = CoreJwsSigningAlgorithm;

impl TokenResponse<EmptyAdditionalClaims, CoreGenderClaim, Jwe, Jws> for Tokens {
    /// Never the library's: see the module.
    fn id_token(&self) -> Option<&IdToken<EmptyAdditionalClaims, CoreGenderClaim, Jwe, Jws>> {
        None
    }
}
