CREATE TABLE totp_secrets (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    secret bytea NOT NULL,
    created_at timestamptz NOT NULL,
    confirmed_at timestamptz,
    last_step bigint,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);

COMMENT ON TABLE totp_secrets IS 'Second steps of the login by password: one-time codes by the clock (RFC 6238).';
COMMENT ON COLUMN totp_secrets.tenant_id IS 'The tenant.';
COMMENT ON COLUMN totp_secrets.id IS 'UUIDv7.';
COMMENT ON COLUMN totp_secrets.user_id IS 'Whose it is.';
COMMENT ON COLUMN totp_secrets.secret IS 'What codes are made of, sealed.';
COMMENT ON COLUMN totp_secrets.created_at IS 'When it was made.';
COMMENT ON COLUMN totp_secrets.confirmed_at IS 'When a right code showed that the person has it; before that it is asked for by nobody.';
COMMENT ON COLUMN totp_secrets.last_step IS 'The step of time whose code was used last; it and those before it are good no more.';

CREATE UNIQUE INDEX totp_secrets_active ON totp_secrets (tenant_id, user_id) WHERE confirmed_at IS NOT NULL;
CREATE UNIQUE INDEX totp_secrets_pending ON totp_secrets (tenant_id, user_id) WHERE confirmed_at IS NULL;
SELECT doorward_tenant_wall('totp_secrets');
CREATE POLICY system_access ON totp_secrets TO doorward_system USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON totp_secrets TO doorward_app;
GRANT SELECT, DELETE ON totp_secrets TO doorward_system;
GRANT UPDATE (secret) ON totp_secrets TO doorward_system;
