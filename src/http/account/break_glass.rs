//! An owner's break-glass codes.

use actix_web::{HttpRequest, HttpResponse};

use crate::flows::manage_break_glass::{make, withdraw};
use crate::http::Ctx;
use crate::http::account::security::codes_page;
use crate::http::account::{enter, finished};
use crate::http::problem::Problem;
use crate::http::texts::texts;

/// `POST /t/{tenant}/account/break-glass`: makes a set, and shows it.
pub async fn post_break_glass(ctx: Ctx, req: HttpRequest) -> Result<HttpResponse, Problem> {
    let (tenant, caller) = match enter(&ctx, &req).await? {
        Ok(entered) => entered,
        Err(page) => return Ok(page),
    };
    let t = &texts(&req).account;
    match make(&ctx, &caller).await {
        Ok(made) => {
            let at = ctx.config.url(&format!("/t/{}/login/break-glass", tenant.tenant.slug));
            Ok(codes_page(&ctx, &req, &tenant, (t.break_glass_title, t.break_glass_keep, Some(at)), &made.codes))
        }
        Err(error) => finished(&ctx, &req, &tenant, &caller, Err(error)).await,
    }
}

/// `POST /t/{tenant}/account/break-glass/withdraw`.
pub async fn post_withdraw(ctx: Ctx, req: HttpRequest) -> Result<HttpResponse, Problem> {
    let (tenant, caller) = match enter(&ctx, &req).await? {
        Ok(entered) => entered,
        Err(page) => return Ok(page),
    };
    let done = withdraw(&ctx, &caller).await;
    finished(&ctx, &req, &tenant, &caller, done).await
}
