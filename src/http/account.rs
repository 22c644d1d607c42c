//! A member's own pages: their profile, where they are signed in, what signs them in, password and second step.
//!
//! GET shows, POST from our own page acts and leads back. Each post is the same flow as its path under `/me`.
//! 1. `enter`: the member whose browser asks; nobody goes to the login page, and comes back here from it;
//! 2. the flow;
//! 3. `finished`: back to the page, to the login page where the login is too old for it, or the page again with what was
//!    wrong. `entries` are profile, sessions and identities; `security` are password and second step; `break_glass` is an
//!    owner's.

pub mod break_glass;
pub mod entries;
pub mod qr;
pub mod security;

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use uuid::Uuid;

use crate::context::caches::TenantCache;
use crate::flows::destination::{account_again_url, account_url};
use crate::flows::{Error, fresh_login};
use crate::http::Ctx;
use crate::http::auth::{TenantMember, member, same_origin};
use crate::http::body::Query;
use crate::http::login::{page, refusal, see_other, tenant_of};
use crate::http::problem::Problem;
use crate::http::texts::{Texts, texts};
use crate::model::page::PageRequest;
use crate::model::role::Role;
use crate::model::user::User;
use crate::store::db::DbError;
use crate::store::{
    break_glass_codes, connections, identities, local_credentials, recovery_codes, sessions, totp_secrets, users,
};

/// Most sessions and identities that the page shows.
const MOST: PageRequest = PageRequest { limit: 50, after: None };

/// Said when signing in again did not help.
const NOT_ASKED: &str = "reauthentication_refused";

/// A session on the page.
struct SessionLine {
    id: Uuid,
    /// Which browser.
    browser: String,
    ip: String,
    last_seen: String,
    here: bool,
}

/// An identity on the page.
struct IdentityLine {
    id: Uuid,
    connection: String,
    email: String,
}

/// What the page says first.
#[derive(Clone, Copy)]
enum Told<'a> {
    Nothing,
    /// A change was saved.
    Saved,
    /// Code and sentence of what was wrong.
    Wrong((&'a str, &'a str)),
}

impl<'a> Told<'a> {
    const fn alert(self) -> Option<(&'a str, &'a str)> {
        match self {
            Self::Wrong(alert) => Some(alert),
            Self::Nothing | Self::Saved => None,
        }
    }
}

/// All that the page shows.
struct Account {
    user: User,
    sessions: Vec<SessionLine>,
    identities: Vec<IdentityLine>,
    has_password: bool,
    codes: bool,
    codes_left: i64,
    /// An owner's unused break-glass codes.
    break_glass: Option<usize>,
}

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage<'a> {
    t: &'a Texts,
    organisation: &'a str,
    base: String,
    landing: String,
    logout: String,
    account: Account,
    /// Code and sentence of what was wrong.
    alert: Option<(&'a str, &'a str)>,
    saved: bool,
}

/// What the link back from the login says.
#[derive(Deserialize)]
pub struct AccountQuery {
    /// They signed in again for a change; when that did not help, they are told.
    #[serde(default)]
    again: bool,
    /// A change was saved.
    #[serde(default)]
    saved: bool,
}

/// `GET /t/{tenant}/account`.
pub async fn get_account(ctx: Ctx, req: HttpRequest, query: Query<AccountQuery>) -> Result<HttpResponse, Problem> {
    let query = query.read()?;
    let (tenant, caller) = match enter(&ctx, &req).await? {
        Ok(entered) => entered,
        Err(page) => return Ok(page),
    };
    let alert = query.again && was_not_asked(&ctx, &caller).await?;
    let alert = alert.then(|| (NOT_ASKED, texts(&req).reason(NOT_ASKED)));
    let told = if query.saved { Told::Saved } else { alert.map_or(Told::Nothing, Told::Wrong) };
    show(&ctx, &req, &tenant, &caller, (StatusCode::OK, told)).await
}

/// Whether the login just now is none that changes anything here.
async fn was_not_asked(ctx: &Ctx, caller: &TenantMember) -> Result<bool, Problem> {
    let (id, now, (_, here)) = (caller.tenant_id(), ctx.clock.now(), caller.person()?);
    let session = ctx.db.tenant(id, move |conn| Ok::<_, DbError>(sessions::find(conn, id, here)?)).await?;
    Ok(session.is_some_and(|session| fresh_login::was_not_asked(&session, now)))
}

/// Tenant and member, or the page that comes instead.
async fn enter(
    ctx: &Ctx,
    req: &HttpRequest,
) -> Result<Result<(Arc<TenantCache>, TenantMember), HttpResponse>, Problem> {
    if !req.method().is_safe() {
        same_origin(req, &ctx.config)?;
    }
    let tenant = match tenant_of(ctx, req).await {
        Ok(tenant) => tenant,
        Err(page) => return Ok(Err(page)),
    };
    Ok(match member(ctx, &tenant, req).await? {
        Some(caller) => Ok((tenant, caller)),
        None => Err(sign_in(ctx, &tenant, &account_url(ctx, &tenant.tenant))),
    })
}

