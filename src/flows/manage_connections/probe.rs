//! probe: asks the provider whether the connection can work: metadata, endpoints, at least one usable key.

use serde_json::Value;

use crate::context::Context;
use crate::context::provider::{Provider, Speaks};
use crate::flows::Error;
use crate::model::connection::{Connection, Settings};
use crate::outbound::MAX_BODY;
use crate::protocol::jwt::key_set::KeySet;
use crate::protocol::oidc::discovery::discover;

/// What a probe found.
#[derive(Debug)]
pub struct Probed {
    /// The discovery document, where the connection uses one.
    pub metadata: Option<Value>,
}

/// Asks the provider. The row need not be saved.
///
/// # Errors
/// [`Error::Provider`] says what is missing or wrong.
pub async fn probe(ctx: &Context, row: &Connection) -> Result<Probed, Error> {
    let Settings::Oidc(settings) = &row.settings.0 else {
        return Err(Error::Internal("SAML".into()));
    };
    let lane = ctx.lane(row.id);
    let mut row = row.clone();
    let metadata = match (&settings.issuer, settings.discovery) {
        (Some(issuer), true) => {
            let found = discover(&lane, issuer).await?;
            Some(serde_json::to_value(found).map_err(|e| Error::Internal(e.to_string()))?)
        }
        _ => None,
    };
    row.provider_metadata.clone_from(&metadata);
    if settings.client_id.is_none() {
        let message = "the connection has no client_id".to_owned();
        return Err(Error::Provider { code: "connection_incomplete", message });
    }
    // Loading is the same check that every login makes: what passes here is what will be used.
    let provider = Provider::load(ctx, "", row, &[])?;
    let Speaks::Oidc(provider) = &provider.speaks else { return Err(Error::Internal("protocol".into())) };
    let failed = |message: String| Error::Provider { code: "jwks_unreachable", message };
    let answer = lane
        .get(provider.endpoints.jwks_uri.as_str(), "application/json", MAX_BODY)
        .await
        .map_err(|e| failed(format!("the provider's keys cannot be fetched: {e}")))?;
    if answer.status() != http::StatusCode::OK {
        return Err(failed(format!("the provider's keys cannot be fetched: HTTP status {}", answer.status().as_u16())));
    }
    // Row A6: signatures are always checked, so a connection without keys signs nobody in.
    KeySet::parse(answer.body()).map_err(|e| Error::Provider { code: e.code(), message: e.to_string() })?;
    Ok(Probed { metadata })
}
