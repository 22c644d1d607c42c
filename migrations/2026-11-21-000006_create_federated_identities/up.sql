CREATE TABLE federated_identities (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    source_id uuid NOT NULL,
    issuer text NOT NULL,
    subject text NOT NULL,
    user_id uuid NOT NULL,
    email text,
    created_at timestamptz NOT NULL,
    last_seen_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, source_id, issuer, subject),
    FOREIGN KEY (tenant_id, source_id) REFERENCES identity_sources (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);

COMMENT ON TABLE federated_identities IS 'The link from what a provider calls a person to the user.';
COMMENT ON COLUMN federated_identities.tenant_id IS 'The tenant.';
COMMENT ON COLUMN federated_identities.id IS 'UUIDv7.';
COMMENT ON COLUMN federated_identities.source_id IS 'Who vouches: a connection or a trusted issuer.';
COMMENT ON COLUMN federated_identities.issuer IS 'The issuer that named the subject.';
COMMENT ON COLUMN federated_identities.subject IS 'The provider''s id of the person.';
COMMENT ON COLUMN federated_identities.user_id IS 'The user.';
COMMENT ON COLUMN federated_identities.email IS 'The address that the provider last gave.';
COMMENT ON COLUMN federated_identities.created_at IS 'When the link was made.';
COMMENT ON COLUMN federated_identities.last_seen_at IS 'When it last signed in.';

CREATE INDEX federated_identities_user ON federated_identities (tenant_id, user_id);
SELECT doorward_tenant_wall('federated_identities');
GRANT SELECT, INSERT, UPDATE, DELETE ON federated_identities TO doorward_app;
