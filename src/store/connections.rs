//! Connections.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::model::connection::provisioning::ProvisioningPolicy;
use crate::model::connection::{Connection, ConnectionStatus, Settings};
use crate::model::json::Json;
use crate::model::page::PageRequest;
use crate::schema::connections;
use crate::store::crud;

/// Status, settings and policy of a connection, and what its provider says about itself.
pub type Rules = (ConnectionStatus, Json<Settings>, Json<ProvisioningPolicy>, Option<serde_json::Value>);

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

/// What a sign-in was decided by, held against changes until the transaction ends.
///
/// # Errors
/// What the database says.
pub fn hold(conn: &mut PgConnection, tenant: Uuid, id: Uuid) -> QueryResult<Option<Rules>> {
    connections::table
        .find((tenant, id))
        .select((connections::status, connections::settings, connections::provisioning, connections::provider_metadata))
        .for_share()
        .first(conn)
        .optional()
}

/// Keeps what the provider says about itself as last seen good; of `asked` the document and its time are written.
///
/// # Errors
/// What the database says.
pub fn keep_metadata(conn: &mut PgConnection, read: &Connection, asked: &Connection) -> QueryResult<usize> {
    // Only while the row is the one whose provider was asked: another issuer's document must not land on it.
    let same = connections::table.find((read.tenant_id, read.id)).filter(connections::version.eq(read.version));
    let document = connections::provider_metadata.eq(&asked.provider_metadata);
    diesel::update(same).set((document, connections::provider_metadata_at.eq(asked.provider_metadata_at))).execute(conn)
}

/// Notes that the provider was asked, whatever it answered, and when to ask again, so that others have their turn (system).
///
/// # Errors
/// What the database says.
pub fn note_asked(
    conn: &mut PgConnection,
    tenant: Uuid,
    id: Uuid,
    (now, due): (DateTime<Utc>, DateTime<Utc>),
) -> QueryResult<usize> {
    let times = (connections::provider_asked_at.eq(now), connections::provider_due_at.eq(due));
    diesel::update(connections::table.find((tenant, id))).set(times).execute(conn)
}

/// Active connections whose provider is to be asked by `now`, longest ago first: tenant and id, at most `limit` (system).
///
/// # Errors
/// What the database says.
pub fn metadata_due(conn: &mut PgConnection, now: DateTime<Utc>, limit: i64) -> QueryResult<Vec<(Uuid, Uuid)>> {
    let due = connections::provider_due_at.is_null().or(connections::provider_due_at.le(now));
    connections::table
        .filter(connections::status.eq(ConnectionStatus::Active))
        .filter(due)
        .select((connections::tenant_id, connections::id))
        .order(connections::provider_due_at.asc().nulls_first())
        .limit(limit)
        .load(conn)
}
