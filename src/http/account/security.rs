//! Password, authenticator app and recovery codes.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::context::caches::TenantCache;
use crate::flows::Error;
use crate::flows::destination::account_url;
use crate::flows::manage_passwords::{self, OwnPasswordIn};
use crate::flows::manage_totp;
use crate::http::account::qr::{Qr, code_of};
use crate::http::account::{Told, enter, finished, show};
use crate::http::body::{FormText, read_pairs};
use crate::http::login::{page, with_cookies};
use crate::http::problem::Problem;
use crate::http::texts::{Texts, texts};
use crate::http::{Ctx, cookies};

/// What the form of the first code sends.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CodeForm {
    code: SecretString,
}

#[derive(Template)]
#[template(path = "enrolment.html")]
struct EnrolmentPage<'a> {
    t: &'a Texts,
    organisation: &'a str,
    base: String,
    /// Secret and URI; only at the beginning.
    shown: Option<(&'a str, &'a str)>,
    qr: Option<Qr>,
    /// The reason code of the refusal before.
    refused: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "codes.html")]
struct CodesPage<'a> {
    t: &'a Texts,
    organisation: &'a str,
    base: String,
    title: &'a str,
    /// What they are for, and to keep them.
    keep: &'a str,
    /// Where they are typed, where that has a page of its own.
    at: Option<String>,
    codes: Vec<&'a str>,
}

/// `POST /t/{tenant}/account/password`.
pub async fn post_password(ctx: Ctx, req: HttpRequest, form: FormText) -> Result<HttpResponse, Problem> {
    let (tenant, caller) = match enter(&ctx, &req).await? {
        Ok(entered) => entered,
        Err(page) => return Ok(page),
    };
    let form: OwnPasswordIn = read_pairs(&form.0)?;
    match manage_passwords::change_own(&ctx, &caller, form).await {
        Ok(Err(unfit)) => {
            let told = Told::Wrong(("invalid_fields", texts(&req).unfit(&unfit)));
            show(&ctx, &req, &tenant, &caller, (StatusCode::UNPROCESSABLE_ENTITY, told)).await
        }
        done => finished(&ctx, &req, &tenant, &caller, done.map(drop)).await,
    }
}

/// `POST /t/{tenant}/account/totp`: makes a secret, and shows it.
pub async fn post_totp(ctx: Ctx, req: HttpRequest) -> Result<HttpResponse, Problem> {
    let (tenant, caller) = match enter(&ctx, &req).await? {
        Ok(entered) => entered,
        Err(page) => return Ok(page),
    };
    match manage_totp::begin(&ctx, &caller).await {
        Ok(begun) => {
            let shown = (begun.secret.expose_secret(), begun.uri.expose_secret());
            Ok(enrolment(&ctx, &req, &tenant, Some(shown), None))
        }
        Err(error) => finished(&ctx, &req, &tenant, &caller, Err(error)).await,
    }
}

/// `POST /t/{tenant}/account/totp/confirm`: by the first code; shows the recovery codes.
pub async fn post_confirm(ctx: Ctx, req: HttpRequest, form: FormText) -> Result<HttpResponse, Problem> {
    let (tenant, caller) = match enter(&ctx, &req).await? {
        Ok(entered) => entered,
        Err(page) => return Ok(page),
    };
    let form: CodeForm = read_pairs(&form.0)?;
    let known = cookies::read_device(&req, &ctx.config, tenant.tenant.id);
    match manage_totp::confirm(&ctx, &caller, &form.code, known.as_deref()).await {
        Ok(confirmed) => {
            let shown = recovery_codes(&ctx, &req, &tenant, &confirmed.recovery_codes);
            let device = cookies::device(&ctx.config, tenant.tenant.id, confirmed.device.expose_secret());
            Ok(with_cookies(shown, &[device]))
        }
        Err(Error::Forbidden { code: code @ "code_wrong", .. }) => Ok(enrolment(&ctx, &req, &tenant, None, Some(code))),
        Err(error) => finished(&ctx, &req, &tenant, &caller, Err(error)).await,
    }
}

/// `POST /t/{tenant}/account/totp/remove`.
pub async fn post_remove(ctx: Ctx, req: HttpRequest) -> Result<HttpResponse, Problem> {
    let (tenant, caller) = match enter(&ctx, &req).await? {
        Ok(entered) => entered,
        Err(page) => return Ok(page),
    };
    let done = manage_totp::remove(&ctx, &caller, caller.person()?.0).await;
    finished(&ctx, &req, &tenant, &caller, done).await
}

/// `POST /t/{tenant}/account/recovery-codes`: makes new ones, and shows them.
pub async fn post_recovery_codes(ctx: Ctx, req: HttpRequest) -> Result<HttpResponse, Problem> {
    let (tenant, caller) = match enter(&ctx, &req).await? {
        Ok(entered) => entered,
        Err(page) => return Ok(page),
    };
    match manage_totp::new_codes(&ctx, &caller).await {
        Ok(codes) => Ok(recovery_codes(&ctx, &req, &tenant, &codes)),
        Err(error) => finished(&ctx, &req, &tenant, &caller, Err(error)).await,
    }
}

fn enrolment(
    ctx: &Ctx,
    req: &HttpRequest,
    tenant: &TenantCache,
    shown: Option<(&str, &str)>,
    refused: Option<&str>,
) -> HttpResponse {
    let template = EnrolmentPage {
        t: texts(req),
        organisation: &tenant.tenant.name,
        base: account_url(ctx, &tenant.tenant),
        shown,
        qr: shown.and_then(|(_, uri)| code_of(uri)),
        refused,
    };
    let status = if refused.is_some() { StatusCode::FORBIDDEN } else { StatusCode::OK };
    page(HttpResponse::build(status), &ctx.config, &template, true)
}

fn recovery_codes(ctx: &Ctx, req: &HttpRequest, tenant: &TenantCache, codes: &[SecretString]) -> HttpResponse {
    let t = &texts(req).account;
    codes_page(ctx, req, tenant, (t.recovery_title, t.recovery_keep, None), codes)
}

/// Codes that are shown once.
pub(super) fn codes_page(
    ctx: &Ctx,
    req: &HttpRequest,
    tenant: &TenantCache,
    (title, keep, at): (&str, &str, Option<String>),
    codes: &[SecretString],
) -> HttpResponse {
    let template = CodesPage {
        t: texts(req),
        organisation: &tenant.tenant.name,
        base: account_url(ctx, &tenant.tenant),
        title,
        keep,
        at,
        codes: codes.iter().map(ExposeSecret::expose_secret).collect(),
    };
    page(HttpResponse::Ok(), &ctx.config, &template, true)
}
