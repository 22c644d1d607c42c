//! The page that asks for the organisation, where a request at the installation's issuer names none.

use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

use crate::context::waiting::Asked;
use crate::flows::oauth2::authorize::fault;
use crate::flows::oauth2::organization::of_entry;
use crate::flows::oauth2::request::Fault;
use crate::http::Ctx;
use crate::http::auth::same_origin;
use crate::http::body::{FormText, read_pairs};
use crate::http::login::{page, see_other};
use crate::http::oauth2::authorize::show;
use crate::http::problem::Problem;
use crate::http::texts::{Texts, texts};
use crate::model::email::EmailAddress;

/// Longest request that is carried through the page.
const MAX_QUERY: usize = 8 * 1024;

const NOT_KNOWN: Fault = Fault::new("login_required", "the request names no organisation, and nobody may be asked");

#[derive(Template)]
#[template(path = "organization.html")]
struct OrganizationPage<'a> {
    t: &'a Texts,
    application: &'a str,
    action: String,
    query: &'a str,
    unknown: bool,
}

/// What the page sends.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    organization: String,
    query: String,
}

/// Asks, unless the request wants no page.
pub(super) fn ask_organization(ctx: &Ctx, req: &HttpRequest, asked: &Asked, query: &str) -> HttpResponse {
    if asked.params.prompt_none || query.len() > MAX_QUERY {
        return show(ctx, req, None, fault(ctx, &asked.issuer, &asked.params, NOT_KNOWN));
    }
    ask(ctx, req, &asked.client.name, query, false)
}

fn ask(ctx: &Ctx, req: &HttpRequest, application: &str, query: &str, unknown: bool) -> HttpResponse {
    let action = ctx.config.url("/oauth2/organization");
    let template = OrganizationPage { t: texts(req), application, action, query, unknown };
    page(HttpResponse::Ok(), &ctx.config, &template, true)
}

/// `POST /oauth2/organization`: back to the request, with its organisation. The request is checked again there.
pub async fn post_organization(ctx: Ctx, req: HttpRequest, form: FormText) -> Result<HttpResponse, Problem> {
    same_origin(&req, &ctx.config)?;
    let entry: Entry = read_pairs(&form.0)?;
    let Some(tenant) = of_entry(&ctx, &entry.organization).await? else {
        return Ok(ask(&ctx, &req, "", &entry.query, true));
    };
    let given = url::form_urlencoded::parse(entry.query.as_bytes());
    let chosen = ["tenant", "organization", "domain_hint"];
    let address = EmailAddress::parse(entry.organization.trim()).ok();
    let rest = given.filter(|(name, _)| !chosen.contains(&&**name) && (address.is_none() || name != "login_hint"));
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(rest).append_pair("tenant", &tenant.tenant.slug);
    if let Some(address) = address {
        query.append_pair("login_hint", &address.address);
    }
    Ok(see_other(&ctx.config.url(&format!("/oauth2/authorize?{}", query.finish()))).finish())
}
