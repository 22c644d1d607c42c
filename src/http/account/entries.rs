//! Profile, sessions and linked identities.

use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use uuid::Uuid;

use crate::flows::manage_users::ProfilePatch;
use crate::flows::{manage_identities, manage_sessions, manage_users};
use crate::http::Ctx;
use crate::http::account::{enter, finished};
use crate::http::body::{FormText, read_pairs};
use crate::http::problem::Problem;

/// What the profile's form sends; an empty field clears.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProfileForm {
    name: String,
    given_name: String,
    family_name: String,
}

/// Which session or identity is meant.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct EntryForm {
    id: Option<Uuid>,
}

/// `POST /t/{tenant}/account/profile`.
pub async fn post_profile(ctx: Ctx, req: HttpRequest, form: FormText) -> Result<HttpResponse, Problem> {
    let (tenant, caller) = match enter(&ctx, &req).await? {
        Ok(entered) => entered,
        Err(page) => return Ok(page),
    };
    let form: ProfileForm = read_pairs(&form.0)?;
    let text = |text: String| Some(Some(text.trim().to_owned()).filter(|text| !text.is_empty()));
    let patch =
        ProfilePatch { name: text(form.name), given_name: text(form.given_name), family_name: text(form.family_name) };
    let done = manage_users::update_own(&ctx, &caller, None, patch).await.map(drop);
    finished(&ctx, &req, &tenant, &caller, done).await
}

/// `POST /t/{tenant}/account/sessions`: ends the one that is named, or all the others.
pub async fn post_sessions(ctx: Ctx, req: HttpRequest, form: FormText) -> Result<HttpResponse, Problem> {
    let (tenant, caller) = match enter(&ctx, &req).await? {
        Ok(entered) => entered,
        Err(page) => return Ok(page),
    };
    let form: EntryForm = read_pairs(&form.0)?;
    let done = match form.id {
        Some(id) => manage_sessions::revoke(&ctx, &caller, id, true).await,
        None => manage_sessions::revoke_others(&ctx, &caller).await,
    };
    finished(&ctx, &req, &tenant, &caller, done).await
}

/// `POST /t/{tenant}/account/identities`: unlinks the one that is named.
pub async fn post_identities(ctx: Ctx, req: HttpRequest, form: FormText) -> Result<HttpResponse, Problem> {
    let (tenant, caller) = match enter(&ctx, &req).await? {
        Ok(entered) => entered,
        Err(page) => return Ok(page),
    };
    let form: EntryForm = read_pairs(&form.0)?;
    let done = manage_identities::unlink(&ctx, &caller, caller.person()?.0, form.id.unwrap_or_default()).await;
    finished(&ctx, &req, &tenant, &caller, done).await
}
