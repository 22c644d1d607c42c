//! manage_totp: people give their login by password a second step, and take it away; admins take it away for those who lost
//! it.
//!
//! 1. [`begin`] makes a secret and shows it, once; nothing asks for it yet;
//! 2. [`confirm`], with one right code, makes it the active one and gives a set of recovery codes;
//! 3. [`new_codes`], [`remove`]; this one for admins too.

use chrono::Duration;
use garde::Validate;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::context::Context;
use crate::flows::authenticate::Caller;
use crate::flows::write::write;
use crate::flows::{Error, fresh_login, limits, password_login};
use crate::model::audit::Event;
use crate::model::tenant::Tenant;
use crate::model::text::tamed;
use crate::model::totp::{PENDING_MINUTES, TotpSecret};
use crate::model::user::User;
use crate::secrets::sealed::Place;
use crate::secrets::{recovery_code, totp};
use crate::store::{Versioned, local_credentials, recovery_codes, sessions, totp_secrets};

/// Longest part of a name that stands in the app, in characters.
const MAX_LABEL: usize = 60;

/// The code of this moment.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CodeIn {
    /// Six digits, as the app shows them.
    #[schema(value_type = String, write_only)]
    #[garde(skip)]
    pub code: SecretString,
}

/// A secret that waits for its first code; shown once.
pub struct Enrolment {
    /// What is typed into the app.
    pub secret: SecretString,
    /// The same as apps read it, by a QR code or a link.
    pub uri: SecretString,
}

/// A second step that counts now.
pub struct Confirmed {
    /// The recovery codes; shown once.
    pub recovery_codes: Vec<SecretString>,
    /// The device cookie's value: this browser has passed both steps, so strangers do not use up its tries (K-08).
    pub device: SecretString,
}

/// Where a secret is sealed.
#[must_use]
pub fn secret_place(tenant: Uuid, id: Uuid) -> Place {
    Place { tenant, table: "totp_secrets", row: id, column: "secret" }
}

/// Makes a secret for the person themselves. One that is active goes on until the new one is confirmed.
///
/// # Errors
/// [`Error::Forbidden`] `session_needed`, `reauthentication_needed`; [`Error::Conflict`] `password_needed` for somebody who
/// has none, whose logins would never ask for the code, `address_not_proven`.
pub async fn begin(ctx: &Context, caller: &Caller) -> Result<Enrolment, Error> {
    let ((user, _), by) = (caller.person()?, caller.clone());
    let (tenant, stamp, secret) = (caller.tenant_id(), caller.stamp(ctx), totp::new_secret());
    let id = Uuid::now_v7();
    let row = TotpSecret {
        tenant_id: tenant,
        id,
        user_id: user,
        secret: ctx.sealer.seal(secret_place(tenant, id), secret.expose_secret()),
        created_at: stamp.at,
        confirmed_at: None,
        last_step: None,
    };
    let kept = write(ctx, tenant, stamp, move |conn| {
        let person = fresh_login::hold(conn, &by, user, stamp.at)?;
        if local_credentials::find(conn, tenant, user)?.is_none() {
            let message = "codes are the second step of a login by password, and this account has none";
            return Err(Error::conflict("password_needed", message));
        }
        // L-08: whoever proves the address later takes it all away again.
        if person.email_key.is_some() && person.email_verified_at.is_none() {
            let message = "nobody has proven the account's address yet: ask for a letter to it by PUT of me/email";
            return Err(Error::conflict("address_not_proven", message));
        }
        totp_secrets::put_pending(conn, tenant, &row)?;
        Ok((person, Some(Event::UserTotpBegun { id: user })))
    });
    let person = kept.await?;
    let text = totp::text(&secret);
    Ok(Enrolment { uri: uri(&caller.tenant.tenant, &person, &text)?, secret: text })
}

/// The URI that apps read: `otpauth://totp/Issuer:account?secret=…`.
fn uri(tenant: &Tenant, user: &User, secret: &SecretString) -> Result<SecretString, Error> {
    let label = |text: &str| tamed(text, MAX_LABEL).replace(':', " ");
    let account = user.email.as_deref().or(user.name.as_deref()).unwrap_or(&tenant.slug);
    let broken = |e: url::ParseError| Error::Internal(e.to_string());
    let mut url = Url::parse("otpauth://totp/").map_err(broken)?;
    let path = format!("{}:{}", label(&tenant.name), label(account));
    url.path_segments_mut().map_err(|()| Error::Internal("no path".into()))?.clear().push(&path);
    url.query_pairs_mut()
        .append_pair("secret", secret.expose_secret())
        .append_pair("issuer", &label(&tenant.name))
        .append_pair("algorithm", "SHA1")
        .append_pair("digits", &totp::DIGITS.to_string())
        .append_pair("period", &totp::STEP_SECONDS.to_string());
    Ok(url.as_str().replace('+', "%20").into()) // apps show the plus of a form
}

