CREATE TABLE identity_sources (
    tenant_id uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('connection', 'trusted_issuer')),
    PRIMARY KEY (tenant_id, id)
);

COMMENT ON TABLE identity_sources IS 'Parent of everything that can vouch for a person, so that an identity has one foreign key.';
COMMENT ON COLUMN identity_sources.tenant_id IS 'The tenant.';
COMMENT ON COLUMN identity_sources.id IS 'The id that the child row shares.';
COMMENT ON COLUMN identity_sources.kind IS 'Which child it is.';

SELECT doorward_tenant_wall('identity_sources');
GRANT SELECT, INSERT, UPDATE, DELETE ON identity_sources TO doorward_app;
