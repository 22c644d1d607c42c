CREATE TABLE verified_domains (
    tenant_id uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    id uuid NOT NULL,
    domain text NOT NULL,
    status text NOT NULL CHECK (status IN ('pending', 'verified')),
    method text CHECK (method IN ('operator')),
    connection_id uuid,
    verified_at timestamptz,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, domain),
    FOREIGN KEY (tenant_id, connection_id) REFERENCES connections (tenant_id, id)
);

COMMENT ON TABLE verified_domains IS 'E-mail domains that a tenant has shown to be its own.';
COMMENT ON COLUMN verified_domains.tenant_id IS 'The tenant.';
COMMENT ON COLUMN verified_domains.id IS 'UUIDv7.';
COMMENT ON COLUMN verified_domains.domain IS 'The domain in ASCII (A-label) form, lower case.';
COMMENT ON COLUMN verified_domains.status IS 'Only a verified domain counts for anything.';
COMMENT ON COLUMN verified_domains.method IS 'Who attested it.';
COMMENT ON COLUMN verified_domains.connection_id IS 'Where addresses of this domain sign in; null means the tenant''s login page.';
COMMENT ON COLUMN verified_domains.verified_at IS 'When it was verified.';
COMMENT ON COLUMN verified_domains.version IS 'Grows with each update; the ETag.';
COMMENT ON COLUMN verified_domains.created_at IS 'When it was claimed.';
COMMENT ON COLUMN verified_domains.updated_at IS 'When it was last changed.';

CREATE UNIQUE INDEX verified_domains_one_tenant ON verified_domains (domain) WHERE status = 'verified';
SELECT doorward_tenant_wall('verified_domains');
CREATE POLICY system_access ON verified_domains TO doorward_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON verified_domains TO doorward_app;
GRANT SELECT ON verified_domains TO doorward_system;
