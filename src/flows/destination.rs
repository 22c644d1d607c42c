//! Destination: where a login ends. It is carried through every link and form of the login page.

use uuid::Uuid;

use crate::context::Context;
use crate::model::tenant::Tenant;

/// Longest target that is carried along, in bytes (C-31).
const MAX_RETURN: usize = 2048;

/// Where somebody wants to be once signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// A URL that the request named; it counts only where the tenant lists it.
    ReturnTo(String),
    /// The authorization request of our OpenID provider that waits for this login.
    Request(Uuid),
}

/// A member's own page.
#[must_use]
pub fn account_url(ctx: &Context, tenant: &Tenant) -> String {
    ctx.config.url(&format!("/t/{}/account", tenant.slug))
}

/// The same, for who wants to change something there that needs a login a few minutes old at most (`flows::fresh_login`).
#[must_use]
pub fn account_again_url(ctx: &Context, tenant: &Tenant) -> String {
    format!("{}?again=true", account_url(ctx, tenant))
}

impl Destination {
    /// Reads what a link or a form carries. A request wins over a URL; a URL that is too long is forgotten.
    #[must_use]
    pub fn read(request: Option<Uuid>, return_to: Option<String>) -> Option<Self> {
        request.map(Self::Request).or_else(|| return_to.filter(|to| to.len() <= MAX_RETURN).map(Self::ReturnTo))
    }

    /// Name and value of the parameter that carries it on.
    #[must_use]
    pub fn parameter(&self) -> (&'static str, String) {
        match self {
            Self::ReturnTo(url) => ("return_to", url.clone()),
            Self::Request(id) => ("request", id.to_string()),
        }
    }

    /// Whether the provider is to ask who it is, whatever session it has.
    #[must_use]
    pub fn asks_anew(&self, ctx: &Context, tenant: &Tenant) -> bool {
        matches!(self, Self::ReturnTo(url) if *url == account_again_url(ctx, tenant))
    }

    /// The checked URL; `None` for a target that the tenant does not list (W-10, O-43), which means its landing page.
    #[must_use]
    pub fn url(&self, ctx: &Context, tenant: &Tenant) -> Option<String> {
        match self {
            Self::ReturnTo(url) if [account_url(ctx, tenant), account_again_url(ctx, tenant)].contains(url) => {
                Some(url.clone())
            }
            Self::ReturnTo(url) => tenant.permitted_return(url).map(String::from),
            Self::Request(id) => Some(ctx.config.url(&format!("/t/{}/oauth2/continue/{id}", tenant.slug))),
        }
    }
}
