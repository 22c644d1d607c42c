//! What may be written about an application: every field bounded, every fault named.

use std::collections::HashSet;
use std::hash::Hash;
use std::ops::RangeInclusive;

use diesel::PgConnection;
use serde_json::Value;

use super::Registry;
use crate::context::Context;
use crate::flows::Error;
use crate::flows::faults::Faults;
use crate::model::application::settings::{ApplicationSettings, is_redirect_uri};
use crate::model::connection::oidc::TokenEndpointAuthMethod;
use crate::model::scope;
use crate::model::signing_key::LONGEST_TOKEN;
use crate::model::text::MAX_NAME;
use crate::protocol::jwt::key_set::KeySet;
use crate::store::connections;

/// Most redirect URIs of each kind.
const MAX_URIS: usize = 50;
/// Most names in `group_names`.
const MAX_GROUP_NAMES: usize = 200;
/// Most names that `max_groups` may let into a token.
const MAX_GROUPS: u32 = 500;
/// Most connections that may be named; more than a tenant can have.
const MAX_ALLOWED_CONNECTIONS: usize = 100;
/// Largest key set, in bytes of JSON.
const MAX_JWKS: usize = 64 << 10;
/// Members of a JWK that are not public (RFC 7518, sections 6.2.2, 6.3.2 and 6.4.1).
const PRIVATE_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// Checks everything that can be checked without the database.
///
/// # Errors
/// [`Error::Invalid`] with every fault, each with its field.
pub(super) fn check(
    ctx: &Context,
    registry: &Registry,
    name: &str,
    settings: &ApplicationSettings,
) -> Result<(), Error> {
    let mut f = Faults::new(ctx);
    f.line("name", name, MAX_NAME);
    check_uris(&mut f, settings);
    check_authentication(&mut f, settings);
    check_contents(&mut f, settings);
    check_lives(&mut f, settings);
    match (&settings.allowed_connections, registry) {
        (Some(_), Registry::Installation(_)) => {
            f.add("allowed_connections", "are a tenant's; an application of the installation names none");
        }
        (Some(ids), Registry::Tenant(_)) => {
            if ids.is_empty() || ids.len() > MAX_ALLOWED_CONNECTIONS {
                f.add("allowed_connections", format!("must be null or name 1 to {MAX_ALLOWED_CONNECTIONS}"));
            }
            distinct(&mut f, "allowed_connections", ids);
        }
        (None, _) => {}
    }
    f.told()
}

/// Checks that the tenant has the connections that `new` names and `old` did not.
///
/// # Errors
/// [`Error::Invalid`] with the entry.
pub(super) fn check_connections(
    conn: &mut PgConnection,
    registry: &Registry,
    old: &ApplicationSettings,
    new: &ApplicationSettings,
) -> Result<(), Error> {
    let known = old.allowed_connections.as_deref().unwrap_or_default();
    for (n, id) in new.allowed_connections.iter().flatten().enumerate() {
        // T-02: another tenant's connection is one that is not there.
        if !known.contains(id) && connections::find(conn, registry.tenant_id(), *id)?.is_none() {
            return Err(Error::invalid(&format!("allowed_connections[{n}]"), "names no connection of this tenant"));
        }
    }
    Ok(())
}

fn check_uris(f: &mut Faults<'_>, s: &ApplicationSettings) {
    if s.redirect_uris.is_empty() {
        f.add("redirect_uris", "must have at least one entry");
    }
    for (field, uris) in
        [("redirect_uris", &s.redirect_uris), ("post_logout_redirect_uris", &s.post_logout_redirect_uris)]
    {
        if uris.len() > MAX_URIS {
            f.add(field, format!("must have at most {MAX_URIS} entries"));
        }
        for (n, uri) in uris.iter().enumerate().take(MAX_URIS) {
            if !is_redirect_uri(uri) {
                // P-01
                let rule = "must be absolute, without fragment, credentials or wildcard: https, http on loopback, or a \
                            private-use scheme with a dot in it";
                f.add(&format!("{field}[{n}]"), rule);
            }
        }
        distinct(f, field, uris);
    }
}

fn check_authentication(f: &mut Faults<'_>, s: &ApplicationSettings) {
    let by_key = s.token_endpoint_auth_method == TokenEndpointAuthMethod::PrivateKeyJwt;
    match (&s.jwks, &s.jwks_uri) {
        (None, None) if by_key => f.add("jwks", "or jwks_uri: private_key_jwt needs one of them"),
        (Some(_), Some(_)) if by_key => f.add("jwks_uri", "or jwks: only one of them"),
        (Some(jwks), None) if by_key => check_keys(f, jwks),
        (None, Some(url)) if by_key => f.url("jwks_uri", url),
        (jwks, url) => {
            for (field, given) in [("jwks", jwks.is_some()), ("jwks_uri", url.is_some())] {
                if given {
                    f.add(field, "is for private_key_jwt only");
                }
            }
        }
    }
}

fn check_keys(f: &mut Faults<'_>, jwks: &Value) {
    let text = jwks.to_string();
    let keys = jwks["keys"].as_array().map(Vec::as_slice).unwrap_or_default();
    if text.len() > MAX_JWKS || text.contains("\\u0000") {
        f.add("jwks", format!("must have at most {MAX_JWKS} bytes, and no NUL")); // D-13: the database takes none
    } else if keys.iter().any(|key| PRIVATE_MEMBERS.iter().any(|member| key.get(member).is_some())) {
        f.add("jwks", "must hold public keys only; make new ones, these are not secret any more");
    } else if let Err(error) = KeySet::parse(text.as_bytes()) {
        f.add("jwks", error.to_string());
    }
}

fn check_contents(f: &mut Faults<'_>, s: &ApplicationSettings) {
    if !s.scopes.iter().any(|s| s == scope::OPENID) {
        f.add("scopes", "must have openid");
    }
    for (n, unknown) in s.scopes.iter().enumerate().filter(|(_, s)| !scope::ALL.contains(&s.as_str())).take(10) {
        let shown: String = unknown.chars().take(40).collect();
        f.add(&format!("scopes[{n}]"), format!("{shown:?} is none of {}", scope::ALL.join(", ")));
    }
    distinct(f, "scopes", &s.scopes);
    distinct(f, "claims", &s.claims);
    f.lines("group_names", &s.group_names, MAX_GROUP_NAMES, MAX_NAME);
    if s.max_groups > MAX_GROUPS {
        f.add("max_groups", format!("must be at most {MAX_GROUPS}"));
    }
}

fn check_lives(f: &mut Faults<'_>, s: &ApplicationSettings) {
    // P-13: a key stays published for so long after its last signature.
    let longest = u32::try_from(LONGEST_TOKEN.num_minutes()).unwrap_or(u32::MAX);
    between(f, "access_token_minutes", s.access_token_minutes, 1..=longest);
    between(f, "id_token_minutes", s.id_token_minutes, 1..=longest);
    between(f, "refresh_token_days", s.refresh_token_days, 1..=365);
}

fn between(f: &mut Faults<'_>, field: &str, value: u32, range: RangeInclusive<u32>) {
    if !range.contains(&value) {
        f.add(field, format!("must be {} to {}", range.start(), range.end()));
    }
}

fn distinct<T: Eq + Hash>(f: &mut Faults<'_>, field: &str, list: &[T]) {
    let mut seen = HashSet::new();
    if !list.iter().all(|entry| seen.insert(entry)) {
        f.add(field, "must name each only once");
    }
}
