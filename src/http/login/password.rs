//! Signing in by password: the password of an address, and a new one where it must be changed.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use uuid::Uuid;

use crate::context::caches::TenantCache;
use crate::flows::Error;
use crate::flows::destination::Destination;
use crate::flows::find_connection::ways;
use crate::flows::password_login::{self, Arrival, Ending, NewPassword, SignedIn};
use crate::http::auth::same_origin;
use crate::http::body::{FormText, read_pairs};
use crate::http::login::form::{self, Shown, Step};
use crate::http::login::{page, refusal, second_step, see_other, start, target, tenant_of, visitor, with_cookies};
use crate::http::problem::Problem;
use crate::http::texts::{Texts, texts};
use crate::http::{Ctx, cookies};
use crate::model::password::Unfit;

/// What the password form sends.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PasswordForm {
    email: String,
    password: SecretString,
    return_to: Option<String>,
    request: Option<Uuid>,
}

/// What the form for a new password sends.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewPasswordForm {
    proof: SecretString,
    password: SecretString,
    return_to: Option<String>,
    request: Option<Uuid>,
}

#[derive(Template)]
#[template(path = "new_password.html")]
pub(super) struct NewPasswordPage<'a> {
    pub t: &'a Texts,
    pub organisation: &'a str,
    pub action: String,
    /// What proves that the person may choose one.
    pub proof: &'a str,
    pub unfit: Option<Unfit>,
    pub carried: Option<(&'static str, String)>,
    pub button: &'a str,
}

/// `POST /t/{tenant}/login/password`: signs in, or shows the form again; it says the same of everybody (L-22, K-11).
pub async fn post_password(ctx: Ctx, req: HttpRequest, form: FormText) -> Result<HttpResponse, Problem> {
    same_origin(&req, &ctx.config)?;
    let form: PasswordForm = read_pairs(&form.0)?;
    let tenant = match tenant_of(&ctx, &req).await {
        Ok(tenant) => tenant,
        Err(page) => return Ok(page),
    };
    let destination = Destination::read(form.request, form.return_to);
    let arrival = arrival(&ctx, &req, &tenant);
    let ended = match start::check_rate(&ctx, &req) {
        Ok(()) => password_login::sign_in(&ctx, &tenant, &form.email, &form.password, &arrival).await,
        Err(error) => Err(error),
    };
    match ended {
        Ok(Ending::Wrong) => {
            let ways = ways(&ctx, &tenant, destination.as_ref()).await?;
            let shown = Shown { destination, email: form.email, step: Step::Again, choose: false };
            Ok(form::show(&ctx, &req, &tenant, &ways, shown))
        }
        ended => Ok(answer(&ctx, &req, &tenant, destination, ended, "")),
    }
}

/// `POST /t/{tenant}/login/new-password`: sets the password that was chosen, and signs in.
pub async fn post_new_password(ctx: Ctx, req: HttpRequest, form: FormText) -> Result<HttpResponse, Problem> {
    same_origin(&req, &ctx.config)?;
    let form: NewPasswordForm = read_pairs(&form.0)?;
    let tenant = match tenant_of(&ctx, &req).await {
        Ok(tenant) => tenant,
        Err(page) => return Ok(page),
    };
    let destination = Destination::read(form.request, form.return_to);
    let proof = form.proof.expose_secret().to_owned();
    let chosen = NewPassword { proof: proof.clone(), password: form.password };
    let ended = match start::check_rate(&ctx, &req) {
        Ok(()) => password_login::choose(&ctx, &tenant, chosen, &arrival(&ctx, &req, &tenant)).await,
        Err(error) => Err(error),
    };
    Ok(answer(&ctx, &req, &tenant, destination, ended, &proof))
}

pub(super) fn arrival(ctx: &Ctx, req: &HttpRequest, tenant: &TenantCache) -> Arrival {
    let device_cookie = cookies::read_device(req, &ctx.config, tenant.tenant.id);
    let invitation = start::remembered(ctx, req, tenant).map(|remembered| remembered.token_hash);
    Arrival { visitor: visitor(ctx, req, tenant), device_cookie, invitation }
}

/// The answer to an ending; `proof` is what came with the form.
pub(super) fn answer(
    ctx: &Ctx,
    req: &HttpRequest,
    tenant: &TenantCache,
    destination: Option<Destination>,
    ended: Result<Ending, Error>,
    proof: &str,
) -> HttpResponse {
    match ended {
        Ok(Ending::SignedIn(signed_in)) => {
            without_invitation(ctx, req, tenant, welcome(ctx, tenant, destination, &signed_in))
        }
        Ok(Ending::CodeNeeded { half }) => second_step::ask(ctx, req, tenant, destination, &half),
        Ok(Ending::WrongCode) => second_step::ask_again(ctx, req, tenant, destination),
        Ok(Ending::MustChange { proof }) => ask(ctx, req, tenant, destination, (proof.expose_secret(), None)),
        Ok(Ending::Unfit(unfit)) => ask(ctx, req, tenant, destination, (proof, Some(unfit))),
        Ok(Ending::Wrong) => refusal(req, Some(tenant), &Error::forbidden(password_login::WRONG, "")),
        Err(Error::Forbidden { code, message }) if code.starts_with("invitation_") => {
            let error = Error::Forbidden { code, message };
            without_invitation(ctx, req, tenant, refusal(req, Some(tenant), &error))
        }
        Err(error) => refusal(req, Some(tenant), &error),
    }
}

/// Without the invitation that the browser carried: it was accepted, or this login is the last one that it is held against.
fn without_invitation(ctx: &Ctx, req: &HttpRequest, tenant: &TenantCache, response: HttpResponse) -> HttpResponse {
    let id = tenant.tenant.id;
    let carried = cookies::read_invitation(req, &ctx.config, id).map(|_| cookies::no_invitation(&ctx.config, id));
    with_cookies(response, carried.as_slice())
}

/// In.
pub(super) fn welcome(
    ctx: &Ctx,
    tenant: &TenantCache,
    destination: Option<Destination>,
    signed_in: &SignedIn,
) -> HttpResponse {
    let (id, wanted) = (tenant.tenant.id, destination.and_then(|to| to.url(ctx, &tenant.tenant)));
    see_other(&target(ctx, tenant, wanted))
        .cookie(cookies::session(&ctx.config, id, signed_in.token.expose_secret()))
        .cookie(cookies::device(&ctx.config, id, signed_in.device.expose_secret()))
        .cookie(cookies::no_half_login(&ctx.config, id))
        .finish()
}

/// The page that asks for a new password; 422 when the one before was unfit.
fn ask(
    ctx: &Ctx,
    req: &HttpRequest,
    tenant: &TenantCache,
    destination: Option<Destination>,
    (proof, unfit): (&str, Option<Unfit>),
) -> HttpResponse {
    let destination = destination.filter(|to| to.url(ctx, &tenant.tenant).is_some());
    let t = texts(req);
    let template = NewPasswordPage {
        t,
        organisation: &tenant.tenant.name,
        action: ctx.config.url(&format!("/t/{}/login/new-password", tenant.tenant.slug)),
        proof,
        unfit,
        carried: destination.as_ref().map(Destination::parameter),
        button: t.save_button,
    };
    let status = if unfit.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    page(HttpResponse::build(status), &ctx.config, &template, true)
}
