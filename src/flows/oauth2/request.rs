//! The parameters of an authorization request, checked one by one.
//!
//! Until client and redirect URI are known to belong together, a fault is shown on a page of ours and nobody is sent
//! anywhere (P-01, P-19); afterwards it is told to the application.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::config::Config;
use crate::model::application::Client;
use crate::model::application::settings::ApplicationSettings;
use crate::model::authorization::AuthorizationParams;
use crate::model::scope::{API_READ, API_WRITE, Scopes};

/// Longest `state` and `nonce`, in bytes.
const MAX_OPAQUE: usize = 1024;
/// Longest of the hints.
const MAX_HINT: usize = 254;

/// The parameters as they came: by name, none twice.
pub type Pairs = BTreeMap<String, String>;

/// A fault that is told to the application (RFC 6749 section 4.1.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// `error`.
    pub error: &'static str,
    /// `error_description`.
    pub description: &'static str,
}

impl Fault {
    /// With these words.
    #[must_use]
    pub const fn new(error: &'static str, description: &'static str) -> Self {
        Self { error, description }
    }

    const fn invalid(description: &'static str) -> Self {
        Self::new("invalid_request", description)
    }
}

/// The client id, if it has the shape of one.
#[must_use]
pub fn client_id(pairs: &Pairs) -> Option<Uuid> {
    pairs.get("client_id").and_then(|id| Uuid::try_parse(id).ok()).filter(|id| pairs["client_id"] == id.to_string())
}

/// The redirect URI: one of the registered ones, character by character (P-01). It is never guessed (P-02).
#[must_use]
pub fn redirect_uri(pairs: &Pairs, settings: &ApplicationSettings) -> Option<String> {
    let wanted = pairs.get("redirect_uri")?;
    settings.redirect_uris.iter().find(|known| *known == wanted).cloned()
}

fn scopes(pairs: &Pairs) -> Scopes {
    Scopes::parse(pairs.get("scope").map_or("", String::as_str))
}

/// Checks everything else.
///
/// # Errors
/// The first [`Fault`].
pub fn check(
    config: &Config,
    client: &Client,
    pairs: &Pairs,
    redirect_uri: String,
) -> Result<AuthorizationParams, Fault> {
    let text = |name: &str| pairs.get(name).filter(|value| !value.is_empty()).cloned();
    // P-06: a request by value or by reference would have to be fetched or verified; neither is supported.
    if pairs.contains_key("request") {
        return Err(Fault::new("request_not_supported", "request objects are not supported"));
    }
    if pairs.contains_key("request_uri") {
        return Err(Fault::new("request_uri_not_supported", "request objects are not supported"));
    }
    // P-05: the code flow alone.
    match pairs.get("response_type").map(String::as_str) {
        Some("code") => {}
        Some(_) => return Err(Fault::new("unsupported_response_type", "response_type must be code")),
        None => return Err(Fault::invalid("response_type is missing")),
    }
    let form_post = match pairs.get("response_mode").map(String::as_str) {
        None | Some("query") => false,
        Some("form_post") => true,
        Some(_) => return Err(Fault::invalid("response_mode must be query or form_post")),
    };
    let code_challenge = challenge(pairs)?;
    let (resource, scope) = resource_and_scope(config, client, pairs)?;
    let bounded = |name: &'static str, max: usize, fault: Fault| match text(name) {
        Some(value) if value.len() > max => Err(fault),
        value => Ok(value),
    };
    let mut params = AuthorizationParams {
        redirect_uri,
        form_post,
        scope: scope.to_string(),
        resource,
        state: bounded("state", MAX_OPAQUE, Fault::invalid("state is too long"))?,
        nonce: bounded("nonce", MAX_OPAQUE, Fault::invalid("nonce is too long"))?,
        code_challenge,
        max_age: max_age(pairs)?,
        login_hint: bounded("login_hint", MAX_HINT, Fault::invalid("login_hint is too long"))?,
        acr_values: bounded("acr_values", MAX_HINT, Fault::invalid("acr_values is too long"))?,
        connection: connection(pairs)?,
        ..AuthorizationParams::default()
    };
    prompt(pairs, &mut params)?;
    Ok(params)
}

/// P-04: S256 or nothing, for every client (RFC 9700 section 2.1.1).
fn challenge(pairs: &Pairs) -> Result<String, Fault> {
    if pairs.get("code_challenge_method").map(String::as_str) != Some("S256") {
        return Err(Fault::invalid("PKCE with code_challenge_method S256 is needed"));
    }
    let well_formed =
        |c: &String| c.len() == 43 && c.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    let challenge = pairs.get("code_challenge").filter(|challenge| well_formed(challenge));
    challenge.cloned().ok_or(Fault::invalid("code_challenge must be the base64url SHA-256 of a verifier"))
}

/// P-07: what the application may not have is dropped; our own API is opened only when it is named as the resource.
fn resource_and_scope(config: &Config, client: &Client, pairs: &Pairs) -> Result<(Option<String>, Scopes), Fault> {
    let api = config.url("/v1");
    let resource = pairs.get("resource").filter(|resource| !resource.is_empty()).cloned();
    if resource.as_ref().is_some_and(|wanted| *wanted != api) {
        return Err(Fault::new("invalid_target", "resource is none that tokens are issued for"));
    }
    let asked = scopes(pairs);
    let of_api = |scope: &str| scope == API_READ || scope == API_WRITE;
    let granted = client.settings.allowed_scopes(&asked).filtered(|scope| resource.is_some() || !of_api(scope));
    if granted.iter().next().is_none() {
        return Err(Fault::new("invalid_scope", "none of the scopes may be granted to this application"));
    }
    Ok((resource, granted))
}

fn max_age(pairs: &Pairs) -> Result<Option<u32>, Fault> {
    let age = pairs.get("max_age").map(|text| text.parse()).transpose();
    age.map_err(|_| Fault::invalid("max_age must be a number of seconds"))
}

fn connection(pairs: &Pairs) -> Result<Option<Uuid>, Fault> {
    let id = pairs.get("connection").map(|text| Uuid::try_parse(text)).transpose();
    id.map_err(|_| Fault::invalid("connection must be the id of a connection"))
}

fn prompt(pairs: &Pairs, params: &mut AuthorizationParams) -> Result<(), Fault> {
    let words: Vec<&str> =
        pairs.get("prompt").map_or("", String::as_str).split(' ').filter(|w| !w.is_empty()).collect();
    for word in &words {
        match *word {
            "none" => params.prompt_none = true,
            "login" => params.prompt_login = true,
            "consent" => params.prompt_consent = true,
            "select_account" => params.prompt_select_account = true,
            _ => return Err(Fault::invalid("prompt must be of none, login, consent, select_account")),
        }
    }
    if params.prompt_none && words.len() > 1 {
        return Err(Fault::invalid("prompt none stands alone"));
    }
    Ok(())
}
