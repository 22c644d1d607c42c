//! manage_break_glass: an owner makes and withdraws their own break-glass codes.

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use crate::context::Context;
use crate::flows::authenticate::Caller;
use crate::flows::write::write;
use crate::flows::{Error, enforce_sso, fresh_login};
use crate::model::audit::Event;
use crate::model::break_glass_code::BreakGlassCode;
use crate::model::letter::Letter;
use crate::model::role::{AccountStatus, Role};
use crate::model::user::User;
use crate::secrets::{code, token};
use crate::store::{Versioned, break_glass_codes};

/// Codes of a set.
const CODES: usize = 10;

/// A set that was made just now.
pub struct NewCodes {
    /// The codes, to be shown once.
    pub codes: Vec<SecretString>,
    /// When.
    pub created_at: DateTime<Utc>,
}

/// Makes a set of codes for the owner whose session this is, in place of those that they had. The other owners are told.
///
/// # Errors
/// [`Error::Forbidden`] `role_too_low`; as [`fresh_login::may_change`].
pub async fn make(ctx: &Context, caller: &Caller) -> Result<NewCodes, Error> {
    let ((user_id, _), by) = (caller.person()?, caller.clone());
    let (tenant, stamp, to_tell) = (caller.tenant_id(), caller.stamp(ctx), ctx.clone());
    let codes: Vec<SecretString> = (0..CODES).map(|_| code::new()).collect();
    let row = |shown: &SecretString| BreakGlassCode {
        tenant_id: tenant,
        id: Uuid::now_v7(),
        user_id,
        code_hash: token::hash(code::typed(shown).expose_secret()),
        created_at: stamp.at,
        used_at: None,
    };
    let rows: Vec<_> = codes.iter().map(row).collect();
    write(ctx, tenant, stamp, move |conn| {
        // What the session says may be some seconds old.
        let user = fresh_login::hold(conn, &by, user_id, stamp.at)?;
        if user.role != Role::Owner || user.status != AccountStatus::Active {
            return Err(Error::forbidden("role_too_low", "this needs the role owner"));
        }
        break_glass_codes::delete_of_user(conn, tenant, user_id)?;
        let count = break_glass_codes::insert(conn, tenant, &rows)?;
        let letter = Letter::BreakGlassCodesMade { by: user.name.or(user.email).unwrap_or_default() };
        enforce_sso::tell(conn, &to_tell, tenant, &[Role::Owner], &letter)?;
        Ok(((), Some(Event::BreakGlassCodesMade { user_id, count })))
    })
    .await?;
    Ok(NewCodes { codes, created_at: stamp.at })
}

/// Withdraws the codes of the owner whose session this is.
///
/// # Errors
/// [`Error::Forbidden`] `session_needed`, [`Error::NotFound`] when they have none.
pub async fn withdraw(ctx: &Context, caller: &Caller) -> Result<(), Error> {
    let (user_id, _) = caller.person()?;
    let (tenant, stamp) = (caller.tenant_id(), caller.stamp(ctx));
    write(ctx, tenant, stamp, move |conn| {
        User::lock(conn, tenant, user_id)?.ok_or(Error::NotFound)?;
        let count = break_glass_codes::delete_of_user(conn, tenant, user_id)?;
        if count == 0 {
            return Err(Error::NotFound);
        }
        Ok(((), Some(Event::BreakGlassCodesWithdrawn { user_id, count })))
    })
    .await
}
