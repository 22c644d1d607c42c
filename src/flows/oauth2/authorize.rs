//! authorize: an authorization request becomes a code at once, or waits for its user to sign in or to consent.

use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use url::Url;
use uuid::Uuid;

use crate::context::Context;
use crate::context::caches::TenantCache;
use crate::context::issuer::Issuer;
use crate::context::waiting::Asked;
use crate::flows::Error;
use crate::flows::oauth2::grant_code::{Given, give};
use crate::flows::oauth2::request::{self, Fault, Pairs};
use crate::flows::oauth2::tokens::hinted_user;
use crate::model::authorization::{AuthorizationParams, AuthorizationRequest, REQUEST_MINUTES};
use crate::model::email::EmailAddress;
use crate::model::json::Json;
use crate::model::scope::Scopes;
use crate::model::session::Session;
use crate::model::tenant::TenantStatus;
use crate::model::text::tamed;
use crate::model::user::User;
use crate::store::{authorization_requests, consents};

/// How much a provider's clock may differ when it says when somebody proved who they are.
const SKEW: Duration = Duration::seconds(60);

/// How much of what an application sent is logged, in characters.
const MAX_LOGGED: usize = 200;

/// What is sent to the application, always with `iss` (P-18) and the request's `state`.
#[derive(Debug)]
pub struct Answer {
    /// Where to: a registered URI.
    pub redirect_uri: String,
    /// As a form that the browser posts, instead of a redirect.
    pub form_post: bool,
    /// The parameters.
    pub parameters: Vec<(&'static str, String)>,
}

impl Answer {
    /// The URL of a redirect: the registered one with the parameters added to its query.
    #[must_use]
    pub fn url(&self) -> String {
        let mut url = match Url::parse(&self.redirect_uri) {
            Ok(url) => url,
            Err(_) => return self.redirect_uri.clone(),
        };
        url.query_pairs_mut().extend_pairs(&self.parameters);
        url.into()
    }
}

/// What becomes of a request.
pub enum Outcome {
    /// The application is told.
    Answered(Answer),
    /// The person has to sign in: at this path of ours.
    Login(String),
    /// The person has to consent: at this path of ours.
    Consent(String),
    /// A page of ours says why; nobody is sent anywhere.
    Refused(&'static str),
}

/// Who is signed in, in this browser.
pub type SignedIn = Arc<(Session, User)>;

/// Reads a request.
///
/// # Errors
/// Outside [`Error`]; inside the [`Outcome`] that a faulty request has.
pub async fn read(ctx: &Context, issuer: &Issuer, pairs: &Pairs) -> Result<Result<Asked, Outcome>, Error> {
    let client = match request::client_id(pairs) {
        Some(id) => ctx.client(issuer, id).await?,
        None => None,
    };
    let Some(client) = client else {
        log_refused("client_unknown", pairs);
        return Ok(Err(Outcome::Refused("client_unknown")));
    };
    // P-01, P-19: before this is settled nothing is told to anybody but the person.
    let Some(redirect_uri) = request::redirect_uri(pairs, &client.settings) else {
        log_refused("redirect_uri_mismatch", pairs);
        return Ok(Err(Outcome::Refused("redirect_uri_mismatch")));
    };
    Ok(match request::check(&ctx.config, &client, pairs, redirect_uri.clone()) {
        Ok(mut params) => {
            if let Some(hint) = pairs.get("id_token_hint") {
                match hinted_user(ctx, issuer, hint).await? {
                    Some(user) => params.hinted_user = Some(user),
                    None => return Ok(Err(fault(ctx, issuer, &params, NO_HINT))),
                }
            }
            Ok(Asked { issuer: issuer.clone(), client, params })
        }
        Err(told) => {
            let form_post = pairs.get("response_mode").is_some_and(|mode| mode == "form_post");
            let state = pairs.get("state").filter(|state| state.len() <= 1024).cloned();
            let params = AuthorizationParams { redirect_uri, form_post, state, ..AuthorizationParams::default() };
            Err(fault(ctx, issuer, &params, told))
        }
    })
}

/// What the application sent, for whoever sets it up: nothing else tells them. Bounded, and no line of its own (K-04).
fn log_refused(code: &'static str, pairs: &Pairs) {
    let sent = |name: &str| pairs.get(name).map_or_else(String::new, |value| tamed(value, MAX_LOGGED));
    let (client_id, redirect_uri) = (sent("client_id"), sent("redirect_uri"));
    tracing::info!(code, client_id, redirect_uri, "authorization request refused");
}

const NO_HINT: Fault = Fault::new("invalid_request", "id_token_hint is no ID token of this issuer");
const LOGIN_REQUIRED: Fault = Fault::new("login_required", "nobody who would do is signed in");
const CONSENT_REQUIRED: Fault = Fault::new("consent_required", "the user has not agreed yet");
const SUSPENDED: Fault = Fault::new("access_denied", "the organisation is suspended");
const NOT_ALLOWED: Fault =
    Fault::new("access_denied", "the user did not sign in in a way that this application allows");
const NOT_ANEW: Fault = Fault::new("login_required", "the identity provider did not ask the user to sign in again");
const ANOTHER_USER: Fault = Fault::new("login_required", "somebody else signed in than the id_token_hint names");

/// Tells the application about a fault.
#[must_use]
pub fn fault(ctx: &Context, issuer: &Issuer, params: &AuthorizationParams, fault: Fault) -> Outcome {
    answer(ctx, issuer, params, vec![("error", fault.error.into()), ("error_description", fault.description.into())])
}

fn answer(ctx: &Context, issuer: &Issuer, params: &AuthorizationParams, told: Vec<(&'static str, String)>) -> Outcome {
    let state = params.state.clone().map(|state| ("state", state));
    let iss = [("iss", issuer.url(&ctx.config))]; // P-18
    Outcome::Answered(Answer {
        redirect_uri: params.redirect_uri.clone(),
        form_post: params.form_post,
        parameters: told.into_iter().chain(state).chain(iss).collect(),
    })
}

/// Answers a request in a tenant, for who is signed in there, or sends the person to where they can be.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn authorize(
    ctx: &Context,
    tenant: &TenantCache,
    asked: Asked,
    signed_in: Option<SignedIn>,
) -> Result<Outcome, Error> {
    let Asked { issuer, params, .. } = &asked;
    if tenant.tenant.status != TenantStatus::Active {
        return Ok(fault(ctx, issuer, params, SUSPENDED));
    }
    match standing(ctx, &asked, None, signed_in) {
        Standing::Ready(found) => settle(ctx, tenant, &asked, &found, None).await,
        Standing::Refused(told) => Ok(fault(ctx, issuer, params, told)),
        Standing::SignIn if params.prompt_none => Ok(fault(ctx, issuer, params, LOGIN_REQUIRED)), // P-08
        Standing::SignIn => {
            let id = wait(ctx, tenant, &asked).await?;
            Ok(Outcome::Login(login(tenant, &asked, id)))
        }
    }
}

/// Goes on with a request that waited: after a login, or after consent.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn go_on(
    ctx: &Context,
    tenant: &Arc<TenantCache>,
    id: Uuid,
    signed_in: Option<SignedIn>,
) -> Result<Outcome, Error> {
    match ready(ctx, tenant, id, signed_in).await? {
        Ok((asked, found)) => settle(ctx, tenant, &asked, &found, Some(id)).await,
        Err(outcome) => Ok(outcome),
    }
}

/// A request that waited and who signed in for it, when that is all it wants of a login. This is asked of whatever would
/// answer the request: of the consent page too (P-09).
///
/// # Errors
/// Outside [`Error::Unavailable`]; inside what comes first.
pub async fn ready(
    ctx: &Context,
    tenant: &Arc<TenantCache>,
    id: Uuid,
    signed_in: Option<SignedIn>,
) -> Result<Result<(Asked, SignedIn), Outcome>, Error> {
    let Some((asked, since)) = ctx.waiting_request(tenant, id).await? else {
        return Ok(Err(Outcome::Refused("request_unknown")));
    };
    let Asked { issuer, params, .. } = &asked;
    if tenant.tenant.status != TenantStatus::Active {
        return Ok(Err(fault(ctx, issuer, params, SUSPENDED)));
    }
    Ok(match standing(ctx, &asked, Some(since), signed_in) {
        Standing::Ready(found) => Ok((asked, found)),
        Standing::SignIn => Err(Outcome::Login(login(tenant, &asked, id))),
        Standing::Refused(told) => Err(fault(ctx, issuer, params, told)),
    })
}

/// Whether who is signed in is who the request wants, in the way it wants it.
enum Standing {
    Ready(SignedIn),
    SignIn,
    Refused(Fault),
}

/// `since` is when the request began to wait: whoever signed in after that did it for this request, so that what is
/// still missing is told instead of asked for again without an end. A provider that does not say when the person proved
/// who they are is believed to have obeyed `prompt=login`, as nothing obliges it to say; `max_age` does.
fn standing(ctx: &Context, asked: &Asked, since: Option<DateTime<Utc>>, signed_in: Option<SignedIn>) -> Standing {
    let Some(found) = signed_in else { return Standing::SignIn };
    let (session, user) = &*found;
    let Some(since) = since.filter(|since| session.created_at >= *since) else {
        return if will_do(ctx, asked, &found) { Standing::Ready(found) } else { Standing::SignIn };
    };
    let Asked { client, params, .. } = asked;
    let oldest =
        params.max_age.map(|age| since - Duration::seconds(age.into())).or(params.prompt_login.then_some(since));
    if !client.settings.allows_source(session.source_id) {
        Standing::Refused(NOT_ALLOWED)
    } else if params.hinted_user.is_some_and(|id| id != user.id) {
        Standing::Refused(ANOTHER_USER)
    } else if params.connection.is_some_and(|id| session.source_id != Some(id)) {
        Standing::SignIn
    } else if session.auth_time.map_or(params.max_age.is_some(), |at| oldest.is_some_and(|oldest| at < oldest - SKEW)) {
        Standing::Refused(NOT_ANEW)
    } else {
        Standing::Ready(found)
    }
}

/// Whether who is signed in already will do for the request.
fn will_do(ctx: &Context, asked: &Asked, (session, user): &(Session, User)) -> bool {
    let Asked { params, client, .. } = asked;
    let young = |age: u32| {
        let oldest = ctx.clock.now() - Duration::seconds(age.into());
        age > 0 && session.auth_time.is_some_and(|at| at >= oldest)
    };
    // A hint that is no address says nothing that we know.
    let expected =
        |hint: &String| EmailAddress::parse(hint).map_or(true, |hint| Some(&hint.key) == user.email_key.as_ref());
    !params.wants_fresh_login()
        && client.settings.allows_source(session.source_id)
        && params.max_age.is_none_or(young)
        && params.connection.is_none_or(|id| session.source_id == Some(id))
        && params.hinted_user.is_none_or(|id| id == user.id)
        && params.login_hint.as_ref().is_none_or(expected)
}

/// A code, unless the person has to agree first.
async fn settle(
    ctx: &Context,
    tenant: &TenantCache,
    asked: &Asked,
    found: &SignedIn,
    waited: Option<Uuid>,
) -> Result<Outcome, Error> {
    let Asked { issuer, client, params } = asked;
    if !client.settings.first_party && !agreed(ctx, tenant, asked, found.1.id).await? {
        if params.prompt_none {
            return Ok(fault(ctx, issuer, params, CONSENT_REQUIRED));
        }
        let id = match waited {
            Some(id) => id,
            None => wait(ctx, tenant, asked).await?,
        };
        return Ok(Outcome::Consent(format!("/t/{}/oauth2/consent/{id}", tenant.tenant.slug)));
    }
    hand_out(ctx, tenant, asked, found, waited).await
}

/// The code, for the application.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn hand_out(
    ctx: &Context,
    tenant: &TenantCache,
    asked: &Asked,
    found: &SignedIn,
    waited: Option<Uuid>,
) -> Result<Outcome, Error> {
    Ok(match give(ctx, tenant, asked, found, waited).await? {
        Given::Code(code) => {
            use secrecy::ExposeSecret;
            answer(ctx, &asked.issuer, &asked.params, vec![("code", code.expose_secret().to_owned())])
        }
        Given::AnsweredBefore => Outcome::Refused("request_unknown"),
        Given::SessionOver => fault(ctx, &asked.issuer, &asked.params, LOGIN_REQUIRED),
    })
}

