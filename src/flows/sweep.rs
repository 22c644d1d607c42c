//! sweep: deletes what is over, in bounded batches. Correctness never depends on it; only the tables' size does.

use chrono::Duration;

use crate::context::Context;
use crate::store::db::DbError;
use crate::store::{changes, login_attempts, rate_limits, sessions};

/// Rows of one batch.
const BATCH: i64 = 1000;

/// How long a finished session can still be seen, in days.
const SESSION_DAYS: i64 = 7;

/// Deletes one batch of each kind; tells how many rows went.
///
/// # Errors
/// [`DbError`].
pub async fn sweep(ctx: &Context) -> Result<usize, DbError> {
    let now = ctx.clock.now();
    let done = ctx.db.system(move |conn| {
        let mut gone = login_attempts::sweep(conn, now - Duration::hours(1), BATCH)?;
        gone += sessions::sweep(conn, now - Duration::days(SESSION_DAYS), BATCH)?;
        gone += rate_limits::sweep(conn, now - Duration::hours(1))?;
        gone += changes::sweep(conn)?;
        Ok::<_, DbError>(gone)
    });
    done.await
}
