CREATE TABLE operator_audit_events (
    id uuid PRIMARY KEY,
    at timestamptz NOT NULL,
    event_type text NOT NULL,
    event_version smallint NOT NULL,
    actor jsonb NOT NULL,
    payload jsonb NOT NULL,
    request_id uuid
);

COMMENT ON TABLE operator_audit_events IS 'What operators did to the installation; only ever added to.';
COMMENT ON COLUMN operator_audit_events.id IS 'UUIDv7.';
COMMENT ON COLUMN operator_audit_events.at IS 'When.';
COMMENT ON COLUMN operator_audit_events.event_type IS 'Which event; the payload''s type.';
COMMENT ON COLUMN operator_audit_events.event_version IS 'Version of the payload''s shape.';
COMMENT ON COLUMN operator_audit_events.actor IS 'Who did it.';
COMMENT ON COLUMN operator_audit_events.payload IS 'What happened, by ids; never a secret.';
COMMENT ON COLUMN operator_audit_events.request_id IS 'The request that did it.';

GRANT SELECT, INSERT ON operator_audit_events TO doorward_system;
GRANT INSERT ON operator_audit_events TO doorward_app;
