DROP TABLE operator_audit_events;
