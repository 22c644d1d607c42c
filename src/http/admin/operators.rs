//! Operators: their keys and their audit trail.

use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use secrecy::ExposeSecret;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::flows::manage_operators::{self, OperatorKeyIn};
use crate::http::Ctx;
use crate::http::auth::Operator;
use crate::http::body::{Body, Query};
use crate::http::paging::{Page, PageQuery};
use crate::http::problem::Problem;
use crate::model::audit::OperatorAuditEvent;
use crate::model::operator::OperatorKey;
use crate::store::db::DbError;
use crate::store::{audit_events, operators};

/// An operator's key, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[expect(missing_docs, reason = "the fields are described at OperatorKeyIn")]
pub struct OperatorKeyOut {
    pub id: Uuid,
    pub name: String,
    /// The last four characters.
    pub hint: String,
    pub expires_at: Option<DateTime<Utc>>,
    pub revoked_at: Option<DateTime<Utc>>,
    pub last_used_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
}

/// A new operator's key: the only answer that holds its secret.
#[derive(Serialize, ToSchema)]
pub struct NewOperatorKeyOut {
    /// The key.
    #[serde(flatten)]
    pub key: OperatorKeyOut,
    /// The secret. Shown once.
    pub secret: String,
}

impl From<&OperatorKey> for OperatorKeyOut {
    fn from(row: &OperatorKey) -> Self {
        Self {
            id: row.id,
            name: row.name.clone(),
            hint: row.hint.clone(),
            expires_at: row.expires_at,
            revoked_at: row.revoked_at,
            last_used_at: row.last_used_at,
            created_at: row.created_at,
        }
    }
}

/// Something that an operator did.
#[derive(Debug, Serialize, ToSchema)]
pub struct OperatorAuditEventOut {
    /// Its id.
    pub id: Uuid,
    /// When.
    pub at: DateTime<Utc>,
    /// Which event.
    #[serde(rename = "type")]
    pub event_type: String,
    /// Who did it.
    pub actor: Value,
    /// What happened, by ids.
    pub payload: Value,
    /// The request that did it.
    pub request_id: Option<Uuid>,
}

impl From<&OperatorAuditEvent> for OperatorAuditEventOut {
    fn from(row: &OperatorAuditEvent) -> Self {
        let row = row.clone();
        Self {
            id: row.id,
            at: row.at,
            event_type: row.event_type,
            actor: row.actor,
            payload: row.payload,
            request_id: row.request_id,
        }
    }
}

/// Lists operators' keys, all on one page.
#[utoipa::path(get, path = "/v1/operator/keys", tag = "operators", responses((status = 200, body = Page<OperatorKeyOut>)))]
pub async fn list_operator_keys(ctx: Ctx, _operator: Operator) -> Result<HttpResponse, Problem> {
    let rows = ctx.db.system(|conn| Ok::<_, DbError>(operators::list(conn)?)).await?;
    Ok(HttpResponse::Ok().json(Page::all(rows.iter().map(OperatorKeyOut::from).collect())))
}

/// Creates an operator's key; its secret is in this answer and nowhere else.
#[utoipa::path(post, path = "/v1/operator/keys", tag = "operators", request_body = OperatorKeyIn, responses((status = 201, body = NewOperatorKeyOut)))]
pub async fn create_operator_key(
    ctx: Ctx,
    operator: Operator,
    body: Body<OperatorKeyIn>,
) -> Result<HttpResponse, Problem> {
    let (row, secret) = manage_operators::create_key(&ctx, operator.stamp(&ctx), body.read()?).await?;
    let out = NewOperatorKeyOut { key: OperatorKeyOut::from(&row), secret: secret.expose_secret().to_owned() };
    Ok(HttpResponse::Created().json(out))
}

/// Revokes an operator's key.
#[utoipa::path(delete, path = "/v1/operator/keys/{id}", tag = "operators", responses((status = 204)))]
pub async fn revoke_operator_key(ctx: Ctx, operator: Operator, path: web::Path<Uuid>) -> Result<HttpResponse, Problem> {
    manage_operators::revoke_key(&ctx, operator.stamp(&ctx), *path).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Lists what operators did, newest first.
#[utoipa::path(get, path = "/v1/operator/audit-events", tag = "operators", params(PageQuery), responses((status = 200, body = Page<OperatorAuditEventOut>)))]
pub async fn list_operator_audit_events(
    ctx: Ctx,
    _operator: Operator,
    query: Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let page = query.read()?.request()?;
    let rows = ctx.db.system(move |conn| Ok::<_, DbError>(audit_events::list_operator(conn, page)?)).await?;
    Ok(HttpResponse::Ok().json(Page::of(&rows, page, |e| e.id, OperatorAuditEventOut::from)))
}