/// Whether the person agreed to all of the scopes before, and need not be asked again.
async fn agreed(ctx: &Context, tenant: &TenantCache, asked: &Asked, user: Uuid) -> Result<bool, Error> {
    let (id, client) = (tenant.tenant.id, asked.client.id());
    if asked.params.prompt_consent {
        return Ok(false);
    }
    let scope = ctx.db.tenant(id, move |conn| Ok::<_, Error>(consents::scope(conn, id, user, client)?)).await?;
    let wanted = Scopes::parse(&asked.params.scope);
    Ok(scope.is_some_and(|scope| wanted.within(&Scopes::parse(&scope))))
}

async fn wait(ctx: &Context, tenant: &TenantCache, asked: &Asked) -> Result<Uuid, Error> {
    let (tenant_id, id, now) = (tenant.tenant.id, Uuid::now_v7(), ctx.clock.now());
    let key = asked.client.key;
    let row = AuthorizationRequest {
        tenant_id,
        id,
        application_id: key.application_id,
        installation_application_id: key.installation_application_id,
        request: Json(asked.params.clone()),
        created_at: now,
        expires_at: now + Duration::minutes(REQUEST_MINUTES),
    };
    let added =
        ctx.db.tenant(tenant_id, move |conn| Ok::<_, Error>(authorization_requests::insert(conn, tenant_id, &row)?));
    added.await?;
    Ok(id)
}

/// The path where the person signs in: straight to a connection where the request or the application says which.
fn login(tenant: &TenantCache, asked: &Asked, id: Uuid) -> String {
    let Asked { params, client, .. } = asked;
    let only = match client.settings.allowed_connections.as_deref() {
        Some([only]) => Some(*only),
        _ => None,
    };
    let straight = params.connection.or(only);
    let base = format!("/t/{}/login", tenant.tenant.slug);
    let base = straight.map_or_else(|| base.clone(), |connection| format!("{base}/{connection}"));
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("request", &id.to_string());
    if let Some(hint) = &params.login_hint {
        query.append_pair("login_hint", hint);
    }
    format!("{base}?{}", query.finish())
}
