//! Applications of a tenant, and what answers about any application look like.

use std::sync::Arc;

use actix_web::HttpResponse;
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::context::Context;
use crate::context::issuer::Issuer;
use crate::flows::authenticate::Caller;
use crate::flows::manage_applications::{self, ApplicationIn, ClientSecretIn, Registry};
use crate::http::Ctx;
use crate::http::admin::{self, ObjectPath, PartPath};
use crate::http::auth::{TenantAdmin, TenantAuditor};
use crate::http::body::{Body, Query};
use crate::http::etag::{self, IfMatch};
use crate::http::paging::{Page, PageQuery};
use crate::http::problem::Problem;
use crate::model::application::settings::ApplicationSettings;
use crate::model::application::{Application, ClientSecret};
use crate::store::applications;

/// An application, without its secrets.
#[derive(Debug, Serialize, ToSchema)]
#[expect(missing_docs, reason = "the fields are described at ApplicationIn")]
pub struct ApplicationOut {
    pub id: Uuid,
    /// The id again, under the name that its configuration has for it.
    pub client_id: Uuid,
    pub name: String,
    #[serde(flatten)]
    pub settings: ApplicationSettings,
    /// Its secrets, the newest last.
    pub secrets: Vec<ClientSecretOut>,
    /// Whose tokens it gets.
    pub issuer: String,
    /// Where its OpenID Connect library finds everything else.
    pub discovery_url: String,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A client secret, as far as it is told.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClientSecretOut {
    /// Names it, to take it back by.
    pub id: Uuid,
    /// The last four characters.
    pub hint: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it stops working; set when a newer one takes over.
    pub expires_at: Option<DateTime<Utc>>,
}

/// A new application: the only answer that holds its first secret.
#[derive(Serialize, ToSchema)]
pub struct NewApplicationOut {
    /// The application.
    #[serde(flatten)]
    pub application: ApplicationOut,
    /// The client secret, where the authentication method rests on one. Shown once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<String>,
}

/// A new client secret: the only answer that holds it.
#[derive(Serialize, ToSchema)]
pub struct NewClientSecretOut {
    /// What is told of it later too.
    #[serde(flatten)]
    pub secret: ClientSecretOut,
    /// The client secret. Shown once.
    pub client_secret: String,
}

impl From<&ClientSecret> for ClientSecretOut {
    fn from(secret: &ClientSecret) -> Self {
        Self { id: secret.id, hint: secret.hint.clone(), created_at: secret.created_at, expires_at: secret.expires_at }
    }
}

/// What an answer about an application says beside its row.
pub(super) struct Surroundings {
    /// Whose tokens it gets.
    issuer: String,
    /// Where the applications beside it are.
    list: String,
}

impl Surroundings {
    pub fn of(ctx: &Context, issuer: &Issuer) -> Self {
        let list = match issuer {
            Issuer::Tenant(tenant) => ctx.config.url(&format!("/v1/tenants/{}/applications", tenant.tenant.slug)),
            Issuer::Installation => ctx.config.url("/v1/applications"),
        };
        Self { issuer: issuer.url(&ctx.config), list }
    }

