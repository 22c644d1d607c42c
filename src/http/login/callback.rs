//! The provider's answer: by query, by form post, or fetched by a same-site GET after a form post without its cookie.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use uuid::Uuid;

use crate::context::caches::TenantCache;
use crate::flows::destination::Destination;
use crate::flows::finish_login::{Answer, Arrival, Ending, Refused, ResponseParams, SignedIn, Way, finish_login};
use crate::http::Ctx;
use crate::http::body::{FormText, read_pairs};
use crate::http::cookies;
use crate::http::login::form::{Shown, Step, begin_url};
use crate::http::login::{refusal, refused_page, see_other, target, tenant_of, verify, visitor};
use crate::http::problem::Problem;

/// The parameters that are read; providers add others, which are ignored.
#[derive(Debug, Default, Deserialize)]
struct Params {
    state: Option<String>,
    code: Option<String>,
    iss: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

impl From<Params> for Answer {
    fn from(p: Params) -> Self {
        Self::Oidc(ResponseParams {
            state: p.state,
            code: p.code.map(SecretString::from),
            iss: p.iss,
            error: p.error,
            error_description: p.error_description,
        })
    }
}

/// `GET /t/{tenant}/sso/{connection}/callback`.
pub async fn get_callback(
    ctx: Ctx,
    req: HttpRequest,
    path: web::Path<(String, Uuid)>,
) -> Result<HttpResponse, Problem> {
    let params: Params = read_pairs(req.query_string())?; // O-14
    finish(ctx, req, path.1, Way::Query(params.into())).await
}

/// `POST /t/{tenant}/sso/{connection}/callback` (OAuth 2.0 Form Post Response Mode).
pub async fn post_callback(
    ctx: Ctx,
    req: HttpRequest,
    path: web::Path<(String, Uuid)>,
    form: FormText,
) -> Result<HttpResponse, Problem> {
    let params: Params = read_pairs(&form.0)?;
    finish(ctx, req, path.1, Way::FormPost(params.into())).await
}

/// `GET /t/{tenant}/sso/{connection}/resume/{attempt}`: where a form post without its cookie is completed.
pub async fn get_resume(
    ctx: Ctx,
    req: HttpRequest,
    path: web::Path<(String, Uuid, Uuid)>,
) -> Result<HttpResponse, Problem> {
    finish(ctx, req, path.1, Way::Resume(path.2)).await
}

/// What every way of answering leads to.
pub(super) async fn finish(ctx: Ctx, req: HttpRequest, connection: Uuid, way: Way) -> Result<HttpResponse, Problem> {
    let tenant = match tenant_of(&ctx, &req).await {
        Ok(tenant) => tenant,
        Err(page) => return Ok(page),
    };
    let attempts = cookies::read_attempts(&req, &ctx.config);
    let arrival = Arrival {
        way,
        attempt_cookie: Box::new(move |id| attempts.iter().find(|(a, _)| *a == id).map(|(_, value)| value.clone())),
        visitor: visitor(&ctx, &req, &tenant),
    };
    Ok(match finish_login(&ctx, &tenant, connection, arrival).await {
        Ok(Ending::SignedIn(signed_in)) => welcome(&ctx, &tenant, *signed_in),
        Ok(Ending::Waits(waiting)) => verify::to_waiting(&ctx, &req, &tenant, &waiting),
        Ok(Ending::AlreadyDone { return_to }) => see_other(&target(&ctx, &tenant, return_to)).finish(),
        Ok(Ending::Parked { attempt_id }) => {
            let slug = &tenant.tenant.slug;
            see_other(&ctx.config.url(&format!("/t/{slug}/sso/{connection}/resume/{attempt_id}"))).finish()
        }
        Ok(Ending::Restart { return_to }) => {
            let destination = return_to.map(Destination::ReturnTo);
            let shown = Shown { destination, email: String::new(), step: Step::Email, choose: false };
            see_other(&begin_url(&ctx, &tenant, connection, &shown)).finish()
        }
        Ok(Ending::Refused(refused)) => refuse(&ctx, &req, &tenant, &refused),
        Err(error) => refusal(&req, Some(&tenant), &error),
    })
}

pub(super) fn welcome(ctx: &Ctx, tenant: &TenantCache, signed_in: SignedIn) -> HttpResponse {
    // W-14: one redirect strips code and state from the address.
    let mut response = see_other(&target(ctx, tenant, signed_in.return_to));
    if let Some(attempt) = signed_in.attempt_id {
        response.cookie(cookies::no_attempt(&ctx.config, attempt));
    }
    if signed_in.provisioned.invitation.is_some() {
        response.cookie(cookies::no_invitation(&ctx.config, tenant.tenant.id));
    }
    response.cookie(cookies::session(&ctx.config, tenant.tenant.id, signed_in.token.expose_secret())).finish()
}

pub(super) fn refuse(ctx: &Ctx, req: &HttpRequest, tenant: &TenantCache, refused: &Refused) -> HttpResponse {
    let mut response = HttpResponse::build(status_of(&refused.code));
    if let Some(id) = refused.attempt_id {
        response.cookie(cookies::no_attempt(&ctx.config, id));
    }
    if refused.code.starts_with("invitation_") || matches!(&*refused.code, "external_id_taken" | "identity_conflict") {
        // The next login is one without it; the link in the letter is as good as before.
        response.cookie(cookies::no_invitation(&ctx.config, tenant.tenant.id));
    }
    refused_page(response, req, Some(tenant), shown_code(&refused.code), refused.event_id)
}

/// The code on the page. What failed in the cryptography of a SAML response is told to the admin alone: a sender of
/// spoiled ciphertexts learns nothing from which of these it was (S-24).
pub(super) fn shown_code(code: &str) -> &str {
    match code {
        "saml_signature_missing"
        | "saml_signature_invalid"
        | "saml_algorithm_refused"
        | "saml_decryption_failed"
        | "saml_cbc_refused"
        | "saml_encryption_missing" => "saml_not_trusted",
        code => code,
    }
}

/// 400 for what does not belong together, 502 for a provider that does not answer, 403 for what was understood and is
/// not allowed.
fn status_of(code: &str) -> StatusCode {
    match code {
        "state_missing"
        | "state_unknown"
        | "attempt_unknown"
        | "attempt_used"
        | "attempt_expired"
        | "browser_mismatch"
        | "connection_mismatch"
        | "response_mode_mismatch"
        | "code_missing"
        | "saml_message_malformed" => StatusCode::BAD_REQUEST,
        "invitation_email_mismatch" | "external_id_taken" => StatusCode::CONFLICT, // L-17
        "invitation_unknown" => StatusCode::NOT_FOUND,
        "invitation_expired" | "invitation_revoked" => StatusCode::GONE,
        "saml_message_too_large" => StatusCode::PAYLOAD_TOO_LARGE,
        "link_void" => StatusCode::GONE,
        code if code.ends_with("_unreachable") => StatusCode::BAD_GATEWAY,
        "internal_error" => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::FORBIDDEN,
    }
}
