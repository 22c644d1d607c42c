CREATE TABLE groups (
    tenant_id uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    id uuid NOT NULL,
    name text NOT NULL,
    name_key text NOT NULL,
    description text,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, name_key)
);

COMMENT ON TABLE groups IS 'A group of a tenant''s users.';
COMMENT ON COLUMN groups.tenant_id IS 'The tenant.';
COMMENT ON COLUMN groups.id IS 'UUIDv7.';
COMMENT ON COLUMN groups.name IS 'Display name.';
COMMENT ON COLUMN groups.name_key IS 'The name normalised; unique in the tenant.';
COMMENT ON COLUMN groups.description IS 'What the group is for.';
COMMENT ON COLUMN groups.version IS 'Grows with each update; the ETag.';
COMMENT ON COLUMN groups.created_at IS 'When it was created.';
COMMENT ON COLUMN groups.updated_at IS 'When it was last changed.';

SELECT doorward_tenant_wall('groups');
GRANT SELECT, INSERT, UPDATE, DELETE ON groups TO doorward_app;
