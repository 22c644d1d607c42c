//! tokens: what the tokens of a grant say, signed.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::context::Context;
use crate::context::bearer::Subject;
use crate::context::issuer::Issuer;
use crate::flows::{Error, signing_keys};
use crate::model::application::Client;
use crate::model::application::settings::{ApplicationSettings, ClaimName};
use crate::model::grant::Grant;
use crate::model::scope::{OPENID, Scopes};
use crate::model::tenant::Tenant;
use crate::model::user::User;
use crate::protocol::jwt::JwtError;
use crate::protocol::jwt::key_pair::KeyPair;
use crate::protocol::jwt::verify::Verified;

/// `typ` of our access tokens (RFC 9068, section 2.1).
pub const ACCESS_TOKEN_TYPE: &str = "at+jwt";
/// `typ` of our ID tokens: never taken for an access token.
pub const ID_TOKEN_TYPE: &str = "JWT";

/// What a client gets at the token endpoint (RFC 6749 section 5.1, OpenID Connect Core 1.0 section 3.1.3.3).
pub struct TokenSet {
    /// For resource servers, our userinfo among them.
    pub access_token: SecretString,
    /// How long that is good, in seconds.
    pub expires_in: i64,
    /// About the login, when `openid` was granted.
    pub id_token: Option<SecretString>,
    /// For the next set.
    pub refresh_token: Option<SecretString>,
    /// What was granted.
    pub scope: String,
}

/// Signs the tokens of a grant, with these scopes (all of the grant's, or fewer at a refresh).
///
/// # Errors
/// [`Error::Internal`] when there is no key or signing fails, [`Error::Unavailable`].
pub async fn issue(
    ctx: &Context,
    (issuer, client): (&Issuer, &Client),
    (tenant, subject): (&Tenant, &Subject),
    (grant, scopes): (&Grant, &Scopes),
    refresh_token: Option<SecretString>,
) -> Result<TokenSet, Error> {
    let settings = &client.settings;
    let now = ctx.clock.now();
    let ring = signing_keys::ensure(ctx, issuer, settings.signing_algorithm).await?;
    let key = ring.signer(settings.signing_algorithm, now).ok_or_else(|| Error::Internal("no signing key".into()))?;
    let iss = issuer.url(&ctx.config);
    let common = |life: chrono::Duration| {
        let mut claims = about_login(grant);
        claims.extend(about_tenant(tenant));
        claims.insert("iss".into(), json!(iss));
        claims.insert("sub".into(), json!(subject.user.id));
        claims.insert("iat".into(), json!(now.timestamp()));
        claims.insert("exp".into(), json!((now + life).timestamp()));
        claims
    };
    let mut access = common(settings.access_token_life());
    access.insert("aud".into(), json!(grant.resource.as_deref().unwrap_or(&iss)));
    access.insert("client_id".into(), json!(client.id()));
    access.insert("jti".into(), json!(Uuid::now_v7()));
    access.insert("scope".into(), json!(scopes.to_string()));
    access.insert("grant_id".into(), json!(grant.id));
    access.extend(about_person(settings, scopes, subject, Limit::Token, &[ClaimName::Role, ClaimName::Groups]));
    let access_token = sign(key, ACCESS_TOKEN_TYPE, &access)?;
    let id_token = if scopes.has(OPENID) {
        let mut id = common(settings.id_token_life());
        id.insert("aud".into(), json!(client.id()));
        id.insert("at_hash".into(), json!(at_hash(&access_token)));
        if let Some(nonce) = &grant.nonce {
            id.insert("nonce".into(), json!(nonce));
        }
        id.extend(about_person(settings, scopes, subject, Limit::Token, &settings.claims));
        Some(sign(key, ID_TOKEN_TYPE, &id)?.into())
    } else {
        None
    };
    let expires_in = settings.access_token_life().num_seconds();
    Ok(TokenSet { access_token: access_token.into(), expires_in, id_token, refresh_token, scope: scopes.to_string() })
}

fn sign(key: &KeyPair, typ: &str, claims: &Map<String, Value>) -> Result<String, Error> {
    key.sign(typ, claims).map_err(|e| Error::Internal(e.to_string()))
}

/// Left half of the SHA-256 of the access token (OpenID Connect Core 1.0, section 3.1.3.6), for ES256, RS256 and, where
/// no rule exists, Ed25519 alike.
fn at_hash(access_token: &str) -> String {
    URL_SAFE_NO_PAD.encode(&digest(&SHA256, access_token.as_bytes()).as_ref()[..16])
}

