//! What a verified ID token must say (OpenID Connect Core sections 3.1.3.7 and 3.1.3.8).

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::error::{IdTokenFault, OidcError, printable};
use super::issuer;
use crate::model::connection::oidc::{OidcSettings, SigningAlgorithm};
use crate::protocol::jwt::JwtError;
use crate::protocol::jwt::claims::{SKEW, audiences, date, text};
use crate::protocol::jwt::verify::Verified;

/// Oldest `iat` that a token fresh from the token endpoint may have, in seconds.
const MAX_AGE: i64 = 24 * 60 * 60;
const MAX_SUBJECT: usize = 255;
/// Kinds of token that providers sign with the same keys and that are not ID tokens (O-38).
const OTHER_TYPES: [&str; 4] = ["at+jwt", "logout+jwt", "dpop+jwt", "secevent+jwt"];

/// What this sign-in expects.
pub(super) struct Expected<'a> {
    pub(super) settings: &'a OidcSettings,
    pub(super) client_id: &'a str,
    pub(super) nonce: &'a str,
    pub(super) access_token: &'a str,
    pub(super) now: i64,
}

/// What the rules found out.
pub(super) struct Accepted {
    /// The configured issuer that the token's stands for.
    pub(super) issuer: String,
    pub(super) subject: String,
    pub(super) auth_time: Option<i64>,
}

/// Applies every rule.
///
/// # Errors
/// The first broken one.
pub(super) fn check(token: &Verified, expected: &Expected<'_>) -> Result<Accepted, OidcError> {
    let claims = &token.claims;
    check_type(token.typ.as_deref())?;
    let issuer = check_issuer(claims, expected.settings)?;
    check_audience(claims, expected.client_id)?;
    check_times(claims, expected.now)?;
    check_nonce(claims, expected.nonce)?;
    check_access_token_hash(claims, token.algorithm, expected.access_token)?;
    let auth_time = check_authentication(claims, expected)?;
    let subject = check_subject(claims)?.to_owned();
    Ok(Accepted { issuer, subject, auth_time })
}

fn refuse<T>(fault: IdTokenFault) -> Result<T, OidcError> {
    Err(OidcError::IdTokenRefused(fault))
}

fn check_type(typ: Option<&str>) -> Result<(), OidcError> {
    let typ = typ.unwrap_or_default().to_ascii_lowercase();
    let typ = typ.strip_prefix("application/").unwrap_or(&typ);
    if OTHER_TYPES.contains(&typ) { Err(OidcError::IdTokenInvalid(JwtError::TypeRefused)) } else { Ok(()) }
}

fn check_issuer(claims: &Map<String, Value>, settings: &OidcSettings) -> Result<String, OidcError> {
    let Some(iss) = text(claims, "iss")? else {
        return refuse(IdTokenFault::Missing("iss"));
    };
    let tid = text(claims, "tid")?;
    if let Some(issuer) = issuer::resolve(settings, iss, tid) {
        return Ok(issuer);
    }
    match tid {
        Some(tid) if issuer::is_template(settings) && !settings.allowed_tenant_ids.iter().any(|known| known == tid) => {
            refuse(IdTokenFault::TenantNotAllowed(printable(tid))) // O-27
        }
        _ => {
            let expected = settings.issuer.clone().unwrap_or_default();
            refuse(IdTokenFault::Issuer { expected, got: printable(iss) }) // O-26
        }
    }
}

/// O-25: we are an audience, and where there are others or an `azp`, we are the authorized party.
fn check_audience(claims: &Map<String, Value>, client_id: &str) -> Result<(), OidcError> {
    let audiences = audiences(claims)?;
    if !audiences.contains(&client_id) {
        return refuse(IdTokenFault::Audience);
    }
    let others = audiences.iter().any(|audience| *audience != client_id);
    match text(claims, "azp")? {
        Some(azp) if azp == client_id => Ok(()),
        None if !others => Ok(()),
        _ => refuse(IdTokenFault::AuthorizedParty),
    }
}

