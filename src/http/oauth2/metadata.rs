//! What clients read before they ask: the issuer's metadata (OpenID Connect Discovery 1.0, RFC 8414) and its keys.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

use crate::context::issuer::Issuer;
use crate::flows::signing_keys;
use crate::http::Ctx;
use crate::http::oauth2::issuer_of;
use crate::http::problem::Problem;
use crate::model::application::settings::{ALL_CLAIMS, TokenAlgorithm};
use crate::model::scope;

/// For how long clients may keep metadata and keys: shorter than a key is published before it signs.
const KEEP: &str = "public, max-age=300";

/// `GET {issuer}/.well-known/openid-configuration`, and the same at RFC 8414's place.
pub async fn get_metadata(ctx: Ctx, req: HttpRequest) -> Result<HttpResponse, Problem> {
    let issuer = issuer_of(&ctx, &req).await?;
    Ok(kept(&document(&ctx, &issuer)))
}

fn document(ctx: &Ctx, issuer: &Issuer) -> Value {
    let iss = issuer.url(&ctx.config);
    let at = |path: &str| ctx.config.url(&issuer.path(&format!("/oauth2/{path}")));
    let auth = ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"];
    let assertions = ["RS256", "ES256", "PS256", "EdDSA"];
    let of_token = ["iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "at_hash", "sid"];
    let of_tenant = ["tenant_id", "tenant_slug", "tenant_name", "tenant_external_id"];
    let claims: Vec<&str> =
        of_token.into_iter().chain(of_tenant).chain(ALL_CLAIMS.iter().map(|claim| claim.as_str())).collect();
    json!({
        "issuer": iss,
        "authorization_endpoint": at("authorize"),
        "token_endpoint": at("token"),
        "userinfo_endpoint": at("userinfo"),
        "introspection_endpoint": at("introspect"),
        "revocation_endpoint": at("revoke"),
        "end_session_endpoint": at("end_session"),
        "jwks_uri": at("jwks.json"),
        "scopes_supported": scope::ALL,
        "claims_supported": claims,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "form_post"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256", "RS256", "EdDSA"],
        "token_endpoint_auth_methods_supported": auth,
        "token_endpoint_auth_signing_alg_values_supported": assertions,
        "introspection_endpoint_auth_methods_supported": &auth[..3],
        "introspection_endpoint_auth_signing_alg_values_supported": assertions,
        "revocation_endpoint_auth_methods_supported": auth,
        "revocation_endpoint_auth_signing_alg_values_supported": assertions,
        "code_challenge_methods_supported": ["S256"],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "claims_parameter_supported": false,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
        "authorization_response_iss_parameter_supported": true,
    })
}

/// `GET {issuer}/oauth2/jwks.json`: the public keys (RFC 7517), as the database has them now.
pub async fn get_jwks(ctx: Ctx, req: HttpRequest) -> Result<HttpResponse, Problem> {
    let issuer = issuer_of(&ctx, &req).await?;
    let mut keys = ctx.published_keys(&issuer).await?;
    if !keys.iter().any(|key| key.algorithm == TokenAlgorithm::ES256) {
        signing_keys::ensure(&ctx, &issuer, TokenAlgorithm::ES256).await?;
        keys = ctx.published_keys(&issuer).await?;
    }
    let keys: Vec<Value> = keys.into_iter().map(|key| key.public_key).collect();
    Ok(kept(&json!({ "keys": keys })))
}

fn kept(document: &Value) -> HttpResponse {
    HttpResponse::Ok().insert_header((CACHE_CONTROL, KEEP)).json(document)
}
