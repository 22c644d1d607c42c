//! Invitations of a tenant.

use actix_web::HttpResponse;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::flows::Error;
use crate::flows::invite::{self, InvitationIn, InvitationsIn};
use crate::http::Ctx;
use crate::http::admin::{self, ObjectPath};
use crate::http::auth::{TenantAdmin, TenantAuditor};
use crate::http::body::{Body, Query};
use crate::http::paging::{Page, page};
use crate::http::problem::{Problem, ProblemBody};
use crate::model::audit::Actor;
use crate::model::delivery::Language;
use crate::model::email::EmailAddress;
use crate::model::invitation::{Invitation, InvitationState};
use crate::model::profile::Profile;
use crate::model::role::Role;
use crate::store::invitations::{self, InvitationFilter};

/// An invitation, without the link in its letter.
#[derive(Debug, Serialize, ToSchema)]
#[expect(missing_docs, reason = "the fields are described at InvitationIn")]
pub struct InvitationOut {
    pub id: Uuid,
    pub state: InvitationState,
    pub email: Option<String>,
    pub external_id: Option<String>,
    pub name: Option<String>,
    pub given_name: Option<String>,
    pub family_name: Option<String>,
    pub profile: Option<Profile>,
    pub role: Role,
    pub group_ids: Vec<Uuid>,
    pub connection_id: Option<Uuid>,
    pub language: Language,
    /// Who invited.
    pub invited_by: Actor,
    /// The latest letter, where one was written.
    pub delivery_id: Option<Uuid>,
    pub created_at: DateTime<Utc>,
    /// When it was last sent, accepted or revoked.
    pub updated_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    /// The user who accepted it.
    pub accepted_by: Option<Uuid>,
}

impl InvitationOut {
    /// As it is told at `now`.
    fn at(now: DateTime<Utc>) -> impl Fn(&Invitation) -> Self {
        move |row| {
            let state = row.state_at(now);
            let row = row.clone();
            Self {
                id: row.id,
                state,
                email: row.email,
                external_id: row.external_id,
                name: row.name,
                given_name: row.given_name,
                family_name: row.family_name,
                profile: row.profile.0,
                role: row.role,
                group_ids: row.group_ids,
                connection_id: row.connection_id,
                language: row.language,
                invited_by: row.invited_by.0,
                delivery_id: row.delivery_id,
                created_at: row.created_at,
                updated_at: row.updated_at,
                expires_at: row.expires_at,
                accepted_by: row.accepted_by,
            }
        }
    }
}

/// What became of one row of an import: an invitation, or why not.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportedOut {
    /// The invitation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invitation: Option<InvitationOut>,
    /// Why there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ProblemBody>,
}

/// What became of an import.
#[derive(Debug, Serialize, ToSchema)]
pub struct InvitationsOut {
    /// In the order of the request.
    pub invitations: Vec<ImportedOut>,
}

/// Which invitations.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct InvitationQuery {
    /// Only those that are so far.
    pub state: Option<InvitationState>,
    /// Only those to this address.
    pub email: Option<String>,
    /// Only those of this external id.
    pub external_id: Option<String>,
    /// How many, 1 to 200; 50 when absent.
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// Lists invitations.
#[utoipa::path(get, path = "/v1/tenants/{tenant}/invitations", tag = "invitations", params(InvitationQuery), responses((status = 200, body = Page<InvitationOut>)))]
pub async fn list_invitations(
    ctx: Ctx,
    caller: TenantAuditor,
    query: Query<InvitationQuery>,
) -> Result<HttpResponse, Problem> {
    let query = query.read()?;
    let (page, now) = (page(query.limit, query.cursor.as_deref())?, ctx.clock.now());
    // What is no address is nobody's: an impossible key finds nothing.
    let email_key = query.email.map(|text| EmailAddress::parse(&text).map_or(text, |e| e.key));
    let filter = InvitationFilter { state: query.state, email_key, external_id: query.external_id };
    let rows = admin::read(&ctx, &caller, move |c, t| invitations::search(c, t, &filter, now, page)).await?;
    Ok(HttpResponse::Ok().json(Page::of(&rows, page, |i| i.id, InvitationOut::at(now))))
}

/// Invites somebody: sends a letter, where an address is named.
#[utoipa::path(post, path = "/v1/tenants/{tenant}/invitations", tag = "invitations", request_body = InvitationIn, responses((status = 201, body = InvitationOut)))]
pub async fn create_invitation(
    ctx: Ctx,
    caller: TenantAdmin,
    body: Body<InvitationIn>,
) -> Result<HttpResponse, Problem> {
    let row = invite::create(&ctx, &caller, body.read()?, false).await?.row;
    let location = admin::location(&ctx, &caller, "invitations", row.id);
    Ok(HttpResponse::Created().insert_header(("location", location)).json(InvitationOut::at(ctx.clock.now())(&row)))
}

/// Invites up to 500 people, each by themselves: what one cannot be invited for is told in its place.
#[utoipa::path(post, path = "/v1/tenants/{tenant}/invitations/import", tag = "invitations", request_body = InvitationsIn, responses((status = 200, body = InvitationsOut)))]
pub async fn import_invitations(
    ctx: Ctx,
    caller: TenantAdmin,
    body: Body<InvitationsIn>,
) -> Result<HttpResponse, Problem> {
    let told = invite::import(&ctx, &caller, body.read()?.invitations).await?;
    let now = ctx.clock.now();
    let out = |done: Result<Invitation, Error>| match done {
        Ok(row) => ImportedOut { invitation: Some(InvitationOut::at(now)(&row)), error: None },
        Err(error) => ImportedOut { invitation: None, error: Some(Problem::from(error).into_body()) },
    };
    Ok(HttpResponse::Ok().json(InvitationsOut { invitations: told.into_iter().map(out).collect() }))
}

/// Reads an invitation.
#[utoipa::path(get, path = "/v1/tenants/{tenant}/invitations/{id}", tag = "invitations", responses((status = 200, body = InvitationOut)))]
pub async fn get_invitation(ctx: Ctx, caller: TenantAuditor, path: ObjectPath) -> Result<HttpResponse, Problem> {
    let row = admin::find(&ctx, &caller, move |c, t| invitations::find(c, t, path.1)).await?;
    Ok(HttpResponse::Ok().json(InvitationOut::at(ctx.clock.now())(&row)))
}

/// Sends it again with a new link, for the whole time anew; the old link is worth nothing.
#[utoipa::path(post, path = "/v1/tenants/{tenant}/invitations/{id}/resend", tag = "invitations", responses((status = 200, body = InvitationOut)))]
pub async fn resend_invitation(ctx: Ctx, caller: TenantAdmin, path: ObjectPath) -> Result<HttpResponse, Problem> {
    let row = invite::resend(&ctx, &caller, path.1).await?;
    Ok(HttpResponse::Ok().json(InvitationOut::at(ctx.clock.now())(&row)))
}

/// Takes an invitation back.
#[utoipa::path(delete, path = "/v1/tenants/{tenant}/invitations/{id}", tag = "invitations", responses((status = 204)))]
pub async fn revoke_invitation(ctx: Ctx, caller: TenantAdmin, path: ObjectPath) -> Result<HttpResponse, Problem> {
    invite::revoke(&ctx, &caller, path.1).await?;
    Ok(HttpResponse::NoContent().finish())
}
