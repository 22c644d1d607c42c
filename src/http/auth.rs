//! Extractors that prove who calls. There is no other way to a [`Caller`]: a handler that holds a [`TenantAdmin`] holds
//! a tenant and at least that role in it (the first tenancy wall).

use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;

use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use actix_web::{FromRequest, HttpMessage, HttpRequest, ResponseError, dev::Payload};
use secrecy::{ExposeSecret, SecretString};
use tracing_actix_web::RequestId;
use uuid::Uuid;

use crate::config::Config;
use crate::context::Context;
use crate::context::caches::TenantCache;
use crate::flows::authenticate::{self, Caller};
use crate::http::problem::Problem;
use crate::http::{Ctx, cookies};
use crate::model::audit::{Actor, Stamp};
use crate::model::role::Role;
use crate::model::scope::{API_READ, API_WRITE};
use crate::model::tenant::TenantStatus;
use crate::secrets::token::{KeyKind, key_kind};

/// An operator of the installation.
pub struct Operator {
    key_id: Uuid,
    request_id: Option<Uuid>,
}

impl Operator {
    /// Who, when and in which request, for the audit logs.
    #[must_use]
    pub fn stamp(&self, ctx: &Context) -> Stamp {
        Stamp { actor: Actor::Operator { key_id: self.key_id }, request_id: self.request_id, at: ctx.clock.now() }
    }
}

impl FromRequest for Operator {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let req = req.clone();
        Box::pin(async move {
            let bearer = bearer(req.headers())?;
            let Some(key) = bearer.filter(|key| key_kind(key.expose_secret()) == Some(KeyKind::Operator)) else {
                // A tenant's caller learns nothing about the installation: these paths are not there for them.
                return Err(if req.headers().contains_key(AUTHORIZATION) {
                    Problem::not_found()
                } else {
                    Problem::unauthenticated()
                });
            };
            let key_id = authenticate::operator(context(&req)?, &key).await?.ok_or_else(Problem::unauthenticated)?;
            Ok(Self { key_id, request_id: request_id(&req) })
        })
    }
}

