//! A sign-in that waits for a letter: the page that says so, and what the letter's link leads to. Opening a link changes
//! nothing, because scanners of mail do that too (L-12); the button does.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use secrecy::ExposeSecret;
use serde::Deserialize;
use uuid::Uuid;

use crate::context::caches::TenantCache;
use crate::flows::Error;
use crate::flows::finish_login::{Browser, Continued, Ending, Seen, Waiting, confirm, go_on, look, send_again, waits};
use crate::flows::open_session::Visitor;
use crate::http::auth::same_origin;
use crate::http::body::{FormText, Query, read_pairs};
use crate::http::login::{
    callback, login_page, message, page, refusal, see_other, start, tenant_of, visitor, with_cookies,
};
use crate::http::problem::Problem;
use crate::http::texts::{Texts, texts};
use crate::http::{Ctx, cookies};

/// The token of a mailed link, in its query and in the form behind it.
#[derive(Debug, Deserialize)]
pub struct Token {
    /// The secret; empty where a mail program lost it, which is then no token of ours.
    #[serde(default)]
    pub token: String,
}

/// A page that asks for one press of a button about an address.
#[derive(Template)]
#[template(path = "ask.html")]
pub(in crate::http) struct AskPage<'a> {
    pub t: &'a Texts,
    pub organisation: &'a str,
    pub title: &'a str,
    pub text: &'a str,
    pub address: &'a str,
    pub hint: &'a str,
    pub notice: Option<&'a str>,
    pub action: String,
    pub token: Option<&'a str>,
    pub button: &'a str,
    /// Where another letter is asked for.
    pub again: Option<String>,
    pub link: Option<(String, &'a str)>,
}

/// `GET /t/{tenant}/login/verify?token=`: what the letter's link leads to.
pub async fn get_verify(ctx: Ctx, req: HttpRequest, query: Query<Token>) -> Result<HttpResponse, Problem> {
    let tenant = match tenant_of(&ctx, &req).await {
        Ok(tenant) => tenant,
        Err(page) => return Ok(page),
    };
    let token = query.read()?.token;
    let asked = Asker::of(&ctx, &req, &tenant);
    match look(&ctx, &tenant, &token, &asked.browser()).await {
        Ok(Seen::Here(proof)) => Ok(asked.ask(&req, (&proof.address, &token), true)),
        Ok(Seen::Elsewhere(proof)) => Ok(asked.ask(&req, (&proof.address, &token), false)),
        Ok(Seen::OnlyThere) => Ok(refusal(&req, Some(&tenant), &only_there())),
        Ok(Seen::Void) => Ok(refusal(&req, Some(&tenant), &Error::link_void())),
        Err(error) => Ok(refusal(&req, Some(&tenant), &error)),
    }
}

/// `POST /t/{tenant}/login/verify`: the button behind the link.
pub async fn post_verify(ctx: Ctx, req: HttpRequest, form: FormText) -> Result<HttpResponse, Problem> {
    same_origin(&req, &ctx.config)?;
    let Token { token } = read_pairs(&form.0)?;
    let tenant = match tenant_of(&ctx, &req).await {
        Ok(tenant) => tenant,
        Err(page) => return Ok(page),
    };
    let asked = Asker::of(&ctx, &req, &tenant);
    let done = match start::check_rate(&ctx, &req) {
        Ok(()) => confirm(&ctx, &tenant, &token, &asked.browser()).await,
        Err(error) => Err(error),
    };
    Ok(asked.answer(&req, done))
}

/// `GET /t/{tenant}/login/verify/{attempt}`: look at your mail. For the browser that began the sign-in.
pub async fn get_waiting(ctx: Ctx, req: HttpRequest, path: web::Path<(String, Uuid)>) -> Result<HttpResponse, Problem> {
    let tenant = match tenant_of(&ctx, &req).await {
        Ok(tenant) => tenant,
        Err(page) => return Ok(page),
    };
    let asked = Asker::of(&ctx, &req, &tenant);
    match waits(&ctx, &tenant, path.1, &asked.browser()).await {
        // Gone on in another tab, perhaps: who is signed in sees that, and others begin anew.
        Ok(proof) if !proof.is_live(ctx.clock.now()) => {
            Ok(see_other(&ctx.config.url(&format!("/t/{}", tenant.tenant.slug))).finish())
        }
        Ok(proof) => Ok(asked.wait(&req, (&proof.address, proof.id), None)),
        Err(error) => Ok(refusal(&req, Some(&tenant), &error)),
    }
}

/// `POST /t/{tenant}/login/verify/{attempt}`: go on, when the link was opened in another browser.
pub async fn post_waiting(
    ctx: Ctx,
    req: HttpRequest,
    path: web::Path<(String, Uuid)>,
) -> Result<HttpResponse, Problem> {
    pressed(&ctx, &req, path.1, false).await
}

/// `POST /t/{tenant}/login/verify/{attempt}/again`: another letter.
pub async fn post_again(ctx: Ctx, req: HttpRequest, path: web::Path<(String, Uuid)>) -> Result<HttpResponse, Problem> {
    pressed(&ctx, &req, path.1, true).await
}

/// A button of the page that waits: for another letter (`again`), or to go on.
async fn pressed(ctx: &Ctx, req: &HttpRequest, attempt: Uuid, again: bool) -> Result<HttpResponse, Problem> {
    same_origin(req, &ctx.config)?;
    let tenant = match tenant_of(ctx, req).await {
        Ok(tenant) => tenant,
        Err(page) => return Ok(page),
    };
    let asked = Asker::of(ctx, req, &tenant);
    let done = match start::check_rate(ctx, req) {
        Ok(()) if again => send_again(ctx, &tenant, attempt, &asked.browser()).await,
        Ok(()) => go_on(ctx, &tenant, attempt, &asked.browser()).await,
        Err(error) => Err(error),
    };
    Ok(asked.answer(req, done))
}

