//! The tenant's login page, and the way to the provider.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use secrecy::ExposeSecret;
use serde::Deserialize;
use uuid::Uuid;

use crate::context::caches::TenantCache;
use crate::flows::accept_invitation::{self, Remembered};
use crate::flows::begin_login::{Wanted, begin_login};
use crate::flows::destination::Destination;
use crate::flows::find_connection::{SignsIn, find_connection, ways};
use crate::flows::{Error, limits, ways_in};
use crate::http::Ctx;
use crate::http::auth::same_origin;
use crate::http::body::{FormText, Query, read_pairs};
use crate::http::login::form::{self, MAX_HINT, Shown, Step};
use crate::http::login::{onward, refusal, see_other, tenant_of};
use crate::http::{cookies, peer, problem::Problem};
use crate::model::tenant::Sso;

/// What may stand in the login page's URL.
#[derive(Debug, Default, Deserialize)]
pub struct LoginQuery {
    return_to: Option<String>,
    request: Option<Uuid>,
    /// Stands in the e-mail field.
    login_hint: Option<String>,
    /// What is asked for.
    #[serde(default)]
    step: Step,
    /// Show the page although there is only one way: the e-mail form led nowhere, or a login was refused.
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

/// `GET /t/{tenant}/login`: the ways to sign in, and a field for the e-mail address. Where only one provider signs
/// people in (`sso` enforced), straight to it.
pub async fn get_login(ctx: Ctx, req: HttpRequest, query: Query<LoginQuery>) -> Result<HttpResponse, Problem> {
    let query = query.read()?;
    let tenant = match tenant_of(&ctx, &req).await {
        Ok(tenant) => tenant,
        Err(page) => return Ok(page),
    };
    if let Err(error) = ways_in::check_active(&tenant.tenant) {
        return Ok(refusal(&req, Some(&tenant), &error));
    }
    let shown = Shown {
        destination: Destination::read(query.request, query.return_to),
        email: query.login_hint.filter(|hint| hint.len() <= MAX_HINT).unwrap_or_default(),
        step: query.step,
        choose: query.choose,
    };
    let ways = ways(&ctx, &tenant, shown.destination.as_ref()).await?;
    match ways.connections.as_slice() {
        [only] if tenant.tenant.sso.at(ctx.clock.now()) == Sso::Enforced && !query.choose => {
            Ok(see_other(&form::begin_url(&ctx, &tenant, only.id, &shown)).finish())
        }
        _ => Ok(form::show(&ctx, &req, &tenant, &ways, shown)),
    }
}

/// `POST /t/{tenant}/login`: from an e-mail address to where it signs in, by domain. The answer is a redirect for every
/// address, and tells nothing about the person (L-22).
pub async fn post_login(ctx: Ctx, req: HttpRequest, form: FormText) -> Result<HttpResponse, Problem> {
    same_origin(&req, &ctx.config)?;
    let form: EmailForm = read_pairs(&form.0)?;
    let tenant = match tenant_of(&ctx, &req).await {
        Ok(tenant) => tenant,
        Err(page) => return Ok(page),
    };
    let destination = Destination::read(form.request, form.return_to);
    let signs_in = find_connection(&ctx, &tenant, &form.email, destination.as_ref()).await?;
    let shown = Shown {
        destination,
        email: form.email,
        step: if signs_in == SignsIn::ByPassword { Step::Password } else { Step::Email },
        choose: signs_in == SignsIn::Choose,
    };
    let target = match signs_in {
        SignsIn::By(connection) => form::begin_url(&ctx, &tenant, connection, &shown),
        SignsIn::ByPassword | SignsIn::Choose => form::login_url(&ctx, &tenant, &shown),
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

/// D-07: logins that are begun cost rows and work; one address begins so many a minute.
///
/// # Errors
/// [`Error::RateLimited`].
pub(super) fn check_rate(ctx: &Ctx, req: &HttpRequest) -> Result<(), Error> {
    let ip = peer::ip(req, &ctx.config.trusted_proxies).unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    ctx.begin_limit.check(&limits::address_bucket(ip)).map_err(|retry_after| Error::RateLimited { retry_after })
}

/// The invitation that this browser is about to accept.
pub(super) fn remembered(ctx: &Ctx, req: &HttpRequest, tenant: &TenantCache) -> Option<Remembered> {
    let cookie = cookies::read_invitation(req, &ctx.config, tenant.tenant.id);
    accept_invitation::remembered(ctx, tenant.tenant.id, cookie.as_deref())
}

async fn begin(
    ctx: &Ctx,
    req: &HttpRequest,
    tenant: &Arc<TenantCache>,
    connection: Uuid,
    query: BeginQuery,
) -> Result<HttpResponse, Error> {
    check_rate(ctx, req)?;
    let invited = remembered(ctx, req, tenant);
    let wanted = Wanted {
        destination: Destination::read(query.request, query.return_to),
        login_hint: query.login_hint.filter(|hint| hint.len() <= MAX_HINT),
        anew: invited.as_ref().is_some_and(|remembered| remembered.anew),
        invitation: invited.map(|remembered| remembered.token_hash),
    };
    let begun = begin_login(ctx, tenant, connection, wanted).await?;
    let surplus = cookies::surplus(cookies::read_attempts(req, &ctx.config));
    let mut set: Vec<_> = surplus.into_iter().map(|old| cookies::no_attempt(&ctx.config, old)).collect();
    set.push(cookies::attempt(&ctx.config, begun.attempt_id, begun.browser_secret.expose_secret()));
    Ok(onward(ctx, req, &begun.onward, set))
}
