//! The userinfo endpoint (OpenID Connect Core 1.0, section 5.3; bearer tokens as in RFC 6750).

use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use actix_web::{HttpRequest, HttpResponse};

use crate::flows::Error;
use crate::flows::oauth2::userinfo::{Refused, userinfo};
use crate::http::Ctx;
use crate::http::oauth2::{OAuthProblem, issuer_of};

/// `GET` and `POST {issuer}/oauth2/userinfo`: the token comes in the header, never in the URL or a body.
pub async fn get_userinfo(ctx: Ctx, req: HttpRequest) -> Result<HttpResponse, OAuthProblem> {
    let mut headers = req.headers().get_all(AUTHORIZATION);
    let (header, another) = (headers.next().and_then(|value| value.to_str().ok()), headers.next());
    let token =
        header.and_then(|header| header.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let Some((_, token)) = token.filter(|_| another.is_none()) else {
        return Ok(challenge(StatusCode::UNAUTHORIZED, "Bearer"));
    };
    let invalid = || challenge(StatusCode::UNAUTHORIZED, "Bearer error=\"invalid_token\"");
    let issuer = match issuer_of(&ctx, &req).await {
        Ok(issuer) => issuer,
        Err(Error::NotFound) => return Ok(invalid()),
        Err(inside) => return Err(inside.into()),
    };
    Ok(match userinfo(&ctx, &issuer, token.trim()).await? {
        Ok(json) => HttpResponse::Ok().insert_header((CONTENT_TYPE, "application/json")).body(json),
        Err(Refused::InvalidToken) => invalid(),
        Err(Refused::InsufficientScope) => {
            challenge(StatusCode::FORBIDDEN, "Bearer error=\"insufficient_scope\", scope=\"openid\"")
        }
    })
}

fn challenge(status: StatusCode, what: &'static str) -> HttpResponse {
    HttpResponse::build(status).insert_header((WWW_AUTHENTICATE, what)).finish()
}
