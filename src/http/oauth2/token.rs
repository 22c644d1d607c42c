//! The token endpoint and its neighbours: introspection and revocation. Clients ask by form and get JSON.

use actix_web::http::header::{AUTHORIZATION, PRAGMA};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, json};

use crate::context::issuer::Issuer;
use crate::flows::Error;
use crate::flows::oauth2::OAuthError;
use crate::flows::oauth2::client_auth::{ASSERTION_TYPE, Credential, authenticate};
use crate::flows::oauth2::introspect::introspect;
use crate::flows::oauth2::redeem::{Presented, redeem};
use crate::flows::oauth2::refresh::refresh;
use crate::flows::oauth2::request::Pairs;
use crate::flows::oauth2::revoke::revoke;
use crate::flows::oauth2::tokens::TokenSet;
use crate::http::Ctx;
use crate::http::body::FormText;
use crate::http::oauth2::{OAuthProblem, issuer_of, read_parameters};
use crate::model::connection::oidc::TokenEndpointAuthMethod;

/// `POST {issuer}/oauth2/token` (RFC 6749, section 3.2).
pub async fn post_token(ctx: Ctx, req: HttpRequest, form: FormText) -> Result<HttpResponse, OAuthProblem> {
    let (issuer, pairs) = asked(&ctx, &req, &form).await?;
    let client = authenticate(&ctx, &issuer, &credential(&req, &pairs)?).await?;
    let secret = |name: &str| pairs.get(name).map(|value| SecretString::from(value.as_str()));
    let missing = OAuthError::invalid_request;
    let tokens = match pairs.get("grant_type").map(String::as_str) {
        Some("authorization_code") => {
            let code = secret("code").ok_or_else(|| missing("code is missing"))?;
            let (redirect_uri, code_verifier) = (pairs.get("redirect_uri").cloned(), secret("code_verifier"));
            redeem(&ctx, &issuer, &client, Presented { code, redirect_uri, code_verifier }).await?
        }
        Some("refresh_token") => {
            let token = secret("refresh_token").ok_or_else(|| missing("refresh_token is missing"))?;
            refresh(&ctx, &issuer, &client, token, pairs.get("scope").map(String::as_str)).await?
        }
        Some(_) => return Err(OAuthError::new("unsupported_grant_type", "this grant_type is not known here").into()),
        None => return Err(missing("grant_type is missing").into()),
    };
    Ok(answer(&tokens))
}

fn answer(tokens: &TokenSet) -> HttpResponse {
    let mut body = Map::new();
    body.insert("access_token".into(), json!(tokens.access_token.expose_secret()));
    body.insert("token_type".into(), json!("Bearer"));
    body.insert("expires_in".into(), json!(tokens.expires_in));
    body.insert("scope".into(), json!(tokens.scope));
    for (name, token) in [("id_token", &tokens.id_token), ("refresh_token", &tokens.refresh_token)] {
        if let Some(token) = token {
            body.insert(name.into(), json!(token.expose_secret()));
        }
    }
    // P-20: `Cache-Control: no-store` is on every answer; this is its older brother (RFC 6749, section 5.1).
    HttpResponse::Ok().insert_header((PRAGMA, "no-cache")).json(body)
}

/// `POST {issuer}/oauth2/introspect` (RFC 7662). A public client could ask about tokens that it found: refused.
pub async fn post_introspect(ctx: Ctx, req: HttpRequest, form: FormText) -> Result<HttpResponse, OAuthProblem> {
    let (issuer, pairs) = asked(&ctx, &req, &form).await?;
    let client = authenticate(&ctx, &issuer, &credential(&req, &pairs)?).await?;
    if client.settings.token_endpoint_auth_method == TokenEndpointAuthMethod::None {
        return Err(OAuthError::invalid_client().into());
    }
    let token = token(&pairs)?;
    Ok(HttpResponse::Ok().json(introspect(&ctx, &issuer, &client, &token).await?))
}

/// `POST {issuer}/oauth2/revoke` (RFC 7009): 200 whatever the token was.
pub async fn post_revoke(ctx: Ctx, req: HttpRequest, form: FormText) -> Result<HttpResponse, OAuthProblem> {
    let (issuer, pairs) = asked(&ctx, &req, &form).await?;
    let client = authenticate(&ctx, &issuer, &credential(&req, &pairs)?).await?;
    let token = token(&pairs)?;
    revoke(&ctx, &issuer, &client, &token).await?;
    Ok(HttpResponse::Ok().finish())
}

async fn asked(ctx: &Ctx, req: &HttpRequest, form: &FormText) -> Result<(Issuer, Pairs), OAuthError> {
    let issuer = issuer_of(ctx, req).await.map_err(|error| match error {
        Error::NotFound => OAuthError::invalid_client(),
        inside => inside.into(),
    })?;
    let pairs = read_parameters(&form.0);
    Ok((issuer, pairs.ok_or_else(|| OAuthError::invalid_request("a parameter is given twice, or cannot be read"))?))
}

fn token(pairs: &Pairs) -> Result<SecretString, OAuthError> {
    let token = pairs.get("token").map(|token| SecretString::from(token.as_str()));
    token.ok_or_else(|| OAuthError::invalid_request("token is missing"))
}

/// How the client says who it is: in exactly one way (RFC 6749, section 2.3), never in the URL (P-11).
fn credential(req: &HttpRequest, pairs: &Pairs) -> Result<Credential, OAuthError> {
    let given = |name: &str| pairs.get(name).filter(|value| !value.is_empty()).cloned();
    let (id, secret, assertion) = (given("client_id"), given("client_secret"), given("client_assertion"));
    let mut headers = req.headers().get_all(AUTHORIZATION);
    let header = headers.next();
    let ways = [header.is_some(), secret.is_some(), assertion.is_some()];
    if ways.iter().filter(|way| **way).count() > 1 || headers.next().is_some() {
        return Err(OAuthError::invalid_request("the client says who it is in more than one way"));
    }
    if let Some(header) = header {
        let (named, secret) = header.to_str().ok().and_then(basic).ok_or_else(OAuthError::invalid_client)?;
        return match id {
            Some(id) if id != named => Err(OAuthError::invalid_client()),
            _ => Ok(Credential::Secret(named, secret)),
        };
    }
    match (id, secret, assertion) {
        (id, None, Some(assertion)) if given("client_assertion_type").as_deref() == Some(ASSERTION_TYPE) => {
            Ok(Credential::Assertion(id, assertion.into()))
        }
        (Some(id), Some(secret), None) => Ok(Credential::Secret(id, secret.into())),
        (Some(id), None, None) => Ok(Credential::Id(id)),
        _ => Err(OAuthError::invalid_client()),
    }
}

/// Id and secret of a Basic header, each form-encoded within it (RFC 6749, section 2.3.1).
fn basic(header: &str) -> Option<(String, SecretString)> {
    let (scheme, encoded) = header.split_once(' ')?;
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':').filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let decode = |text: &str| {
        let pair = format!("v={text}");
        url::form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned())
    };
    Some((decode(id)?, decode(secret)?.into()))
}
