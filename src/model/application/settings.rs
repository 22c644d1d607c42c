//! What an admin writes about an application, and the rules over it.

use chrono::Duration;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::model::connection::oidc::TokenEndpointAuthMethod;
use crate::model::scope::{self, Scopes};
use crate::model::text_enum::text_enum;

text_enum! {
    /// What an application's tokens are signed with (RFC 7518, RFC 8037).
    TokenAlgorithm {
        /// ECDSA on P-256; the default: fast and small.
        ES256 = "ES256",
        /// RSA with SHA-256, for clients that know nothing else.
        RS256 = "RS256",
        /// Ed25519.
        EdDSA = "EdDSA",
    }
}

impl TokenAlgorithm {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::ES256, Self::RS256, Self::EdDSA];
}

text_enum! {
    /// Which of a user's groups an application is told.
    GroupFilter {
        /// None.
        None = "none",
        /// All.
        All = "all",
        /// Those named in `group_names`.
        Named = "named",
    }
}

text_enum! {
    /// A claim about a person that tokens and userinfo may carry.
    ClaimName {
        /// Display name.
        Name = "name",
        /// Given name.
        GivenName = "given_name",
        /// Family name.
        FamilyName = "family_name",
        /// URL of a picture.
        Picture = "picture",
        /// When the profile was last changed.
        UpdatedAt = "updated_at",
        /// The SaaS's own id of the person.
        ExternalId = "external_id",
        /// The role in the tenant.
        Role = "role",
        /// E-mail address.
        Email = "email",
        /// Whether the address was proven.
        EmailVerified = "email_verified",
        /// Names of the groups.
        Groups = "groups",
    }
}

/// Every claim, in the order of the scopes that ask for them.
pub const ALL_CLAIMS: [ClaimName; 10] = [
    ClaimName::Name,
    ClaimName::GivenName,
    ClaimName::FamilyName,
    ClaimName::Picture,
    ClaimName::UpdatedAt,
    ClaimName::ExternalId,
    ClaimName::Role,
    ClaimName::Email,
    ClaimName::EmailVerified,
    ClaimName::Groups,
];

impl ClaimName {
    /// The scope that asks for it (OpenID Connect Core 1.0, section 5.4; `groups` is ours).
    #[must_use]
    pub fn scope(self) -> &'static str {
        match self {
            Self::Email | Self::EmailVerified => "email",
            Self::Groups => "groups",
            _ => "profile",
        }
    }
}

/// Everything about an application that is not secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ApplicationSettings {
    /// Where codes may be sent; compared character by character (RFC 9700, section 2.1).
    pub redirect_uris: Vec<String>,
    /// Where a logout may return to; compared character by character.
    pub post_logout_redirect_uris: Vec<String>,
    /// How it proves itself at the token endpoint.
    pub token_endpoint_auth_method: TokenEndpointAuthMethod,
    /// For `private_key_jwt`: its public keys (RFC 7517), or
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub jwks: Option<Value>,
    /// where they are published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    /// What its tokens are signed with.
    pub signing_algorithm: TokenAlgorithm,
    /// Whether it is ours or the customer's own: then nobody is asked for consent.
    pub first_party: bool,
    /// Scopes it may ask for.
    pub scopes: Vec<String>,
    /// Claims it may be told.
    pub claims: Vec<ClaimName>,
    /// Groups it may be told.
    pub groups: GroupFilter,
    /// With `groups` = `named`: their names.
    pub group_names: Vec<String>,
    /// The most group names in a token; with more, the token says `groups_omitted` and userinfo has them all.
    pub max_groups: u32,
    /// Connections that may sign its users in; `null`: any, and passwords.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_connections: Option<Vec<Uuid>>,
    /// Life of an access token, in minutes.
    pub access_token_minutes: u32,
    /// Life of an ID token, in minutes.
    pub id_token_minutes: u32,
    /// Life of a refresh token's family, in days, however often it is renewed.
    pub refresh_token_days: u32,
}

impl Default for ApplicationSettings {
    fn default() -> Self {
        let scopes = ["openid", "profile", "email", "groups", "offline_access"];
        Self {
            redirect_uris: Vec::new(),
            post_logout_redirect_uris: Vec::new(),
            token_endpoint_auth_method: TokenEndpointAuthMethod::ClientSecretBasic,
            jwks: None,
            jwks_uri: None,
            signing_algorithm: TokenAlgorithm::ES256,
            first_party: true,
            scopes: scopes.map(str::to_owned).to_vec(),
            claims: ALL_CLAIMS.to_vec(),
            groups: GroupFilter::All,
            group_names: Vec::new(),
            max_groups: 100,
            allowed_connections: None,
            access_token_minutes: 10,
            id_token_minutes: 10,
            refresh_token_days: 30,
        }
    }
}

