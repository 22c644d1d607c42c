//! Signing in by a break-glass code: for owners, where `sso` is enforced and the provider does not let them in.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use uuid::Uuid;

use crate::context::caches::TenantCache;
use crate::flows::break_glass::{self, WRONG};
use crate::flows::destination::Destination;
use crate::http::auth::same_origin;
use crate::http::body::{FormText, Query, read_pairs};
use crate::http::login::form::{self, Shown};
use crate::http::login::{page, refusal, see_other, start, target, tenant_of, visitor};
use crate::http::problem::Problem;
use crate::http::texts::{Texts, texts};
use crate::http::{Ctx, cookies};

/// What may stand in the page's URL.
#[derive(Debug, Default, Deserialize)]
pub struct BreakGlassQuery {
    return_to: Option<String>,
    request: Option<Uuid>,
}

/// What the form sends.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct BreakGlassForm {
    email: String,
    code: SecretString,
    return_to: Option<String>,
    request: Option<Uuid>,
}

#[derive(Template)]
#[template(path = "break_glass.html")]
struct BreakGlassPage<'a> {
    t: &'a Texts,
    organisation: &'a str,
    action: String,
    email: &'a str,
    refused: Option<&'a str>,
    carried: Option<(&'static str, String)>,
    /// The login page.
    back: String,
}

/// `GET /t/{tenant}/login/break-glass`: the form; the login page where codes open nothing.
pub async fn get_break_glass(
    ctx: Ctx,
    req: HttpRequest,
    query: Query<BreakGlassQuery>,
) -> Result<HttpResponse, Problem> {
    let query = query.read()?;
    let tenant = match tenant_of(&ctx, &req).await {
        Ok(tenant) => tenant,
        Err(page) => return Ok(page),
    };
    let shown = Shown { destination: Destination::read(query.request, query.return_to), ..Shown::default() };
    if break_glass::check_open(&ctx, &tenant.tenant).is_err() {
        return Ok(see_other(&form::login_url(&ctx, &tenant, &shown)).finish());
    }
    Ok(show(&ctx, &req, &tenant, shown, None))
}

/// `POST /t/{tenant}/login/break-glass`: signs in, or shows the form again; it says the same of everybody (L-22, K-11).
pub async fn post_break_glass(ctx: Ctx, req: HttpRequest, form: FormText) -> Result<HttpResponse, Problem> {
    same_origin(&req, &ctx.config)?;
    let form: BreakGlassForm = read_pairs(&form.0)?;
    let tenant = match tenant_of(&ctx, &req).await {
        Ok(tenant) => tenant,
        Err(page) => return Ok(page),
    };
    let destination = Destination::read(form.request, form.return_to);
    let arrival = visitor(&ctx, &req, &tenant);
    let ended = match start::check_rate(&ctx, &req) {
        Ok(()) => break_glass::sign_in(&ctx, &tenant, (&form.email, &form.code), &arrival).await,
        Err(error) => Err(error),
    };
    match ended {
        Ok(Some(token)) => Ok(welcome(&ctx, &tenant, destination, &token)),
        Ok(None) => {
            Ok(show(&ctx, &req, &tenant, Shown { destination, email: form.email, ..Shown::default() }, Some(WRONG)))
        }
        Err(error) => Ok(refusal(&req, Some(&tenant), &error)),
    }
}

fn welcome(ctx: &Ctx, tenant: &TenantCache, destination: Option<Destination>, token: &SecretString) -> HttpResponse {
    let wanted = destination.and_then(|to| to.url(ctx, &tenant.tenant));
    let cookie = cookies::session(&ctx.config, tenant.tenant.id, token.expose_secret());
    see_other(&target(ctx, tenant, wanted)).cookie(cookie).finish()
}

fn show(
    ctx: &Ctx,
    req: &HttpRequest,
    tenant: &TenantCache,
    shown: Shown,
    refused: Option<&'static str>,
) -> HttpResponse {
    // W-10: a target that is not listed is not even carried along.
    let destination = shown.destination.filter(|to| to.url(ctx, &tenant.tenant).is_some());
    let shown = Shown { destination, choose: true, ..shown };
    let template = BreakGlassPage {
        t: texts(req),
        organisation: &tenant.tenant.name,
        action: ctx.config.url(&format!("/t/{}/login/break-glass", tenant.tenant.slug)),
        email: &shown.email,
        refused,
        carried: shown.destination.as_ref().map(Destination::parameter),
        back: form::login_url(ctx, tenant, &shown),
    };
    let status = if refused.is_some() { StatusCode::FORBIDDEN } else { StatusCode::OK };
    page(HttpResponse::build(status), &ctx.config, &template, true)
}
