//! The keys that our issuers sign with: a tenant's, and for operators the installation's. Private parts are never told.

use std::sync::Arc;

use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::context::Context;
use crate::context::issuer::Issuer;
use crate::flows::signing_keys::{revoke, rotate};
use crate::http::Ctx;
use crate::http::admin::{self, ObjectPath};
use crate::http::auth::{Operator, TenantAuditor, TenantOwner};
use crate::http::body::Body;
use crate::http::paging::Page;
use crate::http::problem::Problem;
use crate::model::application::settings::TokenAlgorithm;
use crate::model::audit::Stamp;
use crate::model::signing_key::SigningKey;
use crate::store::db::DbError;
use crate::store::signing_keys;

/// A signing key, as far as it is told.
#[derive(Debug, Serialize, ToSchema)]
pub struct SigningKeyOut {
    /// Its id, as audit events name it.
    pub id: Uuid,
    /// Its id in the published key set and in tokens.
    pub kid: String,
    /// What it signs with.
    pub algorithm: TokenAlgorithm,
    /// Since when it is published.
    pub created_at: DateTime<Utc>,
    /// From when it signs.
    pub use_from: DateTime<Utc>,
    /// Until when it is published; set when a successor takes over.
    pub retire_at: Option<DateTime<Utc>>,
}

impl From<&SigningKey> for SigningKeyOut {
    fn from(row: &SigningKey) -> Self {
        Self {
            id: row.id,
            kid: row.public_key["kid"].as_str().unwrap_or_default().to_owned(),
            algorithm: row.algorithm,
            created_at: row.created_at,
            use_from: row.use_from,
            retire_at: row.retire_at,
        }
    }
}

/// Which keys get a successor, and how soon.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RotationIn {
    /// Only the key of this algorithm; each one that signs when absent.
    #[garde(skip)]
    pub algorithm: Option<TokenAlgorithm>,
    /// The successor signs after ten seconds instead of a day, and one that waits already is brought forward: for a key
    /// that is no secret any more. Clients that keep the key set for longer refuse tokens until they read it again.
    #[garde(skip)]
    pub at_once: bool,
}

async fn rotated(ctx: &Context, issuer: &Issuer, stamp: Stamp, input: RotationIn) -> Result<HttpResponse, Problem> {
    let made = rotate(ctx, issuer, stamp, input.algorithm, input.at_once).await?;
    Ok(page(&made))
}

/// There are a handful: one that signs for each algorithm, and those that come and go.
fn page(keys: &[SigningKey]) -> HttpResponse {
    HttpResponse::Ok().json(Page::all(keys.iter().map(SigningKeyOut::from).collect()))
}

/// Lists the keys that the tenant's issuer signs, or signed, with: a handful, all on one page.
#[utoipa::path(get, path = "/v1/tenants/{tenant}/signing-keys", tag = "signing keys", responses((status = 200, body = Page<SigningKeyOut>)))]
pub async fn list_signing_keys(ctx: Ctx, caller: TenantAuditor) -> Result<HttpResponse, Problem> {
    Ok(page(&admin::read(&ctx, &caller, signing_keys::all).await?))
}

/// Has successors take over from the keys that sign for the tenant; answers with those.
#[utoipa::path(post, path = "/v1/tenants/{tenant}/signing-keys/rotate", tag = "signing keys", request_body = RotationIn, responses((status = 200, body = Page<SigningKeyOut>)))]
pub async fn rotate_signing_keys(
    ctx: Ctx,
    caller: TenantOwner,
    body: Body<RotationIn>,
) -> Result<HttpResponse, Problem> {
    let issuer = Issuer::Tenant(Arc::clone(&caller.tenant));
    rotated(&ctx, &issuer, caller.stamp(&ctx), body.read()?).await
}

/// Takes a key of the tenant back that does not sign now: what it signed is good no longer.
#[utoipa::path(delete, path = "/v1/tenants/{tenant}/signing-keys/{id}", tag = "signing keys", responses((status = 204)))]
pub async fn revoke_signing_key(ctx: Ctx, caller: TenantOwner, path: ObjectPath) -> Result<HttpResponse, Problem> {
    let issuer = Issuer::Tenant(Arc::clone(&caller.tenant));
    revoke(&ctx, &issuer, caller.stamp(&ctx), path.1).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Lists the keys that the installation's issuer signs, or signed, with: a handful, all on one page.
#[utoipa::path(get, path = "/v1/signing-keys", tag = "signing keys", responses((status = 200, body = Page<SigningKeyOut>)))]
pub async fn list_installation_signing_keys(ctx: Ctx, _operator: Operator) -> Result<HttpResponse, Problem> {
    let keys = ctx.db.system(|conn| Ok::<_, DbError>(signing_keys::all(conn, Uuid::nil())?)).await?;
    Ok(page(&keys))
}

/// Has successors take over from the keys that sign for the installation; answers with those.
#[utoipa::path(post, path = "/v1/signing-keys/rotate", tag = "signing keys", request_body = RotationIn, responses((status = 200, body = Page<SigningKeyOut>)))]
pub async fn rotate_installation_signing_keys(
    ctx: Ctx,
    operator: Operator,
    body: Body<RotationIn>,
) -> Result<HttpResponse, Problem> {
    rotated(&ctx, &Issuer::Installation, operator.stamp(&ctx), body.read()?).await
}

/// Takes a key of the installation back that does not sign now: what it signed is good no longer.
#[utoipa::path(delete, path = "/v1/signing-keys/{id}", tag = "signing keys", responses((status = 204)))]
pub async fn revoke_installation_signing_key(
    ctx: Ctx,
    operator: Operator,
    path: web::Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    revoke(&ctx, &Issuer::Installation, operator.stamp(&ctx), *path).await?;
    Ok(HttpResponse::NoContent().finish())
}
