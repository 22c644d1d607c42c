//! Steps 2 and 3 for OpenID Connect: the code becomes claims, the claims an assertion.

use secrecy::{ExposeSecret, SecretString};

use crate::context::Context;
use crate::context::caches::TenantCache;
use crate::context::provider::{OpenIdProvider, Provider};
use crate::flows::Error;
use crate::flows::begin_login::redirect_uri;
use crate::flows::finish_login::{ResponseParams, Vouched, Why};
use crate::flows::open_session::Proof;
use crate::model::audit::LoginMethod;
use crate::model::session::{Upstream, UpstreamTokens};
use crate::model::text::tamed;
use crate::protocol::oidc::callback;
use crate::protocol::oidc::redeem::{self, CodeGrant, Redeemed};

/// Most characters of a provider's own words that the audit log keeps.
const MAX_DETAIL: usize = 500;
/// Longest `acr`, and longest of the `amr`, that is passed on, in characters.
pub(super) const MAX_CONTEXT: usize = 255;
/// Most authentication methods that are passed on.
const MAX_METHODS: usize = 10;

/// What an attempt remembers.
pub(super) struct Remembered {
    pub nonce: String,
    pub pkce_verifier: Option<String>,
}

/// Redeems the code.
pub(super) async fn verify(
    ctx: &Context,
    tenant: &TenantCache,
    (provider, party): (&Provider, &OpenIdProvider),
    params: &ResponseParams,
    remembered: Remembered,
) -> Result<Vouched, Why> {
    let (settings, connection) = (&party.settings, provider.connection.id);
    callback::check_issuer(settings, &party.endpoints, params.iss.as_deref()).map_err(Error::from)?;
    if let Some(error) = &params.error {
        // O-15: anybody can write these two; the audit log keeps no NUL (PostgreSQL has none) and no book.
        let detail = params.error_description.as_deref().unwrap_or_default();
        return Err(Why::new("provider_error", tamed(&format!("{error} {detail}"), MAX_DETAIL)));
    }
    let code = params.code.as_ref().ok_or_else(|| Why::new("code_missing", None))?;
    let verifier = SecretString::from(remembered.pkce_verifier.unwrap_or_default());
    let grant = CodeGrant {
        code,
        code_verifier: &verifier,
        nonce: &remembered.nonce,
        redirect_uri: &redirect_uri(ctx, tenant, connection)?,
    };
    let lane = ctx.lane(connection);
    let redeemed = redeem::redeem(&party.party(ctx, &lane), &grant).await.map_err(Error::from)?;
    let assertion = settings.claim_mapping.apply(&redeemed.claims).map_err(|e| Why::new(e.code(), e.to_string()))?;
    Ok(Vouched { assertion, proof: proof(provider, &redeemed), warnings: Vec::new() })
}

/// What the provider's answer proves.
fn proof(provider: &Provider, redeemed: &Redeemed) -> Proof {
    let told = &redeemed.claims.claims;
    let amr = told.get("amr").and_then(serde_json::Value::as_array).into_iter().flatten();
    Proof {
        method: LoginMethod::Oidc,
        source_id: Some(provider.connection.id),
        auth_time: redeemed.claims.auth_time,
        acr: told.get("acr").and_then(|acr| acr.as_str()).map(|acr| tamed(acr, MAX_CONTEXT)),
        amr: amr.filter_map(|method| method.as_str()).take(MAX_METHODS).map(|m| tamed(m, MAX_CONTEXT)).collect(),
        upstream: Some(Upstream::Oidc(UpstreamTokens {
            id_token: redeemed.id_token.expose_secret().to_owned(),
            refresh_token: redeemed.refresh_token.as_ref().map(|t| t.expose_secret().to_owned()),
            access_token: Some(redeemed.access_token.expose_secret().to_owned()),
        })),
        ends_at: None,
    }
}
