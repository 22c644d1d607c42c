//! Another address for the own account: the form, and the button behind the link in the letter. Both are for who is signed in
//! here; others go to the login page first.

use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

use crate::context::caches::TenantCache;
use crate::flows::Error;
use crate::flows::change_address::{self, OwnEmailIn, Person};
use crate::http::Ctx;
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
    let template = EmailPage {
        t: texts(&req),
        organisation: &tenant.tenant.name,
        email: who.1.email.as_deref().unwrap_or_default(),
        action: url(&ctx, &tenant, "/account/email"),
        back: url(&ctx, &tenant, ""),
    };
    Ok(page(HttpResponse::Ok(), &ctx.config, &template, false))
}

/// `POST /t/{tenant}/account/email`: a letter to the new address.
pub async fn post_email(ctx: Ctx, req: HttpRequest, form: FormText) -> Result<HttpResponse, Problem> {
    same_origin(&req, &ctx.config)?;
    let form: EmailForm = read_pairs(&form.0)?;
    let tenant = match tenant_of(&ctx, &req).await {
        Ok(tenant) => tenant,
        Err(page) => return Ok(page),
    };
    let Some(who) = signed_in(&ctx, &req, &tenant).await? else {
        return Ok(see_other(&login_page(&ctx, &tenant)).finish());
    };
    let (t, back) = (texts(&req), url(&ctx, &tenant, ""));
    match change_address::ask(&ctx, &tenant, person(&ctx, &req, &who), OwnEmailIn { email: form.email }).await {
        Ok(()) => Ok(message(&ctx, &req, &tenant, (t.letters.title, t.letters.email_sent), back)),
        Err(error) => refused(&req, &tenant, error),
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
        Err(error) => refused(&req, &tenant, error),
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
    let (t, back) = (texts(&req), url(&ctx, &tenant, ""));
    match change_address::confirm(&ctx, &tenant, &token, person(&ctx, &req, &who)).await {
        Ok(()) => Ok(message(&ctx, &req, &tenant, (t.letters.email_done_title, t.letters.email_done), back)),
        Err(error) => refused(&req, &tenant, error),
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

/// A page for what people can mend, and for the rest what the API says.
fn refused(req: &HttpRequest, tenant: &TenantCache, error: Error) -> Result<HttpResponse, Problem> {
    match error {
        Error::Invalid(_) | Error::Internal(_) => Err(error.into()),
        error => Ok(refusal(req, Some(tenant), &error)),
    }
}
