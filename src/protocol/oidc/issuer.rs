//! Whether an `iss` is the connection's provider (O-26, O-27).

use crate::model::connection::oidc::OidcSettings;

/// Entra's placeholder for the directory's id.
const TEMPLATE: &str = "{tenantid}";

/// The issuer that `iss` stands for, or `None` when it is not the connection's provider.
///
/// Compared exactly. An alias stands for the configured issuer. Where either holds `{tenantid}`, the token's `tid` must be
/// one of `allowed_tenant_ids`, and the answer is the configured issuer with that id filled in, so that people of two
/// directories can never share a key.
#[must_use]
pub fn resolve(settings: &OidcSettings, iss: &str, tid: Option<&str>) -> Option<String> {
    let configured = settings.issuer.as_deref()?;
    let tid = tid.filter(|tid| settings.allowed_tenant_ids.iter().any(|allowed| allowed == tid));
    let fill = |issuer: &str| match tid {
        _ if !issuer.contains(TEMPLATE) => Some(issuer.to_owned()),
        Some(tid) => Some(issuer.replace(TEMPLATE, tid)),
        None => None,
    };
    let canonical = fill(configured)?;
    let accepted = std::iter::once(configured).chain(settings.issuer_aliases.iter().map(String::as_str));
    accepted.filter_map(fill).any(|issuer| issuer == iss).then_some(canonical)
}

/// Whether the settings name a provider of many directories.
pub(super) fn is_template(settings: &OidcSettings) -> bool {
    settings.issuer.as_deref().is_some_and(|issuer| issuer.contains(TEMPLATE))
}

/// Where a templated issuer has its discovery document: Entra serves it under the name `organizations`.
pub fn discoverable(issuer: &str) -> String {
    issuer.replace(TEMPLATE, "organizations")
}

#[cfg(test)]
mod tests {
    use super::*;

    const V2: &str = "https://login.example/{tenantid}/v2.0";
    const V1: &str = "https://sts.example/{tenantid}/";

    fn settings(issuer: &str, aliases: &[&str], tids: &[&str]) -> OidcSettings {
        let owned = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect();
        OidcSettings {
            issuer: Some(issuer.to_owned()),
            issuer_aliases: owned(aliases),
            allowed_tenant_ids: owned(tids),
            ..OidcSettings::default()
        }
    }

    #[test]
    fn an_issuer_is_compared_to_the_byte_and_an_alias_means_the_configured_one() {
        let google = settings("https://accounts.google.com", &["accounts.google.com"], &[]);
        let canonical = Some("https://accounts.google.com".to_owned());
        assert_eq!(resolve(&google, "https://accounts.google.com", None), canonical);
        assert_eq!(resolve(&google, "accounts.google.com", None), canonical);
        for other in ["https://accounts.google.com/", "https://Accounts.google.com", "http://accounts.google.com", ""] {
            assert_eq!(resolve(&google, other, None), None, "{other}");
        }
    }

    #[test]
    fn a_template_needs_an_allowed_tid_that_is_also_in_the_issuer() {
        let entra = settings(V2, &[V1], &["t1", "t2"]);
        let of = |iss: &str, tid| resolve(&entra, iss, tid);
        assert_eq!(of("https://login.example/t1/v2.0", Some("t1")).as_deref(), Some("https://login.example/t1/v2.0"));
        assert_eq!(of("https://sts.example/t2/", Some("t2")).as_deref(), Some("https://login.example/t2/v2.0"));
        assert_eq!(of("https://login.example/t3/v2.0", Some("t3")), None);
        assert_eq!(of("https://login.example/t3/v2.0", Some("t1")), None);
        assert_eq!(of("https://login.example/t1/v2.0", None), None);
        assert_eq!(of(V2, Some("t1")), None);
        assert_eq!(resolve(&settings(V2, &[], &[]), "https://login.example/t1/v2.0", Some("t1")), None);
    }
}
