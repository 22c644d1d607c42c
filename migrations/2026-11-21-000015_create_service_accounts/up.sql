CREATE TABLE service_accounts (
    tenant_id uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    id uuid NOT NULL,
    name text NOT NULL,
    name_key text NOT NULL,
    role text NOT NULL CHECK (role IN ('member', 'auditor', 'admin', 'owner')),
    status text NOT NULL CHECK (status IN ('active', 'suspended')),
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, name_key)
);

COMMENT ON TABLE service_accounts IS 'A caller that is not a person.';
COMMENT ON COLUMN service_accounts.tenant_id IS 'The tenant.';
COMMENT ON COLUMN service_accounts.id IS 'UUIDv7.';
COMMENT ON COLUMN service_accounts.name IS 'Display name.';
COMMENT ON COLUMN service_accounts.name_key IS 'The name normalised; unique in the tenant.';
COMMENT ON COLUMN service_accounts.role IS 'What it may do in this tenant.';
COMMENT ON COLUMN service_accounts.status IS 'A suspended account''s keys do not work.';
COMMENT ON COLUMN service_accounts.version IS 'Grows with each update; the ETag.';
COMMENT ON COLUMN service_accounts.created_at IS 'When it was created.';
COMMENT ON COLUMN service_accounts.updated_at IS 'When it was last changed.';

SELECT doorward_tenant_wall('service_accounts');
GRANT SELECT, INSERT, UPDATE, DELETE ON service_accounts TO doorward_app;
