CREATE TABLE authorization_requests (
    tenant_id uuid NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    id uuid NOT NULL,
    application_id uuid,
    installation_application_id uuid REFERENCES installation_applications (id) ON DELETE CASCADE,
    request jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, application_id) REFERENCES applications (tenant_id, id) ON DELETE CASCADE,
    CHECK (num_nonnulls(application_id, installation_application_id) = 1)
);

COMMENT ON TABLE authorization_requests IS 'An authorization request that waits for its user to sign in or to consent.';
COMMENT ON COLUMN authorization_requests.tenant_id IS 'The tenant that was chosen.';
COMMENT ON COLUMN authorization_requests.id IS 'UUIDv7; part of the URL that the login comes back to.';
COMMENT ON COLUMN authorization_requests.application_id IS 'The application that asks: of the tenant, or';
COMMENT ON COLUMN authorization_requests.installation_application_id IS 'of the installation.';
COMMENT ON COLUMN authorization_requests.request IS 'The checked parameters.';
COMMENT ON COLUMN authorization_requests.created_at IS 'When it came; a login that is asked for must be younger.';
COMMENT ON COLUMN authorization_requests.expires_at IS 'When it is void.';

CREATE INDEX authorization_requests_expiry ON authorization_requests (expires_at);
SELECT doorward_tenant_wall('authorization_requests');
CREATE POLICY system_access ON authorization_requests TO doorward_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON authorization_requests TO doorward_app;
GRANT SELECT, DELETE ON authorization_requests TO doorward_system;
