//! Sessions of a tenant's users.

use actix_web::HttpResponse;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::flows::manage_sessions;
use crate::http::Ctx;
use crate::http::admin::{self, ObjectPath};
use crate::http::auth::{TenantAdmin, TenantAuditor};
use crate::http::body::Query;
use crate::http::paging::{Page, page};
use crate::http::problem::Problem;
use crate::model::session::Session;
use crate::store::sessions;

/// A session.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionOut {
    /// Its id; the cookie's value is something else.
    pub id: Uuid,
    /// Who.
    pub user_id: Uuid,
    /// By which connection.
    pub connection_id: Option<Uuid>,
    /// When the person proved who they are, if their provider said so.
    pub auth_time: Option<DateTime<Utc>>,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// Last use, to the minute.
    pub last_seen_at: DateTime<Utc>,
    /// When it ends in any case.
    pub expires_at: DateTime<Utc>,
    /// When it was ended before its time.
    pub ended_at: Option<DateTime<Utc>>,
    /// Why it was.
    pub end_reason: Option<String>,
    /// From where.
    pub ip: Option<String>,
    /// With which browser.
    pub user_agent: Option<String>,
}

impl From<&Session> for SessionOut {
    fn from(row: &Session) -> Self {
        Self {
            id: row.id,
            user_id: row.user_id,
            connection_id: row.source_id,
            auth_time: row.auth_time,
            created_at: row.created_at,
            last_seen_at: row.last_seen_at,
            expires_at: row.expires_at,
            ended_at: row.ended_at,
            end_reason: row.end_reason.clone(),
            ip: row.ip.clone(),
            user_agent: row.user_agent.clone(),
        }
    }
}

/// Which sessions.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct SessionQuery {
    /// Only this user's.
    pub user_id: Option<Uuid>,
    /// How many, 1 to 200; 50 when absent.
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// Lists live sessions.
#[utoipa::path(get, path = "/v1/tenants/{tenant}/sessions", tag = "sessions", params(SessionQuery), responses((status = 200, body = Page<SessionOut>)))]
pub async fn list_sessions(
    ctx: Ctx,
    caller: TenantAuditor,
    query: Query<SessionQuery>,
) -> Result<HttpResponse, Problem> {
    let query = query.read()?;
    let wanted = page(query.limit, query.cursor.as_deref())?;
    let (user, now) = (query.user_id, ctx.clock.now());
    let page = wanted;
    let rows = admin::read(&ctx, &caller, move |c, t| sessions::live(c, t, user, now, page)).await?;
    Ok(HttpResponse::Ok().json(Page::of(&rows, page, |s| s.id, SessionOut::from)))
}

/// Reads a session.
#[utoipa::path(get, path = "/v1/tenants/{tenant}/sessions/{id}", tag = "sessions", responses((status = 200, body = SessionOut)))]
pub async fn get_session(ctx: Ctx, caller: TenantAuditor, path: ObjectPath) -> Result<HttpResponse, Problem> {
    let row = admin::find(&ctx, &caller, move |c, t| sessions::find(c, t, path.1)).await?;
    Ok(HttpResponse::Ok().json(SessionOut::from(&row)))
}

/// Ends a session.
#[utoipa::path(delete, path = "/v1/tenants/{tenant}/sessions/{id}", tag = "sessions", responses((status = 204)))]
pub async fn revoke_session(ctx: Ctx, caller: TenantAdmin, path: ObjectPath) -> Result<HttpResponse, Problem> {
    manage_sessions::revoke(&ctx, &caller, path.1, false).await?;
    Ok(HttpResponse::NoContent().finish())
}
