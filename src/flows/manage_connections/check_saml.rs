//! check_saml: what may be saved of a SAML connection, and what of it is weaker than it could be.

use chrono::{DateTime, Duration, Utc};
use url::Url;

use crate::context::Context;
use crate::context::saml_provider::{idp_document, pinned};
use crate::flows::faults::{Faults, MAX_URL};
use crate::model::connection::Connection;
use crate::model::connection::saml::{IdpInitiated, NAME_ID, SamlSettings};
use crate::protocol::saml::Certificate;

/// Longest entity id (SAML core section 8.3.6).
const MAX_ENTITY_ID: usize = 1024;
/// Most certificates of a provider.
const MAX_CERTIFICATES: usize = 10;
/// Most former names.
const MAX_FORMER: usize = 20;
/// A certificate that expires so soon is warned about.
const SOON: Duration = Duration::days(30);

/// NameIDs that are other ones each time.
const TRANSIENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";

/// Checks the settings, and writes certificates in one form.
pub(super) fn check(f: &mut Faults<'_>, ctx: &Context, s: &mut SamlSettings) {
    if let Some(entity_id) = &s.idp_entity_id {
        f.line("settings.idp_entity_id", entity_id, MAX_ENTITY_ID);
    }
    let named = [
        ("settings.metadata_url", &s.metadata_url),
        ("settings.sso_url", &s.sso_url),
        ("settings.slo_url", &s.slo_url),
    ];
    for (field, url) in named {
        if let Some(url) = url {
            f.url(field, url); // C-51
        }
    }
    check_certificates(f, &mut s.certificates);
    check_former(f, ctx, s);
    if !s.require_signed_assertions && !s.require_signed_responses {
        f.add("settings.require_signed_assertions", "or require_signed_responses must be on"); // S-01
    }
    if s.clock_skew_seconds > SamlSettings::MAX_SKEW_SECONDS {
        let most = SamlSettings::MAX_SKEW_SECONDS;
        f.add("settings.clock_skew_seconds", format!("must be at most {most}"));
    }
    if let Some(format) = &s.name_id_format {
        f.line("settings.name_id_format", format, 255);
    }
    if s.name_id_format.as_deref() == Some(TRANSIENT) && s.claim_mapping.user_id.iter().any(|id| id == NAME_ID) {
        let message = "must be an attribute: a transient NameID is another one at each login";
        f.add("settings.claim_mapping.user_id", message);
    }
    f.lines("settings.requested_authn_contexts", &s.requested_authn_contexts, 10, 255);
}

/// S-15, S-20: what is no usable certificate is not kept, and not shown either.
fn check_certificates(f: &mut Faults<'_>, certificates: &mut [String]) {
    if certificates.len() > MAX_CERTIFICATES {
        f.add("settings.certificates", format!("must have at most {MAX_CERTIFICATES} entries"));
        return;
    }
    for (n, text) in certificates.iter_mut().enumerate() {
        match Certificate::parse(text) {
            Ok(certificate) => *text = certificate.pem(),
            Err(error) => f.add(&format!("settings.certificates[{n}]"), error.to_string()),
        }
    }
    for n in 1..certificates.len() {
        if certificates[..n].contains(&certificates[n]) {
            f.add(&format!("settings.certificates[{n}]"), "is there already");
        }
    }
}

/// Former names are another product's: an address of this installation belongs to one connection (C-08).
fn check_former(f: &mut Faults<'_>, ctx: &Context, s: &SamlSettings) {
    f.lines("settings.former_acs_urls", &s.former_acs_urls, MAX_FORMER, MAX_URL);
    f.lines("settings.former_entity_ids", &s.former_entity_ids, MAX_FORMER, MAX_ENTITY_ID);
    let home = ctx.config.public_url.origin();
    let ours = |text: &str| Url::parse(text).is_ok_and(|url| url.origin() == home);
    for (n, text) in s.former_acs_urls.iter().enumerate().take(MAX_FORMER) {
        let field = format!("settings.former_acs_urls[{n}]");
        match Url::parse(text) {
            Ok(url) if !matches!(url.scheme(), "https" | "http") => f.add(&field, "must be an https URL"),
            Ok(_) if ours(text) => f.add(&field, "is an address of this installation"),
            Ok(_) => {}
            Err(_) => f.add(&field, "must be a URL"),
        }
    }
    for (n, text) in s.former_entity_ids.iter().enumerate().take(MAX_FORMER) {
        if ours(text) {
            f.add(&format!("settings.former_entity_ids[{n}]"), "is an address of this installation");
        }
    }
}

/// What is allowed but weaker than it could be, or needs somebody to look.
pub(super) fn warnings(list: &mut Vec<&'static str>, row: &Connection, s: &SamlSettings, now: DateTime<Utc>) {
    if s.allow_sha1 {
        list.push("saml_sha1_allowed"); // S-11
    }
    if s.allow_cbc {
        list.push("saml_cbc_allowed");
    }
    if s.idp_initiated == IdpInitiated::Accept {
        list.push("saml_idp_initiated_accepted");
    }
    if !s.sign_requests {
        list.push("saml_requests_unsigned");
    }
    let document = idp_document(row);
    let parsed = pinned(s, document.as_ref()).iter().filter_map(|pem| Certificate::parse(pem).ok());
    let ends: Vec<_> = parsed.map(|c| c.not_after()).collect();
    if ends.iter().any(|end| *end <= now) {
        list.push("saml_certificate_expired"); // S-18
    }
    if ends.iter().any(|end| *end > now && *end <= now + SOON) {
        list.push("saml_certificate_expires_soon");
    }
    let Some(document) = document else { return };
    if document.valid_until.is_some_and(|until| until <= now) {
        list.push("saml_metadata_stale"); // C-47
    }
    if document.refused.is_some() {
        list.push("saml_metadata_refused");
    }
    if document.refused_certificates > 0 {
        list.push("saml_metadata_key_refused");
    }
}
