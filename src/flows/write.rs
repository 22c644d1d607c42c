//! The one road of every change by an admin: a tenant's transaction with its audit event, then caches dropped.

use diesel::PgConnection;
use uuid::Uuid;

use crate::context::Context;
use crate::flows::Error;
use crate::flows::authenticate::Caller;
use crate::model::audit::{Change, Event, Stamp};
use crate::store::{Versioned, audit_events, changes};

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

/// The same for what is the installation's own: the system's transaction, the operators' audit log.
///
/// # Errors
/// What `work` returns; then nothing was written.
pub async fn write_installation<T, F>(ctx: &Context, stamp: Stamp, work: F) -> Result<T, Error>
where
    T: Send + 'static,
    F: FnOnce(&mut PgConnection) -> Result<(T, Option<Event>), Error> + Send + 'static,
{
    let done = ctx.db.system(move |conn| {
        let (value, event) = work(conn)?;
        if let Some(event) = &event {
            audit_events::insert_operator(conn, &stamp.operator_event(event))?;
            changes::note(conn, Uuid::nil())?;
        }
        Ok::<_, Error>(value)
    });
    let value = done.await?;
    ctx.caches.forget(Uuid::nil());
    Ok(value)
}

/// Changes one object: found, at the version that the caller read, edited, written back, told. `edit` gives the names of
/// the fields that differ now; without any nothing is written.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Stale`], what `edit` returns, [`Error::Conflict`].
pub async fn change<R, F>(
    ctx: &Context,
    caller: &Caller,
    (id, expected): (Uuid, Option<i64>),
    event: fn(Change) -> Event,
    edit: F,
) -> Result<R, Error>
where
    R: Versioned,
    F: FnOnce(&mut PgConnection, &mut R) -> Result<Vec<&'static str>, Error> + Send + 'static,
{
    let (tenant, stamp) = (caller.tenant_id(), caller.stamp(ctx));
    write(ctx, tenant, stamp, move |conn| {
        let mut row = R::lock(conn, tenant, id)?.ok_or(Error::NotFound)?;
        let before = row.version();
        check_version(expected, before)?;
        let fields = edit(conn, &mut row)?;
        if fields.is_empty() {
            return Ok((row, None));
        }
        row.bump(stamp.at);
        saved(row.save(conn, before)?)?;
        Ok((row, Some(event(Change { id, fields }))))
    })
    .await
}

/// Deletes one object: found, at the version that the caller read, allowed by `check` (which also clears what hangs on
/// it), deleted, told.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Stale`], what `check` returns.
pub async fn remove<R, F>(
    ctx: &Context,
    caller: &Caller,
    (id, expected): (Uuid, Option<i64>),
    check: F,
) -> Result<(), Error>
where
    R: Versioned,
    F: FnOnce(&mut PgConnection, &R) -> Result<Event, Error> + Send + 'static,
{
    let (tenant, stamp) = (caller.tenant_id(), caller.stamp(ctx));
    write(ctx, tenant, stamp, move |conn| {
        let row = R::lock(conn, tenant, id)?.ok_or(Error::NotFound)?;
        check_version(expected, row.version())?;
        let event = check(conn, &row)?;
        row.delete(conn)?;
        Ok(((), Some(event)))
    })
    .await
}

/// Refuses one more when there are so many already: what every login or list looks at stays bounded (D-05, D-08).
///
/// # Errors
/// [`Error::Conflict`] `limit_reached`.
pub fn check_room(have: i64, most: i64) -> Result<(), Error> {
    if have < most {
        return Ok(());
    }
    Err(Error::conflict("limit_reached", format!("there may be at most {most} of these; delete some first")))
}

/// Refuses when the caller read another version than the one there is (T-17).
///
/// # Errors
/// [`Error::Stale`].
pub fn check_version(expected: Option<i64>, actual: i64) -> Result<(), Error> {
    if expected.is_none_or(|e| e == actual) { Ok(()) } else { Err(Error::Stale) }
}

/// Turns "no row was written" into [`Error::Stale`]: somebody else was faster.
///
/// # Errors
/// [`Error::Stale`].
pub fn saved(rows: usize) -> Result<(), Error> {
    if rows == 0 { Err(Error::Stale) } else { Ok(()) }
}
