//! deliver: sends what is due, one delivery after the other, on any instance.
//!
//! 1. claim: one statement, with a lease;
//! 2. send, with no transaction open;
//! 3. mark: sent, put off, or given up.
//!
//! Between 2 and 3 a crash leaves a letter that went and does not know it: after the lease it goes again, with the same
//! Message-ID. Because there is one at a time, that is one duplicate for each crash at most.

use std::sync::atomic::Ordering;
use std::time::Duration as Pause;

use chrono::Duration;
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use crate::context::Context;
use crate::flows::Error;
use crate::flows::post::place_of_link;
use crate::flows::write::write;
use crate::mail::{Failure, FailureKind, Outgoing, Sender};
use crate::model::audit::{Actor, DeliveryOf, Event, Stamp};
use crate::model::delivery::{Delivery, pause};
use crate::model::email::EmailAddress;
use crate::store::db::DbError;
use crate::store::{deliveries, tenants};

/// A lease outlives the longest try by so much: also for an instance whose clock is a minute ahead, with time left
/// for the mark.
const MARGIN: Duration = Duration::seconds(90);
/// How often it is tried to note that a letter was sent: it would go again otherwise.
const TRIES_TO_MARK: usize = 10;

/// Sends everything that is due, until there is nothing more, the server drains or the mail server cannot be used; tells
/// how many letters went.
///
/// # Errors
/// [`DbError`].
pub async fn deliver_due(ctx: &Context) -> Result<usize, DbError> {
    let (mut went, mut after) = (0, Uuid::nil());
    while !ctx.draining.load(Ordering::SeqCst) {
        let Some(row) = claim(ctx, after).await? else {
            if after.is_nil() {
                break;
            }
            after = Uuid::nil(); // once round; begin again with the first tenant
            continue;
        };
        after = row.tenant_id;
        match send(ctx, &row).await? {
            Ok(()) => {
                mark_sent(ctx, &row).await?;
                went += 1;
            }
            Err(failure) => {
                let server = failure.kind == FailureKind::Server;
                settle(ctx, row, failure).await?;
                if server {
                    break;
                }
            }
        }
    }
    Ok(went)
}

async fn claim(ctx: &Context, after: Uuid) -> Result<Option<Delivery>, DbError> {
    let now = ctx.clock.now();
    let longest = Duration::from_std(ctx.config.mail.timeout()).unwrap_or(Duration::minutes(2));
    let until = now + longest + MARGIN;
    ctx.db.system(move |conn| Ok::<_, DbError>(deliveries::claim(conn, after, (now, until))?)).await
}

/// Sends it. The database may be asked before, and holds nothing meanwhile.
async fn send(ctx: &Context, row: &Delivery) -> Result<Result<(), Failure>, DbError> {
    let tenant = row.tenant_id;
    let found = ctx.db.system(move |conn| Ok::<_, DbError>(tenants::find(conn, tenant)?)).await?;
    let lasting = |reason: String| Failure { kind: FailureKind::Lasting, reason };
    let Some(tenant) = found else { return Ok(Err(lasting("the tenant is gone".into()))) };
    let Ok(to) = EmailAddress::parse(&row.recipient) else {
        return Ok(Err(lasting("the recipient is no address".into())));
    };
    let link = match open_link(ctx, row) {
        Ok(link) => link,
        Err(error) => return Ok(Err(lasting(error.to_string()))),
    };
    let letter = Outgoing {
        id: row.id,
        to,
        language: row.language,
        letter: row.content.0.clone(),
        link,
        sender: Sender {
            name: tenant.name,
            support_email: tenant.support_email.and_then(|text| EmailAddress::parse(&text).ok()),
            logo_url: tenant.logo_url,
        },
        at: row.created_at,
    };
    Ok(ctx.mailer.send(&letter).await)
}

fn open_link(ctx: &Context, row: &Delivery) -> Result<Option<SecretString>, Error> {
    let Some(sealed) = &row.link else { return Ok(None) };
    let plain = ctx.sealer.open(place_of_link(row.tenant_id, row.id), sealed)?;
    let text = std::str::from_utf8(plain.expose_secret());
    Ok(Some(text.map_err(|_| Error::Internal("a link is no text".into()))?.into()))
}

/// Says that it went, and says so again when the database does not answer: forgetting it would send it twice.
async fn mark_sent(ctx: &Context, row: &Delivery) -> Result<(), DbError> {
    metrics::counter!("doorward_deliveries_total", "state" => "sent").increment(1);
    let mut tries = 1;
    loop {
        let (row, now) = (row.clone(), ctx.clock.now());
        let marked = ctx.db.system(move |conn| Ok::<_, DbError>(deliveries::sent(conn, &row, now)?)).await;
        match marked {
            Err(DbError::Unavailable | DbError::Raced) if tries < TRIES_TO_MARK => {
                tries += 1;
                tokio::time::sleep(Pause::from_millis(500)).await;
            }
            marked => return marked.map(drop),
        }
    }
}

/// Puts it off, or gives it up: at once when it can never go, else when its time is over.
async fn settle(ctx: &Context, row: Delivery, failure: Failure) -> Result<(), DbError> {
    let now = ctx.clock.now();
    let (tenant, delivery, kind, reason) = (row.tenant_id, row.id, row.kind.clone(), failure.reason);
    if failure.kind != FailureKind::Lasting && now < row.give_up_at {
        let due_at = (now + pause(row.attempts)).min(row.give_up_at);
        tracing::warn!(%tenant, %delivery, kind, reason, "a letter could not be sent; it is tried again");
        metrics::counter!("doorward_deliveries_total", "state" => "put_off").increment(1);
        return ctx
            .db
            .system(move |conn| Ok::<_, DbError>(deliveries::put_off(conn, &row, due_at, &reason)?))
            .await
            .map(drop);
    }
    let stamp = Stamp { actor: Actor::System, request_id: None, at: now };
    let why = reason.clone();
    let done = write(ctx, tenant, stamp, move |conn| {
        let given_up = deliveries::give_up(conn, &row, now, &why)? > 0;
        let event = DeliveryOf { id: row.id, kind: row.kind };
        Ok((given_up, given_up.then_some(Event::DeliveryDead(event))))
    });
    match done.await {
        Ok(true) => {
            tracing::warn!(%tenant, %delivery, kind, reason, "a letter was given up");
            metrics::counter!("doorward_deliveries_total", "state" => "dead").increment(1);
            Ok(())
        }
        Ok(false) => Ok(()),
        Err(Error::Unavailable) => Err(DbError::Unavailable),
        Err(error) => {
            tracing::error!(%tenant, %delivery, %error, "a letter could not be given up");
            Ok(())
        }
    }
}
