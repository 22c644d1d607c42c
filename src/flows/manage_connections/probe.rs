//! probe: asks the provider whether the connection can work: metadata, endpoints, at least one usable key.

use http::StatusCode;

use super::metadata;
use crate::context::Context;
use crate::context::provider::{Provider, Speaks};
use crate::context::saml_provider::idp_document;
use crate::flows::Error;
use crate::model::connection::oidc::OidcSettings;
use crate::model::connection::saml::SamlSettings;
use crate::model::connection::{Connection, Settings};
use crate::outbound::MAX_BODY;
use crate::protocol::jwt::key_set::KeySet;
use crate::protocol::oidc::discovery::discover;
use crate::store::saml_keys;

/// Asks the provider of a connection of the tenant with this slug. The row need not be saved; it comes back with what the
/// provider says. Without `fetch` a SAML provider's metadata is taken as the row has it.
///
/// # Errors
/// [`Error::Provider`] says what is missing or wrong.
pub async fn probe(ctx: &Context, slug: &str, row: Connection, fetch: bool) -> Result<Connection, Error> {
    let now = ctx.clock.now();
    let mut row = match row.settings.0.clone() {
        Settings::Oidc(settings) => oidc(ctx, slug, row, &settings).await?,
        Settings::Saml(settings) => saml(ctx, slug, row, &settings, fetch).await?,
    };
    row.provider_asked_at = Some(now);
    row.provider_due_at = Some(metadata::due(idp_document(&row).as_ref(), now));
    Ok(row)
}

async fn oidc(ctx: &Context, slug: &str, mut row: Connection, settings: &OidcSettings) -> Result<Connection, Error> {
    let lane = ctx.lane(row.id);
    (row.provider_metadata, row.provider_metadata_at) = match (&settings.issuer, settings.discovery) {
        (Some(issuer), true) => {
            let found = discover(&lane, issuer).await?;
            let document = serde_json::to_value(found).map_err(|e| Error::Internal(e.to_string()))?;
            (Some(document), Some(ctx.clock.now()))
        }
        _ => (None, None),
    };
    if settings.client_id.is_none() {
        let message = "the connection has no client_id".to_owned();
        return Err(Error::Provider { code: "connection_incomplete", message });
    }
    // Loading is the same check that every login makes: what passes here is what will be used.
    let provider = Provider::load(ctx, slug, row, Vec::new()).await?;
    let failed = |message: String| Error::Provider { code: "jwks_unreachable", message };
    if let Speaks::Oidc(speaks) = &provider.speaks {
        let answer = lane
            .get(speaks.endpoints.jwks_uri.as_str(), "application/json", MAX_BODY)
            .await
            .map_err(|e| failed(format!("the provider's keys cannot be fetched: {e}")))?;
        if answer.status() != StatusCode::OK {
            let status = answer.status().as_u16();
            return Err(failed(format!("the provider's keys cannot be fetched: HTTP status {status}")));
        }
        // Row A6: signatures are always checked, so a connection without keys signs nobody in.
        KeySet::parse(answer.body()).map_err(|e| Error::Provider { code: e.code(), message: e.to_string() })?;
    }
    Ok(provider.connection)
}

async fn saml(
    ctx: &Context,
    slug: &str,
    mut row: Connection,
    settings: &SamlSettings,
    fetch: bool,
) -> Result<Connection, Error> {
    if let Some(url) = settings.metadata_url.as_ref().filter(|_| fetch) {
        let body = fetched(ctx, &row, url).await?;
        let document = metadata::read(ctx, &body, None, settings)?;
        metadata::keep(&mut row, &document, ctx.clock.now())?;
    }
    let (tenant, id) = (row.tenant_id, row.id);
    let keys = ctx.db.tenant(tenant, move |conn| Ok::<_, Error>(saml_keys::of_connection(conn, tenant, id)?)).await?;
    Ok(Provider::load(ctx, slug, row, keys).await?.connection)
}

/// C-50, C-54: from the URL that an admin wrote, by the one client that goes nowhere else.
async fn fetched(ctx: &Context, row: &Connection, url: &str) -> Result<Vec<u8>, Error> {
    let failed = |what: String| Error::Provider {
        code: "saml_metadata_unreachable",
        message: format!("the provider's metadata cannot be fetched: {what}"),
    };
    let accept = "application/samlmetadata+xml, application/xml, text/xml";
    let answer = ctx.lane(row.id).get(url, accept, MAX_BODY).await.map_err(|e| failed(e.to_string()))?;
    if answer.status() != StatusCode::OK {
        return Err(failed(format!("HTTP status {}", answer.status().as_u16())));
    }
    Ok(answer.into_body())
}
