//! Signing out. GET shows a button, POST from our own page acts (W-08).

use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;
use uuid::Uuid;

use crate::context::caches::TenantCache;
use crate::flows::end_session::{Farewell, end_session, target_of_state};
use crate::http::auth::{request_id, same_origin};
use crate::http::body::Query;
use crate::http::login::{MessagePage, onward, page, see_other, tenant_of, with_cookies};
use crate::http::problem::Problem;
use crate::http::texts::{Texts, texts};
use crate::http::{Ctx, cookies};

#[derive(Template)]
#[template(path = "logout.html")]
struct LogoutPage<'a> {
    t: &'a Texts,
    organisation: &'a str,
    action: String,
}

/// `GET /t/{tenant}/logout`: a button.
pub async fn get_logout(ctx: Ctx, req: HttpRequest) -> Result<HttpResponse, Problem> {
    let tenant = match tenant_of(&ctx, &req).await {
        Ok(tenant) => tenant,
        Err(page) => return Ok(page),
    };
    let action = ctx.config.url(&format!("/t/{}/logout", tenant.tenant.slug));
    let template = LogoutPage { t: texts(&req), organisation: &tenant.tenant.name, action };
    Ok(page(HttpResponse::Ok(), &ctx.config, &template, true))
}

/// `POST /t/{tenant}/logout`: ends the session here, and goes on to the provider where it takes part.
pub async fn post_logout(ctx: Ctx, req: HttpRequest) -> Result<HttpResponse, Problem> {
    same_origin(&req, &ctx.config)?;
    let tenant = match tenant_of(&ctx, &req).await {
        Ok(tenant) => tenant,
        Err(page) => return Ok(page),
    };
    let id = tenant.tenant.id;
    let farewell = match cookies::read_session(&req, &ctx.config, id) {
        Some(cookie) => end_session(&ctx, &tenant, &cookie, request_id(&req), None).await?,
        None => Farewell::default(),
    };
    let done = || see_other(&ctx.config.url(&format!("/t/{}/logout/done", tenant.tenant.slug))).finish();
    Ok(leave(&ctx, &req, id, farewell, done))
}

/// To the provider where it takes part, else to what `done` says; signed out here in any case.
pub(in crate::http) fn leave(
    ctx: &Ctx,
    req: &HttpRequest,
    tenant: Uuid,
    farewell: Farewell,
    done: impl FnOnce() -> HttpResponse,
) -> HttpResponse {
    let mut set = vec![cookies::no_session(&ctx.config, tenant)];
    set.extend(farewell.remember.map(|memory| cookies::logout(&ctx.config, tenant, &memory)));
    match &farewell.onward {
        Some(way) => onward(ctx, req, way, set),
        None => with_cookies(done(), &set),
    }
}

/// What a provider gives back.
#[derive(Debug, Default, Deserialize)]
pub struct DoneQuery {
    state: Option<String>,
}

/// `GET /t/{tenant}/logout/done`: everything is over; an application that asked for it is gone back to.
pub async fn get_logout_done(ctx: Ctx, req: HttpRequest, query: Query<DoneQuery>) -> Result<HttpResponse, Problem> {
    let tenant = match tenant_of(&ctx, &req).await {
        Ok(tenant) => tenant,
        Err(page) => return Ok(page),
    };
    let state = query.read().unwrap_or_default().state.unwrap_or_default();
    if let Some(target) = target_of_state(&ctx, tenant.tenant.id, &state) {
        return Ok(see_other(&target).finish());
    }
    Ok(signed_out(&ctx, &req, &tenant))
}

/// The page that says that it is over.
pub(super) fn signed_out(ctx: &Ctx, req: &HttpRequest, tenant: &TenantCache) -> HttpResponse {
    let t = texts(req);
    let template = MessagePage {
        t,
        organisation: &tenant.tenant.name,
        title: t.signed_out_title,
        message: t.signed_out,
        code: None,
        event_id: None,
        request_id: None,
        link: Some((ctx.config.url(&format!("/t/{}/login", tenant.tenant.slug)), t.sign_in_again)),
    };
    page(HttpResponse::Ok(), &ctx.config, &template, false)
}
