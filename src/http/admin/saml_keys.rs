//! Key pairs of our own at SAML connections. Private parts are never told.

use actix_web::HttpResponse;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::flows::manage_saml_keys::{self, SamlKeyIn};
use crate::http::Ctx;
use crate::http::admin::certificate::CertificateOut;
use crate::http::admin::{self, ObjectPath, PartPath};
use crate::http::auth::{TenantAdmin, TenantAuditor};
use crate::http::body::Body;
use crate::http::paging::Page;
use crate::http::problem::Problem;
use crate::model::saml_key::{KeyStatus, KeyUsage, SamlKey};
use crate::store::{connections, saml_keys};

/// A key pair, as far as it is told.
#[derive(Debug, Serialize, ToSchema)]
pub struct SamlKeyOut {
    /// Its id.
    pub id: Uuid,
    /// What it is for.
    pub usage: KeyUsage,
    /// Where it stands in its life.
    pub status: KeyStatus,
    /// The certificate that the provider knows it by.
    pub certificate: Option<CertificateOut>,
    /// When it was made or pasted.
    pub created_at: DateTime<Utc>,
}

fn out(ctx: &Ctx, key: &SamlKey) -> SamlKeyOut {
    let certificate = CertificateOut::all(std::slice::from_ref(&key.certificate), ctx.clock.now()).pop();
    SamlKeyOut { id: key.id, usage: key.usage, status: key.status, certificate, created_at: key.created_at }
}

/// Lists the key pairs of a connection: at most one next, one current and one previous of each use, all on one page.
#[utoipa::path(get, path = "/v1/tenants/{tenant}/connections/{id}/keys", tag = "connections", responses((status = 200, body = Page<SamlKeyOut>)))]
pub async fn list_saml_keys(ctx: Ctx, caller: TenantAuditor, path: ObjectPath) -> Result<HttpResponse, Problem> {
    let id = path.1;
    admin::find(&ctx, &caller, move |c, t| connections::find(c, t, id)).await?;
    let keys = admin::read(&ctx, &caller, move |c, t| saml_keys::of_connection(c, t, id)).await?;
    Ok(HttpResponse::Ok().json(Page::all(keys.iter().map(|key| out(&ctx, key)).collect())))
}

/// Adds a key pair, pasted or made now: published at once, used when it is activated.
#[utoipa::path(post, path = "/v1/tenants/{tenant}/connections/{id}/keys", tag = "connections", request_body = SamlKeyIn, responses((status = 201, body = SamlKeyOut)))]
pub async fn create_saml_key(
    ctx: Ctx,
    caller: TenantAdmin,
    path: ObjectPath,
    body: Body<SamlKeyIn>,
) -> Result<HttpResponse, Problem> {
    let key = manage_saml_keys::create(&ctx, &caller, path.1, body.read()?).await?;
    Ok(HttpResponse::Created().json(out(&ctx, &key)))
}

/// Brings a key pair into use; the one before stays published.
#[utoipa::path(post, path = "/v1/tenants/{tenant}/connections/{id}/keys/{key}/activate", tag = "connections", responses((status = 200, body = SamlKeyOut)))]
pub async fn activate_saml_key(ctx: Ctx, caller: TenantAdmin, path: PartPath) -> Result<HttpResponse, Problem> {
    let key = manage_saml_keys::activate(&ctx, &caller, path.1, path.2).await?;
    Ok(HttpResponse::Ok().json(out(&ctx, &key)))
}

/// Deletes a key pair that is not in use.
#[utoipa::path(delete, path = "/v1/tenants/{tenant}/connections/{id}/keys/{key}", tag = "connections", responses((status = 204)))]
pub async fn delete_saml_key(ctx: Ctx, caller: TenantAdmin, path: PartPath) -> Result<HttpResponse, Problem> {
    manage_saml_keys::delete(&ctx, &caller, path.1, path.2).await?;
    Ok(HttpResponse::NoContent().finish())
}
