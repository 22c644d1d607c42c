//! The changes feed: what every instance reads each second to drop what it has cached.

use diesel::prelude::*;
use uuid::Uuid;

use crate::schema::changes;

/// Says that something security-relevant of this tenant changed, in the transaction that changes it.
///
/// # Errors
/// What the database says.
pub fn note(conn: &mut PgConnection, tenant: Uuid) -> QueryResult<usize> {
    diesel::insert_into(changes::table).values(changes::tenant_id.eq(tenant)).execute(conn)
}

/// The changes of the last ten seconds (system). The database's clock alone decides, because instances' clocks differ;
/// the overlap catches transactions that commit out of order.
///
/// # Errors
/// What the database says.
pub fn recent(conn: &mut PgConnection) -> QueryResult<Vec<(i64, Uuid)>> {
    changes::table
        .filter(
            changes::at
                .gt(diesel::dsl::sql::<diesel::sql_types::Timestamptz>("clock_timestamp() - interval '10 seconds'")),
        )
        .select((changes::id, changes::tenant_id))
        .order(changes::id)
        .load(conn)
}

/// Deletes changes that every instance has long seen (system).
///
/// # Errors
/// What the database says.
pub fn sweep(conn: &mut PgConnection) -> QueryResult<usize> {
    diesel::delete(changes::table.filter(
        changes::at.lt(diesel::dsl::sql::<diesel::sql_types::Timestamptz>("clock_timestamp() - interval '10 minutes'")),
    ))
    .execute(conn)
}
