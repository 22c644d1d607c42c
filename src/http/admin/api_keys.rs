//! API keys of a tenant's users and service accounts.

use actix_web::HttpResponse;
use chrono::{DateTime, Utc};
use secrecy::ExposeSecret;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::flows::manage_api_keys::{self, ApiKeyIn};
use crate::http::Ctx;
use crate::http::admin::{self, ObjectPath};
use crate::http::auth::{TenantAdmin, TenantAuditor};
use crate::http::body::{Body, Query};
use crate::http::paging::{Page, PageQuery};
use crate::http::problem::Problem;
use crate::model::api_key::ApiKey;
use crate::model::role::Role;
use crate::store::api_keys;

/// An API key, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[expect(missing_docs, reason = "the fields are described at ApiKeyIn")]
pub struct ApiKeyOut {
    pub id: Uuid,
    pub name: String,
    pub user_id: Option<Uuid>,
    pub service_account_id: Option<Uuid>,
    pub role: Role,
    /// The last four characters.
    pub hint: String,
    pub expires_at: Option<DateTime<Utc>>,
    pub revoked_at: Option<DateTime<Utc>>,
    pub last_used_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
}

/// A new API key: the only answer that holds its secret.
#[derive(Serialize, ToSchema)]
pub struct NewApiKeyOut {
    /// The key.
    #[serde(flatten)]
    pub key: ApiKeyOut,
    /// The secret, to be sent as `Authorization: Bearer ..`. Shown once.
    pub secret: String,
}

impl From<&ApiKey> for ApiKeyOut {
    fn from(row: &ApiKey) -> Self {
        Self {
            id: row.id,
            name: row.name.clone(),
            user_id: row.user_id,
            service_account_id: row.service_account_id,
            role: row.role,
            hint: row.hint.clone(),
            expires_at: row.expires_at,
            revoked_at: row.revoked_at,
            last_used_at: row.last_used_at,
            created_at: row.created_at,
        }
    }
}

/// Lists API keys.
#[utoipa::path(get, path = "/v1/tenants/{tenant}/api-keys", tag = "api keys", params(PageQuery), responses((status = 200, body = Page<ApiKeyOut>)))]
pub async fn list_api_keys(ctx: Ctx, caller: TenantAuditor, query: Query<PageQuery>) -> Result<HttpResponse, Problem> {
    let page = query.read()?.request()?;
    let rows = admin::read(&ctx, &caller, move |c, t| api_keys::list(c, t, page)).await?;
    Ok(HttpResponse::Ok().json(Page::of(&rows, page, |k| k.id, ApiKeyOut::from)))
}

/// Creates an API key; its secret is in this answer and nowhere else.
#[utoipa::path(post, path = "/v1/tenants/{tenant}/api-keys", tag = "api keys", request_body = ApiKeyIn, responses((status = 201, body = NewApiKeyOut)))]
pub async fn create_api_key(ctx: Ctx, caller: TenantAdmin, body: Body<ApiKeyIn>) -> Result<HttpResponse, Problem> {
    let (row, secret) = manage_api_keys::create(&ctx, &caller, body.read()?).await?;
    let location = admin::location(&ctx, &caller, "api-keys", row.id);
    let out = NewApiKeyOut { key: ApiKeyOut::from(&row), secret: secret.expose_secret().to_owned() };
    Ok(HttpResponse::Created().insert_header(("location", location)).json(out))
}

/// Reads an API key.
#[utoipa::path(get, path = "/v1/tenants/{tenant}/api-keys/{id}", tag = "api keys", responses((status = 200, body = ApiKeyOut)))]
pub async fn get_api_key(ctx: Ctx, caller: TenantAuditor, path: ObjectPath) -> Result<HttpResponse, Problem> {
    let row = admin::find(&ctx, &caller, move |c, t| api_keys::find(c, t, path.1)).await?;
    Ok(HttpResponse::Ok().json(ApiKeyOut::from(&row)))
}

/// Revokes an API key.
#[utoipa::path(delete, path = "/v1/tenants/{tenant}/api-keys/{id}", tag = "api keys", responses((status = 204)))]
pub async fn revoke_api_key(ctx: Ctx, caller: TenantAdmin, path: ObjectPath) -> Result<HttpResponse, Problem> {
    manage_api_keys::revoke(&ctx, &caller, path.1).await?;
    Ok(HttpResponse::NoContent().finish())
}
