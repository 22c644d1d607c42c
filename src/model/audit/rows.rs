//! How events are stored: the rows, and what a row needs beside what happened.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde_json::Value;
use uuid::Uuid;

use super::{Actor, Event};

/// An event of a tenant (the whole row).
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = crate::schema::audit_events)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct AuditEvent {
    pub tenant_id: Uuid,
    pub id: Uuid,
    pub at: DateTime<Utc>,
    pub event_type: String,
    pub event_version: i16,
    pub actor: Value,
    pub payload: Value,
    pub request_id: Option<Uuid>,
}

/// An event of the installation (the whole row).
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = crate::schema::operator_audit_events)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct OperatorAuditEvent {
    pub id: Uuid,
    pub at: DateTime<Utc>,
    pub event_type: String,
    pub event_version: i16,
    pub actor: Value,
    pub payload: Value,
    pub request_id: Option<Uuid>,
}

/// Who acts, in which request, and when: what every event needs beside what happened.
#[derive(Debug, Clone, Copy)]
pub struct Stamp {
    /// Who.
    pub actor: Actor,
    /// The request, where there is one.
    pub request_id: Option<Uuid>,
    /// When.
    pub at: DateTime<Utc>,
}

impl Stamp {
    /// The event as a row of a tenant's audit log.
    #[must_use]
    pub fn event(&self, tenant_id: Uuid, event: &Event) -> AuditEvent {
        let (event_type, payload) = event.split();
        let actor = serde_json::to_value(self.actor).unwrap_or_default();
        AuditEvent {
            tenant_id,
            id: Uuid::now_v7(),
            at: self.at,
            event_type,
            event_version: 1,
            actor,
            payload,
            request_id: self.request_id,
        }
    }

    /// The event as a row of the installation's audit log.
    #[must_use]
    pub fn operator_event(&self, event: &Event) -> OperatorAuditEvent {
        let AuditEvent { id, at, event_type, event_version, actor, payload, request_id, .. } =
            self.event(Uuid::nil(), event);
        OperatorAuditEvent { id, at, event_type, event_version, actor, payload, request_id }
    }
}
