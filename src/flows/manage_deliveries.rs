//! manage_deliveries: an admin tries a delivery again, or cancels it.

use uuid::Uuid;

use crate::context::Context;
use crate::flows::Error;
use crate::flows::authenticate::Caller;
use crate::flows::write::write;
use crate::model::audit::{DeliveryOf, Event};
use crate::model::delivery::{Delivery, DeliveryState, PATIENCE};
use crate::store::deliveries;

/// Tries it again, at once, and for another day if need be, with pauses that begin anew. One that was given up goes only if it had no link: that was
/// wiped, and nothing can bring it back.
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
/// [`Error::NotFound`], [`Error::Conflict`] `delivery_over` or `delivery_under_way`.
pub async fn cancel(ctx: &Context, caller: &Caller, id: Uuid) -> Result<Delivery, Error> {
    let (tenant, stamp) = (caller.tenant_id(), caller.stamp(ctx));
    write(ctx, tenant, stamp, move |conn| {
        let row = deliveries::lock(conn, tenant, id)?.ok_or(Error::NotFound)?;
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

fn found(conn: &mut diesel::PgConnection, tenant: Uuid, id: Uuid) -> Result<Delivery, Error> {
    deliveries::find(conn, tenant, id)?.ok_or(Error::NotFound)
}

fn over(row: &Delivery) -> Error {
    Error::conflict("delivery_over", format!("it is {} already", row.state))
}

/// While a worker has it, nobody can say whether it went.
fn check_idle(row: &Delivery, now: chrono::DateTime<chrono::Utc>) -> Result<(), Error> {
    if row.state == DeliveryState::Pending && row.leased_until.is_some_and(|until| until > now) {
        return Err(Error::conflict("delivery_under_way", "it is being sent at the moment; look again in a minute"));
    }
    Ok(())
}
