//! Counters against brute force and floods; rows, so that they hold across instances (system).

use chrono::{DateTime, Duration, DurationRound, Utc};
use diesel::prelude::*;

use crate::schema::rate_limits;
use crate::secrets::token;

/// Counts one hit of `what` in the current window of `seconds`; tells how many there are now.
///
/// # Errors
/// What the database says.
pub fn hit(conn: &mut PgConnection, what: &str, seconds: i64, now: DateTime<Utc>) -> QueryResult<i32> {
    let window = now.duration_trunc(Duration::seconds(seconds)).unwrap_or(now);
    diesel::insert_into(rate_limits::table)
        .values((
            rate_limits::bucket.eq(token::hash(what)),
            rate_limits::window_start.eq(window),
            rate_limits::hits.eq(1),
            rate_limits::ends_at.eq(window + Duration::seconds(seconds)),
        ))
        .on_conflict((rate_limits::bucket, rate_limits::window_start))
        .do_update()
        .set(rate_limits::hits.eq(rate_limits::hits + 1))
        .returning(rate_limits::hits)
        .get_result(conn)
}

/// Takes one hit of `what` back that was counted at `at`.
///
/// # Errors
/// What the database says.
pub fn take_back(conn: &mut PgConnection, what: &str, seconds: i64, at: DateTime<Utc>) -> QueryResult<usize> {
    let window = at.duration_trunc(Duration::seconds(seconds)).unwrap_or(at);
    let counted = rate_limits::table.find((token::hash(what), window)).filter(rate_limits::hits.gt(0));
    diesel::update(counted).set(rate_limits::hits.eq(rate_limits::hits - 1)).execute(conn)
}

/// Deletes windows that were over before `before`.
///
/// # Errors
/// What the database says.
pub fn sweep(conn: &mut PgConnection, before: DateTime<Utc>) -> QueryResult<usize> {
    diesel::delete(rate_limits::table.filter(rate_limits::ends_at.lt(before))).execute(conn)
}
