//! Cookies: names and attributes follow the public URL. https: `__Host-`, Secure. Plain http is loopback only: the same
//! names without the prefix and Secure, and Lax everywhere (Safari drops Secure cookies there).

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use uuid::Uuid;

use crate::config::Config;
use crate::flows::accept_invitation::REMEMBERED_MINUTES;
use crate::flows::password_login::{DEVICE_DAYS, HALF_LOGIN_MINUTES};
use crate::flows::single_logout::LOGOUT_MINUTES;
use crate::model::address_proof::PROOF_MINUTES;
use crate::model::login_attempt::ATTEMPT_MINUTES;

/// Most logins that one browser may have under way; older ones are let go.
const MAX_ATTEMPTS: usize = 5;

fn prefix(config: &Config) -> &'static str {
    if config.is_https() { "__Host-" } else { "" }
}

fn session_name(config: &Config, tenant: Uuid) -> String {
    format!("{}dw_s_{}", prefix(config), tenant.simple())
}

fn attempt_name(config: &Config, attempt: Uuid) -> String {
    format!("{}dw_a_{}", prefix(config), attempt.simple())
}

fn device_name(config: &Config, tenant: Uuid) -> String {
    format!("{}dw_d_{}", prefix(config), tenant.simple())
}

fn half_login_name(config: &Config, tenant: Uuid) -> String {
    format!("{}dw_h_{}", prefix(config), tenant.simple())
}

fn invitation_name(config: &Config, tenant: Uuid) -> String {
    format!("{}dw_i_{}", prefix(config), tenant.simple())
}

fn logout_name(config: &Config, tenant: Uuid) -> String {
    format!("{}dw_l_{}", prefix(config), tenant.simple())
}

fn letter_name(config: &Config, proof: Uuid) -> String {
    format!("{}dw_v_{}", prefix(config), proof.simple())
}

fn build<'a>(config: &Config, name: String, value: String, same_site: SameSite) -> Cookie<'a> {
    let secure = config.is_https();
    // SameSite=None without Secure is refused by browsers, so plain http has Lax.
    let same_site = if secure { same_site } else { SameSite::Lax };
    Cookie::build(name, value).path("/").http_only(true).secure(secure).same_site(same_site).finish()
}

/// The session cookie: Lax, for the browser's session and at most as long as the server keeps it.
#[must_use]
pub fn session<'a>(config: &Config, tenant: Uuid, value: &str) -> Cookie<'a> {
    let mut cookie = build(config, session_name(config, tenant), value.to_owned(), SameSite::Lax);
    cookie.set_max_age(Duration::hours(config.session_max_hours));
    cookie
}

/// The cookie that binds an attempt to the browser: None, because a form post from the provider must bring it.
#[must_use]
pub fn attempt<'a>(config: &Config, attempt: Uuid, value: &str) -> Cookie<'a> {
    let mut cookie = build(config, attempt_name(config, attempt), value.to_owned(), SameSite::None);
    cookie.set_max_age(Duration::minutes(ATTEMPT_MINUTES));
    cookie
}

/// The cookie that binds a sign-in that waits for a letter to the browser; webmail leads back here by a plain link, so Lax.
#[must_use]
pub fn letter<'a>(config: &Config, proof: Uuid, value: &str) -> Cookie<'a> {
    let mut cookie = build(config, letter_name(config, proof), value.to_owned(), SameSite::Lax);
    cookie.set_max_age(Duration::minutes(PROOF_MINUTES));
    cookie
}

/// The cookie by which a browser is known that signed in by password before; it signs nobody in.
#[must_use]
pub fn device<'a>(config: &Config, tenant: Uuid, value: &str) -> Cookie<'a> {
    let mut cookie = build(config, device_name(config, tenant), value.to_owned(), SameSite::Lax);
    cookie.set_max_age(Duration::days(DEVICE_DAYS));
    cookie
}

/// The cookie that holds that the password was right, until the code comes; it signs nobody in.
#[must_use]
pub fn half_login<'a>(config: &Config, tenant: Uuid, value: &str) -> Cookie<'a> {
    let mut cookie = build(config, half_login_name(config, tenant), value.to_owned(), SameSite::Lax);
    cookie.set_max_age(Duration::minutes(HALF_LOGIN_MINUTES));
    cookie
}

/// A cookie that deletes the one of a half-finished login.
#[must_use]
pub fn no_half_login<'a>(config: &Config, tenant: Uuid) -> Cookie<'a> {
    removal(build(config, half_login_name(config, tenant), String::new(), SameSite::Lax))
}

/// The cookie by which a browser carries an invitation through the login.
#[must_use]
pub fn invitation<'a>(config: &Config, tenant: Uuid, value: &str) -> Cookie<'a> {
    let mut cookie = build(config, invitation_name(config, tenant), value.to_owned(), SameSite::Lax);
    cookie.set_max_age(Duration::minutes(REMEMBERED_MINUTES));
    cookie
}

/// A cookie that deletes it.
#[must_use]
pub fn no_invitation<'a>(config: &Config, tenant: Uuid) -> Cookie<'a> {
    removal(build(config, invitation_name(config, tenant), String::new(), SameSite::Lax))
}

