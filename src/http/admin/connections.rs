//! Connections of a tenant.

use actix_web::HttpResponse;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::flows::authenticate::Caller;
use crate::flows::manage_connections::{self, ConnectionIn, ConnectionPatch, warnings};
use crate::http::Ctx;
use crate::http::admin::{self, ConfirmQuery, ObjectPath};
use crate::http::auth::{TenantAdmin, TenantAuditor};
use crate::http::body::{Body, Query};
use crate::http::etag::{self, IfMatch};
use crate::http::paging::{Page, PageQuery};
use crate::http::problem::Problem;
use crate::model::connection::oidc::OidcSettings;
use crate::model::connection::provisioning::ProvisioningPolicy;
use crate::model::connection::{Connection, ConnectionStatus, Protocol};
use crate::store::{connections, domains};

/// A connection, without its secrets.
#[derive(Debug, Serialize, ToSchema)]
#[expect(missing_docs, reason = "the fields are described at ConnectionIn")]
pub struct ConnectionOut {
    pub id: Uuid,
    pub display_name: String,
    pub protocol: Protocol,
    pub status: ConnectionStatus,
    pub settings: OidcSettings,
    pub provisioning: ProvisioningPolicy,
    /// Whether a client secret is kept.
    pub has_client_secret: bool,
    pub client_secret_expires_at: Option<DateTime<Utc>>,
    /// To be registered at the provider as redirect URI.
    pub callback_url: String,
    /// Where a login by this connection begins.
    pub login_url: String,
    /// To be registered at the provider for its logout.
    pub post_logout_redirect_url: String,
    /// Our public key for private_key_jwt, as a JWK Set; empty when there is none.
    pub jwks_url: String,
    /// The provider's discovery document as last seen good.
    pub provider_metadata: Option<Value>,
    pub provider_metadata_at: Option<DateTime<Utc>>,
    /// What is allowed but weaker than it could be, as codes.
    pub warnings: Vec<&'static str>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// The connection as it is shown, with warnings that look at the tenant's domains.
async fn shown(ctx: &Ctx, caller: &Caller, row: &Connection) -> Result<ConnectionOut, Problem> {
    Ok(out(ctx, caller, row, &admin::read(ctx, caller, domains::verified_routes).await?))
}

fn out(ctx: &Ctx, caller: &Caller, row: &Connection, domains: &[Option<Uuid>]) -> ConnectionOut {
    let slug = &caller.tenant.tenant.slug;
    let sso = |part: &str| ctx.config.url(&format!("/t/{slug}/sso/{}/{part}", row.id));
    ConnectionOut {
        id: row.id,
        display_name: row.display_name.clone(),
        protocol: row.protocol,
        status: row.status,
        settings: row.settings.0.clone(),
        provisioning: row.provisioning.0.clone(),
        has_client_secret: row.client_secret.is_some(),
        client_secret_expires_at: row.client_secret_expires_at,
        callback_url: sso("callback"),
        login_url: ctx.config.url(&format!("/t/{slug}/login/{}", row.id)),
        post_logout_redirect_url: ctx.config.url(&format!("/t/{slug}/logout/done")),
        jwks_url: sso("jwks.json"),
        provider_metadata: row.provider_metadata.clone(),
        provider_metadata_at: row.provider_metadata_at,
        warnings: warnings(row, domains),
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
    }
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
