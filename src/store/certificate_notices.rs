//! Which certificates were told to expire.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::query_dsl::methods::FilterDsl;
use uuid::Uuid;

use crate::schema::certificate_notices;

/// Notes that it was told that a connection's certificate expires within `days`; `false` when that, or less, was told
/// before.
///
/// # Errors
/// What the database says.
pub fn note(
    conn: &mut PgConnection,
    tenant: Uuid,
    (connection, fingerprint): (Uuid, &str),
    days: i16,
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    use certificate_notices as t;
    let row = (
        t::tenant_id.eq(tenant),
        t::connection_id.eq(connection),
        t::fingerprint.eq(fingerprint),
        t::days.eq(days),
        t::noticed_at.eq(now),
    );
    let told = diesel::insert_into(t::table)
        .values(row)
        .on_conflict((t::tenant_id, t::connection_id, t::fingerprint))
        .do_update()
        .set((t::days.eq(days), t::noticed_at.eq(now)));
    Ok(FilterDsl::filter(told, t::days.gt(days)).execute(conn)? == 1)
}
