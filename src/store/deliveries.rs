//! Deliveries: the outbox.
//!
//! A worker claims one delivery at a time, under a lease: the claim is one statement, nothing is locked while the letter is
//! on its way, and what a worker that died had in hand is claimed again when its lease is over. Where a row is marked
//! afterwards it must still be pending, and for everything but "sent" it must still be ours.

use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use crate::model::delivery::{Delivery, DeliveryState};
use crate::model::page::PageRequest;
use crate::schema::deliveries;

/// Adds one, in the transaction of what causes it.
///
/// # Errors
/// What the database says.
pub fn insert(conn: &mut PgConnection, tenant: Uuid, row: &Delivery) -> QueryResult<usize> {
    debug_assert_eq!(tenant, row.tenant_id);
    diesel::insert_into(deliveries::table).values(row).execute(conn)
}

/// How many of this kind went to this address since then, in whatever case it was written.
///
/// # Errors
/// What the database says.
pub fn count_to(
    conn: &mut PgConnection,
    tenant: Uuid,
    (kind, recipient): (&str, &str),
    since: DateTime<Utc>,
) -> QueryResult<i64> {
    let to_it = sql::<Bool>("lower(recipient) = ").bind::<Text, _>(recipient.to_lowercase());
    let to_it = deliveries::table.filter(deliveries::tenant_id.eq(tenant)).filter(to_it);
    to_it.filter(deliveries::kind.eq(kind)).filter(deliveries::created_at.gt(since)).count().get_result(conn)
}

/// The delivery with this id, if this tenant has it.
///
/// # Errors
/// What the database says.
pub fn find(conn: &mut PgConnection, tenant: Uuid, id: Uuid) -> QueryResult<Option<Delivery>> {
    deliveries::table.find((tenant, id)).select(Delivery::as_select()).first(conn).optional()
}

/// The same, held against workers and others until the transaction ends.
///
/// # Errors
/// What the database says.
pub fn lock(conn: &mut PgConnection, tenant: Uuid, id: Uuid) -> QueryResult<Option<Delivery>> {
    let row = deliveries::table.find((tenant, id)).select(Delivery::as_select());
    row.for_update().first(conn).optional()
}

/// A page of the tenant's deliveries, newest first; only those in this state, where one is given.
///
/// # Errors
/// What the database says.
pub fn list(
    conn: &mut PgConnection,
    tenant: Uuid,
    state: Option<DeliveryState>,
    page: PageRequest,
) -> QueryResult<Vec<Delivery>> {
    let mut query =
        deliveries::table.filter(deliveries::tenant_id.eq(tenant)).select(Delivery::as_select()).into_boxed();
    if let Some(state) = state {
        query = query.filter(deliveries::state.eq(state));
    }
    if let Some(after) = page.after {
        query = query.filter(deliveries::id.lt(after));
    }
    query.order(deliveries::id.desc()).limit(page.limit).load(conn)
}

/// Claims the next delivery that is due until `until`, counting the try (system): the oldest of the next tenant after
/// `after`, so that a tenant with thousands of letters holds up nobody else's.
///
/// # Errors
/// What the database says.
pub fn claim(
    conn: &mut PgConnection,
    after: Uuid,
    (now, until): (DateTime<Utc>, DateTime<Utc>),
) -> QueryResult<Option<Delivery>> {
    diesel::sql_query(
        "WITH due AS MATERIALIZED (
             SELECT tenant_id, id FROM deliveries
             WHERE state = 'pending' AND tenant_id > $1 AND due_at <= $2 AND (leased_until IS NULL OR leased_until <= $2)
             ORDER BY tenant_id, due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
         UPDATE deliveries SET leased_until = $3, attempts = deliveries.attempts + 1
         FROM due WHERE deliveries.tenant_id = due.tenant_id AND deliveries.id = due.id
         RETURNING deliveries.*",
    )
    .bind::<SqlUuid, _>(after)
    .bind::<Timestamptz, _>(now)
    .bind::<Timestamptz, _>(until)
    .get_result(conn)
    .optional()
}