impl ApplicationSettings {
    /// Whether the authentication method rests on a secret of ours.
    #[must_use]
    pub fn uses_secret(&self) -> bool {
        use TokenEndpointAuthMethod::{ClientSecretBasic, ClientSecretPost};
        matches!(self.token_endpoint_auth_method, ClientSecretBasic | ClientSecretPost)
    }

    /// Whether it may ask for tokens that open `/v1` with their user's role.
    #[must_use]
    pub fn opens_api(&self) -> bool {
        self.scopes.iter().any(|scope| scope == scope::API_READ || scope == scope::API_WRITE)
    }

    /// The names of the settings that differ from `other`'s.
    #[must_use]
    pub fn differences(&self, other: &Self) -> Vec<&'static str> {
        macro_rules! differing {
            ($($field:ident)+) => {{
                let Self { $($field),+ } = self; // every one of them, or it does not compile
                let all = [$((stringify!($field), *$field != other.$field)),+];
                all.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
            }};
        }
        differing!(redirect_uris post_logout_redirect_uris token_endpoint_auth_method jwks jwks_uri signing_algorithm
            first_party scopes claims groups group_names max_groups allowed_connections access_token_minutes
            id_token_minutes refresh_token_days)
    }

    /// Whether people may come in by this source; `None` is a password.
    #[must_use]
    pub fn allows_source(&self, source: Option<Uuid>) -> bool {
        let Some(allowed) = &self.allowed_connections else { return true };
        source.is_some_and(|id| allowed.contains(&id))
    }

    /// Those of `asked` that it may have.
    #[must_use]
    pub fn allowed_scopes(&self, asked: &Scopes) -> Scopes {
        asked.filtered(|scope| self.scopes.iter().any(|allowed| allowed == scope))
    }

    /// Whether it may be told this group.
    #[must_use]
    pub fn tells_group(&self, name: &str) -> bool {
        match self.groups {
            GroupFilter::None => false,
            GroupFilter::All => true,
            GroupFilter::Named => self.group_names.iter().any(|known| known == name),
        }
    }

    /// Life of an access token.
    #[must_use]
    pub fn access_token_life(&self) -> Duration {
        Duration::minutes(self.access_token_minutes.into())
    }

    /// Life of an ID token.
    #[must_use]
    pub fn id_token_life(&self) -> Duration {
        Duration::minutes(self.id_token_minutes.into())
    }

    /// Life of a family of refresh tokens.
    #[must_use]
    pub fn refresh_token_life(&self) -> Duration {
        Duration::days(self.refresh_token_days.into())
    }
}

/// Whether a text may be registered as a redirect URI: absolute, no fragment, no credentials, nothing that readers
/// disagree about; https, http on loopback, or a private-use scheme of a native application (RFC 8252, section 7.1).
#[must_use]
pub fn is_redirect_uri(text: &str) -> bool {
    let tricky = |c: char| c.is_control() || c.is_whitespace() || c == '\\' || c == '*' || !c.is_ascii();
    if text.len() > 2048 || text.chars().any(tricky) {
        return false;
    }
    let Ok(url) = Url::parse(text) else { return false };
    let plain = url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
    let loopback = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    plain
        && match url.scheme() {
            "https" => url.host_str().is_some(),
            "http" => loopback,
            private => private.contains('.'),
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p_01_only_plain_absolute_redirect_uris_can_be_registered() {
        for good in
            ["https://app.example/cb", "https://app.example/cb?x=1", "http://127.0.0.1:8080/cb", "com.example.app:/cb"]
        {
            assert!(is_redirect_uri(good), "{good}");
        }
        let bad = [
            "",
            "/cb",
            "https://app.example/cb#x",
            "https://u:p@app.example/cb",
            "https://app.example/*",
            "http://app.example/cb",
            "javascript:alert(1)",
            "data:text/html,x",
            "https://app.example\\@evil.example/",
            "https://аpp.example/",
            "//app.example/cb",
        ];
        for bad in bad {
            assert!(!is_redirect_uri(bad), "{bad}");
        }
    }
}
