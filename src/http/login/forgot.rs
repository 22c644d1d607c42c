//! A forgotten password: the form for the address, whose answer is the same for everybody (L-22), and the form behind the
//! link in the letter. Opening the link changes nothing (L-12).

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use secrecy::SecretString;
use serde::Deserialize;
use uuid::Uuid;

use crate::context::caches::TenantCache;
use crate::flows::destination::Destination;
use crate::flows::password_login::check_allowed;
use crate::flows::reset_password::{self, Ending};
use crate::http::Ctx;
use crate::http::auth::same_origin;
use crate::http::body::{FormText, Query, read_pairs};
use crate::http::login::form::{MAX_HINT, Shown, login_url, with_query};
use crate::http::login::password::NewPasswordPage;
use crate::http::login::verify::Token;
use crate::http::login::{login_page, message, page, refusal, start, tenant_of, visitor};
use crate::http::problem::Problem;
use crate::http::texts::{Texts, texts};
use crate::model::password::Unfit;

/// What may stand in the page's URL.
#[derive(Debug, Default, Deserialize)]
pub struct ForgotQuery {
    return_to: Option<String>,
    request: Option<Uuid>,
    login_hint: Option<String>,
}

/// What the form sends.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ForgotForm {
    email: String,
    return_to: Option<String>,
    request: Option<Uuid>,
}

/// What the form behind the link sends.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ResetForm {
    proof: String,
    password: SecretString,
}

#[derive(Template)]
#[template(path = "forgot.html")]
struct ForgotPage<'a> {
    t: &'a Texts,
    organisation: &'a str,
    action: String,
    email: &'a str,
    carried: Option<(&'static str, String)>,
    back: String,
}

/// `GET /t/{tenant}/login/forgot`: which address?
pub async fn get_forgot(ctx: Ctx, req: HttpRequest, query: Query<ForgotQuery>) -> Result<HttpResponse, Problem> {
    let query = query.read()?;
    let tenant = match tenant_of(&ctx, &req).await {
        Ok(tenant) => tenant,
        Err(page) => return Ok(page),
    };
    if let Err(error) = check_allowed(&ctx, &tenant) {
        return Ok(refusal(&req, Some(&tenant), &error));
    }
    let destination = Destination::read(query.request, query.return_to);
    let destination = destination.filter(|to| to.url(&ctx, &tenant.tenant).is_some());
    let email = query.login_hint.filter(|hint| hint.len() <= MAX_HINT).unwrap_or_default();
    let template = ForgotPage {
        t: texts(&req),
        organisation: &tenant.tenant.name,
        action: ctx.config.url(&format!("/t/{}/login/forgot", tenant.tenant.slug)),
        email: &email,
        carried: destination.as_ref().map(Destination::parameter),
        back: login_url(&ctx, &tenant, &Shown { destination, ..Shown::default() }),
    };
    Ok(page(HttpResponse::Ok(), &ctx.config, &template, false))
}

/// `POST /t/{tenant}/login/forgot`: a letter, if there is somebody to have it; the page says the same of everybody.
pub async fn post_forgot(ctx: Ctx, req: HttpRequest, form: FormText) -> Result<HttpResponse, Problem> {
    same_origin(&req, &ctx.config)?;
    let form: ForgotForm = read_pairs(&form.0)?;
    let tenant = match tenant_of(&ctx, &req).await {
        Ok(tenant) => tenant,
        Err(page) => return Ok(page),
    };
    let destination = Destination::read(form.request, form.return_to);
    let destination = destination.filter(|to| to.url(&ctx, &tenant.tenant).is_some());
    let login = login_url(&ctx, &tenant, &Shown { destination, ..Shown::default() });
    let asked = match start::check_rate(&ctx, &req) {
        Ok(()) => reset_password::ask(&ctx, &tenant, &form.email, &visitor(&ctx, &req, &tenant), login.clone()).await,
        Err(error) => Err(error),
    };
    let t = texts(&req);
    match asked {
        Ok(()) => Ok(message(&ctx, &req, &tenant, (t.letters.title, t.letters.forgot_sent), login)),
        Err(error) => Ok(refusal(&req, Some(&tenant), &error)),
    }
}

/// `GET /t/{tenant}/login/reset?token=`: what the letter's link leads to.
pub async fn get_reset(ctx: Ctx, req: HttpRequest, query: Query<Token>) -> Result<HttpResponse, Problem> {
    let tenant = match tenant_of(&ctx, &req).await {
        Ok(tenant) => tenant,
        Err(page) => return Ok(page),
    };
    let token = query.read()?.token;
    match reset_password::look(&ctx, &tenant, &token, &visitor(&ctx, &req, &tenant)).await {
        Ok(()) => Ok(choose(&ctx, &req, &tenant, &token, None)),
        Err(error) => Ok(refusal(&req, Some(&tenant), &error)),
    }
}

/// `POST /t/{tenant}/login/reset`: sets the password that was chosen.
pub async fn post_reset(ctx: Ctx, req: HttpRequest, form: FormText) -> Result<HttpResponse, Problem> {
    same_origin(&req, &ctx.config)?;
    let form: ResetForm = read_pairs(&form.0)?;
    let tenant = match tenant_of(&ctx, &req).await {
        Ok(tenant) => tenant,
        Err(page) => return Ok(page),
    };
    let visitor = visitor(&ctx, &req, &tenant);
    let done = match start::check_rate(&ctx, &req) {
        Ok(()) => reset_password::set(&ctx, &tenant, (&form.proof, &form.password), &visitor).await,
        Err(error) => Err(error),
    };
    let t = texts(&req);
    match done {
        Ok(Ending::Done { login }) => {
            let login = login.unwrap_or_else(|| login_page(&ctx, &tenant));
            Ok(message(&ctx, &req, &tenant, (t.letters.reset_title, t.letters.reset_done), login))
        }
        Ok(Ending::Unfit(unfit)) => Ok(choose(&ctx, &req, &tenant, &form.proof, Some(unfit))),
        Err(error) => Ok(refusal(&req, Some(&tenant), &error)),
    }
}

/// The page that asks for a new password; 422 when the one before was unfit.
fn choose(ctx: &Ctx, req: &HttpRequest, tenant: &TenantCache, token: &str, unfit: Option<Unfit>) -> HttpResponse {
    let t = texts(req);
    let template = NewPasswordPage {
        t,
        organisation: &tenant.tenant.name,
        action: ctx.config.url(&format!("/t/{}/login/reset", tenant.tenant.slug)),
        proof: token,
        unfit,
        carried: None,
        button: t.letters.save,
    };
    let status = if unfit.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    page(HttpResponse::build(status), &ctx.config, &template, false)
}

/// Where the login page of an address leads that has forgotten its password.
pub fn forgot_url(ctx: &Ctx, tenant: &TenantCache, shown: &Shown) -> String {
    let base = ctx.config.url(&format!("/t/{}/login/forgot", tenant.tenant.slug));
    let hint = Some(shown.email.as_str()).filter(|email| !email.is_empty());
    with_query(&base, shown.destination.as_ref(), &[("login_hint", hint)])
}
