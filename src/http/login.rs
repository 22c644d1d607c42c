//! The pages people see: choose where to sign in, come back from there, be told why not, sign out.
//!
//! Server-rendered, no script, usable without JavaScript and by keyboard. Texts come from the catalogue (`texts`).
//! 1. `start`: the tenant's login page (`form`), and the way to the provider, or `password` and `second_step`, or an owner's
//!    `break_glass`;
//! 2. `callback`: the provider's answer, by query, by form post, or fetched after a form post;
//!    SAML answers come to `acs` and end the same way, or wait at `verify` for a letter to prove the address;
//!    a forgotten password is set anew at `forgot`, the own address changed at `address`;
//! 3. `landing`: signed in, with nowhere else to go; 4. `logout`, and `slo` for what SAML providers say about it;
//! 5. `invitation`: what the link of an invitation leads to;
//! 6. `saml_metadata`: what SAML providers read about us.

pub mod acs;
pub mod address;
pub mod break_glass;
pub mod callback;
pub mod forgot;
mod form;
pub mod invitation;
pub mod landing;
pub mod logout;
pub mod password;
pub mod saml_metadata;
pub mod second_step;
pub mod slo;
pub mod start;
pub mod verify;

use std::sync::Arc;

use actix_web::cookie::Cookie;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use askama::Template;
use uuid::Uuid;

use crate::config::Config;
use crate::context::caches::TenantCache;
use crate::flows::Error;
use crate::flows::onward::Onward;
use crate::flows::open_session::Visitor;
use crate::http::texts::{Texts, language, texts};
use crate::http::{Ctx, auth, cookies, peer};
use crate::model::tenant::Sso;

/// A page that says one thing.
#[derive(Template)]
#[template(path = "message.html")]
pub(in crate::http) struct MessagePage<'a> {
    pub t: &'a Texts,
    pub organisation: &'a str,
    pub title: &'a str,
    pub message: &'a str,
    pub code: Option<&'a str>,
    pub event_id: Option<Uuid>,
    /// Finds the refusal in the log, where there is no event.
    pub request_id: Option<Uuid>,
    /// Where to go on, and what to call it.
    pub link: Option<(String, &'a str)>,
}

/// The tenant of the path, or the page that says there is none.
pub(in crate::http) async fn tenant_of(ctx: &Ctx, req: &HttpRequest) -> Result<Arc<TenantCache>, HttpResponse> {
    let slug = req.match_info().get("tenant").unwrap_or_default();
    match ctx.tenant(slug).await {
        Ok(Some(tenant)) => Ok(tenant),
        Ok(None) => Err(refusal(req, None, &Error::NotFound)),
        Err(error) => Err(refusal(req, None, &error.into())),
    }
}

/// The browser that asks.
fn visitor(ctx: &Ctx, req: &HttpRequest, tenant: &TenantCache) -> Visitor {
    Visitor {
        session_cookie: cookies::read_session(req, &ctx.config, tenant.tenant.id),
        ip: peer::ip(req, &ctx.config.trusted_proxies),
        user_agent: peer::user_agent(req),
        request_id: auth::request_id(req),
        language: language(req),
    }
}

/// A page, with the policy that fits it. `leads_out`: a form on it ends at a provider or an application, which Chromium
/// counts as the form's action too.
pub(in crate::http) fn page(
    response: HttpResponseBuilder,
    config: &Config,
    template: &impl Template,
    leads_out: bool,
) -> HttpResponse {
    render(response, template, form_action(config, leads_out))
}

fn form_action(config: &Config, leads_out: bool) -> &'static str {
    match (leads_out, config.is_https()) {
        (false, _) => "form-action 'self'",
        (true, true) => "form-action 'self' https:",
        (true, false) => "form-action 'self' https: http:", // loopback only: providers of the demo and of tests
    }
}

/// A page whose form submits itself, by the one script that we have; without it there is a button.
#[derive(Template)]
#[template(path = "submit.html")]
pub(in crate::http) struct SubmitPage<'a> {
    pub t: &'a Texts,
    pub action: &'a str,
    pub fields: Vec<(&'a str, &'a str)>,
}

/// A form for an application. The target is a registered redirect URI, of whatever scheme a native application has.
pub(in crate::http) fn submitting_page(template: &SubmitPage<'_>) -> HttpResponse {
    render(HttpResponse::Ok(), template, "script-src 'self'; form-action *")
}

/// To the provider, by a redirect or a form, with these cookies.
pub(in crate::http) fn onward(ctx: &Ctx, req: &HttpRequest, way: &Onward, cookies: Vec<Cookie<'_>>) -> HttpResponse {
    let response = match way {
        Onward::Redirect(url) => see_other(url.as_str()).finish(),
        Onward::Form { to, fields } => {
            let fields = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let template = SubmitPage { t: texts(req), action: to.as_str(), fields };
            let action = form_action(&ctx.config, true);
            render(HttpResponse::Ok(), &template, &format!("script-src 'self'; {action}"))
        }
    };
    with_cookies(response, &cookies)
}

