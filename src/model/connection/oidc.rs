//! The settings of an OpenID Connect connection, as an admin writes them and the database keeps them (one JSON column).
//!
//! The client secret and our own signing key are not here: they are sealed columns of their own.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use crate::model::claims::ClaimMapping;

/// How the client proves itself at the token endpoint (OpenID Connect Core 1.0, section 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TokenEndpointAuthMethod {
    /// HTTP Basic with client id and secret.
    ClientSecretBasic,
    /// Client id and secret in the form body.
    ClientSecretPost,
    /// A JWT signed by the connection's own key (RFC 7523), which Doorward generates and publishes.
    PrivateKeyJwt,
    /// A public client: PKCE alone.
    None,
}

/// PKCE code challenge method (RFC 7636). `S256` unless the provider cannot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub enum CodeChallengeMethod {
    /// SHA-256 of the verifier; the default.
    #[default]
    S256,
    /// The verifier itself; weak, only for providers that know nothing better.
    #[serde(rename = "plain")]
    Plain,
    /// No PKCE at all; weak, for providers that refuse the parameter (ADFS 2016).
    #[serde(rename = "none")]
    None,
}

/// How the provider hands the code back (OAuth 2.0 Multiple Response Types, Form Post Response Mode).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResponseMode {
    /// In the query of a redirect; the default.
    #[default]
    Query,
    /// In a form that the browser posts.
    FormPost,
}

/// Where the claims about a person are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClaimsSource {
    /// The ID token only.
    IdToken,
    /// The userinfo endpoint only (its `sub` must equal the ID token's).
    Userinfo,
    /// Both, with equal `sub`; the ID token wins where they differ, the weaker `email_verified` counts. The default.
    #[default]
    Both,
}

/// A signature algorithm that may be allowed for ID tokens and signed userinfo (RFC 7518). Symmetric ones do not exist here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[expect(missing_docs, reason = "the names are the registered ones")]
pub enum SigningAlgorithm {
    RS256,
    RS384,
    RS512,
    PS256,
    PS384,
    PS512,
    ES256,
    ES384,
    EdDSA,
}

impl SigningAlgorithm {
    /// What a connection accepts when the admin names nothing: the common asymmetric ones.
    #[must_use]
    pub fn defaults() -> Vec<Self> {
        vec![Self::RS256, Self::ES256, Self::PS256, Self::EdDSA]
    }
}

/// Endpoints given by hand; each one set here wins over discovery.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EndpointOverrides {
    /// Authorization endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization: Option<String>,
    /// Token endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Userinfo endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub userinfo: Option<String>,
    /// JSON Web Key Set document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    /// Token revocation endpoint (RFC 7009).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revocation: Option<String>,
    /// End-session endpoint (OpenID Connect RP-Initiated Logout 1.0).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_session: Option<String>,
}

/// Everything about an OIDC connection that is not secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OidcSettings {
    /// The provider's issuer identifier ("authority"), compared exactly with the token's `iss`. May hold Entra's literal
    /// `{tenantid}`; then `allowed_tenant_ids` must not be empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// Further values of `iss` that mean the same provider (Google's scheme-less one, say).
    pub issuer_aliases: Vec<String>,
    /// Values of Entra's `tid` claim that may stand for `{tenantid}`.
    pub allowed_tenant_ids: Vec<String>,
    /// Whether endpoints come from `{issuer}/.well-known/openid-configuration`.
    pub discovery: bool,
    /// Endpoints given by hand.
    pub endpoints: EndpointOverrides,
    /// Our client id at the provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// `null`: `client_secret_basic` or `_post`, as the provider advertises, when there is a secret; else `none`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_method: Option<TokenEndpointAuthMethod>,
    /// PKCE method.
    pub code_challenge_method: CodeChallengeMethod,
    /// Standard scopes; `openid` is always sent. A list, or one text with spaces or commas between them.
    #[serde(deserialize_with = "scope_list")]
    pub scopes: Vec<String>,
    /// Scopes beyond the standard ones, written like `scopes`.
    #[serde(deserialize_with = "scope_list")]
    pub additional_scopes: Vec<String>,
    /// Extra parameters for the authorization request (`resource`, `hd`, ..); never one that Doorward sets itself.
    pub authorization_parameters: BTreeMap<String, String>,
    /// How the code comes back.
    pub response_mode: ResponseMode,
    /// Where claims are read.
    pub claims_source: ClaimsSource,
    /// Which claim means what.
    pub claim_mapping: ClaimMapping,
    /// Accepted signature algorithms; the token's own `alg` only ever picks from these.
    pub signing_algorithms: Vec<SigningAlgorithm>,
    /// `prompt` of the authorization request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// Whether an address typed on the login page is passed on as `login_hint`.
    pub forward_login_hint: bool,
    /// `max_age` in seconds; when set, the ID token must carry a fresh `auth_time`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_age: Option<u32>,
    /// `acr_values`; when set, the ID token's `acr` must be one of them.
    pub acr_values: Vec<String>,
    /// Whether logout goes on to the provider's end-session endpoint when it has one.
    pub rp_initiated_logout: bool,
    /// Whether logout revokes the provider's tokens when it has a revocation endpoint.
    pub revoke_tokens: bool,
}

