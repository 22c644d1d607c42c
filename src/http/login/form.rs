//! The login page itself: what it shows, and the URLs that lead to it and on from it.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;
use uuid::Uuid;

use crate::context::caches::TenantCache;
use crate::flows::break_glass;
use crate::flows::destination::Destination;
use crate::flows::find_connection::Ways;
use crate::flows::password_login::WRONG;
use crate::http::Ctx;
use crate::http::login::forgot::forgot_url;
use crate::http::login::page;
use crate::http::texts::{Texts, texts};

/// Longest address that is carried along, in bytes.
pub const MAX_HINT: usize = 254;

/// What the login page asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// The e-mail address.
    #[default]
    Email,
    /// The password of the address that was given.
    Password,
    /// The same, after one that was refused.
    #[serde(skip)]
    Again,
}

/// What is known when the page is shown; it is carried through every link and form.
#[derive(Debug, Default)]
pub struct Shown {
    /// Where the login ends.
    pub destination: Option<Destination>,
    /// The address, if one was given.
    pub email: String,
    /// What is asked for.
    pub step: Step,
    /// Say that one of the ways must be chosen.
    pub choose: bool,
}

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage<'a> {
    t: &'a Texts,
    organisation: &'a str,
    action: String,
    email: &'a str,
    ask_email: bool,
    ask_password: bool,
    /// The reason code of the refusal before.
    refused: Option<&'a str>,
    /// They are here because a change of theirs wants a new login.
    again: bool,
    choose: bool,
    /// Name and value of what every form carries along.
    carried: Option<(&'static str, String)>,
    /// The page with another address.
    another: String,
    /// Where somebody goes who forgot their password.
    forgot: String,
    /// The form for break-glass codes, where they open something.
    break_glass: Option<String>,
    /// URL and name of each connection.
    connections: Vec<(String, String)>,
}

/// The login page.
pub fn show(ctx: &Ctx, req: &HttpRequest, tenant: &TenantCache, ways: &Ways, shown: Shown) -> HttpResponse {
    // W-10: a target that is not listed is not even carried along.
    let destination = shown.destination.filter(|to| to.url(ctx, &tenant.tenant).is_some());
    let shown = Shown { destination, ..shown };
    let ask_password = ways.passwords && shown.step != Step::Email && !shown.email.is_empty();
    let wrong = (shown.step == Step::Again).then_some(WRONG);
    let begin = |connection: Uuid| begin_url(ctx, tenant, connection, &shown);
    let template = LoginPage {
        t: texts(req),
        organisation: &tenant.tenant.name,
        action: ctx.config.url(&format!("/t/{}/login", tenant.tenant.slug)),
        ask_email: !ask_password && (ways.passwords || !ways.connections.is_empty()),
        ask_password,
        refused: wrong,
        again: shown.destination.as_ref().is_some_and(|to| to.asks_anew(ctx, &tenant.tenant)),
        choose: shown.choose && !ways.connections.is_empty(),
        carried: shown.destination.as_ref().map(Destination::parameter),
        another: with_query(&login_base(ctx, tenant), shown.destination.as_ref(), &[]),
        forgot: forgot_url(ctx, tenant, &shown),
        break_glass: break_glass_url(ctx, tenant, &shown),
        connections: ways.connections.iter().map(|c| (begin(c.id), c.display_name.clone())).collect(),
        email: &shown.email,
    };
    let status = if wrong.is_some() { StatusCode::FORBIDDEN } else { StatusCode::OK };
    page(HttpResponse::build(status), &ctx.config, &template, true)
}

/// Where a login by this connection begins.
pub fn begin_url(ctx: &Ctx, tenant: &TenantCache, connection: Uuid, shown: &Shown) -> String {
    let base = format!("{}/{connection}", login_base(ctx, tenant));
    with_query(&base, shown.destination.as_ref(), &[("login_hint", given(&shown.email))])
}

/// The form for break-glass codes. It is offered to everybody where there is one: who is an owner is told nobody.
fn break_glass_url(ctx: &Ctx, tenant: &TenantCache, shown: &Shown) -> Option<String> {
    let base = format!("{}/break-glass", login_base(ctx, tenant));
    let open = break_glass::check_open(ctx, &tenant.tenant).is_ok();
    open.then(|| with_query(&base, shown.destination.as_ref(), &[]))
}

/// The login page as it is to be shown.
pub fn login_url(ctx: &Ctx, tenant: &TenantCache, shown: &Shown) -> String {
    let pairs = match shown.step {
        Step::Email => [("choose", shown.choose.then_some("true")), ("login_hint", None)],
        Step::Password | Step::Again => [("step", Some("password")), ("login_hint", given(&shown.email))],
    };
    with_query(&login_base(ctx, tenant), shown.destination.as_ref(), &pairs)
}

fn login_base(ctx: &Ctx, tenant: &TenantCache) -> String {
    ctx.config.url(&format!("/t/{}/login", tenant.tenant.slug))
}

fn given(email: &str) -> Option<&str> {
    Some(email).filter(|email| !email.is_empty())
}

/// `base` with the destination and these parameters, where they have a value.
pub(super) fn with_query(base: &str, destination: Option<&Destination>, pairs: &[(&str, Option<&str>)]) -> String {
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
