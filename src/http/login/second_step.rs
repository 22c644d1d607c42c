//! The second step of a login by password: the code of an app, or a recovery code.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use askama::Template;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use uuid::Uuid;

use crate::context::caches::TenantCache;
use crate::flows::destination::Destination;
use crate::flows::password_login::{self, SecondStep, WRONG_CODE};
use crate::http::auth::same_origin;
use crate::http::body::{FormText, read_pairs};
use crate::http::login::password::{answer, arrival};
use crate::http::login::{page, start, tenant_of};
use crate::http::problem::Problem;
use crate::http::texts::{Texts, texts};
use crate::http::{Ctx, cookies};

/// What the form sends.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CodeForm {
    code: SecretString,
    return_to: Option<String>,
    request: Option<Uuid>,
}

#[derive(Template)]
#[template(path = "second_step.html")]
struct SecondStepPage<'a> {
    t: &'a Texts,
    organisation: &'a str,
    action: String,
    /// The reason code of the refusal before.
    refused: Option<&'a str>,
    carried: Option<(&'static str, String)>,
}

/// `POST /t/{tenant}/login/code`: signs in by the code, after the password, or asks again.
pub async fn post_code(ctx: Ctx, req: HttpRequest, form: FormText) -> Result<HttpResponse, Problem> {
    same_origin(&req, &ctx.config)?;
    let form: CodeForm = read_pairs(&form.0)?;
    let tenant = match tenant_of(&ctx, &req).await {
        Ok(tenant) => tenant,
        Err(page) => return Ok(page),
    };
    let destination = Destination::read(form.request, form.return_to);
    let half = cookies::read_half_login(&req, &ctx.config, tenant.tenant.id);
    let given = SecondStep { code: form.code, half };
    let ended = match start::check_rate(&ctx, &req) {
        Ok(()) => password_login::finish(&ctx, &tenant, given, &arrival(&ctx, &req, &tenant)).await,
        Err(error) => Err(error),
    };
    Ok(answer(&ctx, &req, &tenant, destination, ended, ""))
}

/// The page that asks for the code, and holds in this browser that the password was right.
pub(super) fn ask(
    ctx: &Ctx,
    req: &HttpRequest,
    tenant: &TenantCache,
    destination: Option<Destination>,
    half: &SecretString,
) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    response.cookie(cookies::half_login(&ctx.config, tenant.tenant.id, half.expose_secret()));
    show(response, ctx, req, (tenant, destination), None)
}

/// The same page after a wrong code.
pub(super) fn ask_again(
    ctx: &Ctx,
    req: &HttpRequest,
    tenant: &TenantCache,
    destination: Option<Destination>,
) -> HttpResponse {
    show(HttpResponse::build(StatusCode::FORBIDDEN), ctx, req, (tenant, destination), Some(WRONG_CODE))
}

fn show(
    response: HttpResponseBuilder,
    ctx: &Ctx,
    req: &HttpRequest,
    (tenant, destination): (&TenantCache, Option<Destination>),
    refused: Option<&str>,
) -> HttpResponse {
    let destination = destination.filter(|to| to.url(ctx, &tenant.tenant).is_some());
    let template = SecondStepPage {
        t: texts(req),
        organisation: &tenant.tenant.name,
        action: ctx.config.url(&format!("/t/{}/login/code", tenant.tenant.slug)),
        refused,
        carried: destination.as_ref().map(Destination::parameter),
    };
    page(response, &ctx.config, &template, true)
}