/// Notes that it was sent, and wipes its link (system). Whoever sent it may say so, also after the lease.
///
/// # Errors
/// What the database says.
pub fn sent(conn: &mut PgConnection, row: &Delivery, now: DateTime<Utc>) -> QueryResult<usize> {
    let mine = deliveries::table.find((row.tenant_id, row.id)).filter(deliveries::state.eq(DeliveryState::Pending));
    diesel::update(mine)
        .set((
            deliveries::state.eq(DeliveryState::Sent),
            deliveries::link.eq(None::<Vec<u8>>),
            deliveries::leased_until.eq(None::<DateTime<Utc>>),
            deliveries::last_error.eq(None::<String>),
            deliveries::finished_at.eq(now),
        ))
        .execute(conn)
}

/// Puts it off (system).
///
/// # Errors
/// What the database says.
pub fn put_off(conn: &mut PgConnection, row: &Delivery, due_at: DateTime<Utc>, why: &str) -> QueryResult<usize> {
    let mine = deliveries::table
        .find((row.tenant_id, row.id))
        .filter(deliveries::state.eq(DeliveryState::Pending))
        .filter(deliveries::leased_until.eq(row.leased_until));
    diesel::update(mine)
        .set((
            deliveries::due_at.eq(due_at),
            deliveries::leased_until.eq(None::<DateTime<Utc>>),
            deliveries::last_error.eq(why),
        ))
        .execute(conn)
}

/// Gives it up, and wipes its link; tells how many were (0 or 1).
///
/// # Errors
/// What the database says.
pub fn give_up(conn: &mut PgConnection, row: &Delivery, now: DateTime<Utc>, why: &str) -> QueryResult<usize> {
    let mine = deliveries::table
        .find((row.tenant_id, row.id))
        .filter(deliveries::state.eq(DeliveryState::Pending))
        .filter(deliveries::leased_until.eq(row.leased_until));
    diesel::update(mine)
        .set((
            deliveries::state.eq(DeliveryState::Dead),
            deliveries::link.eq(None::<Vec<u8>>),
            deliveries::leased_until.eq(None::<DateTime<Utc>>),
            deliveries::last_error.eq(why),
            deliveries::finished_at.eq(now),
        ))
        .execute(conn)
}

/// Cancels it, and wipes its link. Its row is held.
///
/// # Errors
/// What the database says.
pub fn cancel(conn: &mut PgConnection, tenant: Uuid, id: Uuid, now: DateTime<Utc>) -> QueryResult<usize> {
    diesel::update(deliveries::table.find((tenant, id)))
        .set((
            deliveries::state.eq(DeliveryState::Cancelled),
            deliveries::link.eq(None::<Vec<u8>>),
            deliveries::finished_at.eq(now),
        ))
        .execute(conn)
}

/// Makes it due at once, and tried as often and for as long as a new one. Its row is held.
///
/// # Errors
/// What the database says.
pub fn retry(
    conn: &mut PgConnection,
    tenant: Uuid,
    id: Uuid,
    (now, give_up_at): (DateTime<Utc>, DateTime<Utc>),
) -> QueryResult<usize> {
    diesel::update(deliveries::table.find((tenant, id)))
        .set((
            deliveries::state.eq(DeliveryState::Pending),
            deliveries::attempts.eq(0),
            deliveries::due_at.eq(now),
            deliveries::give_up_at.eq(give_up_at),
            deliveries::finished_at.eq(None::<DateTime<Utc>>),
        ))
        .execute(conn)
}

/// Deletes a batch of what was over before `before` (system).
///
/// # Errors
/// What the database says.
pub fn sweep(conn: &mut PgConnection, before: DateTime<Utc>, limit: i64) -> QueryResult<usize> {
    diesel::sql_query(
        "DELETE FROM deliveries WHERE (tenant_id, id) IN (
             SELECT tenant_id, id FROM deliveries WHERE finished_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)",
    )
    .bind::<Timestamptz, _>(before)
    .bind::<diesel::sql_types::BigInt, _>(limit)
    .execute(conn)
}

/// How many are pending, and since when the oldest of them waits (system).
///
/// # Errors
/// What the database says.
pub fn backlog(conn: &mut PgConnection) -> QueryResult<(i64, Option<DateTime<Utc>>)> {
    let pending = deliveries::table.filter(deliveries::state.eq(DeliveryState::Pending));
    pending.select((diesel::dsl::count_star(), diesel::dsl::min(deliveries::created_at))).first(conn)
}
