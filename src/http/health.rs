//! Health: is the process alive, and can it serve?

use std::sync::atomic::Ordering;

use actix_web::HttpResponse;
use serde_json::json;

use crate::http::Ctx;
use crate::store::db::DbError;

/// `GET /healthz`: the process is alive. Asks nobody.
pub async fn get_healthz() -> HttpResponse {
    HttpResponse::Ok().json(json!({"status": "alive"}))
}

/// `GET /readyz`: the database answers and the server is not draining.
pub async fn get_readyz(ctx: Ctx) -> HttpResponse {
    let answer = ctx.db.system(|_| Ok::<_, DbError>(())).await;
    match (answer, ctx.draining.load(Ordering::SeqCst)) {
        (Ok(()), false) => HttpResponse::Ok().json(json!({"status": "ready"})),
        (Ok(()), true) => HttpResponse::ServiceUnavailable().json(json!({"status": "draining"})),
        (Err(_), _) => HttpResponse::ServiceUnavailable().json(json!({"status": "database unreachable"})),
    }
}
