//! Signing out. GET shows a button, POST from our own page acts (W-08).

use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

use crate::flows::end_session::{end_session, target_of_state};
use crate::http::auth::{request_id, same_origin};
use crate::http::body::Query;
use crate::http::login::{MessagePage, page, see_other, tenant_of};
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
    let onward = match cookies::read_session(&req, &ctx.config, id) {
        Some(cookie) => end_session(&ctx, &tenant, &cookie, request_id(&req), None).await?,
        None => None,
    };
    let done = || ctx.config.url(&format!("/t/{}/logout/done", tenant.tenant.slug));
    let target = onward.map_or_else(done, String::from);
    Ok(see_other(&target).cookie(cookies::no_session(&ctx.config, id)).finish())
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
    let t = texts(&req);
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
    Ok(page(HttpResponse::Ok(), &ctx.config, &template, false))
}