fn about_login(grant: &Grant) -> Map<String, Value> {
    let mut claims = Map::new();
    claims.insert("sid".into(), json!(grant.session_id));
    if let Some(auth_time) = grant.auth_time {
        claims.insert("auth_time".into(), json!(auth_time.timestamp()));
    }
    if let Some(acr) = &grant.acr {
        claims.insert("acr".into(), json!(acr));
    }
    if !grant.amr.is_empty() {
        claims.insert("amr".into(), json!(grant.amr));
    }
    claims
}

/// Which organisation the user is of; every token says it.
#[must_use]
pub fn about_tenant(tenant: &Tenant) -> Map<String, Value> {
    let mut claims = Map::new();
    claims.insert("tenant_id".into(), json!(tenant.id));
    claims.insert("tenant_slug".into(), json!(tenant.slug));
    claims.insert("tenant_name".into(), json!(tenant.name));
    if let Some(external) = &tenant.external_id {
        claims.insert("tenant_external_id".into(), json!(external));
    }
    claims
}

/// How much may be said about groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// As many as the application's tokens may hold.
    Token,
    /// All.
    None,
}

/// What an application may know about a person: granted by scope, allowed by its settings, and among `wanted`. What is
/// not known is left out.
#[must_use]
pub fn about_person(
    settings: &ApplicationSettings,
    scopes: &Scopes,
    subject: &Subject,
    limit: Limit,
    wanted: &[ClaimName],
) -> Map<String, Value> {
    let mut claims = Map::new();
    let told = settings.claims.iter().filter(|claim| scopes.has(claim.scope()) && wanted.contains(claim));
    for claim in told {
        if *claim == ClaimName::Groups {
            let groups: Vec<&String> = subject.groups.iter().filter(|name| settings.tells_group(name)).collect();
            // A list that was cut would look like groups that were left.
            if limit == Limit::Token && groups.len() > settings.max_groups as usize {
                claims.insert("groups_omitted".into(), json!(true));
            } else {
                claims.insert("groups".into(), json!(groups));
            }
        } else if let Some(value) = value_of(*claim, &subject.user) {
            claims.insert(claim.as_str().into(), value);
        }
    }
    claims
}

fn value_of(claim: ClaimName, user: &User) -> Option<Value> {
    let text = |value: &Option<String>| value.clone().map(Value::from);
    match claim {
        ClaimName::Name => text(&user.name),
        ClaimName::GivenName => text(&user.given_name),
        ClaimName::FamilyName => text(&user.family_name),
        ClaimName::Picture => text(&user.picture),
        ClaimName::UpdatedAt => Some(json!(user.updated_at.timestamp())),
        ClaimName::ExternalId => text(&user.external_id),
        ClaimName::Role => Some(json!(user.role)),
        ClaimName::Email => text(&user.email),
        ClaimName::EmailVerified => user.email.as_ref().map(|_| json!(user.email_verified_at.is_some())),
        ClaimName::Groups => None,
    }
}

/// Verifies a token that this issuer is said to have signed: the signature and `iss`. A key that is not known here may be
/// another instance's newest.
///
/// # Errors
/// Outside [`Error`]; inside [`JwtError`].
pub async fn verify(ctx: &Context, issuer: &Issuer, token: &str) -> Result<Result<Verified, JwtError>, Error> {
    let now = ctx.clock.now();
    let checked = match ctx.key_ring(issuer).await?.verify(token, now) {
        Err(JwtError::UnknownKey) => ctx.newest_key_ring(issuer).await?.verify(token, now),
        checked => checked,
    };
    let ours =
        |verified: &Verified| verified.claims.get("iss").and_then(Value::as_str) == Some(&issuer.url(&ctx.config));
    Ok(checked.and_then(|verified| if ours(&verified) { Ok(verified) } else { Err(JwtError::UnknownKey) }))
}

/// The user of an ID token of this issuer that is given as a hint; it may have expired.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn hinted_user(ctx: &Context, issuer: &Issuer, hint: &str) -> Result<Option<Uuid>, Error> {
    let verified = verify(ctx, issuer, hint).await?.ok().filter(|v| v.typ.as_deref() == Some(ID_TOKEN_TYPE));
    Ok(verified.and_then(|verified| uuid_claim(&verified.claims, "sub")))
}

/// A claim that is a UUID.
#[must_use]
pub fn uuid_claim(claims: &Map<String, Value>, name: &str) -> Option<Uuid> {
    claims.get(name).and_then(Value::as_str).and_then(|text| Uuid::try_parse(text).ok())
}

/// A claim that is a date.
#[must_use]
pub fn date_claim(claims: &Map<String, Value>, name: &str) -> Option<DateTime<Utc>> {
    claims.get(name).and_then(Value::as_i64).and_then(|seconds| DateTime::from_timestamp(seconds, 0))
}
