CREATE TABLE signing_keys (
    tenant_id uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    id uuid NOT NULL,
    algorithm text NOT NULL CHECK (algorithm IN ('ES256', 'RS256', 'EdDSA')),
    private_key bytea NOT NULL,
    public_key jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    use_from timestamptz NOT NULL,
    retire_at timestamptz,
    PRIMARY KEY (tenant_id, id)
);

COMMENT ON TABLE signing_keys IS 'A key that signs the tokens of one tenants issuer.';
COMMENT ON COLUMN signing_keys.tenant_id IS 'The tenant.';
COMMENT ON COLUMN signing_keys.id IS 'UUIDv7.';
COMMENT ON COLUMN signing_keys.algorithm IS 'What it signs with.';
COMMENT ON COLUMN signing_keys.private_key IS 'PKCS#8, sealed.';
COMMENT ON COLUMN signing_keys.public_key IS 'The JSON Web Key that is published; its kid is the RFC 7638 thumbprint.';
COMMENT ON COLUMN signing_keys.created_at IS 'When it was made; published from then on.';
COMMENT ON COLUMN signing_keys.use_from IS 'When it begins to sign; every instance knows it by then.';
COMMENT ON COLUMN signing_keys.retire_at IS 'When it is published no longer: what the key before it signed has expired.';

SELECT doorward_tenant_wall('signing_keys');
CREATE POLICY system_access ON signing_keys TO doorward_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON signing_keys TO doorward_app;
GRANT SELECT, DELETE ON signing_keys TO doorward_system;
GRANT UPDATE (private_key) ON signing_keys TO doorward_system;