/// To the login page, and back.
pub fn sign_in(ctx: &Ctx, tenant: &TenantCache, back: &str) -> HttpResponse {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("return_to", back);
    let login = ctx.config.url(&format!("/t/{}/login?{}", tenant.tenant.slug, query.finish()));
    see_other(&login).finish()
}

/// The answer to a post.
async fn finished(
    ctx: &Ctx,
    req: &HttpRequest,
    tenant: &TenantCache,
    caller: &TenantMember,
    done: Result<(), Error>,
) -> Result<HttpResponse, Problem> {
    let t = texts(req);
    let (status, code) = match done {
        Ok(()) => return Ok(see_other(&format!("{}?saved=true", account_url(ctx, &tenant.tenant))).finish()),
        Err(Error::Forbidden { code: "reauthentication_needed", .. }) => {
            return Ok(sign_in(ctx, tenant, &account_again_url(ctx, &tenant.tenant)));
        }
        Err(Error::Forbidden { code, .. }) => (StatusCode::FORBIDDEN, code),
        Err(Error::Conflict { code, .. }) => (StatusCode::CONFLICT, code),
        Err(Error::Invalid(_)) => (StatusCode::UNPROCESSABLE_ENTITY, "invalid_fields"),
        Err(error) => return Ok(refusal(req, Some(tenant), &error)),
    };
    let sentence = match code {
        "credentials_wrong" => t.account.current_wrong,
        "invalid_fields" => t.account.name_unfit,
        code => t.reason(code),
    };
    show(ctx, req, tenant, caller, (status, Told::Wrong((code, sentence)))).await
}

async fn show(
    ctx: &Ctx,
    req: &HttpRequest,
    tenant: &TenantCache,
    caller: &TenantMember,
    (status, told): (StatusCode, Told<'_>),
) -> Result<HttpResponse, Problem> {
    let Some(account) = load(ctx, caller).await? else {
        return Ok(sign_in(ctx, tenant, &account_url(ctx, &tenant.tenant)));
    };
    let slug = &tenant.tenant.slug;
    let template = AccountPage {
        t: texts(req),
        organisation: &tenant.tenant.name,
        base: account_url(ctx, &tenant.tenant),
        landing: ctx.config.url(&format!("/t/{slug}")),
        logout: ctx.config.url(&format!("/t/{slug}/logout")),
        account,
        alert: told.alert(),
        saved: matches!(told, Told::Saved),
    };
    // A post of it may end at the login page, and that at a provider.
    Ok(page(HttpResponse::build(status), &ctx.config, &template, true))
}

/// What the page shows; nothing when the user is gone.
async fn load(ctx: &Ctx, caller: &TenantMember) -> Result<Option<Account>, Problem> {
    let (user_id, here) = caller.person()?;
    let (id, now, owner) = (caller.tenant_id(), ctx.clock.now(), caller.role == Role::Owner);
    let read = ctx.db.tenant(id, move |conn| {
        let Some(user) = users::find(conn, id, user_id)? else { return Ok::<_, DbError>(None) };
        let mut linked = Vec::new();
        for identity in identities::of_user(conn, id, user_id, MOST)? {
            let connection = connections::find(conn, id, identity.source_id)?;
            linked.push(IdentityLine {
                id: identity.id,
                connection: connection.map(|connection| connection.display_name).unwrap_or_default(),
                email: identity.email.unwrap_or(identity.subject),
            });
        }
        let codes = if owner { Some(break_glass_codes::of_user(conn, id, user_id)?) } else { None };
        let live = sessions::live(conn, id, Some(user_id), now, MOST)?;
        Ok(Some(Account {
            user,
            sessions: live.into_iter().map(|session| line(session, here)).collect(),
            identities: linked,
            has_password: local_credentials::find(conn, id, user_id)?.is_some(),
            codes: totp_secrets::is_active(conn, id, user_id)?,
            codes_left: recovery_codes::count(conn, id, user_id)?,
            break_glass: codes.map(|codes| codes.iter().filter(|code| code.used_at.is_none()).count()),
        }))
    });
    Ok(read.await?)
}

fn line(session: crate::model::session::Session, here: Uuid) -> SessionLine {
    let minute = |at: DateTime<Utc>| at.format("%Y-%m-%d %H:%M UTC").to_string();
    SessionLine {
        id: session.id,
        browser: session.user_agent.unwrap_or_default(),
        ip: session.ip.unwrap_or_default(),
        last_seen: minute(session.last_seen_at),
        here: session.id == here,
    }
}