/// To the page that waits, with the cookie that binds the sign-in to this browser.
pub(super) fn to_waiting(ctx: &Ctx, req: &HttpRequest, tenant: &TenantCache, waiting: &Waiting) -> HttpResponse {
    let url = ctx.config.url(&format!("/t/{}/login/verify/{}", tenant.tenant.slug, waiting.proof_id));
    let surplus = cookies::surplus(cookies::read_letters(req, &ctx.config));
    let mut set: Vec<_> = surplus.into_iter().map(|old| cookies::no_letter(&ctx.config, old)).collect();
    set.push(cookies::letter(&ctx.config, waiting.proof_id, waiting.browser_secret.expose_secret()));
    set.extend(waiting.attempt_id.map(|attempt| cookies::no_attempt(&ctx.config, attempt)));
    with_cookies(see_other(&url).finish(), &set)
}

fn only_there() -> Error {
    Error::forbidden("confirmed_elsewhere", "open the link in the browser in which the sign-in began")
}

/// A browser that comes with a link or waits for one.
struct Asker<'a> {
    ctx: &'a Ctx,
    tenant: &'a TenantCache,
    visitor: Visitor,
    cookie: Box<dyn Fn(Uuid) -> Option<String> + Send + Sync>,
}

impl<'a> Asker<'a> {
    fn of(ctx: &'a Ctx, req: &HttpRequest, tenant: &'a TenantCache) -> Self {
        let letters = cookies::read_letters(req, &ctx.config);
        let cookie = Box::new(move |id| letters.iter().find(|(known, _)| *known == id).map(|(_, value)| value.clone()));
        Self { ctx, tenant, visitor: visitor(ctx, req, tenant), cookie }
    }

    fn browser(&self) -> Browser<'_> {
        Browser { cookie: &*self.cookie, visitor: &self.visitor }
    }

    fn url(&self, path: &str) -> String {
        self.ctx.config.url(&format!("/t/{}/login{path}", self.tenant.tenant.slug))
    }

    /// The button behind a link.
    fn ask(&self, req: &HttpRequest, (address, token): (&str, &str), here: bool) -> HttpResponse {
        let t = texts(req);
        let template = AskPage {
            t,
            organisation: &self.tenant.tenant.name,
            title: t.letters.confirm_title,
            text: t.letters.confirm_text,
            address,
            hint: if here { t.letters.confirm_here } else { t.letters.confirm_elsewhere },
            notice: None,
            action: self.url("/verify"),
            token: Some(token),
            button: if here { t.letters.confirm_and_sign_in } else { t.letters.confirm_button },
            again: None,
            link: None,
        };
        page(HttpResponse::Ok(), &self.ctx.config, &template, here)
    }

    /// The page that waits.
    fn wait(&self, req: &HttpRequest, (address, id): (&str, Uuid), notice: Option<&str>) -> HttpResponse {
        let t = texts(req);
        let template = AskPage {
            t,
            organisation: &self.tenant.tenant.name,
            title: t.letters.title,
            text: t.letters.sent_to,
            address,
            hint: t.letters.hint,
            notice,
            action: self.url(&format!("/verify/{id}")),
            token: None,
            button: t.continue_button,
            again: Some(self.url(&format!("/verify/{id}/again"))),
            link: Some((login_page(self.ctx, self.tenant), t.sign_in_again)),
        };
        let status = if notice.is_some() { StatusCode::CONFLICT } else { StatusCode::OK };
        page(HttpResponse::build(status), &self.ctx.config, &template, true)
    }

    fn answer(&self, req: &HttpRequest, done: Result<Continued, Error>) -> HttpResponse {
        let t = texts(req);
        let refused = |error: &Error| refusal(req, Some(self.tenant), error);
        match done {
            Ok(Continued::Ended(ending)) => self.ended(req, ending),
            Ok(Continued::Confirmed) => {
                let said = (t.letters.confirmed_title, t.letters.confirmed);
                message(self.ctx, req, self.tenant, said, login_page(self.ctx, self.tenant))
            }
            Ok(Continued::NotYet(proof)) => self.wait(req, (&proof.address, proof.id), Some(t.letters.not_yet)),
            Ok(Continued::OnlyThere) => refused(&only_there()),
            Ok(Continued::Void) => refused(&Error::link_void()),
            Err(error) => refused(&error),
        }
    }

    fn ended(&self, req: &HttpRequest, ending: Ending) -> HttpResponse {
        match ending {
            Ending::SignedIn(signed_in) => {
                let done: Vec<_> =
                    signed_in.letter_id.iter().map(|id| cookies::no_letter(&self.ctx.config, *id)).collect();
                with_cookies(callback::welcome(self.ctx, self.tenant, *signed_in), &done)
            }
            Ending::Refused(refused) => callback::refuse(self.ctx, req, self.tenant, &refused),
            Ending::Waits(waiting) => to_waiting(self.ctx, req, self.tenant, &waiting),
            // Those belong to what providers send.
            Ending::AlreadyDone { .. } | Ending::Parked { .. } | Ending::Restart { .. } => {
                refusal(req, Some(self.tenant), &Error::link_void())
            }
        }
    }
}
