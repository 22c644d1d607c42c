//! Codes and refresh tokens: opaque to clients, but they name the tenant whose grant they are of.

use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use crate::secrets::token;

/// What an opaque token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opaque {
    /// An authorization code.
    Code,
    /// A refresh token.
    RefreshToken,
}

impl Opaque {
    fn prefix(self) -> &'static str {
        match self {
            Self::Code => "dwc_",
            Self::RefreshToken => "dwr_",
        }
    }

    /// A new one of this tenant: 256 random bits.
    #[must_use]
    pub fn generate(self, tenant: Uuid) -> SecretString {
        format!("{}{}_{}", self.prefix(), tenant.simple(), token::random()).into()
    }

    /// The tenant that `text` names and its hash to look for; `None` when it has not the shape of one.
    #[must_use]
    pub fn read(self, text: &SecretString) -> Option<(Uuid, Vec<u8>)> {
        let text = text.expose_secret();
        let (tenant, secret) = text.strip_prefix(self.prefix())?.split_once('_')?;
        let tenant = (tenant.len() == 32).then(|| Uuid::try_parse(tenant).ok()).flatten()?;
        (secret.len() == 43).then(|| (tenant, token::hash(text)))
    }
}
