CREATE TABLE installation_applications (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    name_key text NOT NULL UNIQUE,
    settings jsonb NOT NULL,
    secrets jsonb NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

COMMENT ON TABLE installation_applications IS 'An OAuth 2 client that serves all tenants.';
COMMENT ON COLUMN installation_applications.id IS 'UUIDv7; the client_id.';
COMMENT ON COLUMN installation_applications.name IS 'Display name, shown on the consent page.';
COMMENT ON COLUMN installation_applications.name_key IS 'The name normalised; unique.';
COMMENT ON COLUMN installation_applications.settings IS 'Redirect URIs, authentication, algorithm, lifetimes, scopes, claims.';
COMMENT ON COLUMN installation_applications.secrets IS 'Hashes of the client secrets: during a rotation more than one is good.';
COMMENT ON COLUMN installation_applications.version IS 'Grows with each update; the ETag.';
COMMENT ON COLUMN installation_applications.created_at IS 'When it was created.';
COMMENT ON COLUMN installation_applications.updated_at IS 'When it was last changed.';

GRANT SELECT, INSERT, UPDATE, DELETE ON installation_applications TO doorward_system;
