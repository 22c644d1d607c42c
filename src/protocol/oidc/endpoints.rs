//! Where the provider's endpoints are, once settings and metadata are put together.

use url::Url;

use super::discovery::ProviderMetadata;
use super::error::OidcError;
use crate::model::connection::oidc::OidcSettings;

/// A connection's endpoints: what the admin wrote wins over discovery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// The issuer as configured.
    pub issuer: String,
    /// Where the browser goes.
    pub authorization: Url,
    /// Where the code is redeemed.
    pub token: Url,
    /// Where claims can be asked.
    pub userinfo: Option<Url>,
    /// Where the keys are.
    pub jwks_uri: Url,
    /// Where tokens are revoked.
    pub revocation: Option<Url>,
    /// Where the browser goes to sign out.
    pub end_session: Option<Url>,
    /// Client authentication methods that the provider names; empty when it names none.
    pub token_auth_methods: Vec<String>,
    /// Whether the authorization response must carry `iss`.
    pub response_has_issuer: bool,
}

impl Endpoints {
    /// Puts them together. `metadata` is ignored when the settings switch discovery off.
    ///
    /// # Errors
    /// [`OidcError::Incomplete`] names a missing issuer or endpoint, or one that is not an http(s) URL.
    pub fn resolve(settings: &OidcSettings, metadata: Option<&ProviderMetadata>) -> Result<Self, OidcError> {
        let found = metadata.filter(|_| settings.discovery).cloned().unwrap_or_default();
        let given = &settings.endpoints;
        Ok(Self {
            issuer: settings.issuer.clone().ok_or(OidcError::Incomplete("issuer"))?,
            authorization: required("authorization endpoint", &given.authorization, &found.authorization_endpoint)?,
            token: required("token endpoint", &given.token, &found.token_endpoint)?,
            userinfo: optional("usable userinfo endpoint", &given.userinfo, &found.userinfo_endpoint)?,
            jwks_uri: required("jwks_uri", &given.jwks_uri, &found.jwks_uri)?,
            revocation: optional("usable revocation endpoint", &given.revocation, &found.revocation_endpoint)?,
            end_session: optional("usable end-session endpoint", &given.end_session, &found.end_session_endpoint)?,
            token_auth_methods: found.token_endpoint_auth_methods_supported.unwrap_or_default(),
            response_has_issuer: found.authorization_response_iss_parameter_supported,
        })
    }
}

fn required(name: &'static str, given: &Option<String>, found: &Option<String>) -> Result<Url, OidcError> {
    optional(name, given, found)?.ok_or(OidcError::Incomplete(name))
}

fn optional(name: &'static str, given: &Option<String>, found: &Option<String>) -> Result<Option<Url>, OidcError> {
    let Some(text) = given.as_ref().or(found.as_ref()) else {
        return Ok(None);
    };
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "https" | "http") => Ok(Some(url)),
        _ => Err(OidcError::Incomplete(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata() -> ProviderMetadata {
        let at = |path: &str| Some(format!("https://op.example{path}"));
        ProviderMetadata {
            issuer: "https://op.example".to_owned(),
            authorization_endpoint: at("/auth"),
            token_endpoint: at("/token"),
            jwks_uri: at("/jwks"),
            ..ProviderMetadata::default()
        }
    }

    fn settings() -> OidcSettings {
        OidcSettings { issuer: Some("https://op.example".to_owned()), ..OidcSettings::default() }
    }

    #[test]
    fn what_the_admin_wrote_wins_over_discovery() {
        let mut settings = settings();
        settings.endpoints.token = Some("https://other.example/token".to_owned());
        let endpoints = Endpoints::resolve(&settings, Some(&metadata())).expect("complete");
        assert_eq!(endpoints.token.as_str(), "https://other.example/token");
        assert_eq!(endpoints.authorization.as_str(), "https://op.example/auth");
        assert_eq!(endpoints.userinfo, None);
    }

    #[test]
    fn without_discovery_only_what_the_admin_wrote_counts() {
        let settings = OidcSettings { discovery: false, ..settings() };
        let missing = Endpoints::resolve(&settings, Some(&metadata())).expect_err("incomplete");
        assert_eq!(missing.code(), "connection_incomplete");
    }

    #[test]
    fn an_endpoint_that_is_no_web_address_is_not_used() {
        let mut settings = settings();
        settings.endpoints.authorization = Some("javascript:alert(1)".to_owned());
        assert!(Endpoints::resolve(&settings, Some(&metadata())).is_err());
    }
}
