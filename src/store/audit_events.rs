//! Audit events: added and read, never changed.

use diesel::prelude::*;
use uuid::Uuid;

use crate::model::audit::{AuditEvent, OperatorAuditEvent};
use crate::model::page::PageRequest;
use crate::schema::{audit_events, operator_audit_events};

/// Adds an event to the tenant's log.
///
/// # Errors
/// What the database says.
pub fn insert(conn: &mut PgConnection, tenant: Uuid, event: &AuditEvent) -> QueryResult<usize> {
    debug_assert_eq!(tenant, event.tenant_id);
    diesel::insert_into(audit_events::table).values(event).execute(conn)
}

/// Adds an event to the installation's log.
///
/// # Errors
/// What the database says.
pub fn insert_operator(conn: &mut PgConnection, event: &OperatorAuditEvent) -> QueryResult<usize> {
    diesel::insert_into(operator_audit_events::table).values(event).execute(conn)
}

/// A page of the tenant's events, newest first; `event_type` narrows it.
///
/// # Errors
/// What the database says.
pub fn list(
    conn: &mut PgConnection,
    tenant: Uuid,
    event_type: Option<&str>,
    page: PageRequest,
) -> QueryResult<Vec<AuditEvent>> {
    let mut query =
        audit_events::table.filter(audit_events::tenant_id.eq(tenant)).select(AuditEvent::as_select()).into_boxed();
    if let Some(event_type) = event_type {
        query = query.filter(audit_events::event_type.eq(event_type.to_owned()));
    }
    if let Some(after) = page.after {
        query = query.filter(audit_events::id.lt(after));
    }
    query.order(audit_events::id.desc()).limit(page.limit).load(conn)
}

/// The event with this id.
///
/// # Errors
/// What the database says.
pub fn find(conn: &mut PgConnection, tenant: Uuid, id: Uuid) -> QueryResult<Option<AuditEvent>> {
    audit_events::table.find((tenant, id)).select(AuditEvent::as_select()).first(conn).optional()
}

/// A page of the installation's events, newest first (system).
///
/// # Errors
/// What the database says.
pub fn list_operator(conn: &mut PgConnection, page: PageRequest) -> QueryResult<Vec<OperatorAuditEvent>> {
    let mut query = operator_audit_events::table.select(OperatorAuditEvent::as_select()).into_boxed();
    if let Some(after) = page.after {
        query = query.filter(operator_audit_events::id.lt(after));
    }
    query.order(operator_audit_events::id.desc()).limit(page.limit).load(conn)
}
