CREATE TABLE connections (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    display_name text NOT NULL,
    display_name_key text NOT NULL,
    status text NOT NULL CHECK (status IN ('draft', 'active', 'disabled')),
    settings jsonb NOT NULL CHECK (settings ->> 'protocol' IN ('oidc', 'saml')),
    provisioning jsonb NOT NULL,
    client_secret bytea,
    client_secret_expires_at timestamptz,
    client_key bytea,
    client_key_public jsonb,
    provider_metadata jsonb,
    provider_metadata_at timestamptz,
    provider_asked_at timestamptz,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, display_name_key),
    FOREIGN KEY (tenant_id, id) REFERENCES identity_sources (tenant_id, id) ON DELETE CASCADE
);

COMMENT ON TABLE connections IS 'A tenant''s link to its identity provider.';
COMMENT ON COLUMN connections.tenant_id IS 'The tenant.';
COMMENT ON COLUMN connections.id IS 'UUIDv7; shared with identity_sources.';
COMMENT ON COLUMN connections.display_name IS 'What the login page shows.';
COMMENT ON COLUMN connections.display_name_key IS 'The name normalised; unique in the tenant.';
COMMENT ON COLUMN connections.status IS 'Only an active connection signs anyone in.';
COMMENT ON COLUMN connections.settings IS 'The protocol spoken, and its settings (Settings).';
COMMENT ON COLUMN connections.provisioning IS 'What a sign-in may do to users and groups (ProvisioningPolicy).';
COMMENT ON COLUMN connections.client_secret IS 'The client secret, sealed.';
COMMENT ON COLUMN connections.client_secret_expires_at IS 'When the provider will stop accepting the secret, if the admin said so.';
COMMENT ON COLUMN connections.client_key IS 'Our own key for private_key_jwt (PKCS#8), sealed.';
COMMENT ON COLUMN connections.client_key_public IS 'The public half of client_key as a JWK.';
COMMENT ON COLUMN connections.provider_metadata IS 'The provider''s discovery document, or what its SAML metadata says, as last seen good.';
COMMENT ON COLUMN connections.provider_metadata_at IS 'When that was.';
COMMENT ON COLUMN connections.provider_asked_at IS 'When the provider was last asked for it, whatever it answered.';
COMMENT ON COLUMN connections.version IS 'Grows with each update; the ETag.';
COMMENT ON COLUMN connections.created_at IS 'When it was created.';
COMMENT ON COLUMN connections.updated_at IS 'When it was last changed.';

SELECT doorward_tenant_wall('connections');
CREATE POLICY system_access ON connections TO doorward_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON connections TO doorward_app;
GRANT SELECT (tenant_id, id, status, version, provider_asked_at, client_secret, client_key),
    UPDATE (version, provider_asked_at, client_secret, client_key) ON connections TO doorward_system;
