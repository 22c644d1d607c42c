//! manage_deliveries: an admin tries a delivery again, or cancels it. Any may be tried again: it is to arrive. What may be
//! held back, and by whom, is in `check_cancel`.

use chrono::{DateTime, Utc};
use diesel::PgConnection;
use uuid::Uuid;

use crate::context::Context;
use crate::flows::Error;
use crate::flows::authenticate::Caller;
use crate::flows::write::write;
use crate::model::audit::{Actor, DeliveryOf, Event};
use crate::model::delivery::{Delivery, DeliveryState, PATIENCE};
use crate::model::email::EmailAddress;
use crate::store::{deliveries, invitations, users};

/// Tries it again, at once, and for another day if need be, with pauses that begin anew. One that was given up goes only if
/// it had no link: that was wiped, and nothing can bring it back.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Conflict`] `delivery_over`, `delivery_link_wiped` or `delivery_under_way`.
pub async fn retry(ctx: &Context, caller: &Caller, id: Uuid) -> Result<Delivery, Error> {
    let (tenant, stamp) = (caller.tenant_id(), caller.stamp(ctx));
    write(ctx, tenant, stamp, move |conn| {
        let row = deliveries::lock(conn, tenant, id)?.ok_or(Error::NotFound)?;
        check_idle(&row, stamp.at)?;
        match row.state {
            DeliveryState::Sent | DeliveryState::Cancelled => return Err(over(&row)),
            DeliveryState::Dead if row.content.0.has_link() => {
                let message = "its link was wiped when it was given up: cause another letter instead";
                return Err(Error::conflict("delivery_link_wiped", message));
            }
            DeliveryState::Dead | DeliveryState::Pending => {}
        }
        deliveries::retry(conn, tenant, id, (stamp.at, stamp.at + PATIENCE))?;
        let event = DeliveryOf { id, kind: row.kind };
        Ok((found(conn, tenant, id)?, Some(Event::DeliveryRetried(event))))
    })
    .await
}

/// Cancels it.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Conflict`] `delivery_over` or `delivery_under_way`, [`Error::Forbidden`] `operator_only`
/// for notices and `role_above_own`.
pub async fn cancel(ctx: &Context, caller: &Caller, id: Uuid) -> Result<Delivery, Error> {
    let (tenant, stamp, by) = (caller.tenant_id(), caller.stamp(ctx), caller.clone());
    write(ctx, tenant, stamp, move |conn| {
        let row = deliveries::lock(conn, tenant, id)?.ok_or(Error::NotFound)?;
        check_cancel(conn, &by, &row, stamp.at)?;
        check_idle(&row, stamp.at)?;
        if row.state != DeliveryState::Pending {
            return Err(over(&row));
        }
        deliveries::cancel(conn, tenant, id, stamp.at)?;
        let event = DeliveryOf { id, kind: row.kind };
        Ok((found(conn, tenant, id)?, Some(Event::DeliveryCancelled(event))))
    })
    .await
}

/// T-05: a notice is told whoever would rather not have it told, and a letter to somebody with a higher role is theirs.
fn check_cancel(conn: &mut PgConnection, by: &Caller, row: &Delivery, now: DateTime<Utc>) -> Result<(), Error> {
    if row.content.0.is_notice() && !matches!(by.actor, Actor::Operator { .. } | Actor::System) {
        return Err(Error::forbidden("operator_only", "who came in, and how people may, is told; operators cancel it"));
    }
    let Ok(to) = EmailAddress::parse(&row.recipient) else { return Ok(()) };
    let invited = invitations::pending_by_email(conn, row.tenant_id, &to.key, now)?.map(|invitation| invitation.role);
    let there = users::roles_at(conn, row.tenant_id, &to.key)?;
    there.into_iter().chain(invited).try_for_each(|role| by.check_role(role))
}

fn found(conn: &mut PgConnection, tenant: Uuid, id: Uuid) -> Result<Delivery, Error> {
    deliveries::find(conn, tenant, id)?.ok_or(Error::NotFound)
}

fn over(row: &Delivery) -> Error {
    Error::conflict("delivery_over", format!("it is {} already", row.state))
}

/// While a worker has it, nobody can say whether it went.
fn check_idle(row: &Delivery, now: DateTime<Utc>) -> Result<(), Error> {
    if row.state == DeliveryState::Pending && row.leased_until.is_some_and(|until| until > now) {
        return Err(Error::conflict("delivery_under_way", "it is being sent at the moment; look again in a minute"));
    }
    Ok(())
}
