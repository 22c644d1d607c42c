//! Connections of a tenant.

use actix_web::HttpResponse;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::context::saml_provider::{OwnUrls, idp_document, pinned};
use crate::flows::authenticate::Caller;
use crate::flows::manage_connections::{self, ConnectionIn, ConnectionPatch, SettingsDocument, warnings};
use crate::http::Ctx;
use crate::http::admin::certificate::CertificateOut;
use crate::http::admin::{self, ConfirmQuery, ObjectPath};
use crate::http::auth::{TenantAdmin, TenantAuditor};
use crate::http::body::{Body, Query, XmlText};
use crate::http::etag::{self, IfMatch};
use crate::http::paging::{Page, PageQuery};
use crate::http::problem::Problem;
use crate::model::connection::provisioning::ProvisioningPolicy;
use crate::model::connection::{Connection, ConnectionStatus, Protocol, Settings};
use crate::store::{connections, domains};

/// A connection, without its secrets.
#[derive(Debug, Serialize, ToSchema)]
#[expect(missing_docs, reason = "the fields are described at ConnectionIn")]
pub struct ConnectionOut {
    pub id: Uuid,
    pub display_name: String,
    pub protocol: Protocol,
    pub status: ConnectionStatus,
    #[schema(value_type = SettingsDocument)]
    pub settings: Value,
    pub provisioning: ProvisioningPolicy,
    /// Whether a client secret is kept.
    pub has_client_secret: bool,
    pub client_secret_expires_at: Option<DateTime<Utc>>,
    /// With OIDC: to be registered at the provider as redirect URI.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub callback_url: Option<String>,
    /// Where a login by this connection begins.
    pub login_url: String,
    /// With OIDC: to be registered at the provider for its logout.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub post_logout_redirect_url: Option<String>,
    /// With OIDC: our public key for private_key_jwt, as a JWK Set; empty when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks_url: Option<String>,
    /// With SAML: what we are called there, and where, to be registered at the provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_provider: Option<ServiceProviderOut>,
    /// With SAML: the provider's certificates that are believed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificates: Option<Vec<CertificateOut>>,
    /// The provider's discovery document, or what its SAML metadata says, as last seen good.
    pub provider_metadata: Option<Value>,
    pub provider_metadata_at: Option<DateTime<Utc>>,
    /// What is allowed but weaker than it could be, as codes.
    pub warnings: Vec<&'static str>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// What a SAML provider is told about us.
#[derive(Debug, Serialize, ToSchema)]
pub struct ServiceProviderOut {
    /// Our entity id, which is also where our metadata is.
    pub entity_id: String,
    /// Where responses are posted to.
    pub acs_url: String,
    /// Where logout messages go.
    pub slo_url: String,
    /// Our metadata.
    pub metadata_url: String,
}

impl From<OwnUrls> for ServiceProviderOut {
    fn from(OwnUrls { entity_id, acs_url, slo_url }: OwnUrls) -> Self {
        Self { metadata_url: entity_id.clone(), entity_id, acs_url, slo_url }
    }
}

/// The connection as it is shown, with warnings that look at the tenant's domains.
async fn shown(ctx: &Ctx, caller: &Caller, row: &Connection) -> Result<ConnectionOut, Problem> {
    Ok(out(ctx, caller, row, &admin::read(ctx, caller, domains::verified_routes).await?))
}

fn out(ctx: &Ctx, caller: &Caller, row: &Connection, domains: &[Option<Uuid>]) -> ConnectionOut {
    let (slug, now) = (&caller.tenant.tenant.slug, ctx.clock.now());
    let sso = |part: &str| ctx.config.url(&format!("/t/{slug}/sso/{}/{part}", row.id));
    let saml = match &row.settings.0 {
        Settings::Oidc(_) => None,
        Settings::Saml(settings) => Some(settings),
    };
    let oidc = |url: String| saml.is_none().then_some(url);
    let document = idp_document(row);
    let certificates = |s| CertificateOut::all(pinned(s, document.as_ref()), now);
    ConnectionOut {
        id: row.id,
        display_name: row.display_name.clone(),
        protocol: row.settings.0.protocol(),
        status: row.status,
        settings: settings(&row.settings.0),
        provisioning: row.provisioning.0.clone(),
        has_client_secret: row.client_secret.is_some(),
        client_secret_expires_at: row.client_secret_expires_at,
        callback_url: oidc(sso("callback")),
        login_url: ctx.config.url(&format!("/t/{slug}/login/{}", row.id)),
        post_logout_redirect_url: oidc(ctx.config.url(&format!("/t/{slug}/logout/done"))),
        jwks_url: oidc(sso("jwks.json")),
        service_provider: saml.map(|_| OwnUrls::of(&ctx.config, slug, row.id).into()),
        certificates: saml.map(|s| certificates(s)),
        provider_metadata: row.provider_metadata.clone(),
        provider_metadata_at: row.provider_metadata_at,
        warnings: warnings(row, domains, now),
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
    }
}

/// The settings as they are written in requests: the protocol stands beside them.
fn settings(settings: &Settings) -> Value {
    let document = match settings {
        Settings::Oidc(settings) => serde_json::to_value(settings),
        Settings::Saml(settings) => serde_json::to_value(settings),
    };
    document.unwrap_or_default()
}

/// Lists connections.
#[utoipa::path(get, path = "/v1/tenants/{tenant}/connections", tag = "connections", params(PageQuery), responses((status = 200, body = Page<ConnectionOut>)))]
pub async fn list_connections(
    ctx: Ctx,
    caller: TenantAuditor,
    query: Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let page = query.read()?.request()?;
    let wanted = move |c: &mut _, t| Ok((connections::list(c, t, page)?, domains::verified_routes(c, t)?));
    let (rows, domains) = admin::read(&ctx, &caller, wanted).await?;
    Ok(HttpResponse::Ok().json(Page::of(&rows, page, |c| c.id, |c| out(&ctx, &caller, c, &domains))))
}

/// Creates a connection as a draft.
#[utoipa::path(post, path = "/v1/tenants/{tenant}/connections", tag = "connections", request_body = ConnectionIn, responses((status = 201, body = ConnectionOut)))]
pub async fn create_connection(
    ctx: Ctx,
    caller: TenantAdmin,
    body: Body<ConnectionIn>,
) -> Result<HttpResponse, Problem> {
    let row = manage_connections::create(&ctx, &caller, body.read()?).await?;
    Ok(etag::created(
        admin::location(&ctx, &caller, "connections", row.id),
        row.version,
        &shown(&ctx, &caller, &row).await?,
    ))
}

/// Reads a connection.
#[utoipa::path(get, path = "/v1/tenants/{tenant}/connections/{id}", tag = "connections", responses((status = 200, body = ConnectionOut)))]
pub async fn get_connection(ctx: Ctx, caller: TenantAuditor, path: ObjectPath) -> Result<HttpResponse, Problem> {
    let row = admin::find(&ctx, &caller, move |c, t| connections::find(c, t, path.1)).await?;
    Ok(etag::ok(row.version, &shown(&ctx, &caller, &row).await?))
}

/// Changes a connection; an active one is checked against its provider first.
#[utoipa::path(patch, path = "/v1/tenants/{tenant}/connections/{id}", tag = "connections", params(ConfirmQuery), request_body = ConnectionPatch, responses((status = 200, body = ConnectionOut)))]
pub async fn update_connection(
    ctx: Ctx,
    caller: TenantAdmin,
    path: ObjectPath,
    expected: IfMatch,
    confirm: Query<ConfirmQuery>,
    body: Body<ConnectionPatch>,
) -> Result<HttpResponse, Problem> {
    let row = manage_connections::update(
        &ctx,
        &caller,
        path.1,
        expected.read()?,
        body.read()?,
        confirm.read()?.confirm_unlink,
    )
    .await?;
    Ok(etag::ok(row.version, &shown(&ctx, &caller, &row).await?))
}

/// Which entity of metadata that has several.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct EntityQuery {
    /// Its entity id.
    pub entity_id: Option<String>,
}

