//! The demo's page with the last letters. Anywhere else there is no such page.

use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use secrecy::ExposeSecret;

use crate::http::login::page;
use crate::http::texts::{Texts, texts};
use crate::http::{Ctx, absent};
use crate::mail::Kept;

/// The letters, the newest first.
#[derive(Template)]
#[template(path = "letters.html")]
struct LettersPage<'a> {
    t: &'a Texts,
    letters: Vec<Kept>,
}

/// `GET /demo/letters`.
pub async fn get_letters(ctx: Ctx, req: HttpRequest) -> HttpResponse {
    match ctx.mailer.kept() {
        Some(letters) => page(HttpResponse::Ok(), &ctx.config, &LettersPage { t: texts(&req), letters }, false),
        None => absent::not_found(&req),
    }
}
