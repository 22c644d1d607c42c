CREATE TABLE audit_events (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    at timestamptz NOT NULL,
    event_type text NOT NULL,
    event_version smallint NOT NULL,
    actor jsonb NOT NULL,
    payload jsonb NOT NULL,
    request_id uuid,
    PRIMARY KEY (tenant_id, id)
);

COMMENT ON TABLE audit_events IS 'What happened in a tenant; only ever added to. No foreign keys: it outlives what it speaks of.';
COMMENT ON COLUMN audit_events.tenant_id IS 'The tenant.';
COMMENT ON COLUMN audit_events.id IS 'UUIDv7; also the event id that refusal pages and logs show.';
COMMENT ON COLUMN audit_events.at IS 'When.';
COMMENT ON COLUMN audit_events.event_type IS 'Which event; the payload''s type.';
COMMENT ON COLUMN audit_events.event_version IS 'Version of the payload''s shape.';
COMMENT ON COLUMN audit_events.actor IS 'Who did it.';
COMMENT ON COLUMN audit_events.payload IS 'What happened, by ids; never a secret.';
COMMENT ON COLUMN audit_events.request_id IS 'The request that did it.';

SELECT doorward_tenant_wall('audit_events');
GRANT SELECT, INSERT ON audit_events TO doorward_app;
