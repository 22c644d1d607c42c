CREATE TABLE applications (
    tenant_id uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    id uuid NOT NULL,
    name text NOT NULL,
    name_key text NOT NULL,
    settings jsonb NOT NULL,
    secrets jsonb NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, name_key)
);

COMMENT ON TABLE applications IS 'An OAuth 2 client of one tenant.';
COMMENT ON COLUMN applications.tenant_id IS 'The tenant.';
COMMENT ON COLUMN applications.id IS 'UUIDv7; the client_id.';
COMMENT ON COLUMN applications.name IS 'Display name, shown on the consent page.';
COMMENT ON COLUMN applications.name_key IS 'The name normalised; unique.';
COMMENT ON COLUMN applications.settings IS 'Redirect URIs, authentication, algorithm, lifetimes, scopes, claims.';
COMMENT ON COLUMN applications.secrets IS 'Hashes of the client secrets: during a rotation more than one is good.';
COMMENT ON COLUMN applications.version IS 'Grows with each update; the ETag.';
COMMENT ON COLUMN applications.created_at IS 'When it was created.';
COMMENT ON COLUMN applications.updated_at IS 'When it was last changed.';

SELECT doorward_tenant_wall('applications');
GRANT SELECT, INSERT, UPDATE, DELETE ON applications TO doorward_app;
