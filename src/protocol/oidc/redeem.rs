//! From the code that the browser brought to verified claims.

use chrono::DateTime;
use openidconnect::{
    AuthType, AuthorizationCode, ClientId, ClientSecret, IssuerUrl, JsonWebKeySet, OAuth2TokenResponse,
    PkceCodeVerifier, RedirectUrl, RequestTokenError, TokenUrl,
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use url::Url;

use super::RelyingParty;
use super::client_auth::{ASSERTION_TYPE, ClientCredential, Proof};
use super::error::{Endpoint, OidcError, printable};
use super::token_response::{ErrorAnswer, TokenClient, Tokens};
use super::{id_token, merge, userinfo};
use crate::model::claims::VerifiedClaims;
use crate::model::connection::oidc::{ClaimsSource, CodeChallengeMethod};
use crate::outbound::{Lane, OutboundError};

/// Largest token response that is read, in bytes (O-17).
const MAX_TOKEN_RESPONSE: usize = 256 << 10;

/// What the browser brought, and what the attempt kept.
pub struct CodeGrant<'a> {
    /// The authorization code.
    pub code: &'a SecretString,
    /// The verifier whose challenge was sent.
    pub code_verifier: &'a SecretString,
    /// The nonce that was sent.
    pub nonce: &'a str,
    /// The redirect URI that was sent.
    pub redirect_uri: &'a Url,
}

/// What a redeemed code is worth.
#[derive(Debug)]
pub struct Redeemed {
    /// Who signed in, as the provider says it.
    pub claims: VerifiedClaims,
    /// The ID token, for `id_token_hint` at logout.
    pub id_token: SecretString,
    /// The access token, for revocation.
    pub access_token: SecretString,
    /// The refresh token, if there is one.
    pub refresh_token: Option<SecretString>,
}

/// Redeems the code, verifies the ID token, asks userinfo where the settings say so, and merges.
///
/// # Errors
/// [`OidcError`]; every one of them means that nobody is signed in.
pub async fn redeem(party: &RelyingParty<'_>, grant: &CodeGrant<'_>) -> Result<Redeemed, OidcError> {
    let tokens = exchange(party, grant).await?;
    if !tokens.token_type.0.eq_ignore_ascii_case("bearer") {
        return Err(token_answer("token_type is not Bearer"));
    }
    let Some(Value::String(raw)) = &tokens.id_token else {
        return Err(OidcError::IdTokenMissing);
    };
    let id_token = SecretString::from(raw.as_str());
    let access_token = SecretString::from(tokens.access_token().secret().as_str());
    let claims = verify(party, grant, &id_token, &access_token).await?;
    let refresh_token = tokens.refresh_token.map(|token| SecretString::from(token.into_secret()));
    Ok(Redeemed { claims, id_token, access_token, refresh_token })
}

async fn verify(
    party: &RelyingParty<'_>,
    grant: &CodeGrant<'_>,
    raw: &SecretString,
    access_token: &SecretString,
) -> Result<VerifiedClaims, OidcError> {
    let source = party.jwks_source();
    let allowed = &party.settings.signing_algorithms;
    let verified = party.jwks.verify(party.lane, &source, raw.expose_secret(), allowed).await?;
    let expected = id_token::Expected {
        settings: party.settings,
        client_id: party.client_id()?,
        nonce: grant.nonce,
        access_token: access_token.expose_secret(),
        now: party.clock.now().timestamp(),
    };
    let accepted = id_token::check(&verified, &expected)?;
    let more = ask_userinfo(party, access_token, &accepted.subject).await?;
    Ok(VerifiedClaims {
        issuer: accepted.issuer,
        subject: accepted.subject,
        claims: merge::merge(party.settings.claims_source, verified.claims, more),
        auth_time: accepted.auth_time.and_then(|seconds| DateTime::from_timestamp(seconds, 0)),
    })
}

