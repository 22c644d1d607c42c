//! The single logout service: the provider's requests, and its answers to ours, by query or form post.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use uuid::Uuid;

use crate::flows::open_session::Visitor;
use crate::flows::single_logout::{Arrival, Incoming, Outcome, receive};
use crate::http::Ctx;
use crate::http::body::{MessageForm, read_pairs};
use crate::http::cookies;
use crate::http::login::acs::body_only;
use crate::http::login::callback::shown_code;
use crate::http::login::logout::signed_out;
use crate::http::login::{MessagePage, onward, page, refusal, see_other, tenant_of, visitor};
use crate::http::problem::Problem;
use crate::http::texts::texts;

/// The fields that are read.
#[derive(Deserialize)]
struct Fields {
    #[serde(rename = "SAMLRequest")]
    request: Option<String>,
    #[serde(rename = "SAMLResponse")]
    response: Option<String>,
    #[serde(rename = "RelayState")]
    relay_state: Option<String>,
}

/// `GET /t/{tenant}/sso/{connection}/slo`.
pub async fn get_slo(ctx: Ctx, req: HttpRequest, path: web::Path<(String, Uuid)>) -> Result<HttpResponse, Problem> {
    let message = Incoming::Query(req.query_string().to_owned());
    answer(&ctx, &req, path.1, message).await
}

/// `POST /t/{tenant}/sso/{connection}/slo`.
pub async fn post_slo(
    ctx: Ctx,
    req: HttpRequest,
    path: web::Path<(String, Uuid)>,
    form: MessageForm,
) -> Result<HttpResponse, Problem> {
    body_only(&req)?;
    let Fields { request, response, relay_state } = read_pairs(&form.0)?;
    answer(&ctx, &req, path.1, Incoming::Form { request, response, relay_state }).await
}

async fn answer(ctx: &Ctx, req: &HttpRequest, connection: Uuid, message: Incoming) -> Result<HttpResponse, Problem> {
    let tenant = match tenant_of(ctx, req).await {
        Ok(tenant) => tenant,
        Err(page) => return Ok(page),
    };
    let id = tenant.tenant.id;
    let who: Visitor = visitor(ctx, req, &tenant);
    let remembered = cookies::read_logout(req, &ctx.config, id);
    let arrival = Arrival { message, remembered, ip: who.ip, stamp: who.stamp(ctx) };
    Ok(match receive(ctx, &tenant, connection, arrival).await {
        Ok(Outcome::Ended(Some(way))) => onward(ctx, req, &way, vec![]),
        Ok(Outcome::Ended(None) | Outcome::Over(None)) => signed_out(ctx, req, &tenant),
        Ok(Outcome::Over(Some(target))) => see_other(&target).cookie(cookies::no_logout(&ctx.config, id)).finish(),
        Ok(Outcome::Refused { code, event_id }) => {
            let t = texts(req);
            let template = MessagePage {
                t,
                organisation: &tenant.tenant.name,
                title: t.logout_refused_title,
                message: t.logout_refused,
                code: Some(shown_code(&code)),
                event_id: Some(event_id),
                request_id: None,
                link: None,
            };
            page(HttpResponse::BadRequest(), &ctx.config, &template, false)
        }
        Err(error) => refusal(req, Some(&tenant), &error),
    })
}
