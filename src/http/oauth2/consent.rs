//! The consent page: only third parties' applications need it. GET shows, POST from our own page acts (P-09).

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use uuid::Uuid;

use crate::context::waiting::Asked;
use crate::flows::oauth2::authorize::ready;
use crate::flows::oauth2::consent::{agree, decline};
use crate::http::Ctx;
use crate::http::auth::same_origin;
use crate::http::body::{FormText, read_pairs};
use crate::http::login::{page, refusal, see_other, tenant_of};
use crate::http::oauth2::authorize::{show, signed_in};
use crate::http::problem::Problem;
use crate::http::texts::{Texts, texts};
use crate::model::scope::Scopes;

#[derive(Template)]
#[template(path = "consent.html")]
struct ConsentPage<'a> {
    t: &'a Texts,
    organisation: &'a str,
    application: &'a str,
    user: &'a str,
    scopes: Vec<&'a str>,
    action: String,
}

/// What the page's buttons send.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Decision {
    agree: bool,
}

/// `GET /t/{tenant}/oauth2/consent/{request}`.
pub async fn get_consent(ctx: Ctx, req: HttpRequest, path: web::Path<(String, Uuid)>) -> Result<HttpResponse, Problem> {
    let tenant = match tenant_of(&ctx, &req).await {
        Ok(tenant) => tenant,
        Err(page) => return Ok(page),
    };
    let signed_in = signed_in(&ctx, &req, &tenant).await?;
    let (Asked { client, params, .. }, signed_in) = match ready(&ctx, &tenant, path.1, signed_in).await? {
        Ok(ready) => ready,
        Err(outcome) => return Ok(show(&ctx, &req, Some(&tenant), outcome)),
    };
    let (t, scopes) = (texts(&req), Scopes::parse(&params.scope));
    let user = &signed_in.1;
    let template = ConsentPage {
        t,
        organisation: &tenant.tenant.name,
        application: &client.name,
        user: user.email.as_deref().or(user.name.as_deref()).unwrap_or_default(),
        scopes: scopes.iter().map(|scope| t.scope(scope)).collect(),
        action: ctx.config.url(req.path()),
    };
    Ok(page(HttpResponse::Ok(), &ctx.config, &template, true))
}

/// `POST /t/{tenant}/oauth2/consent/{request}`.
pub async fn post_consent(
    ctx: Ctx,
    req: HttpRequest,
    path: web::Path<(String, Uuid)>,
    form: FormText,
) -> Result<HttpResponse, Problem> {
    same_origin(&req, &ctx.config)?;
    let decision: Decision = read_pairs(&form.0)?;
    let tenant = match tenant_of(&ctx, &req).await {
        Ok(tenant) => tenant,
        Err(page) => return Ok(page),
    };
    let Some(signed_in) = signed_in(&ctx, &req, &tenant).await? else {
        return Ok(
            see_other(&ctx.config.url(&format!("/t/{}/oauth2/continue/{}", tenant.tenant.slug, path.1))).finish()
        );
    };
    let outcome = match decision.agree {
        true => agree(&ctx, &tenant, path.1, &signed_in).await,
        false => decline(&ctx, &tenant, path.1).await,
    };
    match outcome {
        Ok(outcome) => Ok(show(&ctx, &req, Some(&tenant), outcome)),
        Err(error) => Ok(refusal(&req, Some(&tenant), &error)),
    }
}
