CREATE TABLE local_credentials (
    tenant_id uuid NOT NULL,
    user_id uuid NOT NULL,
    password_hash text NOT NULL,
    must_change boolean NOT NULL,
    password_id uuid NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, user_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);

COMMENT ON TABLE local_credentials IS 'Passwords of users, for tenants that sign people in by Doorward itself.';
COMMENT ON COLUMN local_credentials.tenant_id IS 'The tenant.';
COMMENT ON COLUMN local_credentials.user_id IS 'Whose it is.';
COMMENT ON COLUMN local_credentials.password_hash IS 'Argon2id, as a PHC string.';
COMMENT ON COLUMN local_credentials.must_change IS 'Whether the next login has to choose another one.';
COMMENT ON COLUMN local_credentials.password_id IS 'Of this password; with each change another one, which never was before.';
COMMENT ON COLUMN local_credentials.changed_at IS 'When it was last set.';

SELECT doorward_tenant_wall('local_credentials');
GRANT SELECT, INSERT, UPDATE, DELETE ON local_credentials TO doorward_app;