/// Makes the secret that waits the active one, when the code is its. `device_cookie` is the browser's until now.
///
/// # Errors
/// [`Error::Forbidden`] `session_needed`, `code_wrong`; [`Error::Conflict`] `totp_not_begun` when none waits, or waited too
/// long; [`Error::RateLimited`].
pub async fn confirm(
    ctx: &Context,
    caller: &Caller,
    typed: &SecretString,
    device_cookie: Option<&str>,
) -> Result<Confirmed, Error> {
    let (user, session) = caller.person()?;
    let (tenant, stamp) = (caller.tenant_id(), caller.stamp(ctx));
    let counted = password_login::count_own_code(ctx, tenant, user).await?;
    let (codes, typed) = (recovery_code::new_set(), totp::digits(typed.expose_secret()).unwrap_or_default());
    let (hashes, sealer) = (hashes(user, &codes), ctx.sealer.clone());
    let confirmed = write(ctx, tenant, stamp, move |conn| {
        User::lock(conn, tenant, user)?.ok_or(Error::NotFound)?;
        let since = stamp.at - Duration::minutes(PENDING_MINUTES);
        let waiting = totp_secrets::pending(conn, tenant, user, since)?;
        let waiting =
            waiting.ok_or_else(|| Error::conflict("totp_not_begun", "begin anew: no secret waits for its code"))?;
        let secret = sealer.open(secret_place(tenant, waiting.id), &waiting.secret)?;
        let step = totp::step_of(&secret, &typed, stamp.at, None);
        let step = step.ok_or_else(|| Error::forbidden("code_wrong", "this is not the code of this moment"))?;
        // The session that began it may be over by now.
        if !sessions::hold(conn, tenant, session)? {
            return Err(Error::NotFound);
        }
        totp_secrets::activate(conn, tenant, &waiting, step, stamp.at)?;
        recovery_codes::replace(conn, tenant, user, &hashes)?;
        // Whoever came in by the password alone, comes in by it no more.
        sessions::end_others(conn, tenant, (user, session), "second_step_added", stamp.at)?;
        Ok(((), Some(Event::UserTotpEnabled { id: user })))
    });
    confirmed.await?;
    limits::take_back(ctx, counted).await?;
    let device = password_login::remembered(ctx, tenant, device_cookie, user)?;
    Ok(Confirmed { recovery_codes: codes, device })
}

/// Gives the person a new set of recovery codes, shown once; those before are good no more.
///
/// # Errors
/// [`Error::Forbidden`] `session_needed`, `reauthentication_needed`; [`Error::NotFound`] without a second step.
pub async fn new_codes(ctx: &Context, caller: &Caller) -> Result<Vec<SecretString>, Error> {
    let ((user, _), by) = (caller.person()?, caller.clone());
    let (tenant, stamp, codes) = (caller.tenant_id(), caller.stamp(ctx), recovery_code::new_set());
    let hashes = hashes(user, &codes);
    write(ctx, tenant, stamp, move |conn| {
        fresh_login::hold(conn, &by, user, stamp.at)?;
        if !totp_secrets::is_active(conn, tenant, user)? {
            return Err(Error::NotFound);
        }
        recovery_codes::replace(conn, tenant, user, &hashes)?;
        Ok((codes, Some(Event::UserRecoveryCodesMade { id: user })))
    })
    .await
}

/// Takes a second step away, with the recovery codes: people their own, admins that of somebody who lost it.
///
/// # Errors
/// [`Error::NotFound`] when there is no such user, or they have none; as [`fresh_login::may_change`].
pub async fn remove(ctx: &Context, caller: &Caller, user: Uuid) -> Result<(), Error> {
    let (tenant, stamp, by) = (caller.tenant_id(), caller.stamp(ctx), caller.clone());
    write(ctx, tenant, stamp, move |conn| {
        fresh_login::hold(conn, &by, user, stamp.at)?;
        let active = totp_secrets::delete(conn, tenant, user)?;
        recovery_codes::delete_of_user(conn, tenant, user)?;
        if active { Ok(((), Some(Event::UserTotpRemoved { id: user }))) } else { Err(Error::NotFound) }
    })
    .await
}

fn hashes(user: Uuid, codes: &[SecretString]) -> Vec<Vec<u8>> {
    codes.iter().filter_map(|code| recovery_code::hash(user, code.expose_secret())).collect()
}
