//! Another address for the own account: the form, and the button behind the link in the letter. Both are for who is signed in
//! here; others go to the login page first.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

use crate::context::caches::TenantCache;
use crate::flows::Error;
use crate::flows::change_address::{self, OwnEmailIn, Person};
use crate::flows::destination::{account_again_url, account_url};
use crate::http::Ctx;
use crate::http::account::sign_in;
use crate::http::auth::{request_id, same_origin};
use crate::http::body::{FormText, Query, read_pairs};
use crate::http::login::landing::{SignedIn, signed_in};
use crate::http::login::verify::{AskPage, Token};
use crate::http::login::{login_page, message, page, refusal, see_other, tenant_of};
use crate::http::problem::Problem;
use crate::http::texts::{Texts, language, texts};
use crate::model::audit::{Actor, Stamp};

/// What the form sends.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct EmailForm {
    email: String,
}

#[derive(Template)]
#[template(path = "email.html")]
struct EmailPage<'a> {
    t: &'a Texts,
    organisation: &'a str,
    email: &'a str,
    typed: &'a str,
    /// Code and sentence of what was wrong.
    alert: Option<(&'a str, &'a str)>,
    action: String,
    back: String,
}

/// `GET /t/{tenant}/account/email`: which address shall it be?
pub async fn get_email(ctx: Ctx, req: HttpRequest) -> Result<HttpResponse, Problem> {
    let tenant = match tenant_of(&ctx, &req).await {
        Ok(tenant) => tenant,
        Err(page) => return Ok(page),
    };
    let Some(who) = signed_in(&ctx, &req, &tenant).await? else {
        return Ok(see_other(&login_page(&ctx, &tenant)).finish());
    };
    Ok(form(&ctx, &req, (&tenant, &who), ("", None)))
}

/// The form; after a refusal with what was typed, and why.
fn form(
    ctx: &Ctx,
    req: &HttpRequest,
    (tenant, who): (&TenantCache, &SignedIn),
    (typed, refused): (&str, Option<(StatusCode, &str, &str)>),
) -> HttpResponse {
    let t = texts(req);
    let template = EmailPage {
        t,
        organisation: &tenant.tenant.name,
        email: who.1.email.as_deref().unwrap_or_default(),
        typed,
        alert: refused.map(|(_, code, sentence)| (code, sentence)),
        action: url(ctx, tenant, "/account/email"),
        back: account_url(ctx, &tenant.tenant),
    };
    let status = refused.map_or(StatusCode::OK, |(status, ..)| status);
    page(HttpResponse::build(status), &ctx.config, &template, false)
}

/// `POST /t/{tenant}/account/email`: a letter to the new address.
pub async fn post_email(ctx: Ctx, req: HttpRequest, sent: FormText) -> Result<HttpResponse, Problem> {
    same_origin(&req, &ctx.config)?;
    let sent: EmailForm = read_pairs(&sent.0)?;
    let tenant = match tenant_of(&ctx, &req).await {
        Ok(tenant) => tenant,
        Err(page) => return Ok(page),
    };
    let Some(who) = signed_in(&ctx, &req, &tenant).await? else {
        return Ok(see_other(&login_page(&ctx, &tenant)).finish());
    };
    let (t, back) = (texts(&req), account_url(&ctx, &tenant.tenant));
    let wanted = OwnEmailIn { email: sent.email.clone() };
    let again = |status, code, said| Ok(form(&ctx, &req, (&tenant, &who), (&sent.email, Some((status, code, said)))));
    match change_address::ask(&ctx, &tenant, person(&ctx, &req, &who), wanted).await {
        Ok(()) => Ok(message(&ctx, &req, &tenant, (t.letters.title, t.letters.email_sent), back)),
        Err(Error::Forbidden { code: "reauthentication_needed", .. }) => {
            Ok(sign_in(&ctx, &tenant, &account_again_url(&ctx, &tenant.tenant)))
        }
        Err(Error::Forbidden { code, .. }) => again(StatusCode::FORBIDDEN, code, t.reason(code)),
        Err(Error::Conflict { code, .. }) => again(StatusCode::CONFLICT, code, t.reason(code)),
        Err(Error::Invalid(_)) => again(StatusCode::UNPROCESSABLE_ENTITY, "invalid_fields", t.letters.email_unfit),
        Err(error) => Ok(refusal(&req, Some(&tenant), &error)),
    }
}

/// `GET /t/{tenant}/account/email/confirm?token=`: what the letter's link leads to.
pub async fn get_confirm_email(ctx: Ctx, req: HttpRequest, query: Query<Token>) -> Result<HttpResponse, Problem> {
    let tenant = match tenant_of(&ctx, &req).await {
        Ok(tenant) => tenant,
        Err(page) => return Ok(page),
    };
    let token = query.read()?.token;
    let t = texts(&req);
    let Some(who) = signed_in(&ctx, &req, &tenant).await? else {
        let said = (t.letters.confirm_title, t.letters.email_sign_in);
        return Ok(message(&ctx, &req, &tenant, said, login_page(&ctx, &tenant)));
    };
    match change_address::look(&ctx, &tenant, &token, person(&ctx, &req, &who)).await {
        Ok(proof) => Ok(ask(&ctx, &req, &tenant, (&proof.address, &token))),
        Err(error) => Ok(refusal(&req, Some(&tenant), &error)),
    }
}

/// The button behind the link.
fn ask(ctx: &Ctx, req: &HttpRequest, tenant: &TenantCache, (address, token): (&str, &str)) -> HttpResponse {
    let t = texts(req);
    let template = AskPage {
        t,
        organisation: &tenant.tenant.name,
        title: t.letters.confirm_title,
        text: t.letters.confirm_text,
        address,
        hint: t.letters.email_confirm,
        notice: None,
        action: url(ctx, tenant, "/account/email/confirm"),
        token: Some(token),
        button: t.letters.confirm_button,
        again: None,
        link: None,
    };
    page(HttpResponse::Ok(), &ctx.config, &template, false)
}

/// `POST /t/{tenant}/account/email/confirm`: the address is another one.
pub async fn post_confirm_email(ctx: Ctx, req: HttpRequest, form: FormText) -> Result<HttpResponse, Problem> {
    same_origin(&req, &ctx.config)?;
    let Token { token } = read_pairs(&form.0)?;
    let tenant = match tenant_of(&ctx, &req).await {
        Ok(tenant) => tenant,
        Err(page) => return Ok(page),
    };
    let Some(who) = signed_in(&ctx, &req, &tenant).await? else {
        return Ok(see_other(&login_page(&ctx, &tenant)).finish());
    };
    let (t, back) = (texts(&req), account_url(&ctx, &tenant.tenant));
    match change_address::confirm(&ctx, &tenant, &token, person(&ctx, &req, &who)).await {
        Ok(()) => Ok(message(&ctx, &req, &tenant, (t.letters.email_done_title, t.letters.email_done), back)),
        Err(error) => Ok(refusal(&req, Some(&tenant), &error)),
    }
}

fn url(ctx: &Ctx, tenant: &TenantCache, path: &str) -> String {
    ctx.config.url(&format!("/t/{}{path}", tenant.tenant.slug))
}

fn person(ctx: &Ctx, req: &HttpRequest, who: &SignedIn) -> Person {
    let (user, session) = (who.1.id, who.0.id);
    let actor = Actor::User { user_id: user, session_id: Some(session), key_id: None };
    let stamp = Stamp { actor, request_id: request_id(req), at: ctx.clock.now() };
    Person { user, session, language: language(req), stamp }
}
