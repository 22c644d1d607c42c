CREATE TABLE deliveries (
    tenant_id uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    id uuid NOT NULL,
    kind text NOT NULL,
    recipient text NOT NULL,
    language text NOT NULL,
    content jsonb NOT NULL,
    link bytea,
    state text NOT NULL,
    attempts integer NOT NULL,
    due_at timestamptz NOT NULL,
    leased_until timestamptz,
    last_error text,
    created_at timestamptz NOT NULL,
    finished_at timestamptz,
    PRIMARY KEY (tenant_id, id)
);

COMMENT ON TABLE deliveries IS 'What is to be delivered to somebody outside, written in the transaction that causes it: letters.';
COMMENT ON COLUMN deliveries.tenant_id IS 'The tenant.';
COMMENT ON COLUMN deliveries.id IS 'UUIDv7; a letter''s Message-ID is made of it, so that it is the same at each try.';
COMMENT ON COLUMN deliveries.kind IS 'What it is: the letter''s kind.';
COMMENT ON COLUMN deliveries.recipient IS 'Where it goes: a mail address.';
COMMENT ON COLUMN deliveries.language IS 'The language it is written in: en or de.';
COMMENT ON COLUMN deliveries.content IS 'What is told, without any secret.';
COMMENT ON COLUMN deliveries.link IS 'The link with its secret, sealed; wiped when the delivery is over.';
COMMENT ON COLUMN deliveries.state IS 'pending, sent, dead or cancelled.';
COMMENT ON COLUMN deliveries.attempts IS 'How often it was tried.';
COMMENT ON COLUMN deliveries.due_at IS 'When it is tried next.';
COMMENT ON COLUMN deliveries.leased_until IS 'Until when a worker has it; NULL: none has.';
COMMENT ON COLUMN deliveries.last_error IS 'Why the last try failed, without a secret.';
COMMENT ON COLUMN deliveries.created_at IS 'When it was caused.';
COMMENT ON COLUMN deliveries.finished_at IS 'When it was sent, given up or cancelled.';

CREATE INDEX deliveries_due ON deliveries (due_at) WHERE state = 'pending';
SELECT doorward_tenant_wall('deliveries');
CREATE POLICY system_access ON deliveries TO doorward_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON deliveries TO doorward_app;
GRANT SELECT, UPDATE, DELETE ON deliveries TO doorward_system;
