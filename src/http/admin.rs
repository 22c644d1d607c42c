//! REST under `/v1`: one file per noun. Handlers read by `store` and write by `flows`.
//!
//! Each file holds the noun's `XOut` type and its handlers; `XIn` and `XPatch` belong to the flow that takes them. The
//! caller's extractor comes first and proves tenant and role; another tenant's object is 404, the same bytes as none.

pub mod api_keys;
pub mod applications;
pub mod audit_events;
pub mod break_glass;
pub mod certificate;
pub mod connections;
pub mod deliveries;
pub mod domains;
pub mod group_mappings;
pub mod groups;
pub mod identities;
pub mod installation_applications;
pub mod invitations;
pub mod me;
pub mod operators;
pub mod saml_keys;
pub mod service_accounts;
pub mod sessions;
pub mod signing_keys;
pub mod tenants;
pub mod totp;
pub mod users;

use actix_web::web;
use diesel::{PgConnection, QueryResult};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::context::Context;
use crate::flows::authenticate::Caller;
use crate::http::problem::Problem;
use crate::store::db::DbError;

/// The ids of a path below a tenant: the tenant's slug and the object's id.
pub type ObjectPath = web::Path<(String, Uuid)>;
/// The ids of a path below an object: slug, object, part.
pub type PartPath = web::Path<(String, Uuid, Uuid)>;

/// A read in the caller's tenant.
async fn read<T, F>(ctx: &Context, caller: &Caller, query: F) -> Result<T, Problem>
where
    T: Send + 'static,
    F: FnOnce(&mut PgConnection, Uuid) -> QueryResult<T> + Send + 'static,
{
    let tenant = caller.tenant_id();
    Ok(ctx.db.tenant(tenant, move |conn| Ok::<_, DbError>(query(conn, tenant)?)).await?)
}

/// One object of the caller's tenant, or 404.
async fn find<T, F>(ctx: &Context, caller: &Caller, query: F) -> Result<T, Problem>
where
    T: Send + 'static,
    F: FnOnce(&mut PgConnection, Uuid) -> QueryResult<Option<T>> + Send + 'static,
{
    read(ctx, caller, query).await?.ok_or_else(Problem::not_found)
}

/// Where an object of the caller's tenant is.
fn location(ctx: &Context, caller: &Caller, noun: &str, id: Uuid) -> String {
    ctx.config.url(&format!("/v1/tenants/{}/{noun}/{id}", caller.tenant.tenant.slug))
}

/// Says yes to something that cannot be undone.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ConfirmQuery {
    /// A change of issuer or user-id claim unlinks every identity of the connection; say `true` to do it.
    #[serde(default)]
    pub confirm_unlink: bool,
}
