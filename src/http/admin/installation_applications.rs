//! Applications that serve all tenants, for operators.

use actix_web::{HttpResponse, web};
use diesel::{PgConnection, QueryResult};
use uuid::Uuid;

use crate::context::Context;
use crate::context::issuer::Issuer;
use crate::flows::manage_applications::{self, ApplicationIn, ClientSecretIn, Registry};
use crate::http::Ctx;
use crate::http::admin::applications::{ApplicationOut, NewApplicationOut, NewClientSecretOut, Surroundings};
use crate::http::auth::Operator;
use crate::http::body::{Body, Query};
use crate::http::etag::{self, IfMatch};
use crate::http::paging::{Page, PageQuery};
use crate::http::problem::Problem;
use crate::model::application::Application;
use crate::store::db::DbError;
use crate::store::installation_applications;

fn here(ctx: &Context) -> Surroundings {
    Surroundings::of(ctx, &Issuer::Installation)
}

fn registry(ctx: &Context, operator: &Operator) -> Registry {
    Registry::Installation(operator.stamp(ctx))
}

async fn read<T, F>(ctx: &Context, query: F) -> Result<T, Problem>
where
    T: Send + 'static,
    F: FnOnce(&mut PgConnection) -> QueryResult<T> + Send + 'static,
{
    Ok(ctx.db.system(move |conn| Ok::<_, DbError>(query(conn)?)).await?)
}

/// Lists applications that serve all tenants.
#[utoipa::path(get, path = "/v1/applications", tag = "applications", params(PageQuery), responses((status = 200, body = Page<ApplicationOut>)))]
pub async fn list_installation_applications(
    ctx: Ctx,
    _operator: Operator,
    query: Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let page = query.read()?.request()?;
    let rows = read(&ctx, move |conn| installation_applications::list(conn, page)).await?;
    let rows: Vec<_> = rows.into_iter().map(Application::from).collect();
    Ok(HttpResponse::Ok().json(Page::of(&rows, page, |a| a.id, |a| here(&ctx).out(a))))
}

/// Creates an application that serves all tenants; its client secret is in this answer and nowhere else.
#[utoipa::path(post, path = "/v1/applications", tag = "applications", request_body = ApplicationIn, responses((status = 201, body = NewApplicationOut)))]
pub async fn create_installation_application(
    ctx: Ctx,
    operator: Operator,
    body: Body<ApplicationIn>,
) -> Result<HttpResponse, Problem> {
    let (row, secret) = manage_applications::create(&ctx, registry(&ctx, &operator), body.read()?).await?;
    Ok(here(&ctx).created(&row, secret))
}

/// Reads an application that serves all tenants.
#[utoipa::path(get, path = "/v1/applications/{id}", tag = "applications", responses((status = 200, body = ApplicationOut)))]
pub async fn get_installation_application(
    ctx: Ctx,
    _operator: Operator,
    path: web::Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let row = read(&ctx, move |conn| installation_applications::find(conn, *path)).await?;
    let row = row.map(Application::from).ok_or_else(Problem::not_found)?;
    Ok(etag::ok(row.version, &here(&ctx).out(&row)))
}

/// Changes an application that serves all tenants; one that turns away from secrets loses those it had.
#[utoipa::path(patch, path = "/v1/applications/{id}", tag = "applications", request_body = ApplicationIn, responses((status = 200, body = ApplicationOut)))]
pub async fn update_installation_application(
    ctx: Ctx,
    operator: Operator,
    path: web::Path<Uuid>,
    expected: IfMatch,
    body: Body<ApplicationIn>,
) -> Result<HttpResponse, Problem> {
    let registry = registry(&ctx, &operator);
    let row = manage_applications::update(&ctx, registry, *path, expected.read()?, body.read()?).await?;
    Ok(etag::ok(row.version, &here(&ctx).out(&row)))
}

/// Deletes an application that serves all tenants; its grants and tokens end.
#[utoipa::path(delete, path = "/v1/applications/{id}", tag = "applications", responses((status = 204)))]
pub async fn delete_installation_application(
    ctx: Ctx,
    operator: Operator,
    path: web::Path<Uuid>,
    expected: IfMatch,
) -> Result<HttpResponse, Problem> {
    manage_applications::delete(&ctx, registry(&ctx, &operator), *path, expected.read()?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Makes a new client secret, which is in this answer and nowhere else, and says until when the others work.
#[utoipa::path(post, path = "/v1/applications/{id}/secrets", tag = "applications", request_body = ClientSecretIn, responses((status = 201, body = NewClientSecretOut)))]
pub async fn create_installation_application_secret(
    ctx: Ctx,
    operator: Operator,
    path: web::Path<Uuid>,
    body: Body<ClientSecretIn>,
) -> Result<HttpResponse, Problem> {
    let registry = registry(&ctx, &operator);
    let (row, secret) = manage_applications::create_secret(&ctx, registry, *path, body.read()?).await?;
    here(&ctx).secret_created(&row, &secret)
}

/// Takes a client secret back, at once.
#[utoipa::path(delete, path = "/v1/applications/{id}/secrets/{secret}", tag = "applications", responses((status = 204)))]
pub async fn revoke_installation_application_secret(
    ctx: Ctx,
    operator: Operator,
    path: web::Path<(Uuid, Uuid)>,
    expected: IfMatch,
) -> Result<HttpResponse, Problem> {
    let (id, secret) = *path;
    manage_applications::revoke_secret(&ctx, registry(&ctx, &operator), id, secret, expected.read()?).await?;
    Ok(HttpResponse::NoContent().finish())
}
