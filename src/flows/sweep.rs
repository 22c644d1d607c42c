//! sweep: deletes what is over, in bounded batches. Correctness never depends on it; only the tables' size does.

use chrono::Duration;
use diesel::{PgConnection, QueryResult};

use crate::context::Context;
use crate::store::db::DbError;
use crate::store::{
    address_proofs, authorization_requests, changes, deliveries, grants, invitations, login_attempts, rate_limits,
    sessions, signing_keys, totp_secrets, used_assertions,
};

/// Rows of one batch.
const BATCH: i64 = 1000;

/// How long a finished session can still be seen, in days.
const SESSION_DAYS: i64 = 7;

/// How long a delivery that is over can still be seen, in days.
const DELIVERY_DAYS: i64 = 30;

/// How long an invitation can still be seen once its time is over, in days.
const INVITATION_DAYS: i64 = 90;

/// Most batches of one kind in one round.
const ROUNDS: usize = 50;

/// Deletes what is over, each kind by itself; tells how many rows went.
///
/// # Errors
/// [`DbError`]; what was deleted before stays deleted.
pub async fn sweep(ctx: &Context) -> Result<usize, DbError> {
    let now = ctx.clock.now();
    let mut gone = 0;
    gone += batches(ctx, move |conn| login_attempts::sweep(conn, now - Duration::hours(1), BATCH)).await?;
    gone += batches(ctx, move |conn| sessions::sweep(conn, now - Duration::days(SESSION_DAYS), BATCH)).await?;
    gone += batches(ctx, move |conn| address_proofs::sweep(conn, now - Duration::hours(1), BATCH)).await?;
    gone += batches(ctx, move |conn| deliveries::sweep(conn, now - Duration::days(DELIVERY_DAYS), BATCH)).await?;
    gone += batches(ctx, move |conn| authorization_requests::sweep(conn, now, BATCH)).await?;
    gone += batches(ctx, move |conn| grants::sweep(conn, now - Duration::days(1), BATCH)).await?;
    gone += batches(ctx, move |conn| invitations::sweep(conn, now - Duration::days(INVITATION_DAYS), BATCH)).await?;
    gone += batches(ctx, move |conn| signing_keys::sweep(conn, now).map(|_| 0)).await?;
    gone += batches(ctx, move |conn| used_assertions::sweep(conn, now).map(|_| 0)).await?;
    gone += batches(ctx, move |conn| totp_secrets::sweep(conn, now - Duration::hours(1)).map(|_| 0)).await?;
    gone += batches(ctx, move |conn| rate_limits::sweep(conn, now).map(|_| 0)).await?;
    gone += batches(ctx, |conn| changes::sweep(conn).map(|_| 0)).await?;
    Ok(gone)
}

/// One transaction a batch, until a batch is not full.
async fn batches<F>(ctx: &Context, sweep: F) -> Result<usize, DbError>
where
    F: Fn(&mut PgConnection) -> QueryResult<usize> + Clone + Send + 'static,
{
    let mut gone = 0;
    for _ in 0..ROUNDS {
        let sweep = sweep.clone();
        let count = ctx.db.system(move |conn| Ok::<_, DbError>(sweep(conn)?)).await?;
        gone += count;
        if i64::try_from(count).is_ok_and(|n| n < BATCH) {
            break;
        }
    }
    Ok(gone)
}