/// The answer with these cookies too.
pub(in crate::http) fn with_cookies(mut response: HttpResponse, cookies: &[Cookie<'_>]) -> HttpResponse {
    for cookie in cookies {
        if let Err(error) = response.add_cookie(cookie) {
            tracing::error!(%error, "a cookie could not be set");
        }
    }
    response
}

fn render(mut response: HttpResponseBuilder, template: &impl Template, policy: &str) -> HttpResponse {
    let policy = format!(
        "default-src 'none'; style-src 'self'; img-src 'self'; {policy}; frame-ancestors 'none'; base-uri 'none'"
    );
    match template.render() {
        Ok(html) => response
            .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
            .insert_header((CONTENT_SECURITY_POLICY, policy))
            .body(html),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            HttpResponse::InternalServerError().finish()
        }
    }
}

/// A page that says that something is done, and leads on.
fn message(
    ctx: &Ctx,
    req: &HttpRequest,
    tenant: &TenantCache,
    (title, message): (&str, &str),
    onward: String,
) -> HttpResponse {
    let t = texts(req);
    let template = MessagePage {
        t,
        organisation: &tenant.tenant.name,
        title,
        message,
        code: None,
        event_id: None,
        request_id: None,
        link: Some((onward, t.continue_button)),
    };
    page(HttpResponse::Ok(), &ctx.config, &template, false)
}

/// The tenant's login page.
fn login_page(ctx: &Ctx, tenant: &TenantCache) -> String {
    ctx.config.url(&format!("/t/{}/login", tenant.tenant.slug))
}

/// Where a login ends: the target (which is checked), else the tenant's landing page, else our own.
fn target(ctx: &Ctx, tenant: &TenantCache, checked: Option<String>) -> String {
    let landing = || tenant.tenant.landing_url.clone();
    checked.or_else(landing).unwrap_or_else(|| ctx.config.url(&format!("/t/{}", tenant.tenant.slug)))
}

/// 303 to somewhere.
pub(in crate::http) fn see_other(location: &str) -> HttpResponseBuilder {
    let mut response = HttpResponse::SeeOther();
    response.insert_header((LOCATION, location));
    response
}

/// The page of an error that is no login outcome.
pub(in crate::http) fn refusal(req: &HttpRequest, tenant: Option<&TenantCache>, error: &Error) -> HttpResponse {
    let (status, code) = match error {
        Error::NotFound => (StatusCode::NOT_FOUND, "not_found"),
        Error::RateLimited { .. } => (StatusCode::TOO_MANY_REQUESTS, "rate_limited"),
        Error::Forbidden { code, .. } => (StatusCode::FORBIDDEN, *code),
        Error::Conflict { code, .. } => (StatusCode::CONFLICT, *code),
        Error::Gone { code, .. } => (StatusCode::GONE, *code),
        Error::Provider { code, .. } => (StatusCode::BAD_GATEWAY, *code),
        Error::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "service_unavailable"),
        other => {
            tracing::error!(error = %other, "a page failed inside");
            (StatusCode::INTERNAL_SERVER_ERROR, "internal_error")
        }
    };
    let mut response = HttpResponse::build(status);
    match error {
        Error::RateLimited { retry_after } => drop(response.insert_header(("retry-after", retry_after.to_string()))),
        Error::Unavailable => drop(response.insert_header(("retry-after", "1"))),
        _ => {}
    }
    refused_page(response, req, tenant, code, None)
}

/// The refusal page: a sentence for the person; for their admin a code and the id of the event, else of the request; a way
/// to try again.
pub(in crate::http) fn refused_page(
    response: HttpResponseBuilder,
    req: &HttpRequest,
    tenant: Option<&TenantCache>,
    code: &str,
    event_id: Option<Uuid>,
) -> HttpResponse {
    let Some(ctx) = req.app_data::<Ctx>() else {
        return HttpResponse::InternalServerError().finish();
    };
    let t = texts(req);
    // Where one provider signs everybody in, the plain login page would lead straight to the next refusal.
    let enforced = |c: &TenantCache| c.tenant.sso.at(ctx.clock.now()) == Sso::Enforced;
    let query = |c: &TenantCache| if enforced(c) { "?choose=true" } else { "" };
    let again = tenant.map(|c| (ctx.config.url(&format!("/t/{}/login{}", c.tenant.slug, query(c))), t.try_again));
    // T-08: the pages of what is not there have equal bytes.
    let absent = matches!(code, "not_found" | "request_unknown");
    let page_data = MessagePage {
        t,
        organisation: tenant.map_or("", |c| c.tenant.name.as_str()),
        title: t.refused_title(code),
        message: t.reason(code),
        code: Some(code),
        event_id,
        request_id: auth::request_id(req).filter(|_| event_id.is_none() && !absent),
        link: again,
    };
    page(response, &ctx.config, &page_data, false)
}
