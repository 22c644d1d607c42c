//! manage_sessions: admins end sessions; everybody may end their own.

use uuid::Uuid;

use crate::context::Context;
use crate::flows::Error;
use crate::flows::authenticate::Caller;
use crate::flows::write::write;
use crate::model::audit::{Event, SessionEnded};
use crate::store::{sessions, users};

/// Ends every other session of the person themselves.
///
/// # Errors
/// [`Error::Forbidden`] `session_needed`.
pub async fn revoke_others(ctx: &Context, caller: &Caller) -> Result<(), Error> {
    let (user_id, session_id) = caller.person()?;
    let (tenant, stamp) = (caller.tenant_id(), caller.stamp(ctx));
    write(ctx, tenant, stamp, move |conn| {
        let count = sessions::end_others(conn, tenant, (user_id, session_id), "revoked", stamp.at)?;
        let event = Event::SessionOthersEnded { user_id, session_id, count };
        Ok(((), (count > 0).then_some(event)))
    })
    .await
}

/// Ends a session: an admin any one (of somebody not above them), a member their own.
///
/// # Errors
/// [`Error::NotFound`] when there is no such live session for this caller.
pub async fn revoke(ctx: &Context, caller: &Caller, id: Uuid, own_only: bool) -> Result<(), Error> {
    let (tenant, stamp) = (caller.tenant_id(), caller.stamp(ctx));
    let caller = caller.clone();
    write(ctx, tenant, stamp, move |conn| {
        let session = sessions::find(conn, tenant, id)?.ok_or(Error::NotFound)?;
        if own_only {
            (caller.user() == Some(session.user_id)).then_some(()).ok_or(Error::NotFound)?;
        } else {
            let user = users::find(conn, tenant, session.user_id)?.ok_or(Error::NotFound)?;
            caller.check_role(user.role)?;
        }
        if !sessions::end(conn, tenant, id, "revoked", stamp.at)? {
            return Err(Error::NotFound);
        }
        let event = SessionEnded { session_id: id, user_id: session.user_id, reason: "revoked" };
        Ok(((), Some(Event::SessionEnded(event))))
    })
    .await
}
