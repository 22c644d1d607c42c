//! The audit trail of a tenant. It can be read and nothing else.

use actix_web::HttpResponse;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::http::Ctx;
use crate::http::admin::{self, ObjectPath};
use crate::http::auth::TenantAuditor;
use crate::http::body::Query;
use crate::http::paging::{Page, page};
use crate::http::problem::Problem;
use crate::model::audit::{Actor, AuditEvent};
use crate::store::audit_events;

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditEventOut {
    /// Its id, as refusal pages and logs show it.
    pub id: Uuid,
    /// When.
    pub at: DateTime<Utc>,
    /// Which event, such as `login.succeeded`.
    #[serde(rename = "type")]
    pub event_type: String,
    /// Version of the payload's shape.
    pub version: i16,
    /// Who did it.
    #[schema(value_type = Actor)]
    pub actor: Value,
    /// What happened, by ids.
    pub payload: Value,
    /// The request that did it, as in its `x-request-id`.
    pub request_id: Option<Uuid>,
}

impl From<&AuditEvent> for AuditEventOut {
    fn from(row: &AuditEvent) -> Self {
        let row = row.clone();
        Self {
            id: row.id,
            at: row.at,
            event_type: row.event_type,
            version: row.event_version,
            actor: row.actor,
            payload: row.payload,
            request_id: row.request_id,
        }
    }
}

/// Which events.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct AuditQuery {
    /// Only this type.
    #[serde(rename = "type")]
    #[param(rename = "type")]
    pub event_type: Option<String>,
    /// How many, 1 to 200; 50 when absent.
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// Lists events, newest first.
#[utoipa::path(get, path = "/v1/tenants/{tenant}/audit-events", tag = "audit", params(AuditQuery), responses((status = 200, body = Page<AuditEventOut>)))]
pub async fn list_audit_events(
    ctx: Ctx,
    caller: TenantAuditor,
    query: Query<AuditQuery>,
) -> Result<HttpResponse, Problem> {
    let query = query.read()?;
    let wanted = page(query.limit, query.cursor.as_deref())?;
    let kind = query.event_type;
    let page = wanted;
    let rows = admin::read(&ctx, &caller, move |c, t| audit_events::list(c, t, kind.as_deref(), page)).await?;
    Ok(HttpResponse::Ok().json(Page::of(&rows, page, |e| e.id, AuditEventOut::from)))
}

/// Reads an event.
#[utoipa::path(get, path = "/v1/tenants/{tenant}/audit-events/{id}", tag = "audit", responses((status = 200, body = AuditEventOut)))]
pub async fn get_audit_event(ctx: Ctx, caller: TenantAuditor, path: ObjectPath) -> Result<HttpResponse, Problem> {
    let row = admin::find(&ctx, &caller, move |c, t| audit_events::find(c, t, path.1)).await?;
    Ok(HttpResponse::Ok().json(AuditEventOut::from(&row)))
}