/// Reads scopes as a list, or as one text with spaces or commas between them, as providers' manuals print them (row A7).
fn scope_list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "a list of scopes, or one text with spaces or commas between them")]
    enum Scopes {
        List(Vec<String>),
        Text(String),
    }
    Ok(match Scopes::deserialize(deserializer)? {
        Scopes::List(list) => list,
        Scopes::Text(text) => {
            let between = |c: char| c == ',' || c.is_whitespace();
            text.split(between).filter(|s| !s.is_empty()).map(str::to_owned).collect()
        }
    })
}

impl Default for OidcSettings {
    fn default() -> Self {
        Self {
            issuer: None,
            issuer_aliases: Vec::new(),
            allowed_tenant_ids: Vec::new(),
            discovery: true,
            endpoints: EndpointOverrides::default(),
            client_id: None,
            token_endpoint_auth_method: None,
            code_challenge_method: CodeChallengeMethod::S256,
            scopes: vec!["openid".into(), "profile".into(), "email".into()],
            additional_scopes: Vec::new(),
            authorization_parameters: BTreeMap::new(),
            response_mode: ResponseMode::Query,
            claims_source: ClaimsSource::Both,
            claim_mapping: ClaimMapping::default(),
            signing_algorithms: SigningAlgorithm::defaults(),
            prompt: None,
            forward_login_hint: true,
            max_age: None,
            acr_values: Vec::new(),
            rp_initiated_logout: true,
            revoke_tokens: false,
        }
    }
}

impl OidcSettings {
    /// Whether with `new` settings the provider's ids would mean other people: another issuer or user-id claim.
    #[must_use]
    pub fn renames_people(&self, new: &Self) -> bool {
        self.issuer.is_some() && (self.issuer != new.issuer || self.claim_mapping.user_id != new.claim_mapping.user_id)
    }

    /// Whether `new` settings believe somebody else: other issuers, directories, endpoints, keys or sources of claims.
    #[must_use]
    pub fn trusts_others(&self, new: &Self) -> bool {
        self.issuer != new.issuer
            || self.issuer_aliases != new.issuer_aliases
            || self.allowed_tenant_ids != new.allowed_tenant_ids
            || self.discovery != new.discovery
            || self.endpoints != new.endpoints
            || self.claims_source != new.claims_source
            || self.claim_mapping.user_id != new.claim_mapping.user_id
    }

    /// Whether with `new` settings the client secret would go to another server.
    #[must_use]
    pub fn sends_secret_elsewhere(&self, new: &Self) -> bool {
        self.issuer != new.issuer
            || self.discovery != new.discovery
            || self.endpoints.token != new.endpoints.token
            || self.endpoints.revocation != new.endpoints.revocation
    }

    /// Every scope of the authorization request, `openid` first, none twice.
    #[must_use]
    pub fn all_scopes(&self) -> Vec<&str> {
        let mut all = vec!["openid"];
        for scope in self.scopes.iter().chain(&self.additional_scopes) {
            if !all.contains(&scope.as_str()) {
                all.push(scope);
            }
        }
        all
    }
}
