//! Deliveries: the outbox.

use diesel::prelude::*;
use uuid::Uuid;

use crate::model::delivery::Delivery;
use crate::schema::deliveries;

/// Adds one, in the transaction of what causes it.
///
/// # Errors
/// What the database says.
pub fn insert(conn: &mut PgConnection, tenant: Uuid, row: &Delivery) -> QueryResult<usize> {
    debug_assert_eq!(tenant, row.tenant_id);
    diesel::insert_into(deliveries::table).values(row).execute(conn)
}
