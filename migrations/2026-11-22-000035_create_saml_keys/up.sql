CREATE TABLE saml_keys (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    connection_id uuid NOT NULL,
    usage text NOT NULL CHECK (usage IN ('signing', 'encryption')),
    status text NOT NULL CHECK (status IN ('next', 'current', 'previous')),
    private_key bytea NOT NULL,
    certificate text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, connection_id, usage, status),
    FOREIGN KEY (tenant_id, connection_id) REFERENCES connections (tenant_id, id) ON DELETE CASCADE
);

COMMENT ON TABLE saml_keys IS 'A key pair of our own at one SAML connection, with the certificate that the provider knows it by.';
COMMENT ON COLUMN saml_keys.tenant_id IS 'The tenant.';
COMMENT ON COLUMN saml_keys.id IS 'UUIDv7.';
COMMENT ON COLUMN saml_keys.connection_id IS 'The connection.';
COMMENT ON COLUMN saml_keys.usage IS 'Whether we sign with it or providers encrypt for it.';
COMMENT ON COLUMN saml_keys.status IS 'Published and not yet used, in use, or out of use and still published.';
COMMENT ON COLUMN saml_keys.private_key IS 'PKCS#8, sealed.';
COMMENT ON COLUMN saml_keys.certificate IS 'The certificate, in PEM.';
COMMENT ON COLUMN saml_keys.created_at IS 'When it was made or pasted.';

SELECT doorward_tenant_wall('saml_keys');
CREATE POLICY system_access ON saml_keys TO doorward_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON saml_keys TO doorward_app;
GRANT SELECT (tenant_id, id, private_key), UPDATE (private_key) ON saml_keys TO doorward_system;
