//! The tenant's login page, and the way to the provider.

use std::net::{IpAddr, Ipv4Addr};

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use secrecy::ExposeSecret;
use serde::Deserialize;
use uuid::Uuid;

use crate::context::caches::TenantCache;
use crate::flows::begin_login::{Wanted, begin_login};
use crate::flows::destination::Destination;
use crate::flows::find_connection::find_connection;
use crate::flows::{Error, limits};
use crate::http::Ctx;
use crate::http::auth::same_origin;
use crate::http::body::{FormText, Query, read_pairs};
use crate::http::login::{page, refusal, see_other, tenant_of};
use crate::http::texts::{Texts, texts};
use crate::http::{cookies, peer, problem::Problem};
use crate::model::connection::Connection;
use crate::model::tenant::TenantStatus;
use crate::store::connections;
use crate::store::db::DbError;

/// Longest address that is carried along, in bytes.
const MAX_HINT: usize = 254;

/// What may stand in the login page's URL.
#[derive(Debug, Default, Deserialize)]
pub struct LoginQuery {
    return_to: Option<String>,
    request: Option<Uuid>,
    /// Stands in the e-mail field.
    login_hint: Option<String>,
    /// The e-mail form was sent and led nowhere: say so, without saying why.
    #[serde(default)]
    choose: bool,
}

/// What the e-mail form sends.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct EmailForm {
    email: String,
    return_to: Option<String>,
    request: Option<Uuid>,
}

/// What may stand in the URL that begins a login.
#[derive(Debug, Default, Deserialize)]
pub struct BeginQuery {
    return_to: Option<String>,
    request: Option<Uuid>,
    login_hint: Option<String>,
}

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage<'a> {
    t: &'a Texts,
    organisation: &'a str,
    action: String,
    /// Name and value of what every form carries along.
    carried: Option<(&'static str, String)>,
    login_hint: String,
    choose: bool,
    /// URL and name of each connection.
    connections: Vec<(String, String)>,
}

/// `GET /t/{tenant}/login`: the active connections, and a field for the e-mail address.
pub async fn get_login(ctx: Ctx, req: HttpRequest, query: Query<LoginQuery>) -> Result<HttpResponse, Problem> {
    let query = query.read()?;
    let tenant = match tenant_of(&ctx, &req).await {
        Ok(tenant) => tenant,
        Err(page) => return Ok(page),
    };
    if tenant.tenant.status != TenantStatus::Active {
        return Ok(refusal(&req, Some(&tenant), &Error::forbidden("tenant_suspended", "")));
    }
    let active = active_connections(&ctx, tenant.tenant.id).await?;
    // W-10: a target that is not listed is not even carried along.
    let destination =
        Destination::read(query.request, query.return_to).filter(|to| to.url(&ctx, &tenant.tenant).is_some());
    let hint = query.login_hint.filter(|hint| hint.len() <= MAX_HINT);
    let begin = |connection: Uuid| begin_url(&ctx, &tenant, connection, destination.as_ref(), hint.as_deref());
    let template = LoginPage {
        t: texts(&req),
        organisation: &tenant.tenant.name,
        action: ctx.config.url(&format!("/t/{}/login", tenant.tenant.slug)),
        connections: active.iter().map(|c| (begin(c.id), c.display_name.clone())).collect(),
        choose: query.choose,
        carried: destination.as_ref().map(Destination::parameter),
        login_hint: hint.clone().unwrap_or_default(),
    };
    Ok(page(HttpResponse::Ok(), &ctx.config, &template, true))
}

async fn active_connections(ctx: &Ctx, tenant: Uuid) -> Result<Vec<Connection>, DbError> {
    ctx.db.tenant(tenant, move |conn| Ok(connections::active(conn, tenant)?)).await
}

/// `POST /t/{tenant}/login`: from an e-mail address to its connection, by domain. The answer is a redirect for every
/// address, and tells nothing about the person (L-22).
pub async fn post_login(ctx: Ctx, req: HttpRequest, form: FormText) -> Result<HttpResponse, Problem> {
    same_origin(&req, &ctx.config)?;
    let form: EmailForm = read_pairs(&form.0)?;
    let tenant = match tenant_of(&ctx, &req).await {
        Ok(tenant) => tenant,
        Err(page) => return Ok(page),
    };
    let destination = Destination::read(form.request, form.return_to);
    let target = match find_connection(&ctx, &tenant, &form.email).await? {
        Some(connection) => begin_url(&ctx, &tenant, connection, destination.as_ref(), Some(&form.email)),
        None => {
            let base = ctx.config.url(&format!("/t/{}/login", tenant.tenant.slug));
            with_query(&base, destination.as_ref(), &[("choose", Some("true"))])
        }
    };
    Ok(see_other(&target).finish())
}

/// `GET /t/{tenant}/login/{connection}`: to the provider.
pub async fn get_begin(
    ctx: Ctx,
    req: HttpRequest,
    path: web::Path<(String, Uuid)>,
    query: Query<BeginQuery>,
) -> Result<HttpResponse, Problem> {
    let query = query.read()?;
    let tenant = match tenant_of(&ctx, &req).await {
        Ok(tenant) => tenant,
        Err(page) => return Ok(page),
    };
    match begin(&ctx, &req, &tenant, path.1, query).await {
        Ok(response) => Ok(response),
        Err(error) => Ok(refusal(&req, Some(&tenant), &error)),
    }
}

async fn begin(
    ctx: &Ctx,
    req: &HttpRequest,
    tenant: &TenantCache,
    connection: Uuid,
    query: BeginQuery,
) -> Result<HttpResponse, Error> {
    let ip = peer::ip(req, &ctx.config.trusted_proxies).unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    // D-07: begun and never finished logins cost rows; one address begins so many a minute.
    ctx.begin_limit.check(&limits::address_bucket(ip)).map_err(|retry_after| Error::RateLimited { retry_after })?;
    let wanted = Wanted {
        destination: Destination::read(query.request, query.return_to),
        login_hint: query.login_hint.filter(|hint| hint.len() <= MAX_HINT),
    };
    let begun = begin_login(ctx, tenant, connection, wanted).await?;
    let mut response = see_other(begun.redirect.as_str());
    for old in cookies::surplus(cookies::read_attempts(req, &ctx.config)) {
        response.cookie(cookies::no_attempt(&ctx.config, old));
    }
    response.cookie(cookies::attempt(&ctx.config, begun.attempt_id, begun.browser_secret.expose_secret()));
    Ok(response.finish())
}

/// Where a login by this connection begins.
fn begin_url(
    ctx: &Ctx,
    tenant: &TenantCache,
    connection: Uuid,
    destination: Option<&Destination>,
    hint: Option<&str>,
) -> String {
    let base = ctx.config.url(&format!("/t/{}/login/{connection}", tenant.tenant.slug));
    with_query(&base, destination, &[("login_hint", hint)])
}

/// `base` with the destination and these parameters, where they have a value.
fn with_query(base: &str, destination: Option<&Destination>, pairs: &[(&str, Option<&str>)]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    if let Some((name, value)) = destination.map(Destination::parameter) {
        query.append_pair(name, &value);
    }
    for (name, value) in pairs {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    let query = query.finish();
    if query.is_empty() { base.to_owned() } else { format!("{base}?{query}") }
}