/// Declares an extractor for callers of at least one role.
macro_rules! caller_of {
    ($(#[$meta:meta])* $name:ident, $role:expr) => {
        $(#[$meta])*
        pub struct $name(Caller);

        impl Deref for $name {
            type Target = Caller;
            fn deref(&self) -> &Caller { &self.0 }
        }

        impl FromRequest for $name {
            type Error = Problem;
            type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

            fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
                let req = req.clone();
                Box::pin(async move { caller(&req, $role).await.map(Self) })
            }
        }
    };
}

caller_of!(
    /// Anybody who belongs to the tenant of the path.
    TenantMember, Role::Member
);
caller_of!(
    /// Who may read everything of the tenant.
    TenantAuditor, Role::Auditor
);
caller_of!(
    /// Who may change the tenant's objects.
    TenantAdmin, Role::Admin
);
caller_of!(
    /// Who may do what touches everybody in the tenant.
    TenantOwner, Role::Owner
);

async fn caller(req: &HttpRequest, least: Role) -> Result<Caller, Problem> {
    let ctx = context(req)?;
    let slug = req.match_info().get("tenant").unwrap_or_default();
    let caller = match bearer(req.headers())? {
        Some(token) if token.expose_secret().contains('.') => by_token(ctx, slug, req, &token).await?,
        Some(key) => by_key(ctx, slug, &key).await?,
        None => by_session(ctx, slug, req).await?,
    };
    let caller = Caller { request_id: request_id(req), ..caller };
    let operator = matches!(caller.actor, Actor::Operator { .. });
    if caller.tenant.tenant.status == TenantStatus::Suspended && !operator {
        return Err(Problem::new(StatusCode::FORBIDDEN, "tenant_suspended", "this organisation is suspended")); // T-13
    }
    if caller.role < least {
        return Err(Problem::new(StatusCode::FORBIDDEN, "role_too_low", format!("this needs the role {least}")));
    }
    Ok(caller)
}

async fn by_key(ctx: &Context, slug: &str, key: &SecretString) -> Result<Caller, Problem> {
    let kind = key_kind(key.expose_secret()).ok_or_else(Problem::unauthenticated)?;
    let operator = match kind {
        KeyKind::Operator => Some(authenticate::operator(ctx, key).await?.ok_or_else(Problem::unauthenticated)?),
        KeyKind::Tenant(_) => None,
    };
    // T-08: for a tenant's key another tenant is as absent as one that never was.
    let tenant = ctx.tenant(slug).await?.ok_or_else(Problem::not_found)?;
    if let Some(key_id) = operator {
        let actor = Actor::Operator { key_id };
        return Ok(Caller { actor, role: Role::Owner, tenant, request_id: None, in_person: false });
    }
    if kind != KeyKind::Tenant(tenant.tenant.id) {
        return Err(Problem::not_found());
    }
    let holder = authenticate::key_holder(ctx, &tenant, key).await?.ok_or_else(Problem::unauthenticated)?;
    Ok(Caller { actor: holder.actor, role: holder.role, tenant, request_id: None, in_person: false })
}

/// By an access token of our own: it may do what its scopes cover, and no more than its user may.
async fn by_token(ctx: &Context, slug: &str, req: &HttpRequest, token: &SecretString) -> Result<Caller, Problem> {
    let tenant = ctx.tenant(slug).await?.ok_or_else(Problem::unauthenticated)?;
    let found = authenticate::own_token(ctx, &tenant, token.expose_secret()).await?;
    let found = found.ok_or_else(Problem::unauthenticated)?;
    let scopes = &found.token.scopes;
    if !(scopes.has(API_WRITE) || req.method().is_safe() && scopes.has(API_READ)) {
        let needed = if req.method().is_safe() { API_READ } else { API_WRITE };
        let detail = format!("this needs a token with the scope {needed}");
        return Err(Problem::new(StatusCode::FORBIDDEN, "insufficient_scope", detail));
    }
    let user = &found.subject.user;
    let actor = Actor::User { user_id: user.id, session_id: Some(found.session_id), key_id: None };
    Ok(Caller { actor, role: user.role, tenant, request_id: None, in_person: false })
}

async fn by_session(ctx: &Context, slug: &str, req: &HttpRequest) -> Result<Caller, Problem> {
    let tenant = ctx.tenant(slug).await?.ok_or_else(Problem::unauthenticated)?;
    let cookie = cookies::read_session(req, &ctx.config, tenant.tenant.id).ok_or_else(Problem::unauthenticated)?;
    let found = authenticate::session(ctx, &tenant, &cookie).await?.ok_or_else(Problem::unauthenticated)?;
    if !req.method().is_safe() {
        same_origin(req, &ctx.config)?;
    }
    let (session, user) = (&found.0, &found.1);
    let actor = Actor::User { user_id: user.id, session_id: Some(session.id), key_id: None };
    Ok(Caller { actor, role: user.role, tenant, request_id: None, in_person: true })
}

/// The member whose browser asks for a page of theirs, by its session alone; `None` when nobody is signed in here.
///
/// # Errors
/// 403 `cross_site`, 503.
pub async fn member(ctx: &Context, tenant: &TenantCache, req: &HttpRequest) -> Result<Option<TenantMember>, Problem> {
    if tenant.tenant.status != TenantStatus::Active {
        return Ok(None); // T-13
    }
    match by_session(ctx, &tenant.tenant.slug, req).await {
        Ok(caller) => Ok(Some(TenantMember(Caller { request_id: request_id(req), ..caller }))),
        Err(problem) if problem.status_code() == StatusCode::UNAUTHORIZED => Ok(None),
        Err(problem) => Err(problem),
    }
}

/// W-07, W-08: what a cookie authorises must come from a page of ours. Browsers say so in headers that no page can
/// forge: `Sec-Fetch-Site`, or from older ones `Origin`, which our referrer policy makes `null` in form posts. A request
/// with neither is refused.
///
/// # Errors
/// 403 `cross_site`.
pub fn same_origin(req: &HttpRequest, config: &Config) -> Result<(), Problem> {
    let header = |name: &str| req.headers().get(name).and_then(|v| v.to_str().ok());
    let ours = config.public_url.origin().ascii_serialization();
    let fits = match (header("sec-fetch-site"), header("origin")) {
        (_, Some(origin)) if origin != "null" && origin != ours => false,
        (Some(site), _) => site == "same-origin",
        (None, origin) => origin == Some(ours.as_str()),
    };
    if fits {
        Ok(())
    } else {
        Err(Problem::new(StatusCode::FORBIDDEN, "cross_site", "this must come from a page of Doorward"))
    }
}

/// The bearer secret (RFC 6750 section 2.1: header only, never query or body); two headers are none of ours (J-01).
fn bearer(headers: &HeaderMap) -> Result<Option<SecretString>, Problem> {
    let mut all = headers.get_all(AUTHORIZATION);
    let Some(value) = all.next() else { return Ok(None) };
    if all.next().is_some() {
        return Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "repeated_authorization",
            "there are two Authorization headers",
        ));
    }
    let text = value.to_str().map_err(|_| Problem::unauthenticated())?;
    let (scheme, secret) = text.split_once(' ').ok_or_else(Problem::unauthenticated)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(Some(secret.trim().into())) } else { Err(Problem::unauthenticated()) }
}

fn context(req: &HttpRequest) -> Result<&Context, Problem> {
    let missing = || Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", "no context");
    req.app_data::<Ctx>().map(|data| data.get_ref()).ok_or_else(missing)
}

/// The request's id, as the log and the header `x-request-id` show it.
#[must_use]
pub fn request_id(req: &HttpRequest) -> Option<Uuid> {
    req.extensions().get::<RequestId>().map(|id| **id)
}
