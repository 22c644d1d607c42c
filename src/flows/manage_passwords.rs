//! manage_passwords: admins set and take away passwords; people change their own.

use garde::Validate;
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::context::Context;
use crate::flows::authenticate::Caller;
use crate::flows::write::write;
use crate::flows::{Error, enforce_sso, fresh_login, limits, password_login};
use crate::model::audit::{Event, Stamp};
use crate::model::local_credential::LocalCredential;
use crate::model::password::{Password, Unfit};
use crate::model::user::User;
use crate::secrets::argon::Match;
use crate::store::db::DbError;
use crate::store::{Versioned, local_credentials, recovery_codes, sessions, totp_secrets};

/// A password that an admin sets.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordIn {
    /// 10 to 256 characters; not the person's address or name, nor the organisation's, and not easy to guess. Never
    /// readable again.
    #[schema(value_type = String, write_only)]
    #[garde(skip)]
    pub password: SecretString,
    /// Whether the next login has to choose another one; `false` when absent.
    #[serde(default)]
    #[garde(skip)]
    pub must_change: bool,
}

/// A password that somebody chooses for themselves.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnPasswordIn {
    /// The one until now.
    #[schema(value_type = String, write_only)]
    #[garde(skip)]
    pub current_password: SecretString,
    /// The one from now on, by the same rules.
    #[schema(value_type = String, write_only)]
    #[garde(skip)]
    pub new_password: SecretString,
}

/// Sets a user's password and ends their sessions.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Invalid`] `password`, [`Error::Conflict`] `email_needed` for a user without an address; as
/// [`fresh_login::may_change`].
pub async fn set(ctx: &Context, caller: &Caller, id: Uuid, input: PasswordIn) -> Result<(), Error> {
    let (tenant, stamp) = (caller.tenant_id(), caller.stamp(ctx));
    let user = fresh_login::look(ctx, caller, id).await?;
    if user.email.is_none() {
        return Err(Error::conflict("email_needed", "a user signs in by address and password; give them an address"));
    }
    let fit = ctx.hasher.read_new(&input.password, &user, &caller.tenant.tenant).await?;
    let password = fit.map_err(|rule| Error::invalid("password", rule))?;
    let row = LocalCredential {
        tenant_id: tenant,
        user_id: id,
        password_hash: ctx.hasher.hash(tenant, password).await?,
        must_change: input.must_change,
        password_id: Uuid::now_v7(),
        changed_at: stamp.at,
    };
    let by = caller.clone();
    write(ctx, tenant, stamp, move |conn| {
        fresh_login::hold(conn, &by, id, stamp.at)?;
        local_credentials::put(conn, tenant, &row)?;
        sessions::end_of_user(conn, tenant, id, "password_set", stamp.at)?;
        Ok(((), Some(Event::UserPasswordSet { id, must_change: row.must_change })))
    })
    .await
}

/// Takes a user's password away, with its second step, and ends their sessions.
///
/// # Errors
/// [`Error::NotFound`] when there is no such user, or they have none; as [`fresh_login::may_change`].
pub async fn remove(ctx: &Context, caller: &Caller, id: Uuid) -> Result<(), Error> {
    let (tenant, stamp, by) = (caller.tenant_id(), caller.stamp(ctx), caller.clone());
    write(ctx, tenant, stamp, move |conn| {
        let user = fresh_login::hold(conn, &by, id, stamp.at)?;
        enforce_sso::keep_an_owner_with_password(conn, &user, stamp.at)?;
        if !local_credentials::delete(conn, tenant, id)? {
            return Err(Error::NotFound);
        }
        // The second step is the password's: without one nothing asks for it.
        totp_secrets::delete(conn, tenant, id)?;
        recovery_codes::delete_of_user(conn, tenant, id)?;
        sessions::end_of_user(conn, tenant, id, "password_removed", stamp.at)?;
        Ok(((), Some(Event::UserPasswordRemoved { id })))
    })
    .await
}

/// Changes the password of the user whose session this is, who knows the one until now. Their other sessions end.
///
/// # Errors
/// [`Error::Forbidden`] `session_needed` for API keys and tokens, `reauthentication_needed`, `credentials_wrong` when the
/// current password is another (or there is none); [`Error::RateLimited`]. Inside, the rule that the new one breaks.
pub async fn change_own(ctx: &Context, caller: &Caller, input: OwnPasswordIn) -> Result<Result<(), Unfit>, Error> {
    let (user_id, session) = caller.person()?;
    let (tenant, stamp) = (caller.tenant_id(), caller.stamp(ctx));
    let user = fresh_login::look(ctx, caller, user_id).await?;
    let password = match ctx.hasher.read_new(&input.new_password, &user, &caller.tenant.tenant).await? {
        Ok(password) => password,
        Err(unfit) => return Ok(Err(unfit)),
    };
    let counted = password_login::count_own(ctx, tenant, user_id).await?;
    let changed = change(ctx, (tenant, user_id, session), input.current_password, password, stamp).await;
    if matches!(changed, Ok(Ok(())) | Err(Error::Unavailable)) {
        limits::take_back(ctx, counted).await?; // done, or nothing was tried
    }
    changed
}

async fn change(
    ctx: &Context,
    (tenant, user_id, session): (Uuid, Uuid, Uuid),
    current: SecretString,
    password: Password,
    stamp: Stamp,
) -> Result<Result<(), Unfit>, Error> {
    let read = ctx.db.tenant(tenant, move |conn| Ok::<_, DbError>(local_credentials::find(conn, tenant, user_id)?));
    let old = read.await?;
    let right = match (&old, Password::typed(&current)) {
        (Some(old), Some(typed)) => {
            ctx.hasher.verify(tenant, typed, Some(old.password_hash.clone())).await? != Match::Wrong
        }
        _ => false,
    };
    let Some(old) = old.filter(|_| right) else {
        return Err(Error::forbidden("credentials_wrong", "the current password is another one"));
    };
    if ctx.hasher.verify(tenant, password.clone(), Some(old.password_hash)).await? != Match::Wrong {
        return Ok(Err(Unfit::Unchanged));
    }
    let hash = ctx.hasher.hash(tenant, password).await?;
    write(ctx, tenant, stamp, move |conn| {
        User::lock(conn, tenant, user_id)?.ok_or(Error::NotFound)?;
        if !local_credentials::change(conn, tenant, (user_id, old.password_id), &hash, stamp.at)? {
            return Err(Error::Stale);
        }
        sessions::end_others(conn, tenant, (user_id, session), "password_changed", stamp.at)?;
        Ok((Ok(()), Some(Event::UserPasswordChanged { id: user_id })))
    })
    .await
}
