//! The authorization endpoint, and where a login or a consent comes back to.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use uuid::Uuid;

use crate::context::caches::TenantCache;
use crate::context::issuer::Issuer;
use crate::flows::oauth2::authorize::{Outcome, SignedIn, authorize, go_on, read};
use crate::flows::oauth2::organization;
use crate::flows::oauth2::request::Pairs;
use crate::flows::{Error, authenticate, limits};
use crate::http::body::FormText;
use crate::http::login::{SubmitPage, refusal, refused_page, see_other, submitting_page, tenant_of};
use crate::http::oauth2::organization::ask_organization;
use crate::http::oauth2::{issuer_of, read_parameters};
use crate::http::problem::Problem;
use crate::http::texts::texts;
use crate::http::{Ctx, cookies, peer};

/// `GET {issuer}/oauth2/authorize`.
pub async fn get_authorize(ctx: Ctx, req: HttpRequest) -> Result<HttpResponse, Problem> {
    let issuer = match issuer_of(&ctx, &req).await {
        Ok(issuer) => issuer,
        Err(error) => return Ok(refusal(&req, None, &error)),
    };
    let Some(pairs) = read_parameters(req.query_string()) else {
        return Ok(refused(&req, None, "repeated_parameter")); // P-02
    };
    match begin(&ctx, &req, &issuer, &pairs).await {
        Ok(response) => Ok(response),
        Err(error) => Ok(refusal(&req, None, &error)),
    }
}

/// `POST {issuer}/oauth2/authorize`: the same by form. The browser brings no Lax cookie with a form of another site, so
/// it is sent on to the GET, which has them.
pub async fn post_authorize(ctx: Ctx, req: HttpRequest, form: FormText) -> Result<HttpResponse, Problem> {
    Ok(see_other(&format!("{}?{}", ctx.config.url(req.path()), form.0)).finish())
}

async fn begin(ctx: &Ctx, req: &HttpRequest, issuer: &Issuer, pairs: &Pairs) -> Result<HttpResponse, Error> {
    let asked = match read(ctx, issuer, pairs).await? {
        Ok(asked) => asked,
        Err(outcome) => return Ok(show(ctx, req, None, outcome)),
    };
    let tenant = match issuer {
        Issuer::Tenant(tenant) => Some(Arc::clone(tenant)),
        Issuer::Installation => organization::of_request(ctx, pairs).await?,
    };
    let Some(tenant) = tenant else {
        return Ok(ask_organization(ctx, req, &asked, req.query_string()));
    };
    let signed_in = signed_in(ctx, req, &tenant).await?;
    if signed_in.is_none() {
        // D-07: a request that waits for a login costs a row; one address begins so many a minute.
        let ip = peer::ip(req, &ctx.config.trusted_proxies).unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        ctx.begin_limit.check(&limits::address_bucket(ip)).map_err(|retry_after| Error::RateLimited { retry_after })?;
    }
    let outcome = authorize(ctx, &tenant, asked, signed_in).await?;
    Ok(show(ctx, req, Some(&tenant), outcome))
}

/// `GET /t/{tenant}/oauth2/continue/{request}`: back from the login.
pub async fn get_continue(
    ctx: Ctx,
    req: HttpRequest,
    path: web::Path<(String, Uuid)>,
) -> Result<HttpResponse, Problem> {
    let tenant = match tenant_of(&ctx, &req).await {
        Ok(tenant) => tenant,
        Err(page) => return Ok(page),
    };
    let signed_in = signed_in(&ctx, &req, &tenant).await?;
    match go_on(&ctx, &tenant, path.1, signed_in).await {
        Ok(outcome) => Ok(show(&ctx, &req, Some(&tenant), outcome)),
        Err(error) => Ok(refusal(&req, Some(&tenant), &error)),
    }
}

/// Who is signed in to the tenant in this browser.
///
/// # Errors
/// [`Error::Unavailable`].
pub(super) async fn signed_in(ctx: &Ctx, req: &HttpRequest, tenant: &TenantCache) -> Result<Option<SignedIn>, Error> {
    match cookies::read_session(req, &ctx.config, tenant.tenant.id) {
        Some(cookie) => Ok(authenticate::session(ctx, tenant, &cookie).await?),
        None => Ok(None),
    }
}

/// What the browser is told.
pub(super) fn show(ctx: &Ctx, req: &HttpRequest, tenant: Option<&TenantCache>, outcome: Outcome) -> HttpResponse {
    match outcome {
        Outcome::Answered(answer) if answer.form_post => {
            let fields = answer.parameters.iter().map(|(name, value)| (&**name, value.as_str())).collect();
            let template = SubmitPage { t: texts(req), action: &answer.redirect_uri, fields };
            submitting_page(&template)
        }
        Outcome::Answered(answer) => see_other(&answer.url()).finish(),
        Outcome::Login(path) | Outcome::Consent(path) => see_other(&ctx.config.url(&path)).finish(),
        Outcome::Refused(code) => refused(req, tenant, code),
    }
}

fn refused(req: &HttpRequest, tenant: Option<&TenantCache>, code: &'static str) -> HttpResponse {
    // What waits no more is as absent as what never was (T-08).
    let status = if code == "request_unknown" { StatusCode::NOT_FOUND } else { StatusCode::BAD_REQUEST };
    refused_page(HttpResponse::build(status), req, tenant, code, None)
}
