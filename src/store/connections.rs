//! Connections.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde_json::Value;
use uuid::Uuid;

use crate::model::connection::{Connection, ConnectionStatus};
use crate::model::page::PageRequest;
use crate::schema::connections;
use crate::store::crud;

crud!(connections, Connection, versioned);

/// The connections that sign people in, by name: the buttons of the login page.
///
/// # Errors
/// What the database says.
pub fn active(conn: &mut PgConnection, tenant: Uuid) -> QueryResult<Vec<Connection>> {
    connections::table
        .filter(connections::tenant_id.eq(tenant))
        .filter(connections::status.eq(ConnectionStatus::Active))
        .select(Connection::as_select())
        .order(connections::display_name_key)
        .load(conn)
}

/// Keeps a discovery document as the last good one.
///
/// # Errors
/// What the database says.
pub fn keep_metadata(
    conn: &mut PgConnection,
    tenant: Uuid,
    id: Uuid,
    document: &Value,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::update(connections::table.find((tenant, id)))
        .set((
            connections::provider_metadata.eq(document),
            connections::provider_metadata_at.eq(now),
        ))
        .execute(conn)
}

/// Active connections whose metadata is older than `before`: tenant and id, at most `limit` (system).
///
/// # Errors
/// What the database says.
pub fn metadata_due(conn: &mut PgConnection, before: DateTime<Utc>, limit: i64) -> QueryResult<Vec<(Uuid, Uuid)>> {
    connections::table
        .filter(connections::status.eq(ConnectionStatus::Active))
        .filter(connections::provider_metadata_at.lt(before))
        .select((connections::tenant_id, connections::id))
        .order(connections::provider_metadata_at)
        .limit(limit)
        .load(conn)
}
