//! Tenant: one customer organisation.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use url::Url;
use uuid::Uuid;

use crate::model::text_enum::text_enum;

pub use crate::model::sso::{Sso, SsoSetting};

text_enum! {
    /// Whether a tenant works.
    TenantStatus {
        /// Works.
        Active = "active",
        /// Signs nobody in; its keys and sessions do not work.
        Suspended = "suspended",
    }
}

/// One customer organisation (the whole row).
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset, Identifiable)]
#[diesel(table_name = crate::schema::tenants, treat_none_as_null = true)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct Tenant {
    pub id: Uuid,
    pub slug: String,
    pub name: String,
    pub external_id: Option<String>,
    pub status: TenantStatus,
    pub allowed_return_urls: Vec<String>,
    pub landing_url: Option<String>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    #[diesel(embed)]
    pub sso: SsoSetting,
    pub support_email: Option<String>,
    pub logo_url: Option<String>,
    pub technical_contacts: Vec<String>,
}

/// Slugs that would be mistaken for something of ours (T-14).
const RESERVED: &[&str] = &[
    "admin",
    "api",
    "app",
    "assets",
    "auth",
    "doorward",
    "health",
    "healthz",
    "login",
    "logout",
    "metrics",
    "oauth2",
    "openapi",
    "public",
    "readyz",
    "scim",
    "sso",
    "static",
    "system",
    "t",
    "v1",
    "well-known",
    "www",
];

/// Whether a text may be a tenant's slug: 2 to 40 of `a-z 0-9 -`, a letter first, no hyphen last, not reserved.
#[must_use]
pub fn is_slug(text: &str) -> bool {
    let plain = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    (2..=40).contains(&text.len())
        && plain
        && text.as_bytes()[0].is_ascii_lowercase()
        && !text.ends_with('-')
        && !text.contains("--")
        && !RESERVED.contains(&text)
}

/// Whether a text may stand in `allowed_return_urls` or be a landing page: an absolute https URL (http on loopback)
/// without credentials or fragment; a final `/*` allows everything below. A `*` anywhere else would look like a rule
/// that there is not, and is refused.
#[must_use]
pub fn is_return_pattern(text: &str) -> bool {
    let plain = text.strip_suffix('*').unwrap_or(text);
    text.len() <= 2048
        && !plain.contains('*')
        && parse_return_url(plain)
            .is_some_and(|url| !text.ends_with('*') || (text.ends_with("/*") && url.query().is_none()))
}

/// Whether a text may be the URL of a logo: what may be returned to, by https, and no pattern.
#[must_use]
pub fn is_logo_url(text: &str) -> bool {
    parse_return_url(text).is_some_and(|url| url.scheme() == "https") && !text.contains(['*', '"', '<', '>'])
}

impl Tenant {
    /// The target a login may return to: `wanted` when it matches `allowed_return_urls` exactly or below a `/*` entry,
    /// else `None` (W-10).
    #[must_use]
    pub fn permitted_return(&self, wanted: &str) -> Option<Url> {
        let url = parse_return_url(wanted)?;
        let allowed = |pattern: &String| match pattern.strip_suffix('*') {
            Some(prefix) => parse_return_url(prefix)
                .is_some_and(|base| base.origin() == url.origin() && url.path().starts_with(base.path())),
            None => parse_return_url(pattern).is_some_and(|exact| exact == url),
        };
        self.allowed_return_urls.iter().any(allowed).then_some(url)
    }
}

/// Reads a return URL without any of the forms that readers disagree about.
fn parse_return_url(text: &str) -> Option<Url> {
    let tricky = |c: char| c.is_control() || c.is_whitespace() || c == '\\' || !c.is_ascii();
    if text.len() > 2048 || text.chars().any(tricky) {
        return None;
    }
    let url = Url::parse(text).ok()?;
    let lower = url.path().to_ascii_lowercase();
    let hidden = ["%2f", "%5c", "%00", "%2e", "//"].iter().any(|h| lower.contains(h));
    let loopback = url.host_str().is_some_and(|h| h == "localhost" || h == "127.0.0.1" || h == "[::1]");
    let scheme = url.scheme() == "https" || (url.scheme() == "http" && loopback);
    let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    // What the text says must be what the parser read: `https:evil` and `https:/evil` are repaired by parsers.
    let literal = text.to_ascii_lowercase().starts_with(&format!("{}://", url.scheme()));
    (scheme && plain && literal && !hidden && url.has_host()).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant() -> Tenant {
        Tenant {
            id: Uuid::nil(),
            slug: "acme".into(),
            name: "Acme".into(),
            external_id: None,
            status: TenantStatus::Active,
            allowed_return_urls: vec!["https://app.acme.example/*".into(), "https://one.acme.example/home?x=1".into()],
            landing_url: None,
            version: 1,
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
            sso: Sso::Optional.into(),
            support_email: None,
            logo_url: None,
            technical_contacts: Vec::new(),
        }
    }

    #[test]
    fn w_10_only_listed_targets_are_returned_to() {
        let t = tenant();
        for good in
            ["https://app.acme.example/", "https://app.acme.example/a/b?c=d", "https://one.acme.example/home?x=1"]
        {
            assert!(t.permitted_return(good).is_some(), "{good}");
        }
        for bad in [
            "//evil.example",
            "/\\evil.example",
            "https:evil.example",
            "https:/evil.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "https://app.acme.example@evil.example/",
            "https://app.acme.example.evil.example/",
            "https://app.acme.example/%2f%2fevil",
            "https://app.acme.example//evil.example",
            "https://app.acme.example/\r\nX: y",
            "https://app.acme.example\u{2215}evil.example/",
            "http://app.acme.example/",
            "https://app.acme.example:444/",
            "https://one.acme.example/home",
            "https://one.acme.example/home?x=1&y=2",
            "https://app.acme.example/#x",
            "https://app.acme.example/..%2e/",
        ] {
            assert!(t.permitted_return(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn t_14_reserved_and_odd_slugs_are_refused() {
        for bad in ["a", "Acme", "-a", "a-", "a--b", "1a", "a_b", "admin", "login", "ä", &"a".repeat(41)] {
            assert!(!is_slug(bad), "{bad}");
        }
        assert!(is_slug("acme-2"));
    }
}
