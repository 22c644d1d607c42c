//! The assertion consumer service: a SAML response comes by form post (SAML bindings section 3.5), and by no other way.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use uuid::Uuid;

use crate::flows::finish_login::{Answer, SamlForm, Way};
use crate::http::Ctx;
use crate::http::body::{MessageForm, read_pairs};
use crate::http::login::callback::finish;
use crate::http::problem::Problem;

/// Longest RelayState that is looked at, in bytes (C-31); our own has 76.
const MAX_RELAY_STATE: usize = 2048;

/// The fields that are read; providers add others, which are ignored.
#[derive(Deserialize)]
struct Fields {
    #[serde(rename = "SAMLResponse")]
    response: Option<String>,
    #[serde(rename = "RelayState")]
    relay_state: Option<String>,
}

/// `POST /t/{tenant}/sso/{connection}/acs`.
pub async fn post_acs(
    ctx: Ctx,
    req: HttpRequest,
    path: web::Path<(String, Uuid)>,
    form: MessageForm,
) -> Result<HttpResponse, Problem> {
    body_only(&req)?;
    let fields: Fields = read_pairs(&form.0)?;
    let response = fields.response.ok_or_else(|| malformed("there is no SAMLResponse"))?;
    let relay_state = fields.relay_state.filter(|state| state.len() <= MAX_RELAY_STATE);
    let answer = Answer::Saml(SamlForm { response: response.into(), relay_state });
    finish(ctx, req, path.1, Way::FormPost(answer)).await
}

/// C-40: what stands in the query too could mean another message to another reader.
pub(super) fn body_only(req: &HttpRequest) -> Result<(), Problem> {
    let ours = ["SAMLResponse", "SAMLRequest", "RelayState"];
    let mut names = url::form_urlencoded::parse(req.query_string().as_bytes());
    match names.any(|(name, _)| ours.contains(&name.as_ref())) {
        true => Err(malformed("a SAML message is in the body, or in the query, not in both")),
        false => Ok(()),
    }
}

fn malformed(detail: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "malformed_body", detail)
}
