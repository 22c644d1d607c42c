//! The page behind the link of an invitation. GET shows what it is and a button, and changes nothing; POST from our own page
//! leads to the login, or sets the password that was chosen.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::context::caches::TenantCache;
use crate::flows::Error;
use crate::flows::accept_invitation::{self, PasswordWay, Ways};
use crate::flows::password_login::{self, Ending};
use crate::http::auth::same_origin;
use crate::http::body::{FormText, Query, read_pairs};
use crate::http::login::form::{self, Shown, Step};
use crate::http::login::{MessagePage, landing, page, password, refusal, see_other, start, tenant_of};
use crate::http::problem::Problem;
use crate::http::texts::{Texts, texts};
use crate::http::{Ctx, cookies, peer};
use crate::model::invitation::Invitation;
use crate::model::password::Unfit;

/// Somebody else is signed in, and nobody has chosen yet (L-17).
const ASKED: (StatusCode, &str) = (StatusCode::CONFLICT, "invitation_for_another");

/// What stands in the link.
#[derive(Debug, Deserialize)]
pub struct LinkQuery {
    token: SecretString,
}

/// How the invitation is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Way {
    /// By a connection of the tenant.
    Sso,
    /// By a password, chosen now or had already.
    Password,
}

/// What the buttons send.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AcceptForm {
    token: SecretString,
    way: Way,
    password: Option<SecretString>,
    /// Although somebody else is signed in.
    #[serde(default)]
    switch: bool,
}

#[derive(Template)]
#[template(path = "invitation.html")]
struct InvitationPage<'a> {
    t: &'a Texts,
    organisation: &'a str,
    action: String,
    token: &'a str,
    email: &'a str,
    /// Who is signed in, when it is somebody else.
    other: Option<&'a str>,
    /// Where they are.
    landing: String,
    /// What was pressed without a choice being made.
    code: Option<&'a str>,
    by_connection: bool,
    /// The connection's name, when there is one only.
    connection: Option<&'a str>,
    choose_password: bool,
    own_password: bool,
    unfit: Option<Unfit>,
}

/// `GET /t/{tenant}/invitation`: what it is about, and the buttons.
pub async fn get_invitation(ctx: Ctx, req: HttpRequest, query: Query<LinkQuery>) -> Result<HttpResponse, Problem> {
    let tenant = match tenant_of(&ctx, &req).await {
        Ok(tenant) => tenant,
        Err(page) => return Ok(page),
    };
    let token = query.read().map(|query| query.token).unwrap_or_default();
    Ok(match open(&ctx, &req, &tenant, token).await {
        Ok(opened) => opened.show(&ctx, &req, &tenant, (StatusCode::OK, None)),
        // Whoever comes back by the link, signed in, is where it led.
        Err(Error::Gone { code: "invitation_accepted", .. })
            if landing::signed_in(&ctx, &req, &tenant).await?.is_some() =>
        {
            see_other(&ctx.config.url(&format!("/t/{}", tenant.tenant.slug))).finish()
        }
        Err(error) => told(&req, &tenant, &error),
    })
}

/// `POST /t/{tenant}/invitation`: on to the login, or in by the password that was chosen.
pub async fn post_invitation(ctx: Ctx, req: HttpRequest, form: FormText) -> Result<HttpResponse, Problem> {
    same_origin(&req, &ctx.config)?;
    let form: AcceptForm = read_pairs(&form.0)?;
    let tenant = match tenant_of(&ctx, &req).await {
        Ok(tenant) => tenant,
        Err(page) => return Ok(page),
    };
    Ok(match accept(&ctx, &req, &tenant, form).await {
        Ok(response) => response,
        Err(error) => told(&req, &tenant, &error),
    })
}

/// An invitation that can be accepted, as this browser sees it.
struct Opened {
    token: SecretString,
    invitation: Invitation,
    ways: Ways,
    /// Who is signed in here, when it is somebody else.
    other: Option<String>,
}

async fn open(ctx: &Ctx, req: &HttpRequest, tenant: &Arc<TenantCache>, token: SecretString) -> Result<Opened, Error> {
    let ip = peer::ip(req, &ctx.config.trusted_proxies);
    let invitation = accept_invitation::look(ctx, tenant, token.expose_secret(), ip).await?;
    let ways = accept_invitation::ways(ctx, tenant, &invitation).await?;
    let signed_in = landing::signed_in(ctx, req, tenant).await?;
    let other = signed_in.filter(|found| !invitation.is_for(found.1.email_key.as_deref()));
    let other = other.map(|found| found.1.email.clone().or_else(|| found.1.name.clone()).unwrap_or_default());
    Ok(Opened { token, invitation, ways, other })
}

