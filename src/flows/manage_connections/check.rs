//! What may be saved: every field bounded, every URL one that we would call. Completeness is not asked of a draft.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::check_saml;
use crate::context::Context;
use crate::flows::Error;
use crate::flows::faults::{Faults, MAX_URL};
use crate::model::claims::ClaimMapping;
use crate::model::connection::oidc::{CodeChallengeMethod, OidcSettings};
use crate::model::connection::provisioning::{EmailTrust, ProvisioningPolicy};
use crate::model::connection::{Connection, Settings};
use crate::model::group::{MatchKind, NamePattern};
use crate::model::role::Role;
use crate::protocol::oidc::authorize::RESERVED_PARAMETERS;
use crate::protocol::oidc::issuer;

/// Checks everything that an admin can set.
///
/// # Errors
/// [`Error::Invalid`] with every fault, each with its field.
pub fn check(ctx: &Context, row: &mut Connection) -> Result<(), Error> {
    let mut f = Faults::new(ctx);
    match &mut row.settings.0 {
        Settings::Oidc(settings) => {
            check_provider(&mut f, settings);
            check_request(&mut f, settings);
        }
        Settings::Saml(settings) => check_saml::check(&mut f, ctx, settings),
    }
    check_mapping(&mut f, row.settings.0.claim_mapping());
    check_provisioning(&mut f, &row.provisioning.0);
    f.told()
}

fn check_provider(f: &mut Faults<'_>, s: &OidcSettings) {
    if let Some(issuer) = &s.issuer {
        f.url("settings.issuer", &issuer::discoverable(issuer));
        if issuer.contains(['?', '#']) {
            f.add("settings.issuer", "must not have a query or fragment"); // OpenID Connect Core section 2, iss
        }
        if issuer.contains("{tenantid}") && s.allowed_tenant_ids.is_empty() {
            f.add("settings.allowed_tenant_ids", "must name the directories that {tenantid} may stand for"); // O-27
        }
    }
    f.lines("settings.issuer_aliases", &s.issuer_aliases, 10, MAX_URL);
    f.lines("settings.allowed_tenant_ids", &s.allowed_tenant_ids, 50, 36);
    for (n, id) in s.allowed_tenant_ids.iter().enumerate() {
        if Uuid::try_parse(id).is_err() {
            f.add(&format!("settings.allowed_tenant_ids[{n}]"), "must be a directory's id (a UUID)");
        }
    }
    let e = &s.endpoints;
    let named = [
        ("settings.endpoints.authorization", &e.authorization),
        ("settings.endpoints.token", &e.token),
        ("settings.endpoints.userinfo", &e.userinfo),
        ("settings.endpoints.jwks_uri", &e.jwks_uri),
        ("settings.endpoints.revocation", &e.revocation),
        ("settings.endpoints.end_session", &e.end_session),
    ];
    for (field, url) in named {
        if let Some(url) = url {
            f.url(field, url);
        }
    }
    if let Some(client_id) = &s.client_id {
        f.line("settings.client_id", client_id, 255);
    }
}

fn check_request(f: &mut Faults<'_>, s: &OidcSettings) {
    for (field, scopes) in [("settings.scopes", &s.scopes), ("settings.additional_scopes", &s.additional_scopes)] {
        f.lines(field, scopes, 30, 255);
        // RFC 6749 section 3.3: scope-token.
        let token = |c: char| matches!(c, '\x21' | '\x23'..='\x5b' | '\x5d'..='\x7e');
        if scopes.iter().any(|scope| !scope.chars().all(token)) {
            f.add(field, "holds a character that no scope may have");
        }
    }
    if s.authorization_parameters.len() > 20 {
        f.add("settings.authorization_parameters", "must have at most 20 entries");
    }
    for (name, value) in s.authorization_parameters.iter().take(20) {
        let field = format!("settings.authorization_parameters.{}", name.chars().take(40).collect::<String>());
        if RESERVED_PARAMETERS.contains(&name.as_str()) {
            f.add(&field, "is a parameter that Doorward sets itself");
        }
        f.line(&field, name, 100);
        f.line(&field, value, 1000);
    }
    if let Some(prompt) = &s.prompt
        && !matches!(prompt.as_str(), "login" | "consent" | "select_account" | "login consent")
    {
        f.add("settings.prompt", "must be login, consent or select_account");
    }
    if s.max_age.is_some_and(|age| age > 31_536_000) {
        f.add("settings.max_age", "must be at most a year, in seconds");
    }
    f.lines("settings.acr_values", &s.acr_values, 10, 255);
    if s.signing_algorithms.is_empty() || s.signing_algorithms.len() > 9 {
        f.add("settings.signing_algorithms", "must name at least one algorithm, each once"); // A6: never off
    }
}

fn check_mapping(f: &mut Faults<'_>, m: &ClaimMapping) {
    let named = [
        ("settings.claim_mapping.user_id", &m.user_id),
        ("settings.claim_mapping.email", &m.email),
        ("settings.claim_mapping.email_verified", &m.email_verified),
        ("settings.claim_mapping.name", &m.name),
        ("settings.claim_mapping.given_name", &m.given_name),
        ("settings.claim_mapping.family_name", &m.family_name),
        ("settings.claim_mapping.picture", &m.picture),
        ("settings.claim_mapping.groups", &m.groups),
    ];
    for (field, paths) in named {
        f.lines(field, paths, 10, 255);
    }
    if m.user_id.is_empty() {
        f.add("settings.claim_mapping.user_id", "must name at least one claim");
    }
    if m.email.is_empty() {
        f.add("settings.claim_mapping.email", "must name at least one claim");
    }
    if m.name.is_empty() && (m.given_name.is_empty() || m.family_name.is_empty()) {
        f.add("settings.claim_mapping.name", "or both given_name and family_name must be mapped"); // row A8
    }
}

fn check_provisioning(f: &mut Faults<'_>, p: &ProvisioningPolicy) {
    if p.default_role > Role::Auditor {
        f.add("provisioning.default_role", "must be member or auditor: a login makes no admins");
    }
    if p.removal_guard.max_percent > 100 {
        f.add("provisioning.removal_guard.max_percent", "must be at most 100");
    }
    if let Some(filter) = &p.group_filter {
        f.line("provisioning.group_filter", filter, 256);
        if let Err(message) = NamePattern::compile(MatchKind::Regex, filter) {
            f.add("provisioning.group_filter", message);
        }
    }
}

/// What is allowed but weaker than it could be, or lets nobody in; shown with the connection. `domains` are the tenant's
/// verified ones: the connection that each of them names.
#[must_use]
pub fn warnings(row: &Connection, domains: &[Option<Uuid>], now: DateTime<Utc>) -> Vec<&'static str> {
    let mut list = Vec::new();
    match &row.settings.0 {
        Settings::Oidc(settings) => match settings.code_challenge_method {
            CodeChallengeMethod::S256 => {}
            CodeChallengeMethod::Plain => list.push("pkce_plain_is_weak"),
            CodeChallengeMethod::None => list.push("pkce_is_off"),
        },
        Settings::Saml(settings) => check_saml::warnings(&mut list, row, settings, now),
    }
    let signs_in_here = |named: &Option<Uuid>| named.is_none_or(|id| id == row.id);
    match row.provisioning.0.email_trust {
        EmailTrust::TrustConnection if !domains.iter().any(signs_in_here) => list.push("no_verified_domain"),
        EmailTrust::TrustConnection | EmailTrust::RequireVerifiedClaim | EmailTrust::VerifyByMail => {}
    }
    list
}