/// The cookie by which a browser remembers a SAML logout that it is under way with: None, because a form post from the
/// provider must bring it.
#[must_use]
pub fn logout<'a>(config: &Config, tenant: Uuid, value: &str) -> Cookie<'a> {
    let mut cookie = build(config, logout_name(config, tenant), value.to_owned(), SameSite::None);
    cookie.set_max_age(Duration::minutes(LOGOUT_MINUTES));
    cookie
}

/// A cookie that deletes the logout cookie.
#[must_use]
pub fn no_logout<'a>(config: &Config, tenant: Uuid) -> Cookie<'a> {
    removal(build(config, logout_name(config, tenant), String::new(), SameSite::None))
}

/// A cookie that deletes the cookie of a sign-in that waited for a letter.
#[must_use]
pub fn no_letter<'a>(config: &Config, proof: Uuid) -> Cookie<'a> {
    removal(build(config, letter_name(config, proof), String::new(), SameSite::Lax))
}

/// A cookie that deletes the session cookie.
#[must_use]
pub fn no_session<'a>(config: &Config, tenant: Uuid) -> Cookie<'a> {
    removal(build(config, session_name(config, tenant), String::new(), SameSite::Lax))
}

/// A cookie that deletes an attempt's cookie.
#[must_use]
pub fn no_attempt<'a>(config: &Config, attempt: Uuid) -> Cookie<'a> {
    removal(build(config, attempt_name(config, attempt), String::new(), SameSite::None))
}

fn removal(mut cookie: Cookie<'_>) -> Cookie<'_> {
    cookie.make_removal();
    cookie
}

/// The session cookie's value, when there is exactly one of that name (W-06: of two, neither is believed).
#[must_use]
pub fn read_session(req: &HttpRequest, config: &Config, tenant: Uuid) -> Option<String> {
    single(req, &session_name(config, tenant))
}

/// The logout cookie's value, when there is exactly one of that name.
#[must_use]
pub fn read_logout(req: &HttpRequest, config: &Config, tenant: Uuid) -> Option<String> {
    single(req, &logout_name(config, tenant))
}

/// The invitation cookie's value, when there is exactly one of that name.
#[must_use]
pub fn read_invitation(req: &HttpRequest, config: &Config, tenant: Uuid) -> Option<String> {
    single(req, &invitation_name(config, tenant))
}

/// The device cookie's value, when there is exactly one of that name.
#[must_use]
pub fn read_device(req: &HttpRequest, config: &Config, tenant: Uuid) -> Option<String> {
    single(req, &device_name(config, tenant))
}

/// The value of the cookie of a half-finished login, when there is exactly one of that name.
#[must_use]
pub fn read_half_login(req: &HttpRequest, config: &Config, tenant: Uuid) -> Option<String> {
    single(req, &half_login_name(config, tenant))
}

/// The attempt cookies of the request: attempt and value; names that come twice are left out, and so is everything
/// beyond the first twenty, which no browser of ours has.
#[must_use]
pub fn read_attempts(req: &HttpRequest, config: &Config) -> Vec<(Uuid, String)> {
    read_all(req, &format!("{}dw_a_", prefix(config)))
}

/// The cookies of sign-ins that wait for a letter: the link's id and value.
#[must_use]
pub fn read_letters(req: &HttpRequest, config: &Config) -> Vec<(Uuid, String)> {
    read_all(req, &format!("{}dw_v_", prefix(config)))
}

/// Cookies that are named by an id; names that come twice are left out, and so is everything beyond the first twenty, which
/// no browser of ours has.
fn read_all(req: &HttpRequest, start: &str) -> Vec<(Uuid, String)> {
    let Ok(cookies) = req.cookies() else { return Vec::new() };
    let named = cookies.iter().filter_map(|c| Some((Uuid::try_parse(c.name().strip_prefix(start)?).ok()?, c.value())));
    let mut found: Vec<(Uuid, &str)> = named.take(20).collect();
    found.sort_by_key(|(id, _)| *id);
    let twice = |id: Uuid| found.iter().filter(|(other, _)| *other == id).count() > 1;
    found.iter().filter(|(id, _)| !twice(*id)).map(|(id, value)| (*id, (*value).to_owned())).collect()
}

/// Attempts, or sign-ins that wait, to let go of, so that with one more there are at most five: the oldest (their ids grow with time).
#[must_use]
pub fn surplus(mut attempts: Vec<(Uuid, String)>) -> Vec<Uuid> {
    attempts.sort_by_key(|(id, _)| *id);
    let too_many = (attempts.len() + 1).saturating_sub(MAX_ATTEMPTS);
    attempts.into_iter().take(too_many).map(|(id, _)| id).collect()
}

fn single(req: &HttpRequest, name: &str) -> Option<String> {
    let cookies = req.cookies().ok()?;
    let mut named = cookies.iter().filter(|c| c.name() == name);
    let value = named.next()?.value().to_owned();
    named.next().is_none().then_some(value)
}
