//! The one road of every change by an admin: a tenant's transaction with its audit event, then caches dropped.

use diesel::PgConnection;
use uuid::Uuid;

use crate::context::Context;
use crate::flows::Error;
use crate::model::audit::{Event, Stamp};
use crate::store::{audit_events, changes};

/// Runs `work` in the tenant's transaction. The event it gives is written beside it and every instance is told; without
/// an event nothing changed and nobody is.
///
/// # Errors
/// What `work` returns; then nothing was written.
pub async fn write<T, F>(ctx: &Context, tenant: Uuid, stamp: Stamp, work: F) -> Result<T, Error>
where
    T: Send + 'static,
    F: FnOnce(&mut PgConnection) -> Result<(T, Option<Event>), Error> + Send + 'static,
{
    let done = ctx.db.tenant(tenant, move |conn| {
        let (value, event) = work(conn)?;
        if let Some(event) = &event {
            audit_events::insert(conn, tenant, &stamp.event(tenant, event))?;
            changes::note(conn, tenant)?;
        }
        Ok::<_, Error>(value)
    });
    let value = done.await?;
    ctx.caches.forget(tenant);
    Ok(value)
}

/// Refuses when the caller read another version than the one there is (T-17).
///
/// # Errors
/// [`Error::Stale`].
pub fn check_version(expected: Option<i64>, actual: i64) -> Result<(), Error> {
    if expected.is_none_or(|e| e == actual) {
        Ok(())
    } else {
        Err(Error::Stale)
    }
}

/// Turns "no row was written" into [`Error::Stale`]: somebody else was faster.
///
/// # Errors
/// [`Error::Stale`].
pub fn saved(rows: usize) -> Result<(), Error> {
    if rows == 0 { Err(Error::Stale) } else { Ok(()) }
}
