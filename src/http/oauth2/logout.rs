//! RP-initiated logout: at once when the hint proves whose session it is, with a question otherwise (P-15).

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::context::caches::TenantCache;
use crate::flows::end_session::{Farewell, end_session};
use crate::flows::oauth2::end_session::{Understood, Wish, tenant_of, understand};
use crate::flows::oauth2::request::Pairs;
use crate::http::auth::{request_id, same_origin};
use crate::http::body::FormText;
use crate::http::login::logout::leave;
use crate::http::login::{MessagePage, page, refusal, see_other};
use crate::http::oauth2::authorize::signed_in;
use crate::http::oauth2::{issuer_of, read_parameters};
use crate::http::problem::Problem;
use crate::http::texts::{Texts, texts};
use crate::http::{Ctx, cookies};

/// Says that the button of our own page was pressed.
const CONFIRMED: &str = "confirmed";

#[derive(Template)]
#[template(path = "end_session.html")]
struct EndSessionPage<'a> {
    t: &'a Texts,
    organisation: &'a str,
    action: String,
    /// The request, to be sent again.
    fields: Vec<(&'a String, &'a String)>,
}

/// `GET {issuer}/oauth2/end_session`.
pub async fn get_end_session(ctx: Ctx, req: HttpRequest) -> Result<HttpResponse, Problem> {
    let pairs = read_parameters(req.query_string()).unwrap_or_default();
    end(&ctx, &req, pairs, false).await
}

/// `POST {issuer}/oauth2/end_session`: the same by form, and what our own page's button sends.
pub async fn post_end_session(ctx: Ctx, req: HttpRequest, form: FormText) -> Result<HttpResponse, Problem> {
    let pairs = read_parameters(&form.0).unwrap_or_default();
    let confirmed = pairs.contains_key(CONFIRMED);
    if confirmed {
        same_origin(&req, &ctx.config)?;
    } else if same_origin(&req, &ctx.config).is_err() {
        // A form of another site brings no Lax cookie; the GET does.
        return Ok(see_other(&format!("{}?{}", ctx.config.url(req.path()), form.0)).finish());
    }
    end(&ctx, &req, pairs, confirmed).await
}

async fn end(ctx: &Ctx, req: &HttpRequest, pairs: Pairs, confirmed: bool) -> Result<HttpResponse, Problem> {
    let issuer = match issuer_of(ctx, req).await {
        Ok(issuer) => issuer,
        Err(error) => return Ok(refusal(req, None, &error)),
    };
    let given = |name: &str| pairs.get(name).filter(|value| !value.is_empty()).cloned();
    let wish = Wish {
        id_token_hint: given("id_token_hint"),
        client_id: given("client_id"),
        redirect_uri: given("post_logout_redirect_uri"),
        state: given("state"),
    };
    let told = understand(ctx, &issuer, &wish).await?;
    let tenant = tenant_of(ctx, &issuer, &told).await?;
    let here = match &tenant {
        Some(tenant) => signed_in(ctx, req, tenant).await?,
        None => None,
    };
    let (Some(tenant), Some(found)) = (&tenant, here) else {
        return Ok(done(ctx, req, tenant.as_ref(), told.target)); // nobody is signed in: nothing to end
    };
    if !confirmed && told.session_id != Some(found.0.id) {
        return Ok(ask(ctx, req, tenant, &pairs));
    }
    sign_out(ctx, req, tenant, told).await
}

async fn sign_out(
    ctx: &Ctx,
    req: &HttpRequest,
    tenant: &Arc<TenantCache>,
    told: Understood,
) -> Result<HttpResponse, Problem> {
    let id = tenant.tenant.id;
    let farewell = match cookies::read_session(req, &ctx.config, id) {
        Some(cookie) => end_session(ctx, tenant, &cookie, request_id(req), told.target.as_deref()).await?,
        None => Farewell::default(),
    };
    Ok(leave(ctx, req, id, farewell, || done(ctx, req, Some(tenant), told.target)))
}

fn ask(ctx: &Ctx, req: &HttpRequest, tenant: &TenantCache, pairs: &Pairs) -> HttpResponse {
    let template = EndSessionPage {
        t: texts(req),
        organisation: &tenant.tenant.name,
        action: ctx.config.url(req.path()),
        fields: pairs.iter().filter(|(name, _)| *name != CONFIRMED).collect(),
    };
    page(HttpResponse::Ok(), &ctx.config, &template, true)
}

fn done(ctx: &Ctx, req: &HttpRequest, tenant: Option<&Arc<TenantCache>>, target: Option<String>) -> HttpResponse {
    if let Some(target) = target {
        return see_other(&target).finish();
    }
    let t = texts(req);
    let template = MessagePage {
        t,
        organisation: tenant.map_or("", |tenant| tenant.tenant.name.as_str()),
        title: t.signed_out_title,
        message: t.signed_out,
        code: None,
        event_id: None,
        request_id: None,
        link: tenant.map(|c| (ctx.config.url(&format!("/t/{}/login", c.tenant.slug)), t.sign_in_again)),
    };
    page(HttpResponse::Ok(), &ctx.config, &template, false)
}
