//! Identities of a user: what providers call the person.

use actix_web::HttpResponse;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::flows::manage_identities::{self, IdentityIn};
use crate::http::Ctx;
use crate::http::admin::{self, ObjectPath, PartPath};
use crate::http::auth::{TenantAdmin, TenantAuditor};
use crate::http::body::{Body, Query};
use crate::http::paging::{Page, PageQuery};
use crate::http::problem::Problem;
use crate::model::identity::FederatedIdentity;
use crate::store::{identities, users};

/// An identity.
#[derive(Debug, Serialize, ToSchema)]
pub struct IdentityOut {
    /// Its id.
    pub id: Uuid,
    /// Who vouches.
    pub connection_id: Uuid,
    /// The issuer that named the subject.
    pub issuer: String,
    /// The provider's id of the person.
    pub subject: String,
    /// The address that the provider last gave.
    pub email: Option<String>,
    /// When it was linked.
    pub created_at: DateTime<Utc>,
    /// When it last signed in.
    pub last_seen_at: Option<DateTime<Utc>>,
}

impl From<&FederatedIdentity> for IdentityOut {
    fn from(row: &FederatedIdentity) -> Self {
        let row = row.clone();
        Self {
            id: row.id,
            connection_id: row.source_id,
            issuer: row.issuer,
            subject: row.subject,
            email: row.email,
            created_at: row.created_at,
            last_seen_at: row.last_seen_at,
        }
    }
}

/// Lists the identities of a user.
#[utoipa::path(get, path = "/v1/tenants/{tenant}/users/{id}/identities", tag = "users", params(PageQuery), responses((status = 200, body = Page<IdentityOut>)))]
pub async fn list_identities(
    ctx: Ctx,
    caller: TenantAuditor,
    path: ObjectPath,
    query: Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let user = path.1;
    admin::find(&ctx, &caller, move |c, t| users::find(c, t, user)).await?;
    let page = query.read()?.request()?;
    let rows = admin::read(&ctx, &caller, move |c, t| identities::of_user(c, t, user, page)).await?;
    Ok(HttpResponse::Ok().json(Page::of(&rows, page, |i| i.id, IdentityOut::from)))
}

/// Links an identity to a user.
#[utoipa::path(post, path = "/v1/tenants/{tenant}/users/{id}/identities", tag = "users", request_body = IdentityIn, responses((status = 201, body = IdentityOut)))]
pub async fn link_identity(
    ctx: Ctx,
    caller: TenantAdmin,
    path: ObjectPath,
    body: Body<IdentityIn>,
) -> Result<HttpResponse, Problem> {
    let row = manage_identities::link(&ctx, &caller, path.1, body.read()?).await?;
    Ok(HttpResponse::Created().json(IdentityOut::from(&row)))
}

/// Unlinks an identity; the sessions that came in by it end.
#[utoipa::path(delete, path = "/v1/tenants/{tenant}/users/{id}/identities/{identity}", tag = "users", responses((status = 204)))]
pub async fn unlink_identity(ctx: Ctx, caller: TenantAdmin, path: PartPath) -> Result<HttpResponse, Problem> {
    manage_identities::unlink(&ctx, &caller, path.1, path.2).await?;
    Ok(HttpResponse::NoContent().finish())
}
