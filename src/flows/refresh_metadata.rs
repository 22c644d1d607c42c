//! refresh_metadata: asks the providers of active connections again what they say about themselves: once a day, a SAML
//! provider as often as its metadata wants (at most once an hour). The last good answer stays when the provider is down
//! or says what cannot be taken; a changed one passes every check of an activation and leaves an audit event (O-42, C-47
//! to C-50). Certificates that expire are looked for on the way.

use chrono::Duration;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::context::Context;
use crate::context::saml_provider::idp_document;
use crate::flows::manage_connections::{Taken, probe};
use crate::flows::write::write;
use crate::flows::{Error, expiring_certificates};
use crate::model::audit::{Actor, CertificatesChanged, Change, Event, Stamp};
use crate::model::connection::Connection;
use crate::protocol::saml::Certificate;
use crate::store::connections;
use crate::store::db::DbError;

/// When to ask again after an answer that could not be taken.
const AGAIN: Duration = Duration::hours(1);
/// How many connections are looked at in one round, all at once.
const BATCH: i64 = 20;

/// Refreshes what is due; tells how many were refreshed. A whole batch at once: of connections whose providers hang none
/// makes another tenant's wait (F-14).
///
/// # Errors
/// [`DbError`].
pub async fn refresh_due(ctx: &Context) -> Result<usize, DbError> {
    let now = ctx.clock.now();
    let due = ctx.db.system(move |conn| Ok::<_, DbError>(connections::metadata_due(conn, now, BATCH)?)).await?;
    let asked = due.clone();
    let noted = ctx.db.system(move |conn| {
        for (tenant, id) in asked {
            connections::note_asked(conn, tenant, id, (now, now + AGAIN))?;
        }
        Ok::<_, DbError>(())
    });
    noted.await?;
    let mut asking = JoinSet::new();
    for (tenant, id) in due {
        let ctx = ctx.clone();
        asking.spawn(async move { look(&ctx, tenant, id).await });
    }
    let mut refreshed = 0;
    while let Some(done) = asking.join_next().await {
        refreshed += usize::from(matches!(done, Ok(true)));
    }
    Ok(refreshed)
}

/// Whether it was refreshed; if not, the log says why.
async fn look(ctx: &Context, tenant: Uuid, id: Uuid) -> bool {
    let done = refresh(ctx, tenant, id).await;
    if let Err(error) = &done {
        tracing::warn!(%tenant, connection = %id, %error, "metadata not refreshed; the last good one stays");
    }
    if let Err(error) = expiring_certificates::tell(ctx, tenant, id).await {
        tracing::warn!(%tenant, connection = %id, %error, "certificates were not looked at");
    }
    done.is_ok()
}

async fn note(ctx: &Context, tenant: Uuid, id: Uuid, due: chrono::DateTime<chrono::Utc>) -> Result<(), DbError> {
    let now = ctx.clock.now();
    ctx.db.system(move |conn| Ok::<_, DbError>(connections::note_asked(conn, tenant, id, (now, due))?)).await.map(drop)
}

async fn refresh(ctx: &Context, tenant: Uuid, id: Uuid) -> Result<(), Error> {
    let known = ctx.tenant_by_id(tenant).await?.ok_or(Error::NotFound)?;
    let row = ctx.db.tenant(tenant, move |conn| connections::find(conn, tenant, id)?.ok_or(Error::NotFound)).await?;
    let asked = match probe(ctx, &known.tenant.slug, row.clone(), true).await {
        Ok(asked) => asked,
        Err(error) => {
            if let Error::Provider { code, .. } = &error {
                refuse(ctx, row, code).await?;
            }
            return Err(error);
        }
    };
    if let Some(due) = asked.provider_due_at {
        note(ctx, tenant, id, due).await?;
    }
    if asked.provider_metadata.is_none() {
        return Ok(());
    }
    write(ctx, tenant, stamp(ctx), move |conn| {
        let event = difference(&row, &asked);
        if connections::keep_metadata(conn, &row, &asked)? == 0 {
            return Ok(((), None)); // changed in the meantime, and probed then
        }
        Ok(((), event))
    })
    .await
}

fn stamp(ctx: &Context) -> Stamp {
    Stamp { actor: Actor::System, request_id: None, at: ctx.clock.now() }
}

/// What the provider says otherwise than before.
fn difference(old: &Connection, new: &Connection) -> Option<Event> {
    let changed = || Event::ConnectionMetadataChanged(Change { id: new.id, fields: vec!["provider_metadata"] });
    let Some(taken) = Taken::compare(old, new) else {
        return (old.provider_metadata != new.provider_metadata).then(changed);
    };
    if taken.same_certificates() {
        return taken.otherwise.then(changed);
    }
    let prints =
        |pems: &[String]| pems.iter().filter_map(|pem| Certificate::parse(pem).ok()).map(|c| c.sha256()).collect();
    let (added, removed) = (prints(&taken.added), prints(&taken.removed));
    Some(Event::ConnectionCertificatesChanged(CertificatesChanged { connection_id: new.id, added, removed }))
}

/// Notes at a SAML connection why its metadata was not taken, and tells it once for each reason.
async fn refuse(ctx: &Context, row: Connection, reason: &'static str) -> Result<(), Error> {
    let Some(mut document) = idp_document(&row).filter(|d| d.refused.as_deref() != Some(reason)) else {
        return Ok(());
    };
    document.refused = Some(reason.to_owned());
    let noted = serde_json::to_value(document).map_err(|e| Error::Internal(e.to_string()))?;
    let noted = Connection { provider_metadata: Some(noted), ..row.clone() };
    write(ctx, row.tenant_id, stamp(ctx), move |conn| {
        let kept = connections::keep_metadata(conn, &row, &noted)? > 0;
        Ok(((), kept.then_some(Event::ConnectionMetadataRefused { id: row.id, reason })))
    })
    .await
}
