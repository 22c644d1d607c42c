//! refresh_metadata: fetches the discovery documents of active connections again once a day. The last good one stays
//! when the provider is down; a changed one passes every check of an activation and leaves an audit event (O-42).

use chrono::Duration;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::context::Context;
use crate::flows::Error;
use crate::flows::manage_connections::probe;
use crate::flows::write::write;
use crate::model::audit::{Actor, Change, Event, Stamp};
use crate::store::connections;
use crate::store::db::DbError;

/// How old a document may become.
const MAX_AGE: Duration = Duration::hours(24);
/// How many connections are looked at in one round, all at once.
const BATCH: i64 = 20;

/// Refreshes what is due; tells how many were refreshed. A whole batch at once: of connections whose providers hang none
/// makes another tenant's wait (F-14).
///
/// # Errors
/// [`DbError`].
pub async fn refresh_due(ctx: &Context) -> Result<usize, DbError> {
    let due_before = ctx.clock.now() - MAX_AGE;
    let due = ctx.db.system(move |conn| Ok::<_, DbError>(connections::metadata_due(conn, due_before, BATCH)?)).await?;
    let (asked, now) = (due.clone(), ctx.clock.now());
    let noted = ctx.db.system(move |conn| {
        for (tenant, id) in asked {
            connections::note_asked(conn, tenant, id, now)?;
        }
        Ok::<_, DbError>(())
    });
    noted.await?;
    let mut asking = JoinSet::new();
    for (tenant, id) in due {
        let ctx = ctx.clone();
        asking.spawn(async move { told(tenant, id, refresh(&ctx, tenant, id).await) });
    }
    let mut refreshed = 0;
    while let Some(done) = asking.join_next().await {
        refreshed += usize::from(matches!(done, Ok(true)));
    }
    Ok(refreshed)
}

/// Whether it was refreshed; if not, the log says why.
fn told(tenant: Uuid, id: Uuid, done: Result<(), Error>) -> bool {
    if let Err(error) = &done {
        tracing::warn!(%tenant, connection = %id, %error, "metadata not refreshed; the last good one stays");
    }
    done.is_ok()
}

async fn refresh(ctx: &Context, tenant: Uuid, id: Uuid) -> Result<(), Error> {
    let row = ctx.db.tenant(tenant, move |conn| connections::find(conn, tenant, id)?.ok_or(Error::NotFound)).await?;
    let probed = probe(ctx, &row).await?;
    let Some(document) = probed.metadata else { return Ok(()) };
    let changed = row.provider_metadata.as_ref() != Some(&document);
    let stamp = Stamp { actor: Actor::System, request_id: None, at: ctx.clock.now() };
    write(ctx, tenant, stamp, move |conn| {
        if connections::keep_metadata(conn, &row, &document, stamp.at)? == 0 {
            return Ok(((), None)); // changed in the meantime, and probed then
        }
        let event = Event::ConnectionMetadataChanged(Change { id, fields: vec!["provider_metadata"] });
        Ok(((), changed.then_some(event)))
    })
    .await
}