impl Opened {
    fn show(
        &self,
        ctx: &Ctx,
        req: &HttpRequest,
        tenant: &TenantCache,
        (status, unfit): (StatusCode, Option<Unfit>),
    ) -> HttpResponse {
        let (slug, connections) = (&tenant.tenant.slug, &self.ways.connections);
        let template = InvitationPage {
            t: texts(req),
            organisation: &tenant.tenant.name,
            action: ctx.config.url(&format!("/t/{slug}/invitation")),
            token: self.token.expose_secret(),
            email: self.invitation.email.as_deref().unwrap_or_default(),
            other: self.other.as_deref(),
            landing: ctx.config.url(&format!("/t/{slug}")),
            code: (status == ASKED.0).then_some(ASKED.1),
            by_connection: !connections.is_empty(),
            connection: connections.first().filter(|_| connections.len() == 1).map(|c| c.display_name.as_str()),
            choose_password: self.ways.password == PasswordWay::Choose,
            own_password: self.ways.password == PasswordWay::SignIn,
            unfit,
        };
        page(HttpResponse::build(status), &ctx.config, &template, true)
    }
}

async fn accept(
    ctx: &Ctx,
    req: &HttpRequest,
    tenant: &Arc<TenantCache>,
    form: AcceptForm,
) -> Result<HttpResponse, Error> {
    start::check_rate(ctx, req)?;
    let opened = open(ctx, req, tenant, form.token).await?;
    if opened.other.is_some() && !form.switch {
        return Ok(opened.show(ctx, req, tenant, (ASKED.0, None)));
    }
    let shown = |step, choose| {
        let email = opened.invitation.email.clone().unwrap_or_default();
        Shown { email, step, choose, ..Shown::default() }
    };
    let to = match (form.way, form.password, opened.ways.connections.as_slice()) {
        (Way::Password, Some(chosen), _) => {
            let arrival = password::arrival(ctx, req, tenant);
            let ended = password_login::accept(ctx, tenant, &opened.invitation, &chosen, &arrival).await?;
            return Ok(match ended {
                Ending::SignedIn(signed_in) => password::welcome(ctx, tenant, None, &signed_in),
                Ending::Unfit(unfit) => opened.show(ctx, req, tenant, (StatusCode::UNPROCESSABLE_ENTITY, Some(unfit))),
                _ => opened.show(ctx, req, tenant, (StatusCode::UNPROCESSABLE_ENTITY, None)),
            });
        }
        (Way::Password, None, _) => form::login_url(ctx, tenant, &shown(Step::Password, false)),
        (Way::Sso, _, [only]) => form::begin_url(ctx, tenant, only.id, &shown(Step::Email, false)),
        (Way::Sso, ..) => form::login_url(ctx, tenant, &shown(Step::Email, true)),
    };
    let remembered = accept_invitation::remember(ctx, &opened.invitation, opened.other.is_some())?;
    let cookie = cookies::invitation(&ctx.config, tenant.tenant.id, remembered.expose_secret());
    Ok(see_other(&to).cookie(cookie).finish())
}

/// Why there is nothing to accept, in kind words, and the way to the login: perhaps it was accepted long ago.
fn told(req: &HttpRequest, tenant: &TenantCache, error: &Error) -> HttpResponse {
    let (status, code) = match error {
        Error::NotFound => (StatusCode::NOT_FOUND, "invitation_unknown"),
        Error::Gone { code, .. } => (StatusCode::GONE, *code),
        error => return refusal(req, Some(tenant), error),
    };
    let Some(ctx) = req.app_data::<Ctx>() else {
        return HttpResponse::InternalServerError().finish();
    };
    let t = texts(req);
    let template = MessagePage {
        t,
        organisation: &tenant.tenant.name,
        title: t.invitation.over_title,
        message: t.reason(code),
        code: Some(code),
        event_id: None,
        request_id: None,
        link: Some((ctx.config.url(&format!("/t/{}/login", tenant.tenant.slug)), t.sign_in)),
    };
    page(HttpResponse::build(status), &ctx.config, &template, false)
}