/// Takes a SAML provider's metadata, as its file is.
#[utoipa::path(put, path = "/v1/tenants/{tenant}/connections/{id}/metadata", tag = "connections", params(EntityQuery), request_body(content = String, content_type = "application/samlmetadata+xml"), responses((status = 200, body = ConnectionOut)))]
pub async fn put_connection_metadata(
    ctx: Ctx,
    caller: TenantAdmin,
    path: ObjectPath,
    expected: IfMatch,
    query: Query<EntityQuery>,
    body: XmlText,
) -> Result<HttpResponse, Problem> {
    let patch = ConnectionPatch {
        metadata_xml: Some(body.read()?),
        metadata_entity_id: query.read()?.entity_id,
        ..ConnectionPatch::default()
    };
    let row = manage_connections::update(&ctx, &caller, path.1, expected.read()?, patch, false).await?;
    Ok(etag::ok(row.version, &shown(&ctx, &caller, &row).await?))
}

/// Deletes a connection with its identities, their sessions and what its sync made.
#[utoipa::path(delete, path = "/v1/tenants/{tenant}/connections/{id}", tag = "connections", responses((status = 204)))]
pub async fn delete_connection(
    ctx: Ctx,
    caller: TenantAdmin,
    path: ObjectPath,
    expected: IfMatch,
) -> Result<HttpResponse, Problem> {
    manage_connections::delete(&ctx, &caller, path.1, expected.read()?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Checks the provider and lets the connection sign people in.
#[utoipa::path(post, path = "/v1/tenants/{tenant}/connections/{id}/activate", tag = "connections", responses((status = 200, body = ConnectionOut)))]
pub async fn activate_connection(ctx: Ctx, caller: TenantAdmin, path: ObjectPath) -> Result<HttpResponse, Problem> {
    let row = manage_connections::activate(&ctx, &caller, path.1).await?;
    Ok(etag::ok(row.version, &shown(&ctx, &caller, &row).await?))
}

/// Switches a connection off; the sessions that came in by it end.
#[utoipa::path(post, path = "/v1/tenants/{tenant}/connections/{id}/disable", tag = "connections", responses((status = 200, body = ConnectionOut)))]
pub async fn disable_connection(ctx: Ctx, caller: TenantAdmin, path: ObjectPath) -> Result<HttpResponse, Problem> {
    let row = manage_connections::disable(&ctx, &caller, path.1).await?;
    Ok(etag::ok(row.version, &shown(&ctx, &caller, &row).await?))
}