    pub fn out(&self, row: &Application) -> ApplicationOut {
        ApplicationOut {
            id: row.id,
            client_id: row.id,
            name: row.name.clone(),
            settings: row.settings.0.clone(),
            secrets: row.secrets.0.iter().map(ClientSecretOut::from).collect(),
            issuer: self.issuer.clone(),
            discovery_url: format!("{}/.well-known/openid-configuration", self.issuer),
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }

    pub fn created(&self, row: &Application, secret: Option<SecretString>) -> HttpResponse {
        let client_secret = secret.map(|s| s.expose_secret().to_owned());
        let out = NewApplicationOut { application: self.out(row), client_secret };
        etag::created(format!("{}/{}", self.list, row.id), row.version, &out)
    }

    /// `row` is the application with the new secret as its last.
    pub fn secret_created(&self, row: &Application, secret: &SecretString) -> Result<HttpResponse, Problem> {
        let kept = row.secrets.0.last().ok_or_else(Problem::not_found)?;
        let location = format!("{}/{}/secrets/{}", self.list, row.id, kept.id);
        let out = NewClientSecretOut { secret: kept.into(), client_secret: secret.expose_secret().to_owned() };
        Ok(etag::created(location, row.version, &out))
    }
}

fn here(ctx: &Context, caller: &Caller) -> Surroundings {
    Surroundings::of(ctx, &Issuer::Tenant(Arc::clone(&caller.tenant)))
}

fn registry(caller: &TenantAdmin) -> Registry {
    Registry::Tenant(Caller::clone(caller))
}

/// Lists applications.
#[utoipa::path(get, path = "/v1/tenants/{tenant}/applications", tag = "applications", params(PageQuery), responses((status = 200, body = Page<ApplicationOut>)))]
pub async fn list_applications(
    ctx: Ctx,
    caller: TenantAuditor,
    query: Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let page = query.read()?.request()?;
    let rows = admin::read(&ctx, &caller, move |c, t| applications::list(c, t, page)).await?;
    let here = here(&ctx, &caller);
    Ok(HttpResponse::Ok().json(Page::of(&rows, page, |a| a.id, |a| here.out(a))))
}

/// Creates an application; its client secret is in this answer and nowhere else.
#[utoipa::path(post, path = "/v1/tenants/{tenant}/applications", tag = "applications", request_body = ApplicationIn, responses((status = 201, body = NewApplicationOut)))]
pub async fn create_application(
    ctx: Ctx,
    caller: TenantAdmin,
    body: Body<ApplicationIn>,
) -> Result<HttpResponse, Problem> {
    let (row, secret) = manage_applications::create(&ctx, registry(&caller), body.read()?).await?;
    Ok(here(&ctx, &caller).created(&row, secret))
}

/// Reads an application.
#[utoipa::path(get, path = "/v1/tenants/{tenant}/applications/{id}", tag = "applications", responses((status = 200, body = ApplicationOut)))]
pub async fn get_application(ctx: Ctx, caller: TenantAuditor, path: ObjectPath) -> Result<HttpResponse, Problem> {
    let row = admin::find(&ctx, &caller, move |c, t| applications::find(c, t, path.1)).await?;
    Ok(etag::ok(row.version, &here(&ctx, &caller).out(&row)))
}

/// Changes an application; one that turns away from secrets loses those it had.
#[utoipa::path(patch, path = "/v1/tenants/{tenant}/applications/{id}", tag = "applications", request_body = ApplicationIn, responses((status = 200, body = ApplicationOut)))]
pub async fn update_application(
    ctx: Ctx,
    caller: TenantAdmin,
    path: ObjectPath,
    expected: IfMatch,
    body: Body<ApplicationIn>,
) -> Result<HttpResponse, Problem> {
    let (id, expected) = (path.1, expected.read()?);
    let row = manage_applications::update(&ctx, registry(&caller), id, expected, body.read()?).await?;
    Ok(etag::ok(row.version, &here(&ctx, &caller).out(&row)))
}

/// Deletes an application; its grants and tokens end.
#[utoipa::path(delete, path = "/v1/tenants/{tenant}/applications/{id}", tag = "applications", responses((status = 204)))]
pub async fn delete_application(
    ctx: Ctx,
    caller: TenantAdmin,
    path: ObjectPath,
    expected: IfMatch,
) -> Result<HttpResponse, Problem> {
    manage_applications::delete(&ctx, registry(&caller), path.1, expected.read()?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Makes a new client secret, which is in this answer and nowhere else, and says until when the others work.
#[utoipa::path(post, path = "/v1/tenants/{tenant}/applications/{id}/secrets", tag = "applications", request_body = ClientSecretIn, responses((status = 201, body = NewClientSecretOut)))]
pub async fn create_application_secret(
    ctx: Ctx,
    caller: TenantAdmin,
    path: ObjectPath,
    body: Body<ClientSecretIn>,
) -> Result<HttpResponse, Problem> {
    let done = manage_applications::create_secret(&ctx, registry(&caller), path.1, body.read()?);
    let (row, secret) = done.await?;
    here(&ctx, &caller).secret_created(&row, &secret)
}

/// Takes a client secret back, at once.
#[utoipa::path(delete, path = "/v1/tenants/{tenant}/applications/{id}/secrets/{secret}", tag = "applications", responses((status = 204)))]
pub async fn revoke_application_secret(
    ctx: Ctx,
    caller: TenantAdmin,
    path: PartPath,
    expected: IfMatch,
) -> Result<HttpResponse, Problem> {
    let (id, secret) = (path.1, path.2);
    manage_applications::revoke_secret(&ctx, registry(&caller), id, secret, expected.read()?).await?;
    Ok(HttpResponse::NoContent().finish())
}
