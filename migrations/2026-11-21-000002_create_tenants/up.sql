CREATE TABLE tenants (
    id uuid PRIMARY KEY,
    slug text NOT NULL UNIQUE REFERENCES tenant_slugs (slug),
    name text NOT NULL,
    external_id text UNIQUE,
    status text NOT NULL CHECK (status IN ('active', 'suspended')),
    allowed_return_urls text[] NOT NULL,
    landing_url text,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

COMMENT ON TABLE tenants IS 'One customer organisation.';
COMMENT ON COLUMN tenants.id IS 'UUIDv7.';
COMMENT ON COLUMN tenants.slug IS 'Part of every URL and issuer; never changes.';
COMMENT ON COLUMN tenants.name IS 'Display name.';
COMMENT ON COLUMN tenants.external_id IS 'The SaaS''s own id for this customer.';
COMMENT ON COLUMN tenants.status IS 'A suspended tenant signs nobody in and its keys do not work.';
COMMENT ON COLUMN tenants.allowed_return_urls IS 'Where a login may return to: exact URLs, or a prefix that ends in /*.';
COMMENT ON COLUMN tenants.landing_url IS 'Where a login goes without a (permitted) return_to.';
COMMENT ON COLUMN tenants.version IS 'Grows with each update; the ETag.';
COMMENT ON COLUMN tenants.created_at IS 'When it was created.';
COMMENT ON COLUMN tenants.updated_at IS 'When it was last changed.';

ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenants FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_wall ON tenants
    USING (id = nullif(current_setting('app.tenant_id', true), '')::uuid)
    WITH CHECK (id = nullif(current_setting('app.tenant_id', true), '')::uuid);
CREATE POLICY system_access ON tenants TO doorward_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON tenants TO doorward_app;
GRANT SELECT ON tenants TO doorward_system;
