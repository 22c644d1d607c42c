//! Deliveries: what is on its way to people, and what became of it. Links and their secrets are never shown.

use actix_web::HttpResponse;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::flows::manage_deliveries;
use crate::http::Ctx;
use crate::http::admin::{self, ObjectPath};
use crate::http::auth::{TenantAdmin, TenantAuditor};
use crate::http::body::Query;
use crate::http::paging::{Page, page};
use crate::http::problem::Problem;
use crate::model::delivery::{Delivery, DeliveryState, Language};
use crate::store::deliveries;

/// A letter on its way, or what became of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveryOut {
    /// Its id; a letter's Message-ID begins with it.
    pub id: Uuid,
    /// What it is, such as `invitation`.
    pub kind: String,
    /// To whom.
    pub recipient: String,
    /// In which language.
    pub language: Language,
    /// How far it is.
    pub state: DeliveryState,
    /// How often it was tried, since it was caused or an admin tried it again.
    pub attempts: i32,
    /// When it is tried next, while it is pending.
    pub due_at: Option<DateTime<Utc>>,
    /// Why the last try failed.
    pub last_error: Option<String>,
    /// When it was caused.
    pub created_at: DateTime<Utc>,
    /// When it was sent, given up or cancelled.
    pub finished_at: Option<DateTime<Utc>>,
}

impl From<&Delivery> for DeliveryOut {
    fn from(row: &Delivery) -> Self {
        Self {
            id: row.id,
            kind: row.kind.clone(),
            recipient: row.recipient.clone(),
            language: row.language,
            state: row.state,
            attempts: row.attempts,
            due_at: (row.state == DeliveryState::Pending).then_some(row.due_at),
            last_error: row.last_error.clone(),
            created_at: row.created_at,
            finished_at: row.finished_at,
        }
    }
}

/// Which deliveries.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct DeliveryQuery {
    /// Only those in this state.
    pub state: Option<DeliveryState>,
    /// How many, 1 to 200; 50 when absent.
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// Lists deliveries, newest first.
#[utoipa::path(get, path = "/v1/tenants/{tenant}/deliveries", tag = "deliveries", params(DeliveryQuery), responses((status = 200, body = Page<DeliveryOut>)))]
pub async fn list_deliveries(
    ctx: Ctx,
    caller: TenantAuditor,
    query: Query<DeliveryQuery>,
) -> Result<HttpResponse, Problem> {
    let query = query.read()?;
    let wanted = page(query.limit, query.cursor.as_deref())?;
    let rows = admin::read(&ctx, &caller, move |c, t| deliveries::list(c, t, query.state, wanted)).await?;
    Ok(HttpResponse::Ok().json(Page::of(&rows, wanted, |d| d.id, DeliveryOut::from)))
}

/// Reads a delivery.
#[utoipa::path(get, path = "/v1/tenants/{tenant}/deliveries/{id}", tag = "deliveries", responses((status = 200, body = DeliveryOut)))]
pub async fn get_delivery(ctx: Ctx, caller: TenantAuditor, path: ObjectPath) -> Result<HttpResponse, Problem> {
    let row = admin::find(&ctx, &caller, move |c, t| deliveries::find(c, t, path.1)).await?;
    Ok(HttpResponse::Ok().json(DeliveryOut::from(&row)))
}

/// Tries a delivery again at once.
#[utoipa::path(post, path = "/v1/tenants/{tenant}/deliveries/{id}/retry", tag = "deliveries", responses((status = 200, body = DeliveryOut)))]
pub async fn retry_delivery(ctx: Ctx, caller: TenantAdmin, path: ObjectPath) -> Result<HttpResponse, Problem> {
    let row = manage_deliveries::retry(&ctx, &caller, path.1).await?;
    Ok(HttpResponse::Ok().json(DeliveryOut::from(&row)))
}

/// Cancels a delivery that did not go yet.
#[utoipa::path(post, path = "/v1/tenants/{tenant}/deliveries/{id}/cancel", tag = "deliveries", responses((status = 200, body = DeliveryOut)))]
pub async fn cancel_delivery(ctx: Ctx, caller: TenantAdmin, path: ObjectPath) -> Result<HttpResponse, Problem> {
    let row = manage_deliveries::cancel(&ctx, &caller, path.1).await?;
    Ok(HttpResponse::Ok().json(DeliveryOut::from(&row)))
}