/// Userinfo where the settings want it; a provider without the endpoint is fine unless userinfo is the only source.
async fn ask_userinfo(
    party: &RelyingParty<'_>,
    access_token: &SecretString,
    subject: &str,
) -> Result<Option<Map<String, Value>>, OidcError> {
    match (party.settings.claims_source, &party.endpoints.userinfo) {
        (ClaimsSource::IdToken, _) | (ClaimsSource::Both, None) => Ok(None),
        (ClaimsSource::Userinfo, None) => Err(OidcError::Incomplete("userinfo endpoint")),
        (ClaimsSource::Userinfo | ClaimsSource::Both, Some(endpoint)) => {
            userinfo::fetch(party, endpoint, access_token, subject).await.map(Some)
        }
    }
}

async fn exchange(party: &RelyingParty<'_>, grant: &CodeGrant<'_>) -> Result<Tokens, OidcError> {
    let issuer = IssuerUrl::new(party.endpoints.issuer.clone()).map_err(|_| OidcError::Incomplete("usable issuer"))?;
    let client_id = ClientId::new(party.client_id()?.to_owned());
    let proof = Proof::make(party)?;
    let mut client: TokenClient = TokenClient::new(client_id, issuer, JsonWebKeySet::default())
        .set_token_uri(TokenUrl::from_url(party.endpoints.token.clone()))
        .set_redirect_uri(RedirectUrl::from_url(grant.redirect_uri.clone()))
        .set_auth_type(match proof {
            Proof::Basic(_) => AuthType::BasicAuth,
            Proof::Public | Proof::Form(_) | Proof::Assertion(_) => AuthType::RequestBody,
        });
    if let Proof::Basic(secret) | Proof::Form(secret) = &proof {
        client = client.set_client_secret(ClientSecret::new(secret.expose_secret().to_owned()));
    }
    let mut request = client.exchange_code(AuthorizationCode::new(grant.code.expose_secret().to_owned()));
    if party.settings.code_challenge_method != CodeChallengeMethod::None {
        request = request.set_pkce_verifier(PkceCodeVerifier::new(grant.code_verifier.expose_secret().to_owned()));
    }
    if let Proof::Assertion(assertion) = &proof {
        request = request.add_extra_param("client_assertion_type", ASSERTION_TYPE);
        request = request.add_extra_param("client_assertion", assertion.as_str());
    }
    let lane: &Lane = party.lane;
    let answer = request.request_async(&|request| lane.send(request, MAX_TOKEN_RESPONSE)).await;
    answer.map_err(|error| refusal(error, &secrets(party, grant)))
}

/// What must not come back in an error text, should a provider echo the request.
fn secrets<'a>(party: &'a RelyingParty<'_>, grant: &CodeGrant<'a>) -> Vec<&'a SecretString> {
    let mut secrets = vec![grant.code, grant.code_verifier];
    if let ClientCredential::Secret(secret) = party.credential {
        secrets.push(secret);
    }
    secrets
}

/// The library's errors carry the whole answer; only what holds no secret is kept.
fn refusal(error: RequestTokenError<OutboundError, ErrorAnswer>, secrets: &[&SecretString]) -> OidcError {
    match error {
        RequestTokenError::Request(source) => OidcError::Unreachable { endpoint: Endpoint::Token, source },
        RequestTokenError::ServerResponse(answer) => {
            let echoes = |text: &str| secrets.iter().any(|secret| text.contains(secret.expose_secret()));
            let keep = |text: &str| if echoes(text) { String::new() } else { printable(text) };
            OidcError::TokenRefused {
                error: keep(answer.error().as_ref()),
                description: answer.error_description().map(|text| keep(text)).unwrap_or_default(),
            }
        }
        RequestTokenError::Parse(..) => token_answer("not a token response in JSON"),
        RequestTokenError::Other(_) => token_answer("empty, or not of type application/json"),
    }
}

fn token_answer(reason: &str) -> OidcError {
    OidcError::BadAnswer { endpoint: Endpoint::Token, reason: reason.to_owned() }
}