fn check_times(claims: &Map<String, Value>, now: i64) -> Result<(), OidcError> {
    let Some(exp) = date(claims, "exp")? else {
        return refuse(IdTokenFault::Missing("exp"));
    };
    let Some(iat) = date(claims, "iat")? else {
        return refuse(IdTokenFault::Missing("iat"));
    };
    let begins = date(claims, "nbf")?.unwrap_or(0).max(iat);
    if now >= exp + SKEW {
        return refuse(IdTokenFault::Expired); // O-28
    }
    if begins > now + SKEW {
        return refuse(IdTokenFault::NotYetValid); // O-29
    }
    if iat < now - MAX_AGE {
        return refuse(IdTokenFault::TooOld); // O-29
    }
    Ok(())
}

fn check_nonce(claims: &Map<String, Value>, nonce: &str) -> Result<(), OidcError> {
    let got = text(claims, "nonce")?.unwrap_or_default();
    match verify_slices_are_equal(got.as_bytes(), nonce.as_bytes()) {
        Ok(()) if !nonce.is_empty() => Ok(()),
        _ => refuse(IdTokenFault::Nonce), // O-08
    }
}

/// O-32: may be absent in the code flow; when present it must fit.
fn check_access_token_hash(
    claims: &Map<String, Value>,
    algorithm: SigningAlgorithm,
    access_token: &str,
) -> Result<(), OidcError> {
    let Some(at_hash) = text(claims, "at_hash")? else {
        return Ok(());
    };
    let hash = digest::digest(hash_of(algorithm), access_token.as_bytes());
    let half = &hash.as_ref()[..hash.as_ref().len() / 2];
    if URL_SAFE_NO_PAD.encode(half) == at_hash { Ok(()) } else { refuse(IdTokenFault::AccessTokenHash) }
}

fn hash_of(algorithm: SigningAlgorithm) -> &'static digest::Algorithm {
    use SigningAlgorithm::{ES256, ES384, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512};
    match algorithm {
        RS256 | PS256 | ES256 => &digest::SHA256,
        RS384 | PS384 | ES384 => &digest::SHA384,
        RS512 | PS512 | EdDSA => &digest::SHA512, // Ed25519 hashes with SHA-512
    }
}

/// O-30: `max_age` asks for `auth_time`, `acr_values` for one of them.
fn check_authentication(claims: &Map<String, Value>, expected: &Expected<'_>) -> Result<Option<i64>, OidcError> {
    let auth_time = date(claims, "auth_time")?;
    if auth_time.is_some_and(|time| time > expected.now + SKEW) {
        return refuse(IdTokenFault::NotYetValid);
    }
    if let Some(max_age) = expected.settings.max_age {
        let Some(time) = auth_time else {
            return refuse(IdTokenFault::Missing("auth_time"));
        };
        if time + i64::from(max_age) + SKEW < expected.now {
            return refuse(IdTokenFault::AuthenticationTooOld);
        }
    }
    let asked = &expected.settings.acr_values;
    let acr = text(claims, "acr")?;
    if asked.is_empty() || acr.is_some_and(|acr| asked.iter().any(|value| value == acr)) {
        Ok(auth_time)
    } else {
        refuse(IdTokenFault::AuthenticationContext)
    }
}

/// O-31: an identifier that compares the same everywhere.
fn check_subject(claims: &Map<String, Value>) -> Result<&str, OidcError> {
    let Some(sub) = text(claims, "sub")? else {
        return refuse(IdTokenFault::Missing("sub"));
    };
    let usable = !sub.is_empty()
        && sub.chars().count() <= MAX_SUBJECT
        && sub.trim() == sub
        && !sub.chars().any(char::is_control);
    if usable { Ok(sub) } else { refuse(IdTokenFault::Subject) }
}
