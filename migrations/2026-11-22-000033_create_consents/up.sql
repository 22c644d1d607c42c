CREATE TABLE consents (
    tenant_id uuid NOT NULL,
    user_id uuid NOT NULL,
    client_id uuid NOT NULL GENERATED ALWAYS AS (coalesce(application_id, installation_application_id)) STORED,
    application_id uuid,
    installation_application_id uuid REFERENCES installation_applications (id) ON DELETE CASCADE,
    scope text NOT NULL,
    granted_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, user_id, client_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, application_id) REFERENCES applications (tenant_id, id) ON DELETE CASCADE,
    CHECK (num_nonnulls(application_id, installation_application_id) = 1)
);

COMMENT ON TABLE consents IS 'What a user agreed to tell a third partys application.';
COMMENT ON COLUMN consents.tenant_id IS 'The tenant.';
COMMENT ON COLUMN consents.user_id IS 'Who.';
COMMENT ON COLUMN consents.client_id IS 'The application, whichever kind.';
COMMENT ON COLUMN consents.application_id IS 'The application that asks: of the tenant, or';
COMMENT ON COLUMN consents.installation_application_id IS 'of the installation.';
COMMENT ON COLUMN consents.scope IS 'Agreed scopes, separated by blanks.';
COMMENT ON COLUMN consents.granted_at IS 'When it was last agreed.';

SELECT doorward_tenant_wall('consents');
GRANT SELECT, INSERT, UPDATE, DELETE ON consents TO doorward_app;
